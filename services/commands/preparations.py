"""What `sans-faute up` does between having servers and starting processes."""

from collections.abc import Awaitable, Callable

from services.adapters.kafka.admin import KafkaAdmin, TopicsRefused
from services.adapters.kafka.topics import load_topics
from services.adapters.postgres.migrate import SchemaMismatch, migrate
from services.commands.connections import kafka_connection, topic_changes
from services.runtime.errors import NotThere
from services.runtime.surroundings import Surroundings

#: Done once, in order; raises when the processes could not work.
Preparation = Callable[[Surroundings], Awaitable[None]]


async def _schema(surroundings: Surroundings) -> None:
    try:
        await migrate(surroundings.servers.database_url)
    except SchemaMismatch as problem:
        raise NotThere(f"a database of this version: {problem}") from problem


async def _topics(surroundings: Surroundings) -> None:
    topics = load_topics(changes=topic_changes(surroundings.settings.topics))
    try:
        await KafkaAdmin(kafka_connection(surroundings.servers.kafka)).ensure_topics(topics.values())
    except TopicsRefused as problem:
        raise NotThere(
            f"the topics, which the cluster does not create (see TOPIC_REPLICATION_FACTOR, TOPIC_PARTITIONS):\n{problem}"
        ) from None


#: name shown while it runs → what is done
PREPARATIONS: dict[str, Preparation] = {
    "the database": _schema,
    "topics": _topics,
}
