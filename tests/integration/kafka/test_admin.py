"""Topics created and compared, and how far a group is behind, on the real broker."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.kafka.admin import Difference, KafkaAdmin, TopicsRefused
from services.adapters.kafka.connection import KafkaConnection, KafkaUnavailable
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import Cleanup
from services.core.ports.streams import Message
from services.runtime.embedded.children import free_port
from tests.fixtures.kafka import KafkaNode, a_topic

pytestmark = pytest.mark.stack


async def test_missing_topics_are_created_once(kafka: KafkaNode) -> None:
    """The first call creates, the second finds everything as it should be."""
    topics = [a_topic(kafka.name("new")), a_topic(kafka.name("new"), cleanup=Cleanup.COMPACT)]
    looked = await kafka.admin.ensure_topics(topics, create=False)
    assert looked.missing == tuple(topic.name for topic in topics)
    made = await kafka.admin.ensure_topics(topics)
    assert made.created == looked.missing
    assert made.as_it_should_be
    again = await kafka.admin.ensure_topics(topics)
    assert again.created == ()
    assert again.as_it_should_be


async def test_differences_are_named_and_left_alone(kafka: KafkaNode) -> None:
    """Another number of partitions, another cleanup or another retention: each is reported with both values, nothing is changed."""
    there = a_topic(kafka.name("differs"), partitions=2)
    await kafka.admin.ensure_topics([there])
    wanted = replace(there, partitions=3, retention=timedelta(days=2))
    report = await kafka.admin.ensure_topics([wanted])
    assert report.differences == (
        Difference(topic=there.name, what="partitions", wanted="3", found="2"),
        Difference(topic=there.name, what="retention.ms", wanted="172800000", found="86400000"),
    )
    compacted = replace(there, cleanup=Cleanup.COMPACT, retention=None)
    report = await kafka.admin.ensure_topics([compacted])
    assert [(each.what, each.found) for each in report.differences] == [("cleanup.policy", "delete")]
    assert (await kafka.admin.ensure_topics([there])).as_it_should_be


async def test_a_refusal_names_every_topic(kafka: KafkaNode) -> None:
    """More copies than brokers: each topic with the broker's reason."""
    names = [kafka.name("copies"), kafka.name("copies")]
    with pytest.raises(TopicsRefused) as refused:
        await kafka.admin.ensure_topics([replace(a_topic(name), replication=3) for name in names])
    assert all(f"{name}: " in str(refused.value) for name in names)


async def test_recreated_topics_are_empty(kafka: KafkaNode) -> None:
    """For simulations: the same topics without their records."""
    topic = a_topic(kafka.name("again"), partitions=1)
    await kafka.admin.ensure_topics([topic])
    async with KafkaPublisher(kafka.connection) as publisher:
        await publisher.publish([Message(topic=topic.name, key="k", value=b"x")])
        assert await kafka.admin.total_lag("nobody", [topic.name]) == 1
        await kafka.admin.recreate([topic])
        assert await kafka.admin.total_lag("nobody", [topic.name]) == 0


async def test_lag_of_a_group_that_never_read_is_everything(kafka: KafkaNode) -> None:
    """Per partition, from the oldest record on; topics that do not exist have none."""
    topic = await kafka.topic(partitions=3)
    async with KafkaPublisher(kafka.connection) as publisher:
        await publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(50)])
    lag = await kafka.admin.lag(kafka.name("group"), [topic, "not-there"])
    assert set(lag) == {(topic, number) for number in range(3)}
    assert sum(each.records for each in lag.values()) == 50


async def test_a_broker_that_is_not_there_is_named() -> None:
    """Nobody listens: the address is in the message."""
    bootstrap = f"127.0.0.1:{free_port()}"
    with pytest.raises(KafkaUnavailable, match=bootstrap):
        await KafkaAdmin(KafkaConnection(bootstrap=bootstrap), patience=timedelta(seconds=1)).missing_topics(["any"])
