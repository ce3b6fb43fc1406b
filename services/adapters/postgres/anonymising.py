"""What is left of a duty when its evidence is of no use any more: counts of nobody (rules §8.3)."""

from datetime import datetime

from services.adapters.postgres.connection import Connection
from services.adapters.postgres.statements import SQL
from services.core.changes import TOMBSTONE, Outgoing
from services.core.words import Kind


async def anonymise(connection: Connection, since: datetime, before: datetime, limit: int) -> tuple[int, list[Outgoing]]:
    """Duties and all that hangs on them; how many, and the tombstones that take them off their topic."""
    rows = await connection.fetch(SQL["hold_old_duties"], before, limit, since)
    if not rows:
        return 0, []
    duties = [row["obligation_id"] for row in rows]
    named = {row["attempt_id"] for row in await connection.fetch(SQL["drop_old_items"], duties)}
    attempts = [row["attempt_id"] for row in await connection.fetch(SQL["attempts_without_items"], sorted(named))]
    await connection.execute(SQL["anonymise_receipts"], attempts)
    await connection.execute(SQL["anonymise_attempts"], attempts)
    await connection.execute(SQL["anonymise_replies"], duties, [row["person_id"] for row in rows])
    await connection.execute(SQL["drop_proofs"], duties)
    await connection.execute(SQL["anonymise_duties"], duties)
    published = [row for row in rows if row["version"] and row["kind"] != Kind.CONTACT]
    return len(rows), [_tombstone(row["obligation_id"], row["person_id"], before) for row in published]


def _tombstone(obligation_id: str, person_id: str, at: datetime) -> Outgoing:
    return Outgoing(topic="obligations.v1", key=obligation_id, type=TOMBSTONE, subject=obligation_id, data={}, shard_key=person_id, at=at)
