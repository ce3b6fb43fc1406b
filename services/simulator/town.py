"""The people behind the simulated providers: what happens to each message, and what everybody holds in their hands.

The first rule of the scenario that matches an attempt decides; otherwise the default of its channel does. ``nth`` counts a person's
attempts on a channel: further tries of one attempt (a retry after a full mailbox) are the same attempt, and count once.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from services.core.content import LetterContent
from services.core.model import Item
from services.core.ports.clock import Clock
from services.core.ports.providers import Envelope
from services.core.words import Channel, Step
from services.simulator.scenario.file import Pick, Reaction, Rule, Scenario
from services.simulator.servers.town import Accept, Answer, Hang, Network, Refuse, Submission

Schedule = Callable[[datetime, Callable[[], Awaitable[None]]], None]

_LINK = re.compile(r"https://[^\s\"'<>]+/a/([A-Za-z0-9_-]+)")
_REFERENCE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")
#: the print shop's clock, and the hour at which it tells what it has put into envelopes
_PRINTER_ZONE = ZoneInfo("Europe/Paris")
_PRINTER_HOUR = time(8, 0)

#: what happens when no rule matches (letters: the next working day)
_DEFAULTS: dict[Channel, tuple[Reaction, ...]] = {
    Channel.SMS: (Reaction(after=timedelta(seconds=5), receipt="delivered"),),
    Channel.VOICE: (Reaction(after=timedelta(seconds=25), receipt="no_answer"),),
    Channel.EMAIL: (),
    Channel.LETTER: (Reaction(receipt="processed"),),
}
#: when a reaction that says neither ``after`` nor ``at`` comes
_SOON: dict[Channel, timedelta] = {
    Channel.SMS: timedelta(seconds=5),
    Channel.VOICE: timedelta(seconds=25),
    Channel.EMAIL: timedelta(seconds=5),
    Channel.LETTER: timedelta(hours=1),
}
_CALLED_BACK_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that reached a provider for somebody: what they could read, press or answer."""

    person_id: str
    channel: Channel
    steps: tuple[Step, ...]
    obligations: tuple[str, ...]
    attempt_id: str
    provider: str
    provider_ref: str
    #: E.164 number or e-mail address; empty for a letter
    to: str
    text: str
    #: last path segment of the acknowledgement link
    token: str | None
    reference: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announced:
    envelope: Envelope
    items: tuple[Item, ...]


class CarrierOf(Protocol):
    """Network of a person's phone now; none when nobody named it."""

    def __call__(self, person_id: str) -> str | None: ...


