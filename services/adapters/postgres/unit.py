"""One transaction in PostgreSQL; made by ``PostgresStore``."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from services.adapters.postgres.announcements import Announcements
from services.adapters.postgres.anonymising import anonymise
from services.adapters.postgres.cases import cases_from
from services.adapters.postgres.connection import Connection, database_errors
from services.adapters.postgres.staff import StaffMemory
from services.adapters.postgres.statements import SQL
from services.adapters.postgres.writing import write
from services.adapters.store_rules import SILENCES
from services.core.alarms import Alarm
from services.core.changes import Changes, Outgoing
from services.core.model import Alert, AttemptId, Case, ObligationId, PersonId, Receipt
from services.core.ports.store import DeadLetter, LetterPlace, OutboxRow, Replay, Staff
from services.core.words import Lane

#: first half of the two-part advisory locks: what is locked
_LOCK_SHARD = 0x5F01
_LOCK_REFERENCE = 0x5F02
_LOCK_ALARMS = 0x5F03

_CLAIMS = {Lane.LIVE: "claim_live", Lane.CAMPAIGN: "claim_campaign"}
_AMONG = {Lane.LIVE: "claim_live_among", Lane.CAMPAIGN: "claim_campaign_among"}
_receipts = msgspec.json.Decoder(list[Receipt])
_alerts = msgspec.json.Decoder(list[Alert])
_alarms = msgspec.json.Decoder(list[Alarm])
_letters = msgspec.json.Decoder(list[DeadLetter])
_encode = msgspec.json.Encoder().encode


class PostgresUnit:
    """Implements ``services.core.ports.store.Unit``: ``READ COMMITTED``, with people locked before they are read."""

    def __init__(self, connection: Connection, *, staff: StaffMemory, shards: int, journal: bool) -> None:
        self._connection = connection
        self._staff = staff
        self._shards = shards
        self._journal = journal
        self._locked: set[PersonId] = set()
        self._announcements = Announcements()
        self._wrote_staff = False
        #: everything that was written and not undone
        self.written: list[Changes] = []

    async def seen(self, events: Collection[tuple[str, str]], at: datetime) -> set[tuple[str, str]]:
        """See ``Unit.seen``."""
        given = list(events)
        if not given:
            return set()
        rows = await self._fetch("see_events", *_columns(given), at)
        return set(given) - {(row["source"], row["event_id"]) for row in rows}

    async def lock(self, people: Collection[PersonId], also: Collection[str] = ()) -> dict[PersonId, Case]:
        """See ``Unit.lock``; obligations named in ``also`` are in their case however old they are."""
        ordered = sorted(set(people))
        await self._lock(ordered)
        return await self._cases(ordered, also)

    async def claim_due(self, now: datetime, lane: Lane, limit: int, among: Collection[PersonId] | None = None) -> dict[PersonId, Case]:
        """See ``Unit.claim_due``."""
        found = await self._fetch(_CLAIMS[lane], now, limit) if among is None else await self._fetch(_AMONG[lane], now, limit, list(among))
        claimed = [PersonId(row["person_id"]) for row in found]
        self._locked.update(claimed)
        return await self._cases(claimed, ())

    async def load(self, people: Collection[PersonId], also: Collection[str] = ()) -> dict[PersonId, Case]:
        """See ``Unit.load``; ``also`` as for ``lock``."""
        return await self._cases(sorted(set(people)), also)

    async def write(self, changes: Changes) -> None:
        """See ``Unit.write``; raises ``NotLocked``, ``GuardBroken`` and ``DataRefused``."""
        with database_errors():
            told = await write(self._connection, changes, locked=self._locked, shards=self._shards, journal=self._journal)
        self._announcements.add(told)
        self.written.append(changes)
        self._wrote_staff = self._wrote_staff or bool(changes.advisors or changes.agencies)

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """See ``Unit.savepoint``."""
        return self._savepoint()

    @asynccontextmanager
    async def _savepoint(self) -> AsyncIterator[None]:
        # What was locked or announced inside is given up with the rest when the block raises.
        locked, announcements, written = set(self._locked), self._announcements.copy(), len(self.written)
        inner = self._connection.transaction()
        with database_errors():
            await inner.start()
        try:
            yield
        except BaseException:
            self._locked, self._announcements = locked, announcements
            del self.written[written:]
            with database_errors():
                await inner.rollback()
            raise
        with database_errors():
            await inner.commit()

    async def quarantine(self, person: PersonId, at: datetime, error: str) -> None:
        """See ``Unit.quarantine``."""
        await self._lock([person])
        await self._execute("quarantine", person, at, error)

    async def release(self, people: Collection[PersonId]) -> None:
        """Let decisions about these people be taken again."""
        await self._lock(sorted(set(people)))
        await self._execute("release", list(people))
        self._announcements.somebody_may_be_due()

    async def erased(self, people: Collection[PersonId]) -> set[PersonId]:
        """Those of these people whose erasure was written: events about them are refused (contracts §2)."""
        return {PersonId(row["person_id"]) for row in await self._fetch("erased_people", list(people))}

    async def staff(self) -> Staff:
        """See ``Unit.staff``."""
        with database_errors():
            return await self._staff.read(self._connection, remember=not self._wrote_staff)

    async def alarms(self, now: datetime) -> list[Alarm]:
        """See ``Unit.alarms``."""
        return _alarms.decode(await self._value("alarms", now - SILENCES))

    async def hold_alarms(self) -> list[Alarm]:
        """See ``Unit.hold_alarms``."""
        # Two statements: the rows must be read as they are after the lock was taken, not before.
        await self._fetch("take_alarms", _LOCK_ALARMS)
        return _alarms.decode(await self._value("open_alarms"))

    async def begin_waking(self) -> None:
        """See ``Unit.begin_waking``."""
        await self._execute("begin_waking")

    async def end_waking(self) -> None:
        """See ``Unit.end_waking``."""
        await self._execute("end_waking")

    async def wake_actualisations(self, at: datetime, limit: int) -> int | None:
        """See ``Unit.wake_actualisations``."""
        woken_to = await self._value("hold_waking")
        if woken_to is None:
            return None
        (portion,) = await self._fetch("next_portion", woken_to, limit)
        # Two statements: people must be judged as they are once we have them. A planner may have had one who still found the feed silent.
        held = [row["person_id"] for row in await self._fetch("hold_portion", woken_to, portion["last_id"], at)]
        woken = int(await self._value("wake_actualisations", held, at))
        if woken:
            self._announcements.add(Announcements(earliest_wake=at))
        if portion["people"] < limit:
            await self._execute("end_waking")
        else:
            await self._execute("go_on_waking", portion["last_id"])
        return woken

    async def attempts_by_reference(self, references: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[AttemptId, PersonId]]:
        """See ``Unit.attempts_by_reference``."""
        if not references:
            return {}
        await self._lock_references(references)
        rows = await self._fetch("attempts_by_reference", *_columns(references))
        return {(row["provider"], row["provider_ref"]): (AttemptId(row["attempt_id"]), PersonId(row["person_id"])) for row in rows}

    async def waiting_receipts(self, references: Collection[tuple[str, str]]) -> list[Receipt]:
        """See ``Unit.waiting_receipts``."""
        if not references:
            return []
        await self._lock_references(references)
        return _receipts.decode(await self._value("waiting_receipts", *_columns(references)))

    async def people_of_attempts(self, attempts: Collection[AttemptId]) -> dict[AttemptId, PersonId]:
        """See ``Unit.people_of_attempts``."""
        rows = await self._fetch("people_of_attempts", list(attempts))
        return {AttemptId(row["attempt_id"]): PersonId(row["person_id"]) for row in rows}

    async def attempt_by_token(self, token: str) -> tuple[AttemptId, PersonId] | None:
        """See ``Unit.attempt_by_token``."""
        rows = await self._fetch("attempt_by_token", token)
        return (AttemptId(rows[0]["attempt_id"]), PersonId(rows[0]["person_id"])) if rows else None

    async def people_by_sender(self, sender_hash: str) -> list[PersonId]:
        """See ``Unit.people_by_sender``."""
        return [PersonId(row["person_id"]) for row in await self._fetch("people_by_sender", sender_hash)]

    async def disowned(self, sender_hashes: Collection[str]) -> dict[str, datetime]:
        """See ``Unit.disowned``."""
        return {row["sender_hash"]: row["said_at"] for row in await self._fetch("disowned", sorted(sender_hashes))}

    async def people_of_obligations(self, obligations: Collection[str]) -> dict[str, PersonId]:
        """See ``Unit.people_of_obligations``."""
        rows = await self._fetch("people_of_obligations", list(obligations))
        return {ObligationId(row["obligation_id"]): PersonId(row["person_id"]) for row in rows}

    async def open_alerts(self, advisor_id: str | None = None, agency_id: str | None = None) -> list[Alert]:
        """See ``Unit.open_alerts``."""
        return _alerts.decode(await self._value("open_alerts", advisor_id, agency_id))

    async def claim_outbox(self, shards: Collection[int], limit: int) -> list[OutboxRow]:
        """See ``Unit.claim_outbox``."""
        # Two statements: the rows must be read as they are after the locks were taken, not before.
        free = [row["shard"] for row in await self._fetch("take_shards", _LOCK_SHARD, sorted(shards))]
        return [_outbox_row(row) for row in await self._fetch("claim_outbox", free, limit)] if free else []

    async def mark_published(self, ids: Sequence[int], at: datetime) -> None:
        """See ``Unit.mark_published``."""
        await self._execute("mark_published", list(ids), at)

    async def record_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """See ``Unit.record_dead_letters``."""
        if letters:
            await self._execute("write_dead_letters", _encode(letters).decode())

    async def hold_dead_letters(self, places: Collection[LetterPlace]) -> list[DeadLetter]:
        """See ``Unit.hold_dead_letters``."""
        return _letters.decode(await self._value("hold_dead_letters", *_places(places))) if places else []

    async def mark_replayed(self, places: Collection[LetterPlace], replay: Replay) -> None:
        """See ``Unit.mark_replayed``."""
        if places:
            await self._execute("mark_replayed", *_places(places), _encode([replay]).decode())

    async def forget_duties(self, since: datetime, before: datetime, limit: int) -> int:
        """Make duties of long ago, and all that hangs on them, anonymous (rules §8.3); how many. Those in use are left for later."""
        with database_errors():
            count, tombstones = await anonymise(self._connection, since, before, limit)
        await self.write(Changes(outbox=tombstones))
        return count

    async def announce(self) -> None:
        """Let the listeners hear of the unit once it is committed; called just before."""
        if self._announcements:
            await self._fetch("announce", self._announcements.wake_payload(), self._announcements.outbox)

    async def _lock(self, ordered: list[PersonId]) -> None:
        if ordered:
            await self._execute("add_people", ordered)
            await self._fetch("lock_people", ordered)
            self._locked.update(ordered)

    async def _lock_references(self, references: Collection[tuple[str, str]]) -> None:
        await self._fetch("lock_references", *_columns(references), _LOCK_REFERENCE)

    async def _cases(self, ordered: list[PersonId], also: Collection[str]) -> dict[PersonId, Case]:
        if not ordered:
            return {}
        cases = cases_from(await self._value("load_cases", ordered, list(also)))
        return {person: cases[person] for person in ordered if person in cases}

    async def _fetch(self, statement: str, *values: Any) -> list[Any]:
        with database_errors():
            return await self._connection.fetch(SQL[statement], *values)

    async def _value(self, statement: str, *values: Any) -> Any:
        with database_errors():
            return await self._connection.fetchval(SQL[statement], *values)

    async def _execute(self, statement: str, *values: Any) -> None:
        with database_errors():
            await self._connection.execute(SQL[statement], *values)


def _columns(pairs: Collection[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Pairs as two arrays."""
    return [first for first, _ in pairs], [second for _, second in pairs]


def _places(places: Collection[LetterPlace]) -> tuple[list[str], list[int], list[int]]:
    """Places as three arrays."""
    return [topic for topic, _, _ in places], [partition for _, partition, _ in places], [offset for _, _, offset in places]


def _outbox_row(row: Any) -> OutboxRow:
    message = Outgoing(
        topic=row["topic"],
        key=row["key"],
        type=row["type"],
        subject=row["subject"],
        data=msgspec.json.decode(row["data"]),
        shard_key=row["shard_key"],
        at=row["at"],
    )
    return OutboxRow(id=row["id"], shard=row["shard"], message=message)
