"""The publisher on the real broker: what it confirms is there, in order; what it cannot confirm it names."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.publisher import KafkaPublisher
from services.core.ports.streams import Message, NotPublished
from services.runtime.embedded.kafka import embedded_kafka
from tests.fixtures.kafka import HASTY, LIBS, KafkaNode, a_topic

pytestmark = pytest.mark.stack


async def test_everything_confirmed_is_counted(kafka: KafkaNode) -> None:
    """Two publications at the same time each return when their own messages are on disk."""
    topic = await kafka.topic(partitions=3)
    told: list[int] = []
    async with KafkaPublisher(kafka.connection, on_progress=lambda: told.append(1)) as publisher:
        many = [Message(topic=topic, key=str(number), value=b"x") for number in range(5000)]
        await asyncio.gather(publisher.publish(many), publisher.publish(many[:10]), publisher.publish([]))
        assert publisher.published == {topic: 5010}
        lag = await kafka.admin.lag("nobody", [topic])
        assert {where: each.end for where, each in lag.items()} == publisher.progress.ends
    assert len(told) == 3


async def test_the_event_loop_goes_on_meanwhile(kafka: KafkaNode) -> None:
    """Publishing many messages leaves the loop to others."""
    topic = await kafka.topic()
    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with KafkaPublisher(kafka.connection) as publisher:
        other = asyncio.ensure_future(somebody_else())
        await publisher.publish([Message(topic=topic, key=str(number), value=b"x" * 400) for number in range(20_000)])
        other.cancel()
    assert turns >= 20


async def test_a_missing_topic_is_named_by_index(kafka: KafkaNode) -> None:
    """The other messages are published."""
    topic = await kafka.topic(partitions=1)
    async with KafkaPublisher(kafka.connection) as publisher:
        with pytest.raises(NotPublished, match=r"1 messages not confirmed") as refused:
            await publisher.publish([Message(topic=topic, key="k", value=b"x"), Message(topic="not-there", key="k", value=b"x")])
        assert refused.value.indexes == (1,)
        assert publisher.published == {topic: 1}


async def test_a_message_that_is_too_large_is_named(kafka: KafkaNode) -> None:
    """What the library itself refuses is answered in the same way."""
    topic = await kafka.topic(partitions=1)
    async with KafkaPublisher(kafka.connection) as publisher:
        with pytest.raises(NotPublished) as refused:
            await publisher.publish([Message(topic=topic, key="k", value=b"x" * 2_000_000), Message(topic=topic, key="k", value=b"x")])
        assert refused.value.indexes == (0,)


@pytest.mark.slow
async def test_a_broker_that_comes_back_takes_what_was_not_confirmed(tmp_path: Path) -> None:
    """While the broker is away nothing is confirmed, within the patience; afterwards the same messages can be published."""
    messages = [Message(topic="t", key=str(number), value=b"x") for number in range(10)]
    async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=HASTY) as node:
        connection = KafkaConnection(bootstrap=node.bootstrap)
        await KafkaAdmin(connection).ensure_topics([a_topic("t")])
        async with KafkaPublisher(connection, patience=timedelta(seconds=3)) as publisher:
            await publisher.publish(messages)
            node.process.kill()
            await node.process.exited
            with pytest.raises(NotPublished) as refused:
                await publisher.publish(messages)
            assert refused.value.indexes == tuple(range(10))
    async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=HASTY), KafkaPublisher(connection) as publisher:
        await publisher.publish(messages)
        assert await KafkaAdmin(connection).total_lag("nobody", ["t"]) == 20
