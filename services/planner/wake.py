"""Claim people whose instant has come, decide, and write attempts, alerts, outbox and the next instant in one transaction.

After an outage those whose date is soonest come first.

A decision that raises is rolled back to its savepoint and that person is quarantined; the batch goes on.

Next: services/core/decide.py
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

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
    #: since when the one who had waited longest was due, before this round; none when that was not asked
    oldest: datetime | None = None
    released: int = 0
    alerts: list[AlertType] = field(default_factory=list)
    quarantined: list[tuple[PersonId, str]] = field(default_factory=list)


#: people whose order of urgency is found out at once; it takes a second or two, then they keep a planner busy for some ten seconds
_ORDERED: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What a round needs, and in which order a backlog is worked off."""

    store: Store
    texts: Texts
    snapshot: Snapshot
    fuse: Fuse = no_fuse
    #: by lane, people of a backlog, the soonest date first
    _backlog: dict[Lane, deque[PersonId]] = field(default_factory=dict)
    #: rounds may run side by side
    _ordering: dict[Lane, asyncio.Lock] = field(default_factory=lambda: {lane: asyncio.Lock() for lane in Lane})

    async def round(self, lane: Lane, limit: int, now: datetime) -> Woken:
        """One batch of one lane; ``people`` is 0 when nobody was due. Raises ``StoreUnavailable`` with nothing written."""
        woken = Woken()
        backlog = await self._urgent_first(lane, now, woken)
        async with self.store.unit() as unit:
            cases = await _claimed(unit, backlog, lane, limit, now)
            if not cases:
                return woken
            environment = await environment_at(unit, self.snapshot, now)
            decided = [self._decide(case, environment, now) for case in cases.values()]
            await self._store(unit, decided, now, woken)
            self.fuse("before_commit", now)
        return woken

    async def _urgent_first(self, lane: Lane, now: datetime, woken: Woken) -> deque[PersonId]:
        """Who comes first when somebody has waited since an outage (§10.5); empty while nobody has: then who waits longest."""
        backlog = self._backlog.setdefault(lane, deque())
        async with self._ordering[lane]:
            if not backlog:
                woken.oldest = oldest = await self.store.next_wake(lane)
                if oldest is not None and now - oldest > self.snapshot(now).policy.outage.late_after:
                    backlog.extend(await self.store.most_urgent(now, lane, _ORDERED))
        return backlog

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


async def _claimed(unit: Unit, backlog: deque[PersonId], lane: Lane, limit: int, now: datetime) -> Mapping[PersonId, Case]:
    """The next of a backlog whom no other planner has; else who waits longest."""
    while backlog:
        first = [backlog.popleft() for _ in range(min(limit, len(backlog)))]
        cases = await unit.claim_due(now, lane, limit, first)
        if cases:
            return {person: cases[person] for person in first if person in cases}
    return await unit.claim_due(now, lane, limit)


@dataclass(slots=True, kw_only=True)
class Decided:
    """What was decided about one person, or the class of what went wrong."""

    person_id: PersonId
    changes: Changes = field(default_factory=Changes)
    released: int = 0
    alerts: tuple[AlertType, ...] = ()
    trouble: str | None = None
