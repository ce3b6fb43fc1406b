"""Everything of a run, started: servers, providers, lines to them, and two copies of each of our processes."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

import httpx

from services.adapters.clock import SystemClock
from services.runtime.embedded.children import free_ports, log_tail
from services.runtime.errors import NotThere
from services.simulator.servers.line import Line
from tests.chaos.behind import Crowd, crowd
from tests.chaos.copies import Copy
from tests.chaos.hours import Hours, write_policy
from tests.chaos.people import period_at
from tests.chaos.script import COPIES, PROCESSES
from tests.chaos.servers import Servers

_THIRD: Final = "3"
#: seconds
_READY_WITHIN: Final = 180.0
_LOOK_AGAIN: Final = 0.2


@dataclass(slots=True)
class Stage:
    """A run's world."""

    servers: Servers
    crowd: Crowd
    copies: dict[str, Copy]
    _settings: dict[str, str]
    _logs: Path

    def third(self, process: str) -> Copy:
        """Another copy, not started yet."""
        more = {"BOUNCE_LISTEN": f"127.0.0.1:{free_ports(1)[0]}"} if process == "delivery" else {}
        name = f"{process}-{_THIRD}"
        if name not in self.copies:
            self.copies[name] = Copy(name=name, process=process, environment=self._settings | more, folder=self._logs)
        return self.copies[name]


@asynccontextmanager
async def stage(seed: int, real: Servers, start: datetime, seconds: float, hours: Hours, logs: Path) -> AsyncIterator[Stage]:
    """Nothing has been published yet; our processes have started."""
    ports = {name: free_ports(2) for name in ("public", "staff", "bounce")}
    async with AsyncExitStack() as stack:
        public, bounce = await _line(stack, seed, ports["public"]), await _line(stack, seed, ports["bounce"])
        public_url = f"http://127.0.0.1:{public.port}"
        behind = await stack.enter_async_context(crowd(seed, SystemClock(), public_url=public_url, returns_to=("127.0.0.1", bounce.port)))
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": real.kafka.connection.bootstrap,
            "TOPIC_REPLICATION_FACTOR": "1",
            "DATABASE_URL": real.postgres.url,
            "DATABASE_CONNECTIONS": "6",
            "STATE_DIR": str(real.disk.folder),
            "SERVICE_KEY": "a key for chaos: nothing here is a secret",
            "PUBLIC_URL": public_url,
            "POLICY_FILE": str(write_policy(logs / "policy.toml", hours, start, seconds, period_at(start)[1])),
            "LOG_FORMAT": "json",
            **behind.networks.settings(),
        }
        copies = {}
        for process in PROCESSES:
            for index, number in enumerate(COPIES):
                own = {
                    "PUBLIC_LISTEN": f"127.0.0.1:{ports['public'][index]}",
                    "STAFF_LISTEN": f"127.0.0.1:{ports['staff'][index]}",
                }
                own |= {"HEALTH_LISTEN": own["PUBLIC_LISTEN"] if process == "web" else f"127.0.0.1:{free_ports(1)[0]}"}
                own |= {"BOUNCE_LISTEN": f"127.0.0.1:{ports['bounce'][index]}"} if process == "delivery" else {}
                name = f"{process}-{number}"
                copies[name] = Copy(name=name, process=process, environment=settings | own, folder=logs)
        world = Stage(real, behind, copies, settings, logs)
        try:
            for copy in copies.values():
                copy.keep()
            await _ready(copies.values())
            yield world
        finally:
            await asyncio.gather(*(copy.end() for copy in world.copies.values()))


async def _ready(copies: Iterable[Copy]) -> None:
    """Return when all say that they are; raises ``NotThere`` with the end of the log of one that does not."""
    ends = asyncio.get_running_loop().time() + _READY_WITHIN
    async with httpx.AsyncClient(trust_env=False) as client:
        for copy in copies:
            while not await copy.ready(client):
                if asyncio.get_running_loop().time() > ends:
                    raise NotThere(f"{copy.name} does not become ready:\n" + "\n".join(log_tail(copy.log_path)))
                await asyncio.sleep(_LOOK_AGAIN)


async def _line(stack: AsyncExitStack, seed: int, ports: list[int]) -> Line:
    """One address before two copies, as a load balancer is: whoever takes the connection has it."""
    dice = Random(f"line {seed}")

    async def dial() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for port in dice.sample(ports, len(ports)):
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
        raise ConnectionRefusedError

    line = Line(dial)
    await line.start()
    stack.push_async_callback(line.cut)
    return line
