"""How fast the PostgreSQL store writes and reads: ``python -m tests.benchmarks.store``. Prints, asserts nothing."""

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.migrate import migrate
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, Outgoing, Wake
from services.core.model import PersonId
from services.core.words import AttemptState, Lane
from services.runtime.embedded.postgres import embedded_postgres
from tests.fixtures.facts import NOW, attempt, contact, item, obligation, person, receipt

_PEOPLE = 5_000
_BATCH = 500
_ROUNDS = 7


async def main() -> None:
    """Run every measurement on a server of its own, durable as in production."""
    folder = Path(tempfile.mkdtemp(prefix="sans-faute-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        async with embedded_postgres(folder) as server:
            await migrate(server.url)
            async with open_pool(server.url) as pool:
                await _measure(PostgresStore(pool))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(store: PostgresStore) -> None:
    people = [PersonId(f"p{number:07d}") for number in range(_PEOPLE)]
    batches = [people[start : start + _BATCH] for start in range(0, _PEOPLE, _BATCH)]
    turns = iter(batches * 100)

    async def lock() -> int:
        async with store.unit() as unit:
            return len(await unit.lock(next(turns)))

    async def profiles() -> int:
        batch = next(turns)
        async with store.unit() as unit:
            await unit.lock(batch)
            await unit.write(Changes(profiles=[person(each) for each in batch], contacts=[contact(each) for each in batch]))
        return 2 * len(batch)

    async def obligations() -> int:
        batch = next(turns)
        async with store.unit() as unit:
            await unit.lock(batch)
            await unit.write(Changes(obligations=[obligation(f"rdv:{each}", each) for each in batch]))
        return len(batch)

    async def attempts(state: AttemptState) -> int:
        batch = next(turns) + next(turns)
        async with store.unit() as unit:
            await unit.lock(batch)
            rows = [
                attempt(
                    f"a:{each}",
                    each,
                    items=(item(f"rdv:{each}"),),
                    state=state,
                    provider="a",
                    provider_ref=f"ref:{each}",
                    token=f"t:{each}",
                )
                for each in batch
            ]
            started = time.perf_counter()
            await unit.write(Changes(attempts=rows))
            nonlocal writing
            writing += time.perf_counter() - started
        return len(batch)

    async def wakes() -> int:
        batch = next(turns)
        async with store.unit() as unit:
            await unit.lock(batch)
            await unit.write(Changes(wakes=[Wake(person_id=each, live_at=NOW, campaign_at=None, only_earlier=False) for each in batch]))
        return len(batch)

    async def claim() -> int:
        async with store.unit() as unit:
            cases = await unit.claim_due(NOW, Lane.LIVE, _BATCH)
            later = [Wake(person_id=each, live_at=NOW + timedelta(days=1), campaign_at=None, only_earlier=False) for each in cases]
            await unit.write(Changes(wakes=later))
        return len(cases)

    async def outbox() -> int:
        batch = next(turns) + next(turns)
        data = {
            "attempt_id": "a:1",
            "channel": "sms",
            "items": [{"obligation_id": "rdv:1", "revision": 1, "step": "N0"}],
            "release_at": NOW,
        }
        rows = [
            Outgoing(topic="dispatch.sms.v1", key=each, type="dispatch.requested", subject=each, data=data, shard_key=each, at=NOW)
            for each in batch
        ]
        async with store.unit() as unit:
            await unit.write(Changes(outbox=rows))
        return len(batch)

    async def relay() -> int:
        total = 0
        for shard in range(16):
            async with store.unit() as unit:
                rows = await unit.claim_outbox(shard, 1000)
                await unit.mark_published([row.id for row in rows], NOW)
                total += len(rows)
        return total

    async def receipts() -> int:
        batch = next(turns)
        async with store.unit() as unit:
            await unit.attempts_by_reference([("a", f"ref:{each}") for each in batch])
            cases = await unit.lock(batch)
            facts = [receipt(f"r:{each}", attempt_id=f"a:{each}", person_id=each, provider_ref=f"ref:{each}") for each in batch]
            done = [replace(case.attempts[0], state=AttemptState.DELIVERED) for case in cases.values() if case.attempts]
            await unit.write(Changes(receipts=facts, attempts=done))
        return len(batch)

    writing = 0.0
    await _round("lock 500 new people", lock)
    await _round("profile and contact, locked and written", profiles)
    await _round("obligations, locked and written", obligations)
    await _round("1,000 attempts, new", lambda: attempts(AttemptState.RELEASED), rounds=5)
    await _round("1,000 attempts, updated", lambda: attempts(AttemptState.ACCEPTED), rounds=5)
    print(f"{'of which write()':45} {writing / 10:8.3f} s a batch")
    await _round("lock 500 people with their cases", lock)
    await _round("receipts matched, locked and written", receipts)
    await _round("wakes", wakes, rounds=10)
    await _round("claim 500 due, decide nothing, wake later", claim)
    await _round("1,000 outbox rows", outbox)
    await _round("relay, all shards", relay, rounds=1)


async def _round(what: str, work: Callable[[], Awaitable[int]], rounds: int = _ROUNDS) -> None:
    speeds = []
    for _ in range(rounds):
        started = time.perf_counter()
        rows = await work()
        speeds.append(rows / (time.perf_counter() - started))
    print(f"{what:45} {min(speeds):10,.0f} / {statistics.median(speeds):10,.0f} / {max(speeds):10,.0f} rows/s")


if __name__ == "__main__":
    asyncio.run(main())
