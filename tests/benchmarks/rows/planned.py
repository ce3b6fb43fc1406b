"""From events in Kafka to planned obligations: intake and planner side by side, as `sans-faute up` runs them, timed."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from services.adapters.contracts import Decoder, Schemas
from services.adapters.phones import parse_phone
from services.adapters.policy import load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.channels.addresses import normalise
from services.core.ports.store import Store
from services.core.ports.streams import Stream
from services.core.words import Lane
from services.intake.handlers import Handling
from services.intake.receive import receive
from services.planner.wake import Planner
from services.runtime.settings import home_of_the_code

_KEY = b"a key for benchmarks: nothing here is secret"
#: what services/planner/app.py takes at once
_AT_ONCE = {Lane.LIVE: 200, Lane.CAMPAIGN: 500}
#: seconds of one round; a stall is reported, not waited for
_WITHIN = 180


@dataclass(slots=True, kw_only=True)
class House:
    """Intake and planner at one fixed instant, everything compiled and loaded before anybody measures."""

    now: datetime
    lane: Lane
    decode: Decoder = field(default_factory=lambda: Decoder(Schemas()))
    texts: JinjaTexts = field(default_factory=lambda: JinjaTexts(home_of_the_code() / "templates"))
    snapshot: Snapshots = field(default_factory=lambda: Snapshots(policy=load_policy()))
    seals: Seals = field(default_factory=lambda: Seals(_KEY))
    #: seconds that intake and planner spent in their steps, waiting for the database included
    spent: dict[str, list[float]] = field(default_factory=lambda: {"intake": [], "planner": []})
    _received: int = 0
    _planned: int = 0

    async def plan_all(self, stream: Stream, dsn: str, people: int) -> float:
        """People with a planned obligation, a second; from the first batch in hand to the last decision stored."""
        await stream.start()
        try:
            async with open_pool(dsn, connections=4) as pool, asyncio.timeout(_WITHIN):
                return await self._race(stream, PostgresStore(pool), people)
        except TimeoutError:
            raise RuntimeError(f"not done after {_WITHIN} s: {self._received} of {people} received, {self._planned} planned") from None
        finally:
            await stream.stop()

    async def _race(self, stream: Stream, store: Store, people: int) -> float:
        stored = asyncio.Event()
        batch = await stream.next_batch()
        started = perf_counter()

        async def intake() -> None:
            nonlocal batch
            self._received = 0
            while True:
                before = perf_counter()
                done = await receive(batch, store=store, decode=self.decode, handling=self._handling(), now=self.now)
                self.spent["intake"].append(perf_counter() - before)
                if done.applied != len(batch):
                    raise RuntimeError(f"intake did not take every event: {done}")
                await stream.acknowledge(batch)
                stored.set()
                self._received += len(batch)
                if self._received >= people:
                    return
                batch = await stream.next_batch()

        reading = asyncio.create_task(intake())
        await asyncio.gather(reading, self._plan(store, people, stored, reading))
        return people / (perf_counter() - started)

    async def _plan(self, store: Store, people: int, stored: asyncio.Event, reading: asyncio.Task[None]) -> None:
        planner = Planner(store=store, texts=self.texts, snapshot=self.snapshot)
        self._planned = 0
        while self._planned < people:
            stored.clear()
            before = perf_counter()
            woken = await planner.round(self.lane, _AT_ONCE[self.lane], self.now)
            self.spent["planner"].append(perf_counter() - before)
            self._planned += woken.people
            if woken.quarantined:
                raise RuntimeError(f"decisions raised: {woken.quarantined[0][1]}")
            if not woken.people:
                if reading.done():
                    raise RuntimeError(f"only {self._planned} of {people} were due")
                await stored.wait()

    def _handling(self) -> Handling:
        return Handling(
            numbers=parse_phone,
            hashes=self.seals.sender_hash,
            address_errors=lambda lines: normalise(lines).errors,
            residence=lambda postal_code: self.snapshot(self.now).residence(postal_code),
            policy=self.snapshot.policy,
        )

    def remark(self) -> str:
        """Where the time went; both run side by side, so the shares add up to more than the whole."""
        intake, planner = sum(self.spent["intake"]), sum(self.spent["planner"])
        return f"seconds in intake's steps {intake:.2f}, in the planner's {planner:.2f} (side by side in one process)"
