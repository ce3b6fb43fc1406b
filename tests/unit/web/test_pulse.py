"""What pages hear of changes, and what operations sees of Kafka."""

import asyncio

import pytest

from services.web.engine import LagEngine
from services.web.pulse import Broadcast


async def test_everybody_who_waits_is_told_once() -> None:
    """However many pages are open; whoever waits again hears of the next change only."""
    changes, broadcast = asyncio.Event(), Broadcast()
    relay = asyncio.create_task(broadcast.relay(changes))
    waiting = [asyncio.create_task(broadcast.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    changes.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    again = asyncio.create_task(broadcast.wait())
    await asyncio.sleep(0)
    assert not again.done()
    changes.set()
    await asyncio.wait_for(again, 5)
    relay.cancel()


async def test_a_page_that_leaves_takes_nobody_with_it() -> None:
    """Its waiting is cancelled, the others' is not."""
    changes, broadcast = asyncio.Event(), Broadcast()
    relay = asyncio.create_task(broadcast.relay(changes))
    leaves, stays = (asyncio.create_task(broadcast.wait()) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.sleep(0)
    changes.set()
    await asyncio.wait_for(stays, 5)
    relay.cancel()


async def test_the_broker_is_asked_once_for_many_pages() -> None:
    """Largest lag first."""
    asked = 0

    async def ask() -> dict[tuple[str, str], int]:
        nonlocal asked
        asked += 1
        return {("intake", "people.v1"): 1, ("intake", "convocations.v1"): 7}

    engine = LagEngine(ask)
    first, second = await asyncio.gather(engine.lags(), engine.lags())
    assert [lag.records for lag in first] == [7, 1]
    assert first is second
    assert asked == 1


async def test_a_broker_that_is_away_is_said() -> None:
    """The page words it."""

    async def ask() -> dict[tuple[str, str], int]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await LagEngine(ask).lags()
