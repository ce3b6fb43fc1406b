"""The product as operators run it: one operating-system process for each part, on real Kafka, PostgreSQL and an SMSC of ours."""

import asyncio
import re
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

from services.adapters.clock import SystemClock
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.policy import SHIPPED
from services.runtime.settings import environment_with, home_of_the_code
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.town import Accept, Answer, Submission
from tests.benchmarks.machine import Machine

PASSWORD = "secret"
#: seconds; Faust joins its groups in two or three
_STARTS_WITHIN = 60
_STOPS_WITHIN = 15
_NOTHING: Mapping[str, str] = MappingProxyType({})
_WINDOW = re.compile(r"^(weekday|saturday|closed_day|closing_day) = .*$", re.MULTILINE)


@dataclass(slots=True)
class Telephones:
    """Everybody behind the SMSC: takes every message, and remembers when it came."""

    #: number → instant of ``perf_counter`` and the SMSC's reference
    taken: dict[str, tuple[float, str]] = field(default_factory=dict)
    first: float = 0.0
    last: float = 0.0
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, submission: Submission) -> Answer:
        """See ``services.simulator.servers.town.Town``."""
        self.last = perf_counter()
        self.first = self.first or self.last
        self.taken[submission.to] = (self.last, submission.provider_ref)
        self._more.set()
        return Accept()

    def forget(self) -> None:
        """A new round begins."""
        self.taken.clear()
        self.first = self.last = 0.0

    async def count(self, messages: int, within: float) -> None:
        """Return when so many have come; raises ``TimeoutError``."""
        async with asyncio.timeout(within):
            while len(self.taken) < messages:
                self._more.clear()
                await self._more.wait()

    async def of(self, number: str, within: float) -> tuple[float, str]:
        """When this number's message came, and its reference."""
        async with asyncio.timeout(within):
            while number not in self.taken:
                self._more.clear()
                await self._more.wait()
        return self.taken[number]


@asynccontextmanager
async def smsc() -> AsyncIterator[tuple[SmscServer, Telephones]]:
    """An SMSC on a free port, in our own process: whoever is measured is somewhere else."""
    telephones = Telephones()
    server = SmscServer("bench", telephones, SystemClock(), password=PASSWORD)
    await server.start()
    try:
        yield server, telephones
    finally:
        await server.stop()


@asynccontextmanager
async def running(
    machine: Machine, names: Sequence[str], *, dsn: str, kafka: KafkaConnection, smsc_port: int, beside: Mapping[str, str] = _NOTHING
) -> AsyncIterator[dict[str, Process]]:
    """These processes, started; whether they are ready is seen by what they do. Their output is printed when one ends by itself.

    ``beside``: settings of this run.
    """
    folder = machine.folder("processes")
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "TOPIC_REPLICATION_FACTOR": "1",
        "DATABASE_URL": dsn,
        "SMS_PROVIDERS": f"bench=smpp://bench:{PASSWORD}@127.0.0.1:{smsc_port}",
        "POLICY_FILE": str(open_all_day(folder)),
        "STATE_DIR": str(folder),
        "SERVICE_KEY": "a key for benchmarks: nothing here is secret",
        "INSTANCE_NAME": "bench",
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "json",
        **beside,
    }
    started: list[Process] = []
    log = folder / "output"
    try:
        with log.open("wb") as output:
            for name in names:
                command = (sys.executable, "-m", "services", name)
                started.append(
                    await asyncio.create_subprocess_exec(
                        *command, env=environment_with(settings), stdout=output, stderr=output, cwd=home_of_the_code()
                    )
                )
        yield dict(zip(names, started, strict=True))
    except TimeoutError:
        ended = [name for name, process in zip(names, started, strict=False) if process.returncode is not None]
        raise RuntimeError(f"nothing came; ended: {ended or 'none'}; output: {log.read_text('utf-8', 'replace')[-2000:]}") from None
    finally:
        await _stop(started)


async def _stop(processes: Sequence[Process]) -> None:
    for process in processes:
        if process.returncode is None:
            process.terminate()
    for process in processes:
        try:
            await asyncio.wait_for(process.wait(), _STOPS_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()


def open_all_day(folder: Path) -> Path:
    """The rules' numbers with every window open: a benchmark must not wait for tomorrow morning."""
    file = folder / "policy.toml"
    before, begin, rest = SHIPPED.read_text("utf-8").partition("[windows.sms]")
    windows, end, after = rest.partition("\n[letters]")
    opened = _WINDOW.sub(lambda line: f'{line[1]} = [["00:00", "23:59"]]', windows)
    file.write_text(before + begin + opened + end + after, encoding="utf-8")
    return file


def number_of(person_id: str) -> str:
    """The mobile of one of the benchmarks' people."""
    return f"+336{int(person_id[1:]):08d}"
