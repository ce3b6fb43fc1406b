"""Kafka and PostgreSQL of a run: real, durable, killed and brought back at the same address, on a disk that can be full."""

import asyncio
import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.topics import load_topics
from services.adapters.postgres.migrate import migrate
from services.runtime.embedded.folders import running_as_root
from services.runtime.embedded.kafka import EmbeddedKafka, embedded_kafka
from services.runtime.embedded.postgres import EmbeddedPostgres, embedded_postgres
from services.runtime.settings import home_of_the_code

_LIBS: Final = home_of_the_code() / ".state" / "kafka-libs"
_GRACE: Final = timedelta(seconds=20)
_ROOMY: Final = "6g"
_DISK = Path("/var/tmp")
#: in memory where the system has such a folder
_SWIFT = next(folder for folder in (Path("/dev/shm"), _DISK) if folder.is_dir())
#: a machine that does all this at once is busy
_PATIENCE: Final = timedelta(minutes=5)


@dataclass(slots=True)
class Kafka:
    """The broker."""

    folder: Path
    _node: EmbeddedKafka | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def connection(self) -> KafkaConnection:
        """How to reach it."""
        assert self._node is not None
        return KafkaConnection(bootstrap=self._node.bootstrap)

    async def start(self) -> None:
        """Return once it listens; at the address that it had before."""
        before = self._node.bootstrap if self._node is not None else None
        node = embedded_kafka(self.folder, libs_dir=_LIBS, patience=_PATIENCE)
        self._node = await self._stack.enter_async_context(node)
        if before not in (None, self._node.bootstrap):
            raise RuntimeError("somebody else has taken the broker's port")

    async def restart(self, *, killed: bool) -> None:
        """Gone, in order or not, and back."""
        async with self.one_at_a_time:
            if killed and self._node is not None:
                self._node.process.kill()
            await self.stop()
            await self.start()

    async def stop(self) -> None:
        """End it."""
        await self._stack.aclose()


@dataclass(slots=True)
class Postgres:
    """The database."""

    folder: Path
    _server: EmbeddedPostgres | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def url(self) -> str:
        """Of the one database."""
        assert self._server is not None
        return self._server.url

    async def start(self) -> None:
        """Return once it answers; at the address that it had before."""
        before = self._server.url if self._server is not None else None
        self._server = await self._stack.enter_async_context(embedded_postgres(self.folder))
        if before not in (None, self._server.url):
            raise RuntimeError("somebody else has taken the database's port")

    async def restart(self, how: signal.Signals) -> None:
        """SIGINT is a fast shutdown, SIGQUIT an immediate one; then it comes back."""
        async with self.one_at_a_time:
            if self._server is not None:
                await self._server.child.stop(_GRACE, with_signal=how)
            await self.stop()
            await self.start()

    async def revive(self) -> bool:
        """Start it again if it has died; true when it had."""
        async with self.one_at_a_time:
            if self._server is None or self._server.child.running:
                return False
            await self.stop()
            await self.start()
            return True

    async def stop(self) -> None:
        """End it."""
        await self._stack.aclose()


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of its own, whose size can be changed: in memory, which needs root; elsewhere a plain folder that is never full."""

    folder: Path
    can_be_full: bool

    def fill(self) -> None:
        """No more room from now on."""
        used = shutil.disk_usage(self.folder).used
        _mount("-o", f"remount,size={(used // 1024) + 4}k", str(self.folder))

    def empty(self) -> None:
        """Room again."""
        _mount("-o", f"remount,size={_ROOMY}", str(self.folder))


@dataclass(slots=True)
class Servers:
    """What a run stands on."""

    folder: Path
    disk: Disk
    kafka: Kafka
    postgres: Postgres


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """Both started, with topics and schema; ended and cleared away at the end."""
    with _folder(_DISK) as folder, _folder(_SWIFT) as swift, _disk(folder / "state") as disk:
        # processes die here, not the machine: what the kernel has is never lost, and a disk that others keep busy is not waited for
        kafka, postgres = Kafka(swift), Postgres(disk.folder)
        async with AsyncExitStack() as stack:
            for server in (kafka, postgres):
                stack.push_async_callback(server.stop)
                await server.start()
            await KafkaAdmin(kafka.connection).ensure_topics(load_topics().values())
            await migrate(postgres.url)
            yield Servers(folder, disk, kafka, postgres)


@contextmanager
def _folder(where: Path) -> Iterator[Path]:
    """Where PostgreSQL's own user can walk to."""
    folder = Path(tempfile.mkdtemp(prefix="sans-faute-chaos-", dir=where))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _disk(folder: Path) -> Iterator[Disk]:
    folder.mkdir()
    mounted = running_as_root() and _mount("-t", "tmpfs", "-o", f"size={_ROOMY},mode=755", "tmpfs", str(folder))
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            with contextlib.suppress(subprocess.CalledProcessError):
                subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode == 0
