"""What the watch counts, from PostgreSQL: read only, no lock; each reads many rows once, so its planner may choose freely."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.statements import SQL
from services.core.model import ObligationId, PersonId
from services.core.ports.owed import Owed, Owing
from services.core.ports.watch import Affected, DeadLetterCount, FilesRead, LostMessages, Overdue, ProviderTrouble, Refusals, SmsReceipts
from services.core.words import AlertType, Channel, Kind, ObligationState

#: messages are claimed soon after their release: older ones are left out, so that little of the day is read
RELEASED: Final = timedelta(hours=6)
#: what is stuck may have been so since Friday
_STUCK_SINCE: Final = timedelta(days=4)
#: looking through all that is owed takes seconds
_STUCK_HOLDS: Final = timedelta(minutes=5)
#: … and so does looking through what is owed, once it is much
_MANY: Final = 10_000
_MANY_HOLDS: Final = timedelta(minutes=1)


class PostgresReadings:
    """Implements ``services.core.ports.watch.Readings``; raises ``StoreUnavailable``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._stuck: tuple[datetime, list[Overdue]] | None = None
        self._owing: tuple[datetime, Owing] | None = None

    async def receipts(self, since: datetime, until: datetime) -> Sequence[SmsReceipts]:
        """See ``Readings.receipts``."""
        return [SmsReceipts(**row) for row in await self._rows("watch_receipts", since, until, since - RELEASED)]

    async def refusals(self, since: datetime) -> Sequence[Refusals]:
        """See ``Readings.refusals``."""
        rows = await self._rows("watch_refusals", since, since - RELEASED)
        return [Refusals(**{**row, "channel": Channel(row["channel"])}) for row in rows]

    async def last_completion(self) -> datetime | None:
        """See ``Readings.last_completion``."""
        rows = await self._rows("watch_completion")
        return rows[0]["changed_at"] if rows else None

    async def refused_callbacks(self, since: datetime) -> Sequence[tuple[str, datetime, int]]:
        """See ``Readings.refused_callbacks``."""
        return [(row["provider"], row["at"], row["count"]) for row in await self._rows("watch_callbacks", since)]

    async def dead_letters(self, since: datetime) -> Sequence[DeadLetterCount]:
        """See ``Readings.dead_letters``."""
        return [DeadLetterCount(**row) for row in await self._rows("watch_dead_letters", since)]

    async def overdue(self, now: datetime) -> Sequence[Overdue]:
        """See ``Readings.overdue``."""
        waiting = [Overdue(**row) for row in await self._rows("watch_overdue", now)]
        if self._stuck is None or not timedelta(0) <= now - self._stuck[0] < _STUCK_HOLDS:
            self._stuck = now, [Overdue(**row) for row in await self._rows("watch_stuck", now, now - _STUCK_SINCE)]
        return waiting + self._stuck[1]

    async def accesses(self, since: datetime) -> Sequence[FilesRead]:
        """See ``Readings.accesses``."""
        return [FilesRead(**row) for row in await self._rows("watch_accesses", since)]

    async def owing(self, now: datetime, after: timedelta, limit: int) -> Owing:
        """See ``Readings.owing``."""
        if self._owing is not None and timedelta(0) <= now - self._owing[0] < _MANY_HOLDS:
            return self._owing[1]
        owing = owing_of(await self._rows("watch_owed", now, after, limit))
        self._owing = (now, owing) if owing.duties >= _MANY else None
        return owing

    async def providers(self, since: datetime) -> Sequence[ProviderTrouble]:
        """See ``Readings.providers``."""
        rows = await self._rows("watch_providers", since, since - RELEASED)
        return [ProviderTrouble(**{**row, "channel": Channel(row["channel"])}) for row in rows]

    async def affected(self, lost: LostMessages) -> Sequence[Affected]:
        """See ``Readings.affected``."""
        given = (lost.provider, lost.carrier, lost.since, lost.until, lost.noticed_at, lost.since - RELEASED)
        rows = await self._rows("watch_lost", *given)
        return [Affected(person_id=PersonId(row["person_id"]), recovered=row["recovered"]) for row in rows]

    async def _rows(self, statement: str, *values: object) -> list[Any]:
        with database_errors():
            async with self._pool.acquire() as connection, connection.transaction(readonly=True):
                await connection.fetch(SQL["page_settings"])
                return await connection.fetch(SQL[statement], *values)


def owing_of(rows: Sequence[Any]) -> Owing:
    """The rows of ``watch_owed``: each carries the figures of all."""
    if not rows:
        return Owing()
    figures = {name: rows[0][name] for name in ("duties", "past", "untold", "since")}
    return Owing(**figures, first=tuple(_owed(row) for row in rows))


def _owed(row: Any) -> Owed:
    return Owed(
        person_id=PersonId(row["person_id"]),
        obligation_id=ObligationId(row["obligation_id"]),
        kind=Kind(row["kind"]),
        state=ObligationState(row["state"]),
        due_at=row["due_at"],
        outage_at=row["outage_at"],
        next_at=row["next_at"],
        alert=AlertType(row["alert"]) if row["alert"] is not None else None,
        agency_id=row["agency_id"],
        advisor_id=row["advisor_id"],
    )
