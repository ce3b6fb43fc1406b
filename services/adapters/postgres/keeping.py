"""The database forgets (rules §8.3): short transactions over rows that nobody else holds."""

from datetime import datetime
from typing import Final

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.statements import SQL
from services.adapters.postgres.store import PostgresStore
from services.core.ports.retention import Keepsake

_STATEMENTS: Final = {
    Keepsake.OUTBOX: "forget_outbox",
    Keepsake.INBOX: "forget_inbox",
    Keepsake.DEAD_LETTERS: "forget_dead_letters",
    Keepsake.REFUSED_CALLBACKS: "forget_refused_callbacks",
    Keepsake.JOURNAL: "forget_journal",
    Keepsake.ACCESSES: "forget_accesses",
    Keepsake.RECEIPT_PAYLOADS: "forget_receipt_payloads",
    Keepsake.STRAY_RECEIPTS: "forget_stray_receipts",
    Keepsake.REFERENCES: "forget_references",
    Keepsake.MESSAGES: "forget_messages",
    Keepsake.REPLY_WORDS: "forget_reply_words",
    Keepsake.OLD_ALERTS: "forget_old_alerts",
    Keepsake.OLD_REPLIES: "forget_old_replies",
}


class PostgresKeeper:
    """Implements ``services.core.ports.retention.Keeper``."""

    def __init__(self, pool: Pool, store: PostgresStore) -> None:
        self._pool = pool
        self._store = store

    async def forget(self, what: Keepsake, *, since: datetime, before: datetime, limit: int) -> int:
        """See ``Keeper.forget``."""
        if what is Keepsake.EVIDENCE:
            async with self._store.unit() as unit:
                return await unit.forget_duties(since, before, limit)
        with database_errors():
            done = await self._pool.execute(SQL[_STATEMENTS[what]], before, limit, since)
        return int(done.rpartition(" ")[2])
