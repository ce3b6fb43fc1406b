"""What only the broker in memory can do: go away, be looked into."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.adapters.memory.streams import MemoryBroker, MemoryPublisher, MemoryStream
from services.core.ports.streams import Message, NotPublished

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    """Stands at noon."""

    def now(self) -> datetime:
        """Noon."""
        return NOON


async def test_while_the_broker_is_away_nothing_moves() -> None:
    """An outage refuses publications and gives nothing to readers; when it is over, both go on where they were."""
    broker = MemoryBroker(Clock(), {"a.v1": 2})
    publisher = MemoryPublisher(broker)
    stream = MemoryStream(broker, topics=["a.v1"], group="group")
    await stream.start()
    await publisher.publish([Message(topic="a.v1", key="k", value=b"1")])
    broker.available = False
    with pytest.raises(NotPublished) as refused:
        await publisher.publish([Message(topic="a.v1", key="k", value=b"2")])
    assert list(refused.value.indexes) == [0]
    waiting = asyncio.ensure_future(stream.next_batch())
    await asyncio.sleep(0)
    assert not waiting.done()
    broker.available = True
    (record,) = await waiting
    assert record.value == b"1"
    assert record.at == NOON


async def test_messages_to_a_missing_topic_are_named() -> None:
    """What can be published is, and the rest is named by index."""
    broker = MemoryBroker(Clock(), {"a.v1": 1})
    publisher = MemoryPublisher(broker)
    with pytest.raises(NotPublished) as refused:
        await publisher.publish([Message(topic="b.v1", key="k", value=b"x"), Message(topic="a.v1", key="k", value=b"y")])
    assert refused.value.indexes == (0,)
    assert [record.value for record in broker.records("a.v1")] == [b"y"]
    assert publisher.published == {"a.v1": 1}


async def test_records_come_in_the_order_of_the_whole_cluster() -> None:
    """A scenario reads the same story each time: over all topics and partitions, in the order in which things were published."""
    broker = MemoryBroker(Clock(), {"a.v1": 4, "b.v1": 4})
    publisher = MemoryPublisher(broker)
    sent = [Message(topic=f"{'ab'[number % 2]}.v1", key=str(number), value=b"%d" % number) for number in range(40)]
    await publisher.publish(sent)
    stream = MemoryStream(broker, topics=["a.v1", "b.v1"], group="group")
    await stream.start()
    assert [record.value for record in await stream.next_batch()] == [message.value for message in sent]
