"""From events in Kafka to planned obligations: intake and planner side by side, each in a process of its own, timed."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from services.adapters.contracts import Decoder, Schemas
from services.adapters.phones import parse_phone
from services.adapters.policy import load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.channels.addresses import normalise
from services.core.ports.store import Store
from services.core.ports.streams import Stream
from services.core.words import Lane
from services.intake.handlers import Handling
from services.intake.receive import receive
from services.runtime.settings import home_of_the_code
from tests.benchmarks.planner_worker import READY

_KEY = b"a key for benchmarks: nothing here is secret"
#: seconds of one round; a stall is reported, not waited for
_WITHIN = 180


@dataclass(slots=True, kw_only=True)
class House:
    """Intake and planner at one fixed instant, everything compiled and loaded before anybody measures."""

    now: datetime
    lane: Lane
    decode: Decoder = field(default_factory=lambda: Decoder(Schemas()))
    snapshot: Snapshots = field(default_factory=lambda: Snapshots(policy=load_policy()))
    seals: Seals = field(default_factory=lambda: Seals(_KEY))
    #: seconds that intake and planner spent in their steps, waiting for the database included
    spent: dict[str, list[float]] = field(default_factory=lambda: {"intake": [], "planner": []})
    _received: int = 0

    async def plan_all(self, stream: Stream, dsn: str, people: int) -> float:
        """People with a planned obligation, a second; from the first batch in hand to the last decision stored."""
        command = (sys.executable, "-m", "tests.benchmarks.planner_worker", dsn, self.lane.value, self.now.isoformat(), str(people))
        planner = await asyncio.create_subprocess_exec(*command, cwd=home_of_the_code(), stdout=PIPE)
        await stream.start()
        try:
            async with open_pool(dsn, connections=4) as pool, asyncio.timeout(_WITHIN):
                if await _line(planner) != READY:
                    raise RuntimeError("the planner did not start")
                return await self._race(stream, PostgresStore(pool), people, planner)
        except TimeoutError:
            raise RuntimeError(f"not done after {_WITHIN} s: {self._received} of {people} received") from None
        finally:
            await stream.stop()
            if planner.returncode is None:
                planner.terminate()
            await planner.wait()

    async def _race(self, stream: Stream, store: Store, people: int, planner: Process) -> float:
        batch = await stream.next_batch()
        started = perf_counter()
        self._received = 0
        while True:
            before = perf_counter()
            done = await receive(batch, store=store, decode=self.decode, handling=self._handling(), now=self.now)
            self.spent["intake"].append(perf_counter() - before)
            if done.applied != len(batch):
                raise RuntimeError(f"intake did not take every event: {done}")
            await stream.acknowledge(batch)
            self._received += len(batch)
            if self._received >= people:
                break
            batch = await stream.next_batch()
        said = await _line(planner)
        if not said:
            raise RuntimeError("the planner ended before everybody was planned")
        seconds = perf_counter() - started
        self.spent["planner"].append(float(said))
        return people / seconds

    def _handling(self) -> Handling:
        return Handling(
            numbers=parse_phone,
            hashes=self.seals.sender_hash,
            address_errors=lambda lines: normalise(lines).errors,
            residence=lambda postal_code: self.snapshot(self.now).residence(postal_code),
            policy=self.snapshot.policy,
        )

    def remark(self) -> str:
        """Where the time went; they run side by side, a campaign with two rounds at once: the shares are more than the whole."""
        intake, planner = sum(self.spent["intake"]), sum(self.spent["planner"])
        return f"seconds in intake's steps {intake:.2f}, in the planner's {planner:.2f} (side by side)"


async def _line(process: Process) -> str:
    """The next line that it says; empty when it has ended."""
    if process.stdout is None:
        raise RuntimeError("the planner's words are not heard")
    return (await process.stdout.readline()).decode("ascii").strip()
