"""What delivery answers to others: the claim of a gateway that owns a channel, and the script of a call that is being made."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.core.check import AlreadyClaimed, DoNotSend
from services.core.check import NotYet as TooEarly
from services.core.content import Unrenderable, VoiceContent
from services.core.environment import Environment
from services.core.ledger import Ledger
from services.core.model import Attempt, AttemptId, Case
from services.core.ports.claims import ClaimedBefore, Lease, Leased, Never, NotYet, UnknownAttempt
from services.core.ports.clock import Clock
from services.core.ports.store import Store
from services.core.surroundings import Snapshot, environment_at
from services.delivery.claim import Abandoned, Answer, Claimed, Clerk


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases:
    """Implements ``services.core.ports.claims.Claims`` with the clerk of our own delivery: the same checks, the same words."""

    store: Store
    clerk: Clerk
    snapshot: Snapshot

    async def claim(self, attempt_id: AttemptId, now: datetime) -> Lease:
        """Claim for a gateway; raises ``StoreUnavailable`` with nothing claimed."""
        ledger = Ledger(now)
        async with self.store.unit() as unit:
            person = (await unit.people_of_attempts([attempt_id])).get(attempt_id)
            if person is None:
                return UnknownAttempt()
            case = (await unit.lock([person]))[person]
            attempt = _attempt(case, attempt_id)
            if attempt is None:
                return UnknownAttempt()
            environment = await environment_at(unit, self.snapshot, now)
            answer = self.clerk.claim(ledger, case, attempt, environment)
            await unit.write(ledger.changes)
        return _lease(answer, environment, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScripts:
    """What a call says, asked by the telephone provider when somebody has picked up."""

    store: Store
    clerk: Clerk
    snapshot: Snapshot
    clock: Clock

    async def script(self, attempt_id: str) -> VoiceContent | None:
        """The call's script; none when the attempt is unknown or its words are gone. Raises ``StoreUnavailable``."""
        now, wanted = self.clock.now(), AttemptId(attempt_id)
        async with self.store.unit() as unit:
            person = (await unit.people_of_attempts([wanted])).get(wanted)
            case = (await unit.load([person])).get(person) if person is not None else None
            attempt = _attempt(case, wanted) if case is not None else None
            if case is None or attempt is None:
                return None
            environment = await environment_at(unit, self.snapshot, now)
        try:
            envelope = self.clerk.once_more(case, attempt, environment, now)
        except Unrenderable:
            return None
        return envelope.content if envelope is not None and isinstance(envelope.content, VoiceContent) else None


def _attempt(case: Case, attempt_id: AttemptId) -> Attempt | None:
    return next((row for row in case.attempts if row.attempt_id == attempt_id), None)


def _lease(answer: Answer, environment: Environment, now: datetime) -> Lease:
    match answer:
        case Claimed():
            return Leased(envelope=answer.envelope, leased_until=now + environment.policy.timers.submitting)
        case Abandoned() | AlreadyClaimed():
            # whoever claimed it may have sent it: a gateway cannot ask the provider in our name
            return ClaimedBefore()
        case TooEarly():
            return NotYet(at=answer.at)
        case DoNotSend():
            return Never(reason=answer.reason)
        case _:
            assert_never(answer)