@dataclass(slots=True, kw_only=True)
class Town:
    """Decides for every submission what the provider answers, and schedules what the world does afterwards."""

    scenario: Scenario
    clock: Clock
    schedule: Schedule
    #: a day on which the print shop works
    prints_on: Callable[[date], bool]
    carrier_of: CarrierOf
    _networks: dict[tuple[Channel, str], Network] = field(default_factory=dict)
    #: what our delivery is handing over, by channel and destination, then by attempt
    _announced: dict[tuple[Channel, str], dict[str, _Announced]] = field(default_factory=dict)
    #: what was recognised last, for a provider that is given the same message twice
    _recognised: dict[tuple[Channel, str], _Announced] = field(default_factory=dict)
    #: attempts of a person on a channel, in order
    _attempts: dict[tuple[str, Channel], list[str]] = field(default_factory=dict)
    _held: dict[str, list[Held]] = field(default_factory=dict)
    #: providers that have something left to tell us, with a next try on the timeline
    _calling_back: set[int] = field(default_factory=set)

    def connect(self, channel: Channel, provider: str, network: Network) -> None:
        """This provider performs what the town wants to happen to its messages."""
        self._networks[channel, provider] = network

    def network(self, channel: Channel, provider: str) -> Network:
        """The provider of this name; raises ``KeyError`` when nobody connected it."""
        return self._networks[channel, provider]

    def announce(self, envelope: Envelope, items: Sequence[Item]) -> None:
        """Our delivery is about to hand this over: the next submission to that destination is this person's."""
        waiting = self._announced.setdefault((envelope.channel, envelope.to), {})
        waiting.pop(envelope.attempt_id, None)
        waiting[envelope.attempt_id] = _Announced(envelope=envelope, items=tuple(items))

    def answer(self, submission: Submission) -> Answer:
        """What the provider does with the message, at once; the rest is scheduled."""
        announced = self._recognise(submission)
        if announced is None:
            # somebody else's message, or a test of the wires: taken, and nothing happens to it
            return Accept()
        nth = self._count(announced.envelope)
        reactions = self._decide(submission, announced, nth)
        refusal = _refusal(reactions)
        if refusal is not None:
            return Refuse(raw=refusal)
        self._keep(submission, announced)
        for reaction in reactions:
            self._arrange(submission, reaction)
        silence = next((reaction.hang for reaction in reactions if reaction.hang is not None), None)
        return Accept() if silence is None else self._hang(submission, silence)

    def meet(self, envelope: Envelope, provider: str, provider_ref: str) -> str | timedelta | None:
        """The same for a provider in memory: none is taken, a text is a refusal in the protocol's words, a duration is silence."""
        answer = self.answer(
            Submission(
                channel=envelope.channel,
                provider=provider,
                to=envelope.to,
                provider_ref=provider_ref,
                text=envelope.content.words,
                attempt_id=envelope.attempt_id,
                at=self.clock.now(),
            ),
        )
        if isinstance(answer, Refuse):
            return answer.raw
        return answer.for_ if isinstance(answer, Hang) else None

    def newest(self, person_id: str, pick: Pick | None = None, *, with_link: bool = False) -> Held | None:
        """The newest message of a person that fits ``pick``; none when they hold no such message."""
        for held in reversed(self._held.get(person_id, [])):
            if with_link and held.token is None:
                continue
            if pick is not None and pick.channel is not None and held.channel is not pick.channel:
                continue
            if pick is not None and pick.step is not None and pick.step not in held.steps:
                continue
            return held
        return None

    def messages(self, person_id: str) -> tuple[Held, ...]:
        """Everything that reached a provider for this person, oldest first."""
        return tuple(self._held.get(person_id, ()))

    def _recognise(self, submission: Submission) -> _Announced | None:
        """Whose message is this? By our attempt where the protocol carries it, else by what it says, else the newest."""
        # a letter goes to an address, which no envelope names
        place = (submission.channel, "" if submission.channel is Channel.LETTER else submission.to)
        waiting = self._announced.get(place, {})
        known = waiting.get(submission.attempt_id or "") or next(
            (known for known in reversed(waiting.values()) if _fits(known.envelope, submission)),
            next(reversed(waiting.values()), None),
        )
        if known is None:
            return self._recognised.get(place)
        del waiting[known.envelope.attempt_id]
        self._recognised[place] = known
        return known

    def _count(self, envelope: Envelope) -> int:
        attempts = self._attempts.setdefault((envelope.person_id, envelope.channel), [])
        if envelope.attempt_id not in attempts:
            attempts.append(envelope.attempt_id)
        return attempts.index(envelope.attempt_id) + 1

    def _decide(self, submission: Submission, announced: _Announced, nth: int) -> tuple[Reaction, ...]:
        for rule in self.scenario.world:
            if self._matches(rule, submission, announced, nth):
                return rule.then
        return _DEFAULTS[submission.channel]

    def _matches(self, rule: Rule, submission: Submission, announced: _Announced, nth: int) -> bool:
        person_id = announced.envelope.person_id
        return (
            rule.channel is submission.channel
            and (rule.person is None or self.scenario.belongs(person_id, rule.person))
            and (rule.step is None or any(item.step is rule.step for item in announced.items))
            and (rule.nth is None or rule.nth == nth)
            and (rule.between is None or rule.between[0] <= submission.at <= rule.between[1])
            and (rule.provider is None or rule.provider == submission.provider)
            and (rule.carrier is None or rule.carrier == self.carrier_of(person_id))
        )

    def _keep(self, submission: Submission, announced: _Announced) -> None:
        envelope = announced.envelope
        words = envelope.content.words
        link, printed = _LINK.search(words), _REFERENCE.search(words)
        self._held.setdefault(envelope.person_id, []).append(
            Held(
                person_id=envelope.person_id,
                channel=envelope.channel,
                steps=tuple(item.step for item in announced.items),
                obligations=tuple(str(item.obligation_id) for item in announced.items),
                attempt_id=envelope.attempt_id,
                provider=submission.provider,
                provider_ref=submission.provider_ref,
                to=envelope.to,
                text=words,
                token=link[1] if link else None,
                reference=printed[0] if printed else None,
                at=submission.at,
            ),
        )

    def _arrange(self, submission: Submission, reaction: Reaction) -> None:
        told = reaction.receipt
        if told in {None, "none", "accepted"} and reaction.reply is None:
            return
        network = self._networks[submission.channel, submission.provider]

        async def happen() -> None:
            if told is not None:
                await network.report(submission.provider_ref, told)
            elif reaction.reply is not None:
                await network.inbound(submission.to, reaction.reply)
            self._call_back_later(network)

        self.schedule(self._instant(submission, reaction), happen)

    def _call_back_later(self, network: Network) -> None:
        """Our side was away, or said "not now": the provider calls back until we take it."""
        if network.undelivered == 0 or id(network) in self._calling_back:
            return
        self._calling_back.add(id(network))

        async def again() -> None:
            self._calling_back.discard(id(network))
            await network.resend()
            self._call_back_later(network)

        self.schedule(self.clock.now() + _CALLED_BACK_AFTER, again)

    def _instant(self, submission: Submission, reaction: Reaction) -> datetime:
        if reaction.at is not None:
            return max(reaction.at, submission.at)
        if reaction.after is not None:
            return submission.at + reaction.after
        if submission.channel is Channel.LETTER and reaction.receipt == "processed":
            return self._next_printing_day(submission.at)
        return submission.at + _SOON[submission.channel]

    def _next_printing_day(self, at: datetime) -> datetime:
        day = at.astimezone(_PRINTER_ZONE).date() + timedelta(days=1)
        while not self.prints_on(day):
            day += timedelta(days=1)
        return datetime.combine(day, _PRINTER_HOUR, _PRINTER_ZONE).astimezone(at.tzinfo)

    def _hang(self, submission: Submission, silence: timedelta) -> Hang:
        network = self._networks[submission.channel, submission.provider]

        async def answer_at_last() -> None:
            await network.release(submission.provider_ref)

        self.schedule(submission.at + silence, answer_at_last)
        return Hang(for_=silence)


def _fits(envelope: Envelope, submission: Submission) -> bool:
    """The words are the same; for a letter, of which a printer sees a picture, the last line of the address."""
    content = envelope.content
    if isinstance(content, LetterContent):
        return bool(content.address_lines) and content.address_lines[-1] == submission.to
    return content.words == submission.text


def _refusal(reactions: Sequence[Reaction]) -> str | None:
    """What the provider answers instead of taking the message.

    ``reject`` on e-mail is the server's answer to RCPT or DATA, so it comes at once, whatever ``after`` says: no clock runs within an
    SMTP dialogue. ``rejected`` on SMS is a receipt (REJECTD) and on letters a status of the print shop: both come later.
    """
    for reaction in reactions:
        if reaction.refuse is not None:
            return reaction.refuse
        if reaction.receipt is not None and reaction.receipt.startswith("reject "):
            return reaction.receipt.removeprefix("reject ").strip('"')
    return None
