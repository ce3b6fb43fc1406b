"""The database: units of work in PostgreSQL, and what the processes ask of it from outside a unit."""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.staff import StaffMemory
from services.adapters.postgres.statements import SQL
from services.adapters.postgres.unit import PostgresUnit
from services.core.changes import Changes, JournalLine
from services.core.model import PersonId
from services.core.words import Lane

_journal = msgspec.json.Decoder(list[JournalLine])
_NEXT_WAKE = {None: "next_wake", Lane.LIVE: "next_wake_live", Lane.CAMPAIGN: "next_wake_campaign"}

_URGENT = {Lane.LIVE: "urgent_live", Lane.CAMPAIGN: "urgent_campaign"}


class PostgresStore:
    """Implements ``services.core.ports.store.Store``."""

    def __init__(
        self, pool: Pool, *, journal: bool = False, shards: int = 16, told: Callable[[Changes], None] = lambda _changes: None
    ) -> None:
        """``told`` hears of what a unit wrote, once it is committed."""
        self._pool = pool
        self._keeps_journal = journal
        self._shards = shards
        self._told = told
        self._staff = StaffMemory()

    def unit(self) -> AbstractAsyncContextManager[PostgresUnit]:
        """Open a unit; see ``Store.unit``."""
        return self._unit()

    async def next_wake(self, lane: Lane | None = None) -> datetime | None:
        """See ``Store.next_wake``."""
        at: datetime | None = await self._value(_NEXT_WAKE[lane])
        return at

    async def most_urgent(self, now: datetime, lane: Lane, limit: int) -> list[PersonId]:
        """See ``Store.most_urgent``."""
        with database_errors():
            return [PersonId(row["person_id"]) for row in await self._pool.fetch(SQL[_URGENT[lane]], now, limit)]

    async def waiting_shards(self) -> list[int]:
        """See ``Store.waiting_shards``."""
        with database_errors():
            return [row["shard"] for row in await self._pool.fetch(SQL["waiting_shards"])]

    async def outbox_size(self) -> int:
        """See ``Store.outbox_size``."""
        return int(await self._value("outbox_size"))

    async def journal(self) -> list[JournalLine]:
        """See ``Store.journal``."""
        return _journal.decode(await self._value("journal"))

    async def release(self, people: Collection[PersonId]) -> None:
        """Let decisions about quarantined people be taken again."""
        async with self._unit() as unit:
            await unit.release(people)

    @asynccontextmanager
    async def _unit(self) -> AsyncIterator[PostgresUnit]:
        with database_errors():
            connection = await self._pool.acquire()
        try:
            transaction = connection.transaction()
            with database_errors():
                await transaction.start()
            unit = PostgresUnit(connection, staff=self._staff, shards=self._shards, journal=self._keeps_journal)
            try:
                yield unit
                await unit.announce()
            except BaseException:
                # A connection that is gone has rolled back already; what went wrong first is what the caller must hear of.
                with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                    await transaction.rollback()
                raise
            with database_errors():
                await transaction.commit()
            for changes in unit.written:
                self._told(changes)
        finally:
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                await self._pool.release(connection)

    async def _value(self, statement: str) -> Any:
        with database_errors():
            return await self._pool.fetchval(SQL[statement])
