"""Claim the attempt → may we still? → render → send → record. The claim is committed before the provider is called.

Next: templates/notices/convocation/sms.txt
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from services.core.check import AlreadyClaimed, DoNotSend, NotYet
from services.core.dead_letters import bury
from services.core.environment import Environment
from services.core.events import DispatchRequested, Event, Problem
from services.core.ledger import Ledger
from services.core.model import Attempt, Case
from services.core.ports.clock import Clock
from services.core.ports.fuse import Fuse, no_fuse
from services.core.ports.providers import Absent, Accepted, Outcome, OutcomeUnknown, Provider, Refused, TryLater
from services.core.ports.store import Store, StoreUnavailable
from services.core.ports.streams import Record
from services.core.states import Moved
from services.core.surroundings import Snapshot, environment_at
from services.core.words import Channel
from services.delivery.claim import Abandoned, Claimed, Clerk
from services.delivery.outcome import remember

#: seconds until the answers of providers are stored again when the database is away
_RECORD_AGAIN: Final = 0.5

Decode = Callable[[str, bytes | None, str | None], Event | list[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A message and who is to carry it, chosen when it was claimed."""

    claimed: Claimed | Abandoned
    provider: Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that was handed over, with what the provider said."""

    claimed: Claimed | Abandoned
    provider: str
    outcome: Outcome | Absent
    #: class of what the adapter raised, which is a bug of ours
    fault: str | None = None


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What became of a batch, for metrics."""

    outcomes: list[tuple[Channel, str, str]] = field(default_factory=list)
    #: stopped by the check before sending: channel and why
    withheld: list[tuple[Channel, str]] = field(default_factory=list)
    unreadable: int = 0
    #: classes of what adapters raised: bugs of ours
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a batch needs."""

    store: Store
    clerk: Clerk
    #: in order of preference
    providers: Mapping[Channel, Sequence[Provider]]
    snapshot: Snapshot
    decode: Decode
    clock: Clock
    #: messages under way at once
    at_once: int = 200
    fuse: Fuse = no_fuse

    async def deliver(self, batch: Sequence[Record]) -> Delivered:
        """Deliver a batch of dispatches; acknowledged by the caller afterwards. Raises ``StoreUnavailable`` before anything was sent."""
        done = Delivered()
        requests = await self._read(batch, done)
        claimed = await self._claim(requests, done)
        room = asyncio.Semaphore(self.at_once)

        async def send(one: Handover) -> Sent:
            async with room:
                return await (self._ask(one.claimed) if isinstance(one.claimed, Abandoned) else self._send(one.claimed, one.provider))

        sent = await asyncio.gather(*(send(one) for one in claimed))
        await self._recorded(sent)
        self._count(sent, done)
        return done

    async def _read(self, batch: Sequence[Record], done: Delivered) -> list[DispatchRequested]:
        requests: dict[str, DispatchRequested] = {}
        letters: list[tuple[Record, list[Problem]]] = []
        now = self.clock.now()
        for record in batch:
            decoded = self.decode(record.topic, record.value, record.key)
            if isinstance(decoded, DispatchRequested):
                requests[decoded.attempt_id] = decoded
            elif isinstance(decoded, list):
                letters.append((record, decoded))
        if letters:
            done.unreadable = len(letters)
            ledger = Ledger(now)
            async with self.store.unit() as unit:
                await unit.record_dead_letters([bury(ledger, record, problems) for record, problems in letters])
                await unit.write(ledger.changes)
        return list(requests.values())

    async def _claim(self, requests: Sequence[DispatchRequested], done: Delivered) -> list[Handover]:
        """One transaction for the whole batch: after it, this process alone may send these."""
        claimed: list[Handover] = []
        if not requests:
            return claimed
        ledger = Ledger(self.clock.now())
        async with self.store.unit() as unit:
            cases = await unit.lock({request.person_id for request in requests})
            environment = await environment_at(unit, self.snapshot, ledger.now)
            for request in requests:
                case = cases[request.person_id]
                attempt = next((row for row in case.attempts if row.attempt_id == request.attempt_id), None)
                if attempt is None:
                    continue
                answer = self.clerk.claim(ledger, case, attempt, environment)
                if isinstance(answer, Claimed | Abandoned):
                    claimed.append(Handover(claimed=answer, provider=self._chosen(case, attempt, environment)))
                else:
                    done.withheld.append((attempt.channel, _why(answer)))
            await unit.write(ledger.changes)
        return claimed

    async def _send(self, one: Claimed, provider: Provider) -> Sent:
        if not one.envelope.holds(self.clock.now()):
            # its turn came too late, or this process stood still: the window may be closed, somebody else may have it (§10.1.4)
            return Sent(claimed=one, provider=provider.name, outcome=Absent())
        try:
            outcome = await provider.send(one.envelope)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it must not take the other messages and the process with it
            # a bug in an adapter: nobody can tell whether the message went out, so it is never repeated
            name = type(fault).__name__
            return Sent(claimed=one, provider=provider.name, outcome=OutcomeUnknown(raw_status=name), fault=name)
        if isinstance(outcome, Accepted):
            self.fuse("after_provider_accepts", self.clock.now())
        return Sent(claimed=one, provider=provider.name, outcome=outcome)

    async def _ask(self, one: Abandoned) -> Sent:
        """What became of it: whoever claimed it has not said which provider it called, so each of the channel is asked."""
        providers = self.providers[one.attempt.channel]
        found = {provider.name: await provider.find(one.attempt.attempt_id) for provider in providers}
        for name, answer in found.items():
            if isinstance(answer, Accepted):
                return Sent(claimed=one, provider=name, outcome=answer)
        name = one.attempt.provider or providers[0].name
        if all(isinstance(answer, Absent) for answer in found.values()):
            return Sent(claimed=one, provider=name, outcome=Absent())
        return Sent(claimed=one, provider=name, outcome=OutcomeUnknown(raw_status="cannot tell"))

    def _chosen(self, case: Case, attempt: Attempt, environment: Environment) -> Provider:
        """The first provider, in order of preference, whose circuit for the person's network is closed (SC-23)."""
        by_name = {provider.name: provider for provider in self.providers[attempt.channel]}
        contact = next((point for point in case.contacts if point.contact_id == attempt.contact_id), None)
        return by_name[environment.standing.provider_for(attempt.channel, list(by_name), contact.carrier if contact is not None else None)]

    async def _recorded(self, sent: Sequence[Sent]) -> None:
        """What providers said is not said again: a database that is away is waited for with their answers in hand."""
        while sent:
            try:
                await self._record(sent)
            except StoreUnavailable:
                await asyncio.sleep(_RECORD_AGAIN)
            else:
                return

    async def _record(self, sent: Sequence[Sent]) -> None:
        ledger = Ledger(self.clock.now())
        references = [(one.provider, one.outcome.provider_ref) for one in sent if isinstance(one.outcome, Accepted)]
        async with self.store.unit() as unit:
            waiting = await unit.waiting_receipts(references)
            cases = await unit.lock({one.claimed.attempt.person_id for one in sent})
            environment = await environment_at(unit, self.snapshot, ledger.now)
            told: set[str] = set()
            for one in sent:
                case = cases[one.claimed.attempt.person_id]
                if case.person_id in told:
                    case = ledger.onto(case)
                told.add(case.person_id)
                attempt = next(row for row in case.attempts if row.attempt_id == one.claimed.attempt.attempt_id)
                if attempt.tries != one.claimed.attempt.tries and isinstance(one.outcome, Absent | TryLater | Refused):
                    # somebody else has claimed it meanwhile: that ours was not taken says nothing of their try
                    continue
                if isinstance(one.outcome, Absent):
                    ledger.attempt(replace(attempt, try_at=ledger.now), Moved.ABSENT)
                    ledger.wake(attempt.person_id)
                    continue
                reference = (one.provider, one.outcome.provider_ref) if isinstance(one.outcome, Accepted) else None
                mine = [receipt for receipt in waiting if (receipt.provider, receipt.provider_ref) == reference]
                remember(ledger, case, attempt, one.claimed.envelope, one.provider, one.outcome, mine, environment)
            await unit.write(ledger.changes)

    def _count(self, sent: Sequence[Sent], done: Delivered) -> None:
        for one in sent:
            if not isinstance(one.outcome, Absent):
                done.faults += [one.fault] if one.fault else []
                done.outcomes.append((one.claimed.attempt.channel, one.provider, type(one.outcome).__name__))


def _why(answer: AlreadyClaimed | NotYet | DoNotSend) -> str:
    """A bounded word, for metrics."""
    match answer:
        case AlreadyClaimed():
            return "claimed_before"
        case NotYet():
            return "not_yet"
        case DoNotSend():
            return str(answer.reason)
        case _:
            assert_never(answer)
