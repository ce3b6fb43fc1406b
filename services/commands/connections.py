"""Settings in the words of the adapters: the runtime and the adapters do not know each other."""

from dataclasses import asdict

from services.adapters.kafka.connection import KafkaConnection, KafkaRefused, Refusal
from services.adapters.kafka.topics import TopicChanges
from services.adapters.store_errors import NotLetIn
from services.runtime.errors import Mistake
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


def mistake_of(refused: KafkaRefused | NotLetIn) -> Mistake:
    """The setting that a server of ours does not take, and what else to look at."""
    if isinstance(refused, NotLetIn):
        return Mistake(name="DATABASE_URL", problem=str(refused))
    name, others = _TO_CORRECT[refused.refusal]
    return Mistake(name=name, problem=f"{refused} ({others})")


#: what a broker refused → the setting to correct first, and where else the mistake may be
_TO_CORRECT = {
    Refusal.IDENTITY: ("KAFKA_SASL_PASSWORD", "or KAFKA_SASL_USERNAME, or KAFKA_SASL_MECHANISM"),
    Refusal.MECHANISM: ("KAFKA_SASL_MECHANISM", "or KAFKA_SECURITY_PROTOCOL"),
    Refusal.CERTIFICATE: ("KAFKA_SSL_CA_LOCATION", "or the host name in KAFKA_BOOTSTRAP_SERVERS is not the certificate's"),
    Refusal.NOT_TLS: ("KAFKA_SECURITY_PROTOCOL", "or the port in KAFKA_BOOTSTRAP_SERVERS"),
    Refusal.RIGHT: ("KAFKA_SASL_USERNAME", "grant this user the right, or set another one"),
}
