"""Before a process begins: its servers must answer. While they do not, it waits, and says so in health and in one line of the log."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaUnavailable
from services.adapters.kafka.topics import load_topics
from services.adapters.postgres.migrate import pending
from services.commands.connections import kafka_connection
from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import MissingTopics
from services.runtime.errors import NotThere
from services.runtime.readers import Listen
from services.runtime.surroundings import Surroundings
from services.runtime.together import all_of

_log = structlog.get_logger()

#: a broker may take so long to answer before it counts as away; a signal ends the wait at the latest then
_PATIENCE: Final = timedelta(seconds=2)
#: between two looks at a server that is away: nobody tells us when it comes
_AGAIN: Final = timedelta(seconds=1)
KAFKA: Final = "Kafka does not answer"
DATABASE: Final = "the database does not answer"

#: Serves health and metrics there until cancelled.
Monitoring = Callable[[Surroundings, Listen], Awaitable[None]]


@dataclass(slots=True)
class _Wait:
    """What is waited for now; a health check."""

    lacks: str | None = None
    _told: set[str] = field(default_factory=set)

    def tell(self, lacks: str | None) -> None:
        """Say it once for each server, and once when all of them are there."""
        self.lacks = lacks
        if lacks == KAFKA and lacks not in self._told:
            _log.warning("waits for Kafka before it starts: no broker answers")
        elif lacks == DATABASE and lacks not in self._told:
            _log.warning("waits for the database before it starts: it does not answer")
        elif lacks is None and self._told:
            _log.info("starts: everything that it waited for is there")
        if lacks is not None:
            self._told.add(lacks)

    async def check(self) -> str | None:
        """A ``services.runtime.health.Check``."""
        return None if self.lacks is None else f"waits to start: {self.lacks}"


async def servers_there(surroundings: Surroundings, listen: Collection[Listen], monitoring: Monitoring) -> None:
    """Return when Kafka and the database answer, with this version's topics and schema; meanwhile ``monitoring`` is served on ``listen``.

    Raises what waiting does not mend: ``MissingTopics``, ``NotThere``, ``Gone`` when somebody else listens there.
    """
    wait = _Wait()
    wait.tell(await _lacks(surroundings))
    if wait.lacks is None:
        return
    surroundings.overall.ready_when("servers", wait.check)

    async def look_again() -> None:
        while wait.lacks is not None:
            await asyncio.sleep(_AGAIN.total_seconds())
            wait.tell(await _lacks(surroundings))

    await all_of(look_again(), *(_served(monitoring, surroundings, where) for where in listen))


async def _served(monitoring: Monitoring, surroundings: Surroundings, where: Listen) -> None:
    await monitoring(surroundings, where)


async def _lacks(surroundings: Surroundings) -> str | None:
    """Which server does not answer, if any; raises what waiting does not mend."""
    try:
        missing = await KafkaAdmin(kafka_connection(surroundings.servers.kafka), patience=_PATIENCE).missing_topics(list(load_topics()))
    except KafkaUnavailable:
        return KAFKA
    if missing:
        raise MissingTopics(missing)
    try:
        migrations = await pending(surroundings.servers.database_url)
    except StoreUnavailable:
        return DATABASE
    if migrations:
        raise NotThere(f"a database of this version ({len(migrations)} migrations are missing); bring it there with: sans-faute migrate")
    return None
