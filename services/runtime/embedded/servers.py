"""Kafka and PostgreSQL as the settings want them: somebody else's, or ours for as long as we run."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from services.runtime.embedded.bodies import watch_of
from services.runtime.embedded.children import Child
from services.runtime.embedded.kafka import embedded_kafka
from services.runtime.embedded.postgres import embedded_postgres
from services.runtime.running import Addresses, announced, embedded_kafka_settings
from services.runtime.settings import KafkaSettings, Settings
from services.runtime.supervisor import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Servers that answer. The URL and the Kafka settings may hold passwords: never log them."""

    kafka: KafkaSettings
    database_url: str
    #: the ones that are ours, as bodies for the supervisor: each ends with ``Gone`` when its server does
    watches: Mapping[str, Body]


@asynccontextmanager
async def started_servers(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[Servers]:
    """Start what is not configured, stop it at the end, and let other commands find it meanwhile.

    ``say`` takes lines for the person who waits. Raises ``NotThere`` when something cannot be started.
    """
    kafka, database_url = settings.kafka, settings.database_url
    ours: dict[str, Child] = {}
    async with AsyncExitStack() as stack:
        if database_url is None:
            postgres = await stack.enter_async_context(embedded_postgres(settings.state_dir))
            say(f"PostgreSQL listens on 127.0.0.1:{postgres.port}, data in {postgres.data_dir}")
            database_url, ours["postgres"] = postgres.url, postgres.child
        if kafka is None:
            node = await stack.enter_async_context(embedded_kafka(settings.state_dir, say=say))
            say(f"Kafka listens on {node.bootstrap}")
            kafka, ours["kafka"] = embedded_kafka_settings(node.bootstrap), node.process
        addresses = Addresses(
            kafka_bootstrap=kafka.bootstrap if "kafka" in ours else None,
            database_url=database_url if "postgres" in ours else None,
        )
        if ours:
            stack.enter_context(announced(settings.state_dir, addresses))
        yield Servers(kafka=kafka, database_url=database_url, watches={name: watch_of(child) for name, child in ours.items()})
