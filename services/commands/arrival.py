"""Before a process begins: its servers must answer. While they do not, it waits, and says so in health and in one line of the log.

A server that answers and does not let us in is not waited for: a setting is wrong, and it is named.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaRefused, KafkaUnavailable
from services.adapters.kafka.topics import load_topics
from services.adapters.postgres.connection import connect
from services.adapters.postgres.migrate import SchemaMismatch, pending
from services.adapters.store_errors import NotLetIn
from services.commands.connections import kafka_connection, mistake_of
from services.commands.needs import needs_of
from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import MissingTopics
from services.runtime.errors import NotThere, WrongSettings
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


#: Asks the servers; raises when one is away, does not let us in, or lacks what it should have.
_Look = Callable[[], Awaitable[None]]


async def servers_there(processes: Collection[str], surroundings: Surroundings, listen: Collection[Listen]) -> None:
    """Return when Kafka and the database answer, with this version's topics and schema; meanwhile say so on ``listen``.

    Raises what waiting does not mend: ``WrongSettings`` when they do not let us in, or not do what ``processes`` must, ``MissingTopics``,
    ``NotThere``, ``Gone`` when somebody else listens there.
    """
    await _wait("prepared servers", partial(_prepared, processes, surroundings), surroundings, listen)


async def servers_answer(surroundings: Surroundings, listen: Collection[Listen]) -> None:
    """Return when Kafka and the database answer, whatever is in them: for whoever prepares them next. Raises as ``servers_there``."""
    await _wait("servers", partial(_answering, surroundings), surroundings, listen)


async def _wait(name: str, look: _Look, surroundings: Surroundings, listen: Collection[Listen]) -> None:
    wait = _Wait()
    wait.tell(await _away(look))
    if wait.lacks is None:
        return
    surroundings.overall.ready_when(name, wait.check)

    async def look_again() -> None:
        while wait.lacks is not None:
            await asyncio.sleep(_AGAIN.total_seconds())
            wait.tell(await _away(look))

    await all_of(look_again(), *(_monitoring(surroundings, where) for where in listen))


async def _monitoring(surroundings: Surroundings, where: Listen) -> None:
    # uvicorn, for those who listen
    from services.commands.monitoring import serve_monitoring

    await serve_monitoring(surroundings, where)


async def _away(look: _Look) -> str | None:
    """Which server does not answer, if any; raises what waiting does not mend."""
    try:
        await look()
    except (KafkaRefused, NotLetIn) as refused:
        raise WrongSettings([mistake_of(refused)]) from None
    except KafkaUnavailable:
        return KAFKA
    except StoreUnavailable:
        return DATABASE
    except SchemaMismatch as problem:
        raise NotThere(f"a database of this version: {problem}") from None
    return None


async def _answering(surroundings: Surroundings) -> None:
    await _admin(surroundings).partitions()
    await (await connect(surroundings.servers.database_url)).close()


async def _prepared(processes: Collection[str], surroundings: Surroundings) -> None:
    admin, needs = _admin(surroundings), needs_of(processes, surroundings.settings)
    missing = await admin.missing_topics(list(load_topics()))
    if missing:
        raise MissingTopics(missing)
    await admin.check_rights(read=needs.read, written=needs.written, groups=needs.groups)
    migrations = await pending(surroundings.servers.database_url)
    if migrations:
        raise NotThere(f"a database of this version ({len(migrations)} migrations are missing); bring it there with: sans-faute migrate")


def _admin(surroundings: Surroundings) -> KafkaAdmin:
    return KafkaAdmin(kafka_connection(surroundings.servers.kafka), patience=_PATIENCE)
