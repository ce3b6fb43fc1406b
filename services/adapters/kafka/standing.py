"""Where a group stands before one of its streams starts: topics that must exist, offsets that it has."""

from collections.abc import Collection

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.progress import Partition
from services.core.ports.streams import MissingTopics


class StreamBroken(Exception):
    """The client behind a stream has ended by itself: the process must end too, and be started again."""


async def standing(connection: KafkaConnection, topics: Collection[str], group: str) -> dict[Partition, int]:
    """The offset that the group reads next, per partition; raises ``MissingTopics`` and ``KafkaUnavailable``.

    Both client libraries wait for ever, or log a line, when a topic is not there: so we look before.
    """
    admin = KafkaAdmin(connection)
    missing = await admin.missing_topics(sorted(topics))
    if missing:
        raise MissingTopics(missing)
    return {where: lag.committed for where, lag in (await admin.lag(group, topics)).items()}
