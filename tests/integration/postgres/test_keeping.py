"""What PostgreSQL keeps for how long, and what it does not do silently."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.policy import load_policy
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.keeping import PostgresKeeper
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, FileAccess, JournalLine, MessageSent, Outgoing
from services.core.ports.retention import Keepsake
from services.core.ports.store import DeadLetter
from services.watch.keeping import Keeping
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
        claimed = await unit.claim_outbox(range(16), 1)
        await unit.mark_published([row.id for row in claimed], NOW)
    counts = """
        SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM inbox), (SELECT count(*) FROM dead_letters),
               (SELECT count(*) FROM messages)
        """
    keeping = Keeping(keeper=PostgresKeeper(pool, store), policy=load_policy().retention)
    assert (await keeping.round(NOW)).counts == {}
    assert tuple(await pool.fetchrow(counts) or ()) == (2, 1, 1, 1)
    done = await keeping.round(NOW + YEAR)
    assert not done.more
    assert done.counts == {Keepsake.OUTBOX: 1, Keepsake.INBOX: 1, Keepsake.DEAD_LETTERS: 1, Keepsake.MESSAGES: 1}
    assert tuple(await pool.fetchrow(counts) or ()) == (1, 0, 0, 0)
    assert await store.outbox_size() == 1
    async with store.unit() as unit:
        assert (await unit.load([LUC]))[LUC].obligations == (obligation(),)


async def test_who_read_whose_file_is_known_for_a_year(pool: Pool) -> None:
    """Logs are kept 6 to 12 months (§8.3, §8.4)."""
    store = PostgresStore(pool)
    async with store.unit() as unit:
        await unit.write(Changes(accesses=[FileAccess(at=NOW, actor="durand", person_id=LUC, purpose="read_file", granted=True)]))
    keeping = Keeping(keeper=PostgresKeeper(pool, store), policy=load_policy().retention)
    assert (await keeping.round(NOW + YEAR)).counts == {}
    row = await pool.fetchrow("SELECT at, actor, person_id, purpose, granted FROM accesses")
    assert tuple(row or ()) == (NOW, "durand", LUC, "read_file", True)
    assert (await keeping.round(NOW + YEAR + timedelta(hours=1))).counts == {Keepsake.ACCESSES: 1}
    assert await pool.fetchval("SELECT count(*) FROM accesses") == 0


async def test_a_batch_at_a_time_and_only_what_nobody_holds(pool: Pool) -> None:
    """No transaction takes more than the batch; a row in use is left, and nobody waits for it; the hour before is looked at again."""
    store = PostgresStore(pool)
    policy = replace(load_policy().retention, batch=4)
    keeping = Keeping(keeper=PostgresKeeper(pool, store), policy=policy)
    async with store.unit() as unit:
        await unit.seen([("s", str(number)) for number in range(10)], NOW)
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM inbox WHERE event_id = '3' FOR UPDATE")
        rounds = [await keeping.round(NOW + YEAR) for _ in range(3)]
    assert [done.counts.get(Keepsake.INBOX, 0) for done in rounds] == [4, 4, 1]
    assert [done.more for done in rounds] == [True, True, False]
    assert await pool.fetchval("SELECT count(*) FROM inbox") == 1
    # within the overlap, as a row would be that somebody held just now
    await pool.execute("UPDATE inbox SET seen_at = $1", NOW + YEAR - policy.inbox - policy.every / 2)
    assert (await keeping.round(NOW + YEAR)).counts == {Keepsake.INBOX: 1}


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
