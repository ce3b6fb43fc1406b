"""What every stream promises about acknowledgement: what is acknowledged never comes again, what is not always does."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from services.adapters.kafka.opening import CountedStream
from services.core.ports.streams import Message, Record
from tests.conformance.streams.stage import (
    PATIENCE,
    KafkaStage,
    Place,
    Stage,
    consuming,
    started,
    take,
    until_committed,
)


def _place(record: Record) -> Place:
    return record.partition, record.offset


async def test_after_a_restart_only_what_was_not_acknowledged_comes(stage: Stage) -> None:
    """A stream that stops in order commits what was acknowledged; its successor gets the rest, and all of the rest."""
    topic, group, member = await stage.topic(), stage.name("group"), stage.name("member")
    await stage.publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(100)])
    async with started(stage.stream([topic], group, member=member)) as stream:
        records = await take(stream, 100, acknowledge=False)
        await stream.acknowledge(records[:60])
    async with started(stage.stream([topic], group, member=member)) as stream:
        again = await take(stream, 40)
    assert sorted(map(_place, again)) == sorted(map(_place, records[60:]))


async def test_a_hole_is_never_skipped(stage: Stage) -> None:
    """Acknowledged records behind one that is not acknowledged do not make it forgotten."""
    topic, group, member = await stage.topic(partitions=1), stage.name("group"), stage.name("member")
    await stage.publisher.publish([Message(topic=topic, key="one", value=b"%d" % number) for number in range(10)])
    async with started(stage.stream([topic], group, member=member)) as stream:
        records = await take(stream, 10, acknowledge=False)
        await stream.acknowledge(records[1:])
    async with started(stage.stream([topic], group, member=member)) as stream:
        again = await take(stream, 10)
        assert [record.offset for record in again][:1] == [0]
        await stage.publisher.publish([Message(topic=topic, key="one", value=b"more")])
        assert [record.offset for record in await take(stream, 1)] == [10]


async def test_after_a_crash_what_was_not_acknowledged_comes_again(stage: Stage) -> None:
    """A member killed with -9 has handed over nothing: what it took and did not acknowledge comes again, what it did does not."""
    topic, group, member = await stage.topic(), stage.name("group"), stage.name("member")
    await stage.publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(100)])
    acknowledged = await stage.die_while_reading(topic, group, member, records=100, acknowledge=70)
    async with started(stage.stream([topic], group, member=member)) as stream:
        again = await take(stream, 30)
    everything = {_place(record) for record in again} | set(acknowledged)
    assert len(everything) == 100
    assert not {_place(record) for record in again} & set(acknowledged)


async def test_kill_after_kill_nothing_is_lost(real_stage: KafkaStage, tmp_path: Path) -> None:
    """A consuming process is killed with -9 in the middle of its work, twice; in the end every record was stored at least once."""
    topic, group, member = await real_stage.topic(partitions=8), real_stage.name("group"), real_stage.name("member")
    store = tmp_path / "stored"
    total = 12_000
    await real_stage.publisher.publish([Message(topic=topic, key=str(number), value=b"x" * 100) for number in range(total)])
    plan = real_stage.plan(topic, group, member, store=store)
    for kill_after in (1_500, 3_000):
        stored = 0
        async with consuming(plan) as happenings, asyncio.timeout(PATIENCE):
            async for kind, places in happenings:
                stored += len(places) if kind == "acknowledged" else 0
                if stored >= kill_after:
                    break
    async with consuming(plan), asyncio.timeout(PATIENCE):
        await until_committed(real_stage, group, topic, total)
    times = Counter(store.read_text(encoding="utf-8").splitlines())
    assert len(times) == total


async def test_two_members_share_and_one_takes_over(stage: Stage) -> None:
    """A second member gets a part of the partitions, and when it leaves, the first one has them all again; nothing is lost or repeated."""
    topic, group = await stage.topic(partitions=8), stage.name("group")
    seen: list[Counter[Place]] = [Counter(), Counter()]
    rounds = 0

    async def work(stream: CountedStream, mine: Counter[Place]) -> None:
        while True:
            batch = await stream.next_batch()
            mine.update(map(_place, batch))
            await stream.acknowledge(batch)

    async def publish_until(met: Callable[[], bool]) -> None:
        nonlocal rounds
        async with asyncio.timeout(PATIENCE):
            while not met():
                await stage.publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(100)])
                rounds += 1
                await until_committed(stage, group, topic, rounds * 100)

    async with started(stage.stream([topic], group)) as first, asyncio.TaskGroup() as workers:
        working = workers.create_task(work(first, seen[0]))
        await publish_until(lambda: len(seen[0]) > 0)
        async with started(stage.stream([topic], group)) as second:
            also_working = workers.create_task(work(second, seen[1]))
            await publish_until(lambda: len(seen[1]) > 0)
            assert not first.assigned & second.assigned
            assert first.assigned | second.assigned == {(topic, number) for number in range(8)}
            also_working.cancel()
        before = seen[0].copy()
        await publish_until(lambda: len({partition for partition, _ in seen[0] - before}) == 8)
        working.cancel()
    times = seen[0] + seen[1]
    assert len(times) == rounds * 100
    assert max(times.values()) == 1


async def test_a_member_says_that_it_has_joined(stage: Stage) -> None:
    """Not before it was started; then also the one of two that gets nothing, because there is one partition."""
    topic, group = await stage.topic(partitions=1), stage.name("group")
    first, second = stage.stream([topic], group), stage.stream([topic], group)
    assert not first.joined
    async with started(first):
        await _joins(first)
        async with started(second):
            await _joins(second)
            assert len(first.assigned | second.assigned) == 1


async def _joins(stream: CountedStream) -> None:
    async with asyncio.timeout(PATIENCE):
        while not stream.joined:  # noqa: ASYNC110 - the client's own thread knows it
            await asyncio.sleep(0.05)
