"""Claim people whose instant has come, decide, and write attempts, alerts, outbox and the next instant in one transaction.

A decision that raises is rolled back to its savepoint and that person is quarantined; the batch goes on.

Next: services/core/decide.py
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from services.core.decide import decide
from services.core.environment import Environment
from services.core.ledger import Ledger
from services.core.model import Case, PersonId
from services.core.ports.fuse import Fuse, no_fuse
from services.core.ports.store import Store, Unit
from services.core.ports.texts import Texts
from services.core.words import AlertType, Lane
from services.planner.record import record

#: the environment of this instant, with the staff as stored
Snapshot = Callable[[datetime], Environment]


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
            staff = await unit.staff()
            environment = self.snapshot(now).with_staff(staff.agencies, staff.advisors)
            for person_id, case in cases.items():
                await self._one(unit, case, person_id, environment, now, woken)
            self.fuse("before_commit", now)
        return woken

    async def _one(self, unit: Unit, case: Case, person_id: PersonId, environment: Environment, now: datetime, woken: Woken) -> None:
        woken.people += 1
        try:
            async with unit.savepoint():
                ledger = Ledger(now)
                decision = decide(case, environment, now)
                record(ledger, case, decision, environment, self.texts)
                await unit.write(ledger.changes)
        except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            # one person's trouble never stops the others (design: quarantine)
            await unit.quarantine(person_id, now, type(error).__name__)
            woken.quarantined.append((person_id, type(error).__name__))
            return
        woken.released += len(decision.releases)
        woken.alerts += [wanted.type for wanted in decision.alerts]
