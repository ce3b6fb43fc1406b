"""How fast the PostgreSQL store reads and writes: ``python -m tests.benchmarks.store [people]``. Prints, asserts nothing.

Three figures a row: slowest, median and fastest round, in rows (people, attempts, messages) a second, on a durable server of its own.
"""

import asyncio
import itertools
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.migrate import migrate
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, Outgoing, Wake
from services.core.model import Attempt, AttemptId, PersonId
from services.core.words import AttemptState, Lane
from services.runtime.embedded.postgres import embedded_postgres
from tests.fixtures.facts import NOW, attempt, contact, item, obligation, person, receipt

_BATCH = 500
_LATER = NOW + timedelta(days=1)


def main() -> None:
    """Run every measurement."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with _folder() as folder:
        asyncio.run(_run(folder, people))


async def _run(folder: Path, people: int) -> None:
    async with embedded_postgres(folder) as server:
        await migrate(server.url)
        async with open_pool(server.url) as pool:
            town = _Town(PostgresStore(pool), people)
            await _measure("new people, locked", town.lock, people // _BATCH)
            await _measure("profiles with a contact, written", town.write_profiles, people // _BATCH)
            await _measure("obligations, locked and written", town.write_obligations, people // _BATCH)
            await _measure("1,000 new attempts, locked and written", town.release, people // _BATCH // 2)
            await _measure("1,000 attempts updated, locked and written", town.accept, 5)
            print(f"{'write() of 1,000 attempts alone':48} {1000 / statistics.median(town.writing):32,.0f} rows/s")
            await _measure("500 people locked, with their cases", town.lock)
            await _measure("receipts matched, locked and written", town.deliver)
            await _measure("wakes, locked and written", town.wake, people // _BATCH)
            await _measure("500 due claimed, decided one by one", town.decide_one_by_one, 3)
            await _measure("500 due claimed, decided together", town.decide_together, 3)
            await _measure("1,000 messages into the outbox", town.publish)
            await _measure("outbox claimed and marked, shard by shard", town.relay, 1)


class _Town:
    """Each method does one round and returns how many rows it was about."""

    def __init__(self, store: PostgresStore, people: int) -> None:
        self._store = store
        ids = [PersonId(f"p{number:07d}") for number in range(people)]
        self._turns: Iterator[list[PersonId]] = itertools.cycle(ids[start : start + _BATCH] for start in range(0, people, _BATCH))
        #: seconds of each write of 1,000 attempts
        self.writing: list[float] = []

    async def lock(self) -> int:
        async with self._store.unit() as unit:
            return len(await unit.lock(next(self._turns)))

    async def write_profiles(self) -> int:
        batch = next(self._turns)
        await self._write(batch, Changes(profiles=[person(each) for each in batch], contacts=[contact(each) for each in batch]))
        return len(batch)

    async def write_obligations(self) -> int:
        batch = next(self._turns)
        await self._write(batch, Changes(obligations=[obligation(f"rdv:{each}", each) for each in batch]))
        return len(batch)

    async def release(self) -> int:
        return await self._attempts(AttemptState.RELEASED)

    async def accept(self) -> int:
        return await self._attempts(AttemptState.ACCEPTED)

    async def deliver(self) -> int:
        batch = next(self._turns)
        async with self._store.unit() as unit:
            await unit.attempts_by_reference([("a", f"ref:{each}") for each in batch])
            cases = await unit.lock(batch)
            facts = [receipt(f"r:{each}", attempt_id=AttemptId(f"a:{each}"), person_id=each, provider_ref=f"ref:{each}") for each in batch]
            done = [replace(case.attempts[0], state=AttemptState.DELIVERED) for case in cases.values() if case.attempts]
            await unit.write(Changes(receipts=facts, attempts=done))
        return len(batch)

    async def wake(self) -> int:
        batch = next(self._turns)
        await self._write(batch, Changes(wakes=[Wake(person_id=each, live_at=NOW, campaign_at=None) for each in batch]))
        return len(batch)

    async def decide_one_by_one(self) -> int:
        async with self._store.unit() as unit:
            cases = await unit.claim_due(NOW, Lane.LIVE, _BATCH)
            for each in cases:
                async with unit.savepoint():
                    await unit.write(_decision([each]))
        return len(cases)

    async def decide_together(self) -> int:
        async with self._store.unit() as unit:
            cases = await unit.claim_due(NOW, Lane.LIVE, _BATCH)
            await unit.write(_decision(list(cases)))
        return len(cases)

    async def publish(self) -> int:
        batch = next(self._turns) + next(self._turns)
        async with self._store.unit() as unit:
            await unit.write(Changes(outbox=[_dispatch(each) for each in batch]))
        return len(batch)

    async def relay(self) -> int:
        async with self._store.unit() as unit:
            rows = await unit.claim_outbox(range(16), 1000)
            await unit.mark_published([row.id for row in rows], NOW)
        return len(rows)

    async def _write(self, batch: list[PersonId], changes: Changes) -> None:
        async with self._store.unit() as unit:
            await unit.lock(batch)
            await unit.write(changes)

    async def _attempts(self, state: AttemptState) -> int:
        batch = next(self._turns) + next(self._turns)
        changes = Changes(attempts=[_attempt(each, state) for each in batch])
        async with self._store.unit() as unit:
            await unit.lock(batch)
            started = time.perf_counter()
            await unit.write(changes)
            self.writing.append(time.perf_counter() - started)
        return len(batch)


def _attempt(each: PersonId, state: AttemptState, name: str = "a") -> Attempt:
    return attempt(
        f"{name}:{each}",
        each,
        items=(item(f"rdv:{each}", occurrence=1 if name == "a" else 2),),
        state=state,
        provider="a",
        provider_ref=f"ref:{each}" if name == "a" else None,
        token=f"{name}:{each}",
    )


def _decision(people: list[PersonId]) -> Changes:
    """What deciding about these people writes: a message, the duty's next instant, the dispatch, the next wake."""
    return Changes(
        obligations=[obligation(f"rdv:{each}", each, next_at=_LATER) for each in people],
        attempts=[_attempt(each, AttemptState.RELEASED, "b") for each in people],
        outbox=[_dispatch(each) for each in people],
        wakes=[Wake(person_id=each, live_at=_LATER, campaign_at=None, only_earlier=False) for each in people],
    )


def _dispatch(each: PersonId) -> Outgoing:
    items = [{"obligation_id": f"rdv:{each}", "revision": 1, "step": "N0", "occurrence": 1}]
    data = {"attempt_id": f"a:{each}", "channel": "sms", "items": items, "release_at": NOW, "not_after": _LATER}
    return Outgoing(topic="dispatch.sms.v1", key=each, type="dispatch.requested", subject=each, data=data, shard_key=each, at=NOW)


async def _measure(what: str, work: Callable[[], Awaitable[int]], rounds: int = 7) -> None:
    speeds = []
    for _ in range(rounds):
        started = time.perf_counter()
        rows = await work()
        speeds.append(rows / (time.perf_counter() - started))
    print(f"{what:48} {min(speeds):9,.0f} / {statistics.median(speeds):9,.0f} / {max(speeds):9,.0f} rows/s")


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sans-faute-bench-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
