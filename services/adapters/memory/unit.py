"""One transaction in memory: layers over the committed rows, kept or dropped at its end."""

import heapq
from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import replace
from datetime import datetime
from itertools import islice

from services.adapters.memory.cases import load_case
from services.adapters.memory.locks import Locks
from services.adapters.memory.tables import PersonRow, Seen, Tables, Waking
from services.adapters.memory.writing import Writer
from services.adapters.store_rules import SILENCES
from services.core.alarms import Alarm
from services.core.changes import Changes
from services.core.evidence.same_value import is_disowned
from services.core.model import Alert, AttemptId, Case, ObligationId, PersonId, Receipt
from services.core.ports.store import DeadLetter, LetterPlace, OutboxRow, Replay, Staff
from services.core.words import AlarmType, Kind, Lane, ObligationState


class MemoryUnit:
    """Implements ``services.core.ports.store.Unit``; made by ``MemoryStore``."""

    def __init__(
        self,
        *,
        tables: Tables,
        locks: Locks,
        due: Callable[[Lane, datetime], Generator[PersonId]],
        numbers: Iterator[int],
        shards: int,
        keeps_journal: bool,
    ) -> None:
        self._tables = tables
        self._locks = locks
        self._due = due
        self._people: set[PersonId] = set()
        #: everything that was written and not undone
        self.written: list[Changes] = []
        self._writer = Writer(tables=tables, locked=self._people, numbers=numbers, shards=shards, keeps_journal=keeps_journal)

    def end(self) -> list[PersonRow]:
        """Commit; return the people's rows that are new."""
        changed = list(self._tables.people.written())
        self._tables.keep()
        return changed

    async def seen(self, events: Collection[tuple[str, str]], at: datetime) -> set[tuple[str, str]]:
        """See ``Unit.seen``."""
        await self._locks.take((("event", *event) for event in sorted(set(events))), self)
        known = {event for event in events if self._tables.seen.get(event) is not None}
        for source, event_id in set(events) - known:
            self._tables.seen.put(Seen(source=source, event_id=event_id, at=at))
        return known

    async def lock(self, people: Collection[PersonId], also: Collection[str] = ()) -> dict[PersonId, Case]:
        """See ``Unit.lock``; obligations named in ``also`` are in their case however old they are."""
        ordered = sorted(set(people))
        await self._locks.take((("person", each) for each in ordered), self)
        for each in ordered:
            self._hold(each)
        return {each: load_case(self._tables, each, also) for each in ordered}

    async def claim_due(self, now: datetime, lane: Lane, limit: int, among: Collection[PersonId] | None = None) -> dict[PersonId, Case]:
        """See ``Unit.claim_due``."""
        with closing(self._due_people(now, lane)) as candidates:
            wanted = (each for each in candidates if among is None or each in among)
            free = (each for each in wanted if self._locks.try_take(("person", each), self))
            claimed = list(islice(free, limit))
        self._people.update(claimed)
        return {each: load_case(self._tables, each, ()) for each in claimed}

    async def load(self, people: Collection[PersonId], also: Collection[str] = ()) -> dict[PersonId, Case]:
        """See ``Unit.load``; ``also`` as for ``lock``."""
        known = (each for each in sorted(set(people)) if self._tables.people.get(each) is not None)
        return {each: load_case(self._tables, each, also) for each in known}

    async def write(self, changes: Changes) -> None:
        """See ``Unit.write``; raises ``NotLocked`` and ``GuardBroken``."""
        self._writer.write(changes)
        self.written.append(changes)

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """See ``Unit.savepoint``."""
        return self._savepoint()

    @asynccontextmanager
    async def _savepoint(self) -> AsyncIterator[None]:
        locked, written = set(self._people), len(self.written)
        self._tables.push()
        try:
            yield
        except BaseException:
            self._tables.drop()
            self._people.intersection_update(locked)
            del self.written[written:]
            raise
        self._tables.keep()

    async def quarantine(self, person: PersonId, at: datetime, error: str) -> None:
        """See ``Unit.quarantine``."""
        await self._locks.take([("person", person)], self)
        row = self._hold(person)
        self._tables.people.put(replace(row, quarantined_at=at, quarantine_error=error))

    async def release(self, people: Collection[PersonId]) -> None:
        """Let decisions about these people be taken again."""
        await self._locks.take((("person", each) for each in sorted(set(people))), self)
        for each in people:
            row = self._tables.people.get(each)
            if row is not None:
                self._tables.people.put(replace(row, quarantined_at=None, quarantine_error=None))

    async def erased(self, people: Collection[PersonId]) -> set[PersonId]:
        """Those of these people whose erasure was written: events about them are refused (contracts §2)."""
        rows = (self._tables.people.get(each) for each in people)
        return {row.person_id for row in rows if row is not None and row.erased}

    async def staff(self) -> Staff:
        """See ``Unit.staff``."""
        return Staff(
            advisors={each.advisor_id: each for each in self._tables.advisors.all()},
            agencies={each.agency_id: each for each in self._tables.agencies.all()},
        )

    async def alarms(self, now: datetime) -> list[Alarm]:
        """See ``Unit.alarms``."""
        rows = self._tables.alarms.all()
        found = [row for row in rows if row.cleared_at is None or (row.type is AlarmType.FEED_SILENT and row.cleared_at > now - SILENCES)]
        return sorted(found, key=_ringing_order)

    async def hold_alarms(self) -> list[Alarm]:
        """See ``Unit.hold_alarms``."""
        await self._locks.take([("alarms",)], self)
        return sorted((row for row in self._tables.alarms.all() if row.cleared_at is None), key=_ringing_order)

    async def begin_waking(self) -> None:
        """See ``Unit.begin_waking``."""
        await self._locks.take([("waking",)], self)
        self._tables.waking.put(Waking())

    async def end_waking(self) -> None:
        """See ``Unit.end_waking``."""
        await self._locks.take([("waking",)], self)
        self._tables.waking.remove(Waking().key)

    async def wake_actualisations(self, at: datetime, limit: int) -> int | None:
        """See ``Unit.wake_actualisations``."""
        waking = self._tables.waking.get(Waking().key) if self._locks.try_take(("waking",), self) else None
        if waking is None:
            return None
        portion = heapq.nsmallest(limit, (row.person_id for row in self._tables.people.all() if row.person_id > waking.woken_to))
        held = [each for each in portion if self._waits(each, at)]
        await self._locks.take((("person", each) for each in held), self)
        # People must be judged as they are once we have them.
        rows = [self._hold(each) for each in held if self._waits(each, at)]
        due = [row for row in rows if row.campaign_at is None or row.campaign_at > at]
        for row in due:
            self._tables.people.put(replace(row, campaign_at=at))
        if len(portion) < limit:
            self._tables.waking.remove(waking.key)
        else:
            self._tables.waking.put(Waking(woken_to=portion[-1]))
        return len(due)

    def _waits(self, person: PersonId, at: datetime) -> bool:
        """Is an actualisation open at this instant, and does anybody decide about this person?"""
        row = self._tables.people.get(person)
        return (row is None or row.quarantined_at is None) and any(
            duty.kind is Kind.ACTUALISATION and duty.state is ObligationState.OPEN and duty.due_at > at
            for duty in self._tables.obligations.tagged(person)
        )

    async def attempts_by_reference(self, references: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[AttemptId, PersonId]]:
        """See ``Unit.attempts_by_reference``."""
        await self._lock_references(references)
        rows = (self._tables.references.get(each) for each in references)
        return {(row.provider, row.provider_ref): (row.attempt_id, row.person_id) for row in rows if row is not None}

    async def waiting_receipts(self, references: Collection[tuple[str, str]]) -> list[Receipt]:
        """See ``Unit.waiting_receipts``."""
        await self._lock_references(references)
        found = (receipt for each in set(references) for receipt in self._tables.receipts.tagged(("waiting", *each)))
        return sorted(found, key=lambda each: (each.received_at, each.receipt_id))

    async def people_of_attempts(self, attempts: Collection[AttemptId]) -> dict[AttemptId, PersonId]:
        """See ``Unit.people_of_attempts``."""
        rows = (self._tables.attempts.get(each) for each in attempts)
        return {row.attempt_id: row.person_id for row in rows if row is not None}

    async def attempt_by_token(self, token: str) -> tuple[AttemptId, PersonId] | None:
        """See ``Unit.attempt_by_token``."""
        rows = self._tables.attempts.tagged(("token", token))
        return (rows[0].attempt_id, rows[0].person_id) if rows else None

    async def people_by_sender(self, sender_hash: str) -> list[PersonId]:
        """See ``Unit.people_by_sender``."""
        return sorted({each.person_id for each in self._tables.contacts.tagged(("sender", sender_hash))})

    async def disowned(self, sender_hashes: Collection[str]) -> dict[str, datetime]:
        """See ``Unit.disowned``."""
        said: dict[str, datetime] = {}
        for sender_hash in sender_hashes:
            points = [each for each in self._tables.contacts.tagged(("sender", sender_hash)) if is_disowned(each)]
            instants = [each.status_at for each in points if each.status_at is not None]
            if instants:
                said[sender_hash] = max(instants)
        return said

    async def people_of_obligations(self, obligations: Collection[str]) -> dict[str, PersonId]:
        """See ``Unit.people_of_obligations``."""
        rows = (self._tables.obligations.get(ObligationId(each)) for each in obligations)
        return {row.obligation_id: row.person_id for row in rows if row is not None}

    async def open_alerts(self, advisor_id: str | None = None, agency_id: str | None = None) -> list[Alert]:
        """See ``Unit.open_alerts``."""
        found = [
            each
            for each in self._tables.alerts.tagged("open")
            if (advisor_id is None or each.advisor_id == advisor_id) and (agency_id is None or each.agency_id == agency_id)
        ]
        return sorted(found, key=lambda each: (each.act_by, each.alert_id))

    async def claim_outbox(self, shards: Collection[int], limit: int) -> list[OutboxRow]:
        """See ``Unit.claim_outbox``."""
        free = [shard for shard in sorted(shards) if self._locks.try_take(("shard", shard), self)]
        oldest = (sorted(self._tables.outbox.tagged(shard), key=lambda each: each.id)[:limit] for shard in free)
        return sorted((row for rows in oldest for row in rows), key=lambda each: each.id)

    async def mark_published(self, ids: Sequence[int], at: datetime) -> None:
        """See ``Unit.mark_published``."""
        for each in ids:
            self._tables.outbox.remove(each)

    async def record_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """See ``Unit.record_dead_letters``."""
        for letter in letters:
            known = self._tables.dead_letters.get(letter.place)
            self._tables.dead_letters.put(replace(letter, replays=() if known is None else known.replays))

    async def hold_dead_letters(self, places: Collection[LetterPlace]) -> list[DeadLetter]:
        """See ``Unit.hold_dead_letters``."""
        await self._locks.take((("letter", *place) for place in sorted(set(places))), self)
        return [letter for place in sorted(set(places)) if (letter := self._tables.dead_letters.get(place)) is not None]

    async def mark_replayed(self, places: Collection[LetterPlace], replay: Replay) -> None:
        """See ``Unit.mark_replayed``."""
        for place in set(places):
            known = self._tables.dead_letters.get(place)
            if known is not None:
                self._tables.dead_letters.put(replace(known, replays=(*known.replays, replay)))

    def _hold(self, person: PersonId) -> PersonRow:
        """The row of a person whose lock we have, new when nobody mentioned the person before."""
        self._people.add(person)
        row = self._tables.people.get(person)
        if row is None:
            row = PersonRow(person_id=person)
            self._tables.people.put(row)
        return row

    async def _lock_references(self, references: Collection[tuple[str, str]]) -> None:
        await self._locks.take((("reference", *each) for each in sorted(set(references))), self)

    def _due_people(self, now: datetime, lane: Lane) -> Generator[PersonId]:
        """Committed instants, corrected by what this unit wrote."""
        own = {row.person_id: row.due_at(lane) for row in self._tables.people.written()}
        yield from sorted(person for person, at in own.items() if at is not None and at <= now)
        with closing(self._due(lane, now)) as committed:
            yield from (person for person in committed if person not in own)


def _ringing_order(row: Alarm) -> tuple[datetime, str]:
    return row.raised_at, row.alarm_id
