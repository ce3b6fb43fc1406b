"""The database in memory: the same promises as PostgreSQL for one event loop, for scenarios and tests."""

import heapq
import itertools
from collections.abc import AsyncIterator, Callable, Collection, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Final

from services.adapters.memory.locks import Locks
from services.adapters.memory.tables import PersonRow, Tables
from services.adapters.memory.unit import MemoryUnit
from services.core.changes import Changes, JournalLine
from services.core.model import PersonId
from services.core.ports.store import StoreUnavailable
from services.core.states import SETTLED
from services.core.words import Lane

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Wakes:
    """Who is due when, per lane: heaps in which a row counts only while the person's row still says the same."""

    def __init__(self, committed: Tables) -> None:
        self._people = committed.people
        self._heaps: dict[Lane, list[tuple[datetime, PersonId]]] = {lane: [] for lane in Lane}

    def changed(self, row: PersonRow) -> None:
        """A person's committed row is new."""
        for lane, heap in self._heaps.items():
            at = row.due_at(lane)
            if at is not None:
                heapq.heappush(heap, (at, row.person_id))

    def due(self, lane: Lane, now: datetime) -> Generator[PersonId]:
        """People whose instant has come, oldest first; they stay in the heap."""
        heap = self._heaps[lane]
        shown: dict[tuple[datetime, PersonId], None] = {}
        try:
            while heap and heap[0][0] <= now:
                entry = heapq.heappop(heap)
                if entry not in shown and self._holds(lane, entry):
                    shown[entry] = None
                    yield entry[1]
        finally:
            for entry in shown:
                heapq.heappush(heap, entry)

    def next(self, wanted: Lane | None = None) -> datetime | None:
        """The earliest instant of a lane, or of both."""
        earliest = []
        for lane, heap in self._heaps.items():
            if wanted not in (None, lane):
                continue
            while heap and not self._holds(lane, heap[0]):
                heapq.heappop(heap)
            earliest += [heap[0][0]] if heap else []
        return min(earliest, default=None)

    def _holds(self, lane: Lane, entry: tuple[datetime, PersonId]) -> bool:
        row = self._people.get(entry[1])
        return row is not None and row.due_at(lane) == entry[0]


class MemoryStore:
    """Implements ``services.core.ports.store.Store``. While it is not ``available``, it refuses everything but its journal."""

    def __init__(self, *, journal: bool = True, shards: int = 16, told: Callable[[Changes], None] = lambda _changes: None) -> None:
        """``told`` hears of what a unit wrote, once it is committed."""
        #: whether anybody can reach it; a scenario's outage switches it off and on again
        self.available = True
        self._tables = Tables.empty()
        self._locks = Locks()
        self._wakes = Wakes(self._tables)
        self._numbers = itertools.count(1)
        self._keeps_journal = journal
        self._shards = shards
        self._told = told

    @property
    def committed(self) -> Tables:
        """What is stored, for whoever only reads."""
        return self._tables

    def unit(self) -> AbstractAsyncContextManager[MemoryUnit]:
        """Open a unit; see ``Store.unit``."""
        return self._unit()

    async def next_wake(self, lane: Lane | None = None) -> datetime | None:
        """See ``Store.next_wake``."""
        self._reach()
        return self._wakes.next(lane)

    async def most_urgent(self, now: datetime, lane: Lane, limit: int) -> list[PersonId]:
        """See ``Store.most_urgent``."""
        self._reach()
        with closing(self._wakes.due(lane, now)) as due:
            return sorted(itertools.islice(due, limit), key=lambda person: self._soonest(person, now))

    def _soonest(self, person: PersonId, now: datetime) -> datetime:
        """The soonest date ahead of what the person owes; the end of time when nothing is ahead. The sort keeps who waits longest first."""
        owed = (row for row in self._tables.obligations.tagged(person) if row.state not in SETTLED and row.due_at > now)
        return min((row.due_at for row in owed), default=_NEVER)

    async def waiting_shards(self) -> list[int]:
        """See ``Store.waiting_shards``."""
        self._reach()
        return sorted({row.shard for row in self._tables.outbox.all()})

    async def outbox_size(self) -> int:
        """See ``Store.outbox_size``."""
        self._reach()
        return len(self._tables.outbox.all())

    async def journal(self) -> list[JournalLine]:
        """See ``Store.journal``."""
        lines = sorted(self._tables.journal.all(), key=lambda each: (each.line.at, each.number))
        return [each.line for each in lines]

    async def release(self, people: Collection[PersonId]) -> None:
        """Let decisions about quarantined people be taken again."""
        async with self._unit() as unit:
            await unit.release(people)

    @asynccontextmanager
    async def _unit(self) -> AsyncIterator[MemoryUnit]:
        self._reach()
        unit = MemoryUnit(
            tables=self._tables.opened(),
            locks=self._locks,
            due=self._wakes.due,
            numbers=self._numbers,
            shards=self._shards,
            keeps_journal=self._keeps_journal,
        )
        try:
            yield unit
            self._reach()
            for row in unit.end():
                self._wakes.changed(row)
            for changes in unit.written:
                self._told(changes)
        finally:
            self._locks.give_back(unit)

    def _reach(self) -> None:
        if not self.available:
            raise StoreUnavailable("the database in memory is switched off")
