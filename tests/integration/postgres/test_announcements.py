"""Planner and relay hear of what was committed, and only of that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import asyncpg
import pytest

from services.adapters.postgres.connection import Pool, connect
from services.adapters.postgres.notify import OUTBOX_CHANNEL, WAKE_CHANNEL, Signal, listen
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, Outgoing, Wake
from tests.fixtures.facts import ANNIE, LUC, NOW

pytestmark = pytest.mark.stack

HOUR = timedelta(hours=1)
MESSAGE = Outgoing(topic="t", key="k", type="x", subject="s", data={}, shard_key="k", at=NOW)


@asynccontextmanager
async def heard(database: str) -> AsyncIterator[list[str]]:
    """Everything that is announced meanwhile, until a last word of our own."""
    connection = await connect(database)
    lines: list[str] = []
    ended = asyncio.Event()

    def note(_connection: object, _pid: int, channel: str, payload: object) -> None:
        if payload == "end":
            ended.set()
        else:
            lines.append(f"{channel} {payload}".strip())

    for channel in (WAKE_CHANNEL, OUTBOX_CHANNEL):
        await connection.add_listener(channel, note)
    try:
        yield lines
        other = await asyncpg.connect(database)
        await other.execute(f"NOTIFY {WAKE_CHANNEL}, 'end'")
        await other.close()
        await asyncio.wait_for(ended.wait(), 10)
    finally:
        await connection.close()


async def test_a_unit_announces_its_earliest_wake_and_its_messages_once(database: str, pool: Pool) -> None:
    """Whatever the number of writes."""
    async with heard(database) as lines, PostgresStore(pool).unit() as unit:
        await unit.lock([LUC, ANNIE])
        await unit.write(Changes(wakes=[Wake(person_id=LUC, live_at=NOW + HOUR, campaign_at=None)], outbox=[MESSAGE]))
        await unit.write(Changes(wakes=[Wake(person_id=ANNIE, live_at=None, campaign_at=NOW)], outbox=[MESSAGE]))
    assert sorted(lines) == ["sans_faute_outbox", "sans_faute_wake 2026-11-20T09:00:00+00:00"]


async def test_nothing_is_announced_that_is_not_committed(database: str, pool: Pool) -> None:
    """Neither by a unit that fails, nor by a savepoint that is undone, nor by one that clears instants."""
    store = PostgresStore(pool)

    async def fail() -> None:
        async with store.unit() as unit:
            await unit.lock([LUC])
            await unit.write(changes)
            raise RuntimeError

    changes = Changes(wakes=[Wake(person_id=LUC, live_at=NOW, campaign_at=None)], outbox=[MESSAGE])
    async with heard(database) as lines:
        with pytest.raises(RuntimeError):
            await fail()
        async with store.unit() as unit:
            await unit.lock([LUC])
            with suppress(RuntimeError):
                async with unit.savepoint():
                    await unit.write(changes)
                    raise RuntimeError
            await unit.write(Changes(wakes=[Wake(person_id=LUC, live_at=None, campaign_at=None, only_earlier=False)]))
    assert lines == []


async def test_a_listener_knows_the_earliest_instant(database: str, pool: Pool) -> None:
    """So that a planner that sleeps until then need not look now; none when anything may have changed."""
    store = PostgresStore(pool)

    async with listen(database, WAKE_CHANNEL) as signal:

        async def told() -> datetime | None:
            await asyncio.wait_for(signal.wait(), 10)
            earliest = signal.earliest
            signal.clear()
            return earliest

        assert await told() is None
        async with store.unit() as unit:
            await unit.lock([LUC])
            await unit.write(Changes(wakes=[Wake(person_id=LUC, live_at=NOW, campaign_at=None)]))
        assert await told() == NOW
        await store.release([LUC])
        released = await told()
        assert released is not None
        assert released < NOW


def test_a_signal_keeps_the_earliest_of_what_it_heard() -> None:
    """Once anything may have changed, that is what counts until the next look."""
    signal = Signal()
    signal.set(NOW + HOUR)
    signal.set(NOW)
    signal.set(NOW + HOUR)
    assert (signal.is_set(), signal.earliest) == (True, NOW)
    signal.set()
    signal.set(NOW)
    assert signal.earliest is None
    signal.clear()
    assert not signal.is_set()
    signal.set(NOW)
    assert signal.earliest == NOW
