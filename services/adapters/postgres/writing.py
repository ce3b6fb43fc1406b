"""How changes become rows: one statement for each type of row, from one JSON array."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.adapters.postgres.announcements import Announcements
from services.adapters.postgres.connection import Connection
from services.adapters.postgres.statements import SQL
from services.adapters.store_errors import GuardBroken
from services.adapters.store_rules import NEVER_SENT, folded, newest, refuse_unlocked, removed_points, shard_of
from services.core.changes import Changes, Outgoing, Wake
from services.core.model import Attempt, Obligation, PersonId

_encode = msgspec.json.Encoder().encode


async def write(
    connection: Connection,
    changes: Changes,
    *,
    locked: Collection[PersonId],
    shards: int,
    journal: bool,
) -> Announcements:
    """Write everything in an order in which no row waits for a later one; raises ``NotLocked`` and ``GuardBroken``."""
    refuse_unlocked(changes, locked)
    await _directory(connection, changes)
    await _obligations(connection, changes.obligations)
    instants = newest(changes.next_instants, lambda row: row.obligation_id)
    await _columns(connection, "write_next_instants", [(row.obligation_id, row.person_id, row.at) for row in instants])
    await _attempts(connection, changes.attempts)
    await _rows(connection, "write_receipts", newest(changes.receipts, lambda row: row.receipt_id))
    await _rows(connection, "write_replies", newest(changes.replies, lambda row: row.reply_id))
    await _rows(connection, "write_alerts", newest(changes.alerts, lambda row: row.alert_id))
    await _rows(connection, "write_proofs", changes.proofs)
    await _rows(connection, "write_messages", newest(changes.messages, lambda row: (row.attempt_id, row.try_number)))
    # Last of the facts: whatever else the same batch says of them, they are forgotten.
    if changes.removed_people:
        await _erase(connection, changes.removed_people)
    await _rows(connection, "write_alarms", newest(changes.alarms, lambda row: row.alarm_id))
    await _columns(connection, "add_refused_callbacks", [(row.provider, row.at, row.count) for row in changes.refused_callbacks])
    await _rows(connection, "write_accesses", changes.accesses)
    earliest_wake = await _wakes(connection, changes.wakes)
    if changes.alerted:
        at = min(alerted.at for alerted in changes.alerted)
        await connection.execute(SQL["wake_alerted"], [alerted.advisor_id for alerted in changes.alerted], at)
        earliest_wake = min(at, earliest_wake or at)
    await _outbox(connection, changes.outbox, shards)
    if journal:
        await _rows(connection, "write_journal", changes.journal)
    return Announcements(earliest_wake=earliest_wake, outbox=bool(changes.outbox))


async def _rows(connection: Connection, statement: str, rows: Sequence[Any]) -> int:
    """Run a statement that takes rows as JSON; return how many it wrote."""
    if not rows:
        return 0
    done = await connection.execute(SQL[statement], _encode(rows).decode())
    return int(done.rpartition(" ")[2])


async def _erase(connection: Connection, people: Sequence[PersonId]) -> None:
    """Who it was and what was said is gone; what happened stays, under a number that means nothing any more (rules §8.3)."""
    for statement in ("erase_profiles", "erase_contacts", "erase_messages", "erase_replies", "erase_people"):
        await connection.execute(SQL[statement], people)


async def _directory(connection: Connection, changes: Changes) -> None:
    await _rows(connection, "write_profiles", newest(changes.profiles, lambda row: row.person_id))
    await _columns(connection, "remove_contacts", removed_points(changes))
    await _rows(connection, "write_contacts", newest(changes.contacts, lambda row: (row.person_id, row.contact_id)))
    if changes.advisors or changes.agencies:
        await _rows(connection, "write_advisors", newest(changes.advisors, lambda row: row.advisor_id))
        await _rows(connection, "write_agencies", newest(changes.agencies, lambda row: row.agency_id))
        await connection.execute(SQL["staff_written"])


async def _obligations(connection: Connection, obligations: Iterable[Obligation]) -> None:
    rows = newest(obligations, lambda row: row.obligation_id)
    if await _rows(connection, "write_obligations", rows) < len(rows):
        raise GuardBroken("an_obligation_has_one_person")


async def _attempts(connection: Connection, attempts: Iterable[Attempt]) -> None:
    rows = newest(attempts, lambda row: row.attempt_id)
    if not rows:
        return
    await connection.execute(SQL["drop_attempt_items"], [row.attempt_id for row in rows], [_encode(row.items).decode() for row in rows])
    if await _rows(connection, "write_attempts", rows) < len(rows):
        raise GuardBroken("an_attempt_has_one_person")
    items = [
        (
            item.obligation_id,
            row.attempt_id,
            item.revision,
            item.step,
            item.occurrence,
            row.channel,
            row.contact_id,
            row.state in NEVER_SENT,
        )
        for row in rows
        for item in dict.fromkeys(row.items)
    ]
    await _columns(connection, "write_attempt_items", items)
    named = [(row.provider, row.provider_ref, row.attempt_id, row.person_id) for row in rows if row.provider and row.provider_ref]
    await _columns(connection, "write_provider_references", named)


async def _columns(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run a statement that takes one array for each column: cheaper than JSON where rows are narrow."""
    if rows:
        await connection.execute(SQL[statement], *(list(column) for column in zip(*rows, strict=True)))


async def _wakes(connection: Connection, wakes: Sequence[Wake]) -> datetime | None:
    """Write the instants; return the earliest one that was asked for."""
    rows = [(wake.person_id, wake.live_at, wake.campaign_at, wake.only_earlier) for wake in folded(wakes)]
    await _columns(connection, "wake", rows)
    return min((at for wake in wakes for at in (wake.live_at, wake.campaign_at) if at is not None), default=None)


async def _outbox(connection: Connection, messages: Sequence[Outgoing], shards: int) -> None:
    if messages:
        numbers = [shard_of(message.shard_key, shards) for message in messages]
        await connection.execute(SQL["write_outbox"], _encode(messages).decode(), numbers)
