"""A provider of any channel in memory: what a simulated town decides comes back through ``Feedback``, as over the real protocols."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from services.adapters.memory.provider_words import answer_to, report_of
from services.core.channels.voice import Result, converse, kind_of
from services.core.content import SmsContent, VoiceContent
from services.core.evidence.inbound import read_sms
from services.core.evidence.statuses import Reading
from services.core.ports.clock import Clock
from services.core.ports.providers import (
    Absent,
    Accepted,
    CannotTell,
    Envelope,
    Feedback,
    Outcome,
    OutcomeUnknown,
    ProviderReceipt,
    ProviderReply,
    TryLater,
)
from services.core.ports.streams import NotPublished
from services.core.words import Channel, Identity, ReceiptStatus, ReplyChannel, Why

#: how long we wait for a provider's answer; a longer silence leaves us not knowing
_PATIENCE: Final = timedelta(seconds=10)
#: what the protocols can tell when asked by our reference: a print shop knows what it has not; SMPP only remembers what it took in
#: this process; nobody asks a mail server or an exchange
_REMEMBERS: Final = frozenset((Channel.SMS, Channel.LETTER))
_KNOWS_WHAT_IT_HAS_NOT: Final = frozenset((Channel.LETTER,))


class Town(Protocol):
    """Who decides what happens to a message."""

    def meet(self, envelope: Envelope, provider: str, provider_ref: str) -> str | timedelta | None:
        """None: taken. A text: refused, in the protocol's words. A duration: the provider has it and stays silent so long."""
        ...

    def carrier_of(self, person_id: str) -> str | None:
        """Network of a person's phone, as receipts name it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    envelope: Envelope
    parts: int


@dataclass(slots=True, kw_only=True)
class MemoryProvider:
    """One provider of one channel; also the ``Network`` through which the town speaks."""

    name: str
    channel: Channel
    town: Town
    feedback: Feedback
    clock: Clock
    #: during an outage nothing is taken; an SMS centre, whose one connection carries both ways, tells nothing either
    down: bool = False
    busy: int = 0
    _taken: dict[str, _Taken] = field(default_factory=dict)
    #: attempt → reference; a print shop that has an attempt does not print it again
    _references: dict[str, str] = field(default_factory=dict)
    #: what our side did not take
    _kept: list[ProviderReceipt | ProviderReply] = field(default_factory=list)
    #: taken without an answer that we waited for
    _silent: set[str] = field(default_factory=set)
    _count: int = 0

    async def send(self, envelope: Envelope) -> Outcome:
        """Ask the town; nothing takes time here."""
        if self.down:
            return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status="connection refused")
        if self.channel is Channel.LETTER and envelope.attempt_id in self._references:
            return self._accepted(self._references[envelope.attempt_id])
        self._count += 1
        reference = f"{self.name}-{self.channel}-{self._count}"
        content = envelope.content
        self._taken[reference] = _Taken(envelope=envelope, parts=content.parts if isinstance(content, SmsContent) else 1)
        met = self.town.meet(envelope, self.name, reference)
        if isinstance(met, str):
            del self._taken[reference]
            return answer_to(self.channel, met)
        self._references[envelope.attempt_id] = reference
        if met is not None and met >= _PATIENCE:
            self._silent.add(reference)
            return OutcomeUnknown(raw_status="no answer")
        return self._accepted(reference)

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """What the provider took under our reference."""
        if self.down or self.channel not in _REMEMBERS:
            return CannotTell()
        reference = self._references.get(attempt_id)
        if reference is not None:
            return self._accepted(reference)
        return Absent() if self.channel in _KNOWS_WHAT_IT_HAS_NOT else CannotTell()

    def _accepted(self, reference: str) -> Accepted:
        return Accepted(provider_ref=reference, parts=self._taken[reference].parts)

    async def report(self, provider_ref: str, word: str, at: datetime | None = None) -> None:
        """Let the outside world happen to a message; ``at`` is when the provider says that it happened (default: now).

        Raises ``KeyError`` for a reference never given, ``ValueError`` for a word that the channel does not know.
        """
        taken = self._taken[provider_ref]
        if self.channel is Channel.VOICE and (word == "human_silent" or word.startswith("keys ")):
            keys = tuple(word.removeprefix("keys ").strip('"').split()) if word != "human_silent" else ()
            await self._conversation(provider_ref, taken, keys, at)
            return
        told = report_of(self.channel, word)
        if told is not None:
            await self.report_as(provider_ref, told[0], told[1], at)

    async def report_as(self, provider_ref: str, reading: Reading, raw_status: str, at: datetime | None = None) -> None:
        """The same with a status already read; an SMS in parts is reported part by part."""
        taken = self._taken[provider_ref]
        envelope = taken.envelope
        carrier = self.town.carrier_of(envelope.person_id) if self.channel is Channel.SMS else None
        for part in range(1, taken.parts + 1):
            number = part if taken.parts > 1 else None
            told_at = at or self.clock.now()
            # a call ends once, whatever tells of it; another channel's report is the same one when it says the same in the same minute
            what = "end" if self.channel is Channel.VOICE else f"{part}:{raw_status}:{told_at:%y%m%d%H%M}"
            await self._hand_over(
                ProviderReceipt(
                    receipt_id=f"{provider_ref}:{what}",
                    provider=self.name,
                    provider_ref=provider_ref,
                    attempt_id=envelope.attempt_id,
                    part=number,
                    status=reading.status,
                    raw_status=raw_status,
                    reason=reading.reason,
                    carrier=carrier,
                    at=told_at,
                ),
            )

    async def inbound(self, sender: str, text: str) -> None:
        """Somebody writes back from this number or address; raises ``ValueError`` where nobody can: calls have keys, letters a desk."""
        if self.channel not in {Channel.SMS, Channel.EMAIL}:
            raise ValueError(f"nobody writes to a {self.channel} provider")
        at = self.clock.now()
        sms = self.channel is Channel.SMS
        digest = hashlib.sha256(f"{self.name}\n{sender}\n{text}\n{at:%Y%m%dT%H%M}".encode()).hexdigest()
        await self._hand_over(
            ProviderReply(
                reply_id=f"mo:{digest[:32]}",
                channel=ReplyChannel.SMS if sms else ReplyChannel.EMAIL,
                choice=read_sms(text),
                # an answer by e-mail names the mail that it answers
                attempt_id=None if sms else self._newest_to(sender),
                sender=sender,
                text=text,
                at=at,
            ),
        )

    def _newest_to(self, address: str) -> str | None:
        taken = (taken.envelope for taken in reversed(self._taken.values()) if taken.envelope.to == address)
        return next((envelope.attempt_id for envelope in taken), None)

    async def release(self, provider_ref: str) -> None:
        """A silent provider answers at last. A network's late answer still says what became of the message; others talk to nobody."""
        if provider_ref not in self._silent or self.channel is not Channel.SMS:
            return
        self._silent.remove(provider_ref)
        taken = self._taken[provider_ref]
        await self._hand_over(
            ProviderReceipt(
                receipt_id=f"{provider_ref}:late",
                provider=self.name,
                provider_ref=provider_ref,
                attempt_id=taken.envelope.attempt_id,
                status=ReceiptStatus.ACCEPTED,
                raw_status="late answer",
                at=self.clock.now(),
            ),
        )

    @property
    def undelivered(self) -> int:
        """What ``resend`` would try."""
        return len(self._kept)

    async def resend(self) -> None:
        """Try once more to hand over what our side did not take."""
        kept, self._kept = self._kept, []
        for told in kept:
            await self._hand_over(told)

    async def _hand_over(self, told: ProviderReceipt | ProviderReply) -> None:
        if self.down and self.channel is Channel.SMS:
            self._kept.append(told)
            return
        try:
            if isinstance(told, ProviderReceipt):
                await self.feedback.receipt(told)
            else:
                await self.feedback.reply(told)
        except NotPublished:
            self._kept.append(told)

    async def _conversation(self, provider_ref: str, taken: _Taken, keys: tuple[str, ...], at: datetime | None) -> None:
        content = taken.envelope.content
        if not isinstance(content, VoiceContent):
            raise TypeError("a call speaks a script")
        _, result = converse(kind_of(content), content.later_allowed, keys)
        if result.choice is None:
            await self._silent_end(provider_ref, result, at)
            return
        await self._hand_over(
            ProviderReply(
                reply_id=f"{provider_ref}:answer",
                channel=ReplyChannel.VOICE,
                choice=result.choice,
                identity=Identity.DTMF,
                attempt_id=taken.envelope.attempt_id,
                at=at or self.clock.now(),
            ),
        )

    async def _silent_end(self, provider_ref: str, result: Result, at: datetime | None) -> None:
        """No answer to the last question: a receipt says how the call ended."""
        if result.status is not None:
            await self.report_as(provider_ref, Reading(status=result.status, reason=result.reason), "completed human", at)
