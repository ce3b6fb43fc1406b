"""When a reader that stands still is called stalled."""

from datetime import timedelta

import pytest

from services.adapters.kafka.connection import KafkaConnection, KafkaUnavailable
from services.adapters.kafka.watchdog import Stalled, Watchdog


class World:
    """A reader, its broker and its database, as numbers."""

    def __init__(self) -> None:
        self.lag = 10
        self.progress = 0
        self.store = True
        self.broker = True
        self.watchdog = Watchdog(
            "group",
            lag=self._lag,
            progress=lambda: self.progress,
            store_answers=self._store,
            patience=timedelta(seconds=30),
        )

    async def _lag(self) -> int:
        if not self.broker:
            raise KafkaUnavailable(KafkaConnection(bootstrap="a:1"), "away")
        return self.lag

    async def _store(self) -> bool:
        return self.store


async def test_work_that_nobody_does_is_a_stall() -> None:
    """Records wait, the database answers, nothing moves for the whole patience: Stalled, with the figures."""
    world = World()
    for at in (0, 1, 30):
        await world.watchdog.look(at)
    with pytest.raises(Stalled, match=r"group has acknowledged nothing for 30 s while 10 records wait"):
        await world.watchdog.look(31)


@pytest.mark.parametrize("excuse", ["progress", "no lag", "no store", "no broker"])
async def test_an_excuse_starts_the_count_anew(excuse: str) -> None:
    """A step forward, an empty topic, a database or a broker that is away: standing still is right, or was none."""
    world = World()
    await world.watchdog.look(0)
    await world.watchdog.look(1)
    match excuse:
        case "progress":
            world.progress += 1
        case "no lag":
            world.lag = 0
        case "no store":
            world.store = False
        case _:
            world.broker = False
    await world.watchdog.look(20)
    world.lag, world.store, world.broker = 10, True, True
    await world.watchdog.look(35)
    await world.watchdog.look(64)
    with pytest.raises(Stalled):
        await world.watchdog.look(65)


async def test_watching_goes_on_until_it_raises() -> None:
    """The loop ends with Stalled, so that whoever runs it ends the process."""
    world = World()
    hasty = Watchdog("group", lag=world._lag, progress=lambda: 0, store_answers=world._store, patience=timedelta(0))
    with pytest.raises(Stalled):
        await hasty.watch(every=timedelta(0))
