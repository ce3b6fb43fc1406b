"""A rolling restart under load: every process is asked to end and comes back, and nobody outside notices."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

import httpx
import pytest

from services.commands.processes import PROCESSES
from services.runtime.embedded.children import free_ports
from tests.fixtures.kafka import KafkaNode
from tests.integration.processes.outside import ADRIFT, PATIENCE, World, convocation, policy_for_tests, world_of

pytestmark = [pytest.mark.stack, pytest.mark.slow]
#: convocations of one wave; four waves come during each restart
WAVE = 15
PEOPLE = WAVE * 4 * len(PROCESSES)
#: seconds of the processor that a new copy may need until it is ready: they do not depend on what else it does
PROCESSOR = 5.0
#: seconds on the clock, on a machine that does many other things; alone it is about 3 (printed)
WITHIN = 60.0
#: seven at once, on a machine that does other things as well
STARTS_WITHIN = 300.0
TOKEN = "a-producer-that-knows-this-word-of-forty"

#: what grows while a process works
WORK = {
    "intake": "SELECT count(*) FROM obligations",
    "planner": "SELECT count(*) FROM attempts",
    "relay": "SELECT count(*) FROM attempts",
    "delivery": "SELECT count(*) FROM attempts WHERE state <> 'released'",
    "evidence": "SELECT count(*) FROM attempts WHERE state = 'delivered'",
}


@dataclass(frozen=True, slots=True)
class Restart:
    """What one restart took, in seconds."""

    to_end: float
    to_be_ready: float
    #: of the processor, until it was ready
    processor: float


def processor_seconds(pid: int) -> float:
    """What a process has used until now (proc(5): fields 14 and 15, behind a name that may hold anything)."""
    used = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True, kw_only=True)
class Crew:
    """Every process, and where each says how it is."""

    world: World
    outside: httpx.AsyncClient
    health: dict[str, str] = field(default_factory=dict)
    _people: Iterator[int] = field(default_factory=count)

    async def start(self, name: str) -> None:
        """``sans-faute NAME`` with an address of its own."""
        if name not in self.health:
            mine, staff = (f"127.0.0.1:{port}" for port in free_ports(2))
            listens = {"PUBLIC_LISTEN": mine, "STAFF_LISTEN": staff, "EVENTS_TOKEN": TOKEN} if name == "web" else {"HEALTH_LISTEN": mine}
            self.world.running.environment |= listens if name == "web" else {}
            self.health[name] = f"http://{mine}"
        more = {} if name == "web" else {"HEALTH_LISTEN": self.health[name].removeprefix("http://")}
        await self.world.running.start(name, **more)

    async def ready(self, name: str) -> None:
        """Return when it says so."""
        process = self.world.running.processes[name]
        async with asyncio.timeout(STARTS_WITHIN):
            while process.returncode is None:
                try:
                    if (await self.outside.get(f"{self.health[name]}/readyz")).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        pytest.fail(self.world.running.said())

    async def wave(self, *, by_http: bool) -> None:
        """More convocations, over Kafka, or over HTTP by a producer that tries again until it hears a yes."""
        numbers = list(islice(self._people, WAVE))
        if not by_http:
            await self.world.convoke(numbers)
            return
        events = json.dumps([convocation(number, self.world.starts_at) for number in numbers])
        headers = {"content-type": "application/cloudevents-batch+json", "authorization": f"Bearer {TOKEN}"}
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self.outside.post(f"{self.health['web']}/events", content=events, headers=headers)
                    if answer.status_code == httpx.codes.ACCEPTED:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def restart(self, name: str) -> Restart:
        """Work comes before, while it ends, while it is away and while it comes back."""
        seconds, old = asyncio.get_running_loop().time, self.world.running.processes[name]
        before = await self._done(name)
        await self.wave(by_http=name == "web")
        await self.world.eyes.until(lambda: self._moved(name, before))
        began = seconds()
        old.send_signal(signal.SIGTERM)
        waves = [asyncio.create_task(self.wave(by_http=name == "web"))]
        status = await asyncio.wait_for(old.wait(), PATIENCE)
        assert status == 0, self.world.running.said()
        ended = seconds()
        await self.start(name)
        waves += [asyncio.create_task(self.wave(by_http=name == "web")) for _ in range(2)]
        await self.ready(name)
        restart = Restart(ended - began, seconds() - ended, processor_seconds(self.world.running.processes[name].pid))
        await asyncio.gather(*waves)
        return restart

    async def _done(self, name: str) -> int:
        return await self.world.eyes.count(WORK[name]) if name in WORK else -1

    async def _moved(self, name: str, before: int) -> bool:
        return await self._done(name) > before or name not in WORK


@pytest.fixture
async def crew(kafka: KafkaNode, database: str, tmp_path: Path) -> AsyncIterator[Crew]:
    """All processes run and are ready."""
    policy = policy_for_tests(tmp_path / "policy.toml")
    async with world_of(kafka, database, tmp_path, people=PEOPLE, policy=policy) as world, httpx.AsyncClient(trust_env=False) as outside:
        crew = Crew(world=world, outside=outside)
        for name in PROCESSES:
            await crew.start(name)
        await asyncio.gather(*(crew.ready(name) for name in PROCESSES))
        yield crew


async def test_each_is_restarted_under_load(crew: Crew) -> None:
    """One after the other: each ends with 0, its next copy takes over, and every message arrives exactly once (§10.1.5)."""
    for name in PROCESSES:
        restart = await crew.restart(name)
        print(
            f"{name}: ended in {restart.to_end:.1f} s, ready again in {restart.to_be_ready:.1f} s, {restart.processor:.1f} s of them busy"
        )
        assert restart.processor < PROCESSOR
        assert restart.to_end + restart.to_be_ready < WITHIN
    await crew.world.all_delivered_once(PEOPLE)
    assert await crew.world.eyes.count("SELECT count(*) FROM obligations") == PEOPLE
    assert await crew.world.eyes.count(ADRIFT) == 0
    watch = (await crew.outside.get(f"{crew.health['watch']}/metrics")).text
    looked_at = next(line for line in watch.splitlines() if line.startswith("sans_faute_watch_looked_at_seconds "))
    assert float(looked_at.split()[1]) > 0
