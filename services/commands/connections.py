"""Settings in the words of the adapters: the runtime and the adapters do not know each other."""

from dataclasses import asdict

from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.topics import TopicChanges
from services.runtime.settings import KafkaSettings, TopicSettings


def kafka_connection(settings: KafkaSettings) -> KafkaConnection:
    """How to reach the cluster of the settings."""
    return KafkaConnection(**asdict(settings))


def topic_changes(settings: TopicSettings) -> TopicChanges:
    """What the settings say otherwise than contracts/topics.yaml."""
    return TopicChanges(
        replication=settings.replication_factor,
        partitions=settings.partitions,
        retention_days=settings.retention_days,
        readers=settings.readers,
    )
