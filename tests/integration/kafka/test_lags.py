"""How far the readers of a topic are, as the watch asks a real broker."""

from dataclasses import replace
from datetime import timedelta

import pytest
from confluent_kafka import Consumer, TopicPartition

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.lags import group_lags, positions, read_by_us
from services.adapters.kafka.opening import group_of
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import Reader, Topic, load_topics
from services.core.ports.streams import Message
from services.core.words import Channel
from services.runtime.embedded.children import free_port
from tests.fixtures.kafka import KafkaNode, a_topic

pytestmark = pytest.mark.stack


async def read_by_evidence(kafka: KafkaNode) -> Topic:
    """A topic of ours that nobody has read."""
    topic = replace(a_topic(kafka.name("replies"), partitions=3), read_by=("evidence",))
    await kafka.admin.ensure_topics([topic])
    async with KafkaPublisher(kafka.connection) as publisher:
        await publisher.publish([Message(topic=topic.name, key=str(number), value=b"x") for number in range(50)])
    return topic


async def test_positions_follow_what_is_acknowledged(kafka: KafkaNode) -> None:
    """Partition by partition; a topic that nobody of ours reads is left out."""
    topic = await read_by_evidence(kafka)
    other = replace(topic, name="not-ours", read_by=("somebody",))
    topics = {topic.name: topic, other.name: other}
    before = await positions(kafka.admin, topics)
    assert set(before) == {(topic.name, number) for number in range(3)}
    assert (sum(one.committed for one in before.values()), sum(one.end for one in before.values())) == (0, 50)
    group = group_of("evidence", Reader.CONFLUENT)
    consumer = Consumer({**kafka.connection.librdkafka(), "group.id": group, "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(topic.name, 0, 4), TopicPartition(topic.name, 1, 3)], asynchronous=False)
    consumer.close()
    after = await positions(kafka.admin, topics)
    assert [after[topic.name, number].committed for number in range(3)] == [4, 3, 0]
    assert sum(one.unread for one in after.values()) == 43
    assert await group_lags(kafka.admin, topics) == {(group, topic.name): 43}


async def test_a_broker_that_is_away_is_a_connection_error() -> None:
    """Whoever asks goes on with what it knows."""
    admin = KafkaAdmin(KafkaConnection(bootstrap=f"127.0.0.1:{free_port()}"), patience=timedelta(seconds=1))
    with pytest.raises(ConnectionError):
        await positions(admin, load_topics())


def test_a_gateways_own_channel_is_not_ours_to_watch() -> None:
    """Its group is not known here; everything else stays."""
    left_out = set(load_topics()) - set(read_by_us(load_topics(), [Channel.SMS, Channel.EMAIL]))
    assert left_out == {"dispatch.voice.v1", "dispatch.letter.v1"}
