"""What PostgreSQL keeps for how long, and what it does not do silently."""

from datetime import timedelta

import pytest

from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, JournalLine, MessageSent, Outgoing
from services.core.ports.store import DeadLetter
from tests.fixtures.facts import LUC, NOW, obligation

pytestmark = pytest.mark.stack

YEAR = timedelta(days=365)


async def test_traffic_is_swept_when_its_time_is_over(pool: Pool) -> None:
    """Published messages, seen events, dead letters and words; never what still waits, never evidence (§8.3)."""
    store = PostgresStore(pool)
    words = MessageSent(attempt_id="a1", try_number=1, person_id=LUC, text="Bonjour", parts=1, encoding="GSM-7", provider="a", at=NOW)
    async with store.unit() as unit:
        await unit.lock([LUC])
        rows = [Outgoing(topic="t", key=key, type="x", subject="s", data={}, shard_key="k", at=NOW) for key in ("published", "waiting")]
        await unit.write(Changes(outbox=rows, messages=[words], obligations=[obligation()]))
        await unit.seen([("s", "1")], NOW)
        await unit.record_dead_letters([DeadLetter(topic="t", partition=0, offset=1, errors=(), at=NOW)])
        claimed = [row for shard in range(16) for row in await unit.claim_outbox(shard, 1)]
        await unit.mark_published([row.id for row in claimed], NOW)
    counts = """
        SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM inbox), (SELECT count(*) FROM dead_letters),
               (SELECT count(*) FROM messages)
        """
    await store.sweep(NOW)
    assert tuple(await pool.fetchrow(counts) or ()) == (2, 1, 1, 1)
    await store.sweep(NOW + YEAR)
    assert tuple(await pool.fetchrow(counts) or ()) == (1, 0, 0, 0)
    assert await store.outbox_size() == 1
    async with store.unit() as unit:
        assert (await unit.load([LUC]))[LUC].obligations == (obligation(),)


async def test_no_journal_is_kept_unless_asked_for(pool: Pool) -> None:
    """In production its lines are dropped."""
    async with PostgresStore(pool).unit() as unit:
        await unit.write(Changes(journal=[JournalLine(at=NOW, what="sent", fields={})]))
    assert await PostgresStore(pool).journal() == []


async def test_wake_at_is_the_earlier_of_both_lanes(pool: Pool) -> None:
    """Computed by the database, so that nobody can forget it."""
    await pool.execute(
        "INSERT INTO people (person_id, live_at, campaign_at) VALUES ('a', $1, $2), ('b', NULL, $2), ('c', NULL, NULL)", NOW, NOW - YEAR
    )
    rows = await pool.fetch("SELECT wake_at FROM people ORDER BY person_id")
    assert [row["wake_at"] for row in rows] == [NOW - YEAR, NOW - YEAR, None]
