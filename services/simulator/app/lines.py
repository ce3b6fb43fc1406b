"""How a play on the stack reaches Kafka and PostgreSQL: directly, or through a line of its own when its story takes one of them away.

The servers stay as they are, so that plays side by side do not feel each other's outages.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.simulator.actors import CannotHappen
from services.simulator.scenario.file import Outage, Scenario
from services.simulator.scenario.words import Server
from services.simulator.servers.line import Line, in_frames

#: of the machine's clock: a broker that the story has taken away is waited for so long, once in a while
_IMPATIENT: Final = timedelta(seconds=2)
_PATIENT: Final = timedelta(seconds=10)
_HERE: Final = frozenset(("127.0.0.1", "localhost"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where a play finds its servers."""

    kafka: KafkaConnection
    #: may hold a password: never log it
    database: str
    lines: dict[Server, Line] = field(default_factory=dict)

    @property
    def patience(self) -> timedelta:
        """How long a message may take to reach the broker."""
        return _IMPATIENT if Server.KAFKA in self.lines else _PATIENT

    async def switch(self, server: Server, down: bool) -> None:
        """Take a server away, or bring it back; one that the story never takes away stays."""
        line = self.lines.get(server)
        if line is not None:
            await (line.cut() if down else line.mend())


@asynccontextmanager
async def open_servers(scenario: Scenario, kafka: KafkaConnection, database: str) -> AsyncIterator[Servers]:
    """Lines to what the story takes away. Raises ``CannotHappen`` when a line to this cluster cannot be laid, ``KafkaUnavailable``."""
    wanted = {event.of for event in scenario.events if isinstance(event, Outage)}
    servers = Servers(kafka=kafka, database=database)
    async with AsyncExitStack() as stack:
        if Server.KAFKA in wanted:
            line, connection = await _to_broker(kafka)
            stack.push_async_callback(line.cut)
            servers.lines[Server.KAFKA] = line
            servers = replace(servers, kafka=connection)
        if Server.POSTGRES in wanted:
            line, url = await _to_database(database)
            stack.push_async_callback(line.cut)
            servers.lines[Server.POSTGRES] = line
            servers = replace(servers, database=url)
        yield servers


async def _to_broker(kafka: KafkaConnection) -> tuple[Line, KafkaConnection]:
    """Clients go where the cluster sends them, so its answers name the line's port in place of the broker's."""
    brokers = await KafkaAdmin(kafka).brokers()
    host, port = brokers[0]
    if len(brokers) > 1 or host not in _HERE or kafka.uses_tls:
        raise CannotHappen("an outage of Kafka can only be played on one broker of this machine, without TLS")
    line = Line(partial(asyncio.open_connection, host, port))

    def rewritten(body: bytes) -> bytes:
        return body.replace(_address(host, port), _address(host, line.port))

    line.answers = in_frames(rewritten)
    await line.start()
    return line, replace(kafka, bootstrap=f"{host}:{line.port}")


def _address(host: str, port: int) -> bytes:
    """As brokers write it: the name, then the port in four octets."""
    return host.encode() + port.to_bytes(4)


async def _to_database(url: str) -> tuple[Line, str]:
    parts = urlsplit(url)
    line = Line(partial(asyncio.open_connection, parts.hostname or "127.0.0.1", parts.port or 5432))
    await line.start()
    account = parts.netloc.rpartition("@")[0]
    return line, urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{line.port}" if account else f"127.0.0.1:{line.port}"))
