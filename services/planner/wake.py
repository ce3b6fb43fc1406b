"""Claim people whose instant has come, decide, and write attempts, alerts, outbox and the next instant in one transaction.

A decision that raises is rolled back to its savepoint and that person is quarantined; the batch goes on.

Next: services/core/decide.py
"""

from dataclasses import dataclass, field
from datetime import datetime

from services.core.changes import Changes
from services.core.decide import decide
from services.core.environment import Environment
from services.core.ledger import Ledger
from services.core.model import Case, PersonId
from services.core.ports.fuse import Fuse, no_fuse
from services.core.ports.store import Store, Unit
from services.core.ports.texts import Texts
from services.core.surroundings import Snapshot, environment_at
from services.core.words import AlertType, Lane
from services.planner.record import record

#: a bug in a rule, or rows that the database refuses: that person is quarantined, the batch goes on
_TROUBLE = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(slots=True, kw_only=True)
class Woken:
    """What a round did, for metrics and logs."""

    people: int = 0
    released: int = 0
    alerts: list[AlertType] = field(default_factory=list)
    quarantined: list[tuple[PersonId, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What a round needs."""

    store: Store
    texts: Texts
    snapshot: Snapshot
    fuse: Fuse = no_fuse

    async def round(self, lane: Lane, limit: int, now: datetime) -> Woken:
        """One batch of one lane; ``people`` is 0 when nobody was due. Raises ``StoreUnavailable`` with nothing written."""
        woken = Woken()
        async with self.store.unit() as unit:
            cases = await unit.claim_due(now, lane, limit)
            if not cases:
                return woken
            environment = await environment_at(unit, self.snapshot, now)
            decided = [self._decide(case, environment, now) for case in cases.values()]
            await self._store(unit, decided, now, woken)
            self.fuse("before_commit", now)
        return woken

    def _decide(self, case: Case, environment: Environment, now: datetime) -> "Decided":
        """One person; what raises is kept with the person, so that the others go on."""
        ledger = Ledger(now)
        try:
            decision = decide(case, environment, now)
            record(ledger, case, decision, environment, self.texts)
        except _TROUBLE as error:
            return Decided(person_id=case.person_id, trouble=type(error).__name__)
        return Decided(
            person_id=case.person_id,
            changes=ledger.changes,
            released=len(decision.releases),
            alerts=tuple(wanted.type for wanted in decision.alerts),
        )

    async def _store(self, unit: Unit, decided: list["Decided"], now: datetime, woken: Woken) -> None:
        """All at once; when the database refuses one person's rows, one by one, to find out whose they are."""
        together = Changes()
        for one in decided:
            together.take(one.changes)
        try:
            async with unit.savepoint():
                await unit.write(together)
        except _TROUBLE:
            for one in decided:
                try:
                    async with unit.savepoint():
                        await unit.write(one.changes)
                except _TROUBLE as error:
                    one.trouble = type(error).__name__
        for one in decided:
            woken.people += 1
            if one.trouble is not None:
                await unit.quarantine(one.person_id, now, one.trouble)
                woken.quarantined.append((one.person_id, one.trouble))
                continue
            woken.released += one.released
            woken.alerts += one.alerts


@dataclass(slots=True, kw_only=True)
class Decided:
    """What was decided about one person, or the class of what went wrong."""

    person_id: PersonId
    changes: Changes = field(default_factory=Changes)
    released: int = 0
    alerts: tuple[AlertType, ...] = ()
    trouble: str | None = None
