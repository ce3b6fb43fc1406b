"""Side by side, and a consumer that is asked to stop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import Record
from services.runtime.consume import consume, consume_all
from services.runtime.together import all_of


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def test_the_first_to_fail_ends_all_and_is_raised_as_it_is() -> None:
    """No exception group: who starts processes looks at the class."""
    ended = asyncio.Event()

    async def other() -> None:
        try:
            await _for_ever()
        finally:
            ended.set()

    async def fails() -> None:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        await all_of(other(), fails())
    assert ended.is_set()


async def test_whoever_returns_ends_all() -> None:
    """A loop that ends by itself is not silently missed."""

    async def returns() -> None:
        return

    await asyncio.wait_for(all_of(_for_ever(), returns()), 5)


RECORD = Record(topic="t", partition=0, offset=0, key=None, value=b"", at=datetime(2026, 11, 20, tzinfo=UTC))


@dataclass(slots=True)
class OneBatch:
    """A stream with a single batch; remembers what happened to it."""

    given: bool = False
    acknowledged: list[Sequence[Record]] = field(default_factory=list)
    stopped: bool = False
    joining: asyncio.Event | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Join, perhaps for ever."""
        if self.joining is not None:
            self.joining.set()
            await _for_ever()

    async def next_batch(self) -> Sequence[Record]:
        """The batch, once."""
        if self.given:
            await _for_ever()
        self.given = True
        return [RECORD]

    async def acknowledge(self, batch: Sequence[Record]) -> None:
        """Remember."""
        self.acknowledged.append(batch)
        self.done.set()

    async def stop(self) -> None:
        """Remember."""
        self.stopped = True


@dataclass(slots=True)
class Membership:
    """A member whose watch never finds anything."""

    stream: OneBatch
    flood: bool = False

    async def watch(self) -> None:
        """Nothing to see."""
        await _for_ever()


async def test_a_batch_under_way_is_finished_before_a_consumer_stops() -> None:
    """What was begun is stored and acknowledged: half a batch done twice costs more than waiting."""
    stream, begun, may_end = OneBatch(), asyncio.Event(), asyncio.Event()

    async def step(_batch: Sequence[Record]) -> None:
        begun.set()
        await may_end.wait()

    consumer = asyncio.create_task(consume(stream, step))
    await begun.wait()
    consumer.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert stream.acknowledged == [[RECORD]]


async def test_a_step_that_raises_ends_the_loop_without_acknowledging() -> None:
    """The batch comes again to whoever is started next."""
    stream = OneBatch()

    async def step(_batch: Sequence[Record]) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await consume_all([Membership(stream)], step)
    assert stream.acknowledged == []
    assert stream.stopped


async def test_one_that_is_still_joining_is_stopped_too() -> None:
    """A client left running would keep the whole process from ending."""
    stream = OneBatch(joining=asyncio.Event())

    async def step(_batch: Sequence[Record]) -> None:
        raise AssertionError

    consumer = asyncio.create_task(consume_all([Membership(stream)], step))
    assert stream.joining is not None
    await stream.joining.wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert stream.stopped


@dataclass(slots=True)
class Batches(OneBatch):
    """A stream that always has another batch."""

    async def next_batch(self) -> Sequence[Record]:
        """At once."""
        return [RECORD]


@pytest.mark.parametrize("abreast", [1, 2])
async def test_as_many_batches_are_under_way_as_asked_for(abreast: int) -> None:
    """While a provider has one, the next one is begun; and no more than that."""
    begun = 0

    async def step(_batch: Sequence[Record]) -> None:
        nonlocal begun
        begun += 1
        await _for_ever()

    consumer = asyncio.create_task(consume_all([Membership(Batches())], step, abreast=abreast))
    await asyncio.sleep(0.05)
    assert begun == abreast
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.gather(consumer, return_exceptions=True)


async def test_a_flood_begins_when_the_live_streams_have_joined() -> None:
    """A flood leaves few turns of the event loop to others, and joining a group takes many."""
    live, early, late = OneBatch(joining=asyncio.Event()), OneBatch(), OneBatch()

    async def step(_batch: Sequence[Record]) -> None:
        pass

    consumer = asyncio.create_task(consume_all([Membership(early, flood=True), Membership(live)], step))
    assert live.joining is not None
    await live.joining.wait()
    await asyncio.sleep(0.05)
    assert not early.given
    consumer.cancel()
    await asyncio.gather(consumer, return_exceptions=True)

    consumer = asyncio.create_task(consume_all([Membership(late, flood=True), Membership(OneBatch())], step))
    await asyncio.wait_for(late.done.wait(), 5)
    consumer.cancel()
    await asyncio.gather(consumer, return_exceptions=True)


async def test_work_waits_while_the_database_is_away() -> None:
    """Nothing is acknowledged, health is told, and it goes on by itself."""
    stream, told = OneBatch(), list[bool]()
    tries = iter([StoreUnavailable("away"), None])

    async def step(_batch: Sequence[Record]) -> None:
        problem = next(tries)
        if problem is not None:
            assert stream.acknowledged == []
            raise problem

    consumer = asyncio.create_task(consume(stream, step, waiting=told.append))
    await asyncio.wait_for(stream.done.wait(), 5)
    consumer.cancel()
    assert told == [True, False]
