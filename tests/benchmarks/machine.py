"""The servers that benchmarks run on: real ones, durable, started when a row first asks for them and kept for the others."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import load_topics
from services.adapters.postgres.connection import Pool, open_pool
from services.adapters.postgres.migrate import migrate
from services.core.ports.streams import Message
from services.runtime.embedded.kafka import EmbeddedKafka, embedded_kafka
from services.runtime.embedded.postgres import EmbeddedPostgres, embedded_postgres
from services.runtime.settings import home_of_the_code

#: shared with tests and `sans-faute up`, so that a run starts in seconds
_LIBS = home_of_the_code() / ".state" / "kafka-libs"

Fill = Callable[[Pool], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Machine:
    """One run's servers, and how long its rows may take."""

    rounds: int
    quick: bool
    #: PostgreSQL's shared memory; none: what it has as a child of ours
    buffers: str | None = None
    _folder: Path
    _stack: AsyncExitStack
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _kafka: EmbeddedKafka | None = None
    _postgres: EmbeddedPostgres | None = None
    _templates: set[str] = field(default_factory=set)

    def size(self, full: int, quick: int) -> int:
        """How many of something: fewer when we are in a hurry."""
        return quick if self.quick else full

    def name(self, prefix: str) -> str:
        """A name that nothing else of this run has."""
        return f"{prefix}_{next(self._numbers)}"

    def folder(self, prefix: str) -> Path:
        """A folder of one's own; it goes with the run."""
        made = self._folder / self.name(prefix)
        made.mkdir()
        return made

    async def kafka(self) -> KafkaConnection:
        """The node, with every topic of contracts/topics.yaml. Raises ``NotThere``."""
        if self._kafka is None:
            self._kafka = await self._stack.enter_async_context(embedded_kafka(self._folder, libs_dir=_LIBS))
            await KafkaAdmin(self._connection()).ensure_topics(load_topics().values())
        return self._connection()

    async def empty_topics(self) -> KafkaConnection:
        """The node, with nothing in any topic."""
        connection = await self.kafka()
        await KafkaAdmin(connection).recreate(load_topics().values())
        return connection

    async def publish(self, messages: list[Message]) -> None:
        """Put these into Kafka, in slices that fit the producer's memory."""
        async with KafkaPublisher(await self.kafka()) as publisher:
            for start in range(0, len(messages), 10_000):
                await publisher.publish(messages[start : start + 10_000])

    async def template(self, name: str, fill: Fill) -> str:
        """A database that is filled once; ``database`` copies it for each round. Raises ``NotThere``."""
        if name not in self._templates:
            server = await self._server()
            await _execute(server.url, f"CREATE DATABASE {name}")
            await migrate(server.database(name))
            async with open_pool(server.database(name)) as pool:
                await fill(pool)
                await pool.execute("VACUUM (ANALYZE, FREEZE)")
            self._templates.add(name)
        return name

    @asynccontextmanager
    async def database(self, template: str) -> AsyncIterator[str]:
        """URL of a fresh copy of a template, dropped at the end."""
        server, name = await self._server(), self.name("round")
        await _execute(server.url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield server.database(name)
        finally:
            await _execute(server.url, f"DROP DATABASE {name} WITH (FORCE)")

    async def _server(self) -> EmbeddedPostgres:
        if self._postgres is None:
            self._postgres = await self._stack.enter_async_context(embedded_postgres(self._folder, buffers=self.buffers))
        return self._postgres

    def _connection(self) -> KafkaConnection:
        if self._kafka is None:
            raise RuntimeError("Kafka is not started")
        return KafkaConnection(bootstrap=self._kafka.bootstrap)


@asynccontextmanager
async def machine(*, rounds: int, quick: bool, buffers: str | None = None) -> AsyncIterator[Machine]:
    """Nothing is started yet; everything that was started is stopped at the end."""
    with _folder() as folder:
        async with AsyncExitStack() as stack:
            yield Machine(rounds=rounds, quick=quick, buffers=buffers, _folder=folder, _stack=stack)


async def nobody(pool: Pool) -> None:
    """A template with nothing in it."""


@contextmanager
def _folder() -> Iterator[Path]:
    """Under /var/tmp, on a disk, where PostgreSQL's own user can walk to."""
    folder = Path(tempfile.mkdtemp(prefix="sans-faute-bench-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
