"""What every stream promises about records: all of them, in order per key, as they were written."""

import asyncio
from collections import defaultdict

import pytest

from services.adapters.kafka.partitioner import partition_of
from services.adapters.kafka.progress import unread
from services.core.ports.streams import Message, MissingTopics
from tests.conformance.streams.stage import PATIENCE, Place, Stage, started, take


async def test_records_of_one_key_come_in_order(stage: Stage) -> None:
    """Everything that was published arrives once, and the records of one key in the order in which they were published."""
    topic = await stage.topic(partitions=4)
    sent = [Message(topic=topic, key=f"person-{number % 7}", value=b"%d" % number) for number in range(700)]
    await stage.publisher.publish(sent)
    async with started(stage.stream([topic], stage.name("group"))) as stream:
        received = await take(stream, len(sent))
    by_key: dict[str | None, list[int]] = defaultdict(list)
    for record in received:
        by_key[record.key].append(int(record.value or b""))
    assert len(received) == len(sent)
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


async def test_records_come_as_they_were_written(stage: Stage) -> None:
    """Value byte for byte, key, headers, tombstones and the partition that Java's hash gives, with an instant in UTC."""
    topic = await stage.topic(partitions=4)
    every_byte = bytes(range(256))
    sent = [
        Message(topic=topic, key="Zoé", value=every_byte, headers={"content-type": "application/cloudevents+json", "note": "é"}),
        Message(topic=topic, key="erased", value=None),
        Message(topic=topic, key="empty", value=b""),
    ]
    await stage.publisher.publish(sent)
    async with started(stage.stream([topic], stage.name("group"))) as stream:
        received = {record.key: record for record in await take(stream, len(sent))}
    assert received["Zoé"].value == every_byte
    assert received["Zoé"].headers == {"content-type": "application/cloudevents+json", "note": "é"}
    assert received["erased"].value is None
    assert received["empty"].value == b""
    assert received["empty"].headers == {}
    for key, record in received.items():
        assert key is not None
        assert record.topic == topic
        assert record.partition == partition_of(key.encode(), 4)
        offset = record.at.utcoffset()
        assert offset is not None
        assert not offset


async def test_one_stream_reads_several_topics(stage: Stage) -> None:
    """A stream over two topics gives the records of both, and counts them apart."""
    first, second = await stage.topic(), await stage.topic(partitions=1)
    await stage.publisher.publish([Message(topic=first, key=str(number), value=b"1") for number in range(30)])
    await stage.publisher.publish([Message(topic=second, key=str(number), value=b"2") for number in range(20)])
    async with started(stage.stream([first, second], stage.name("group"))) as stream:
        await take(stream, 50)
        assert stream.progress.taken == {first: 30, second: 20}
        assert stream.progress.acknowledged == {first: 30, second: 20}


async def test_batches_stay_within_bounds(stage: Stage) -> None:
    """However much waits, no batch holds more than a thousand records, and none is empty."""
    topic = await stage.topic()
    await stage.publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(2500)])
    sizes: list[int] = []
    async with started(stage.stream([topic], stage.name("group"))) as stream:
        while sum(sizes) < 2500:
            batch = await stream.next_batch()
            sizes.append(len(batch))
            await stream.acknowledge(batch)
    assert sum(sizes) == 2500
    assert all(1 <= size <= 1000 for size in sizes)


async def test_a_wait_that_is_given_up_loses_nothing(stage: Stage) -> None:
    """Whoever gives up waiting for a batch and asks again later gets every record."""
    topic = await stage.topic()
    async with started(stage.stream([topic], stage.name("group"))) as stream:
        waiting = asyncio.ensure_future(stream.next_batch())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await stage.publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(50)])
        assert len(await take(stream, 50)) == 50


async def test_two_batches_may_be_under_way_at_once(stage: Stage) -> None:
    """Two takers of one stream share its records, each given once; a batch that ends before an earlier one loses nothing."""
    topic, group, member = await stage.topic(), stage.name("group"), stage.name("member")
    taken: list[Place] = []
    done = asyncio.Event()
    async with started(stage.stream([topic], group, member=member)) as stream:

        async def taker(pause: float) -> None:
            while True:
                batch = await stream.next_batch()
                taken.extend((record.partition, record.offset) for record in batch)
                await asyncio.sleep(pause)
                await stream.acknowledge(batch)
                if stream.progress.acknowledged.total() >= 200:
                    done.set()

        takers = [asyncio.create_task(taker(pause)) for pause in (0.05, 0.0)]
        for start in range(0, 200, 20):
            await stage.publisher.publish([Message(topic=topic, key=str(start + number), value=b"x") for number in range(20)])
            await asyncio.sleep(0.02)
        await asyncio.wait_for(done.wait(), PATIENCE)
        for waiting in takers:
            waiting.cancel()
        await asyncio.gather(*takers, return_exceptions=True)
    assert len(taken) == len(set(taken)) == 200
    async with started(stage.stream([topic], group, member=member)) as stream:
        await stage.publisher.publish([Message(topic=topic, key="news", value=b"news")])
        assert [record.value for record in await take(stream, 1)] == [b"news"]


async def test_a_missing_topic_is_refused_at_the_start(stage: Stage) -> None:
    """Starting on a topic that does not exist raises its name and the command that creates it."""
    there = await stage.topic()
    stream = stage.stream([there, "not-there"], stage.name("group"))
    with pytest.raises(MissingTopics, match=r"not-there.*sans-faute topics") as refused:
        await stream.start()
    assert refused.value.names == ("not-there",)
    await stream.stop()


async def test_progress_tells_when_everything_was_read(stage: Stage) -> None:
    """What was published and not yet acknowledged is counted in the process, and every change is told."""
    topic = await stage.topic()
    told: list[int] = []
    await stage.publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(40)])
    published = stage.publisher.progress
    assert published.published[topic] == 40
    stream = stage.stream([topic], stage.name("group"), on_progress=lambda: told.append(1))
    async with started(stream):
        assert unread(published.ends, stream.progress, [topic]) == 40
        records = await take(stream, 40, acknowledge=False)
        assert unread(published.ends, stream.progress, [topic]) == 40
        await stream.acknowledge(records)
        assert unread(published.ends, stream.progress, [topic]) == 0
    assert len(told) >= 2
