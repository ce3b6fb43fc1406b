"""The planner of ``flood`` and ``live`` in a process of its own, as in the product: at a fixed instant, until so many are planned."""

import asyncio
import sys
from datetime import datetime
from itertools import repeat

from services.adapters.policy import load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.snapshots import Snapshots
from services.core.words import Lane
from services.planner.wake import Planner
from services.runtime.settings import home_of_the_code

#: what services/planner/app.py takes at once, and how many rounds it has side by side
_AT_ONCE = {Lane.LIVE: 200, Lane.CAMPAIGN: 500}
_ROUNDS = {Lane.LIVE: 1, Lane.CAMPAIGN: 2}
#: the product is told by PostgreSQL; a benchmark that never rests only looks
_LOOK = 0.002
READY = "ready"


def main() -> None:
    """Say that it is ready, plan, say how many seconds the rounds took, end."""
    dsn, lane, now, people = sys.argv[1:]
    asyncio.run(_run(dsn, Lane(lane), datetime.fromisoformat(now), int(people)))


async def _run(dsn: str, lane: Lane, now: datetime, people: int) -> None:
    texts, snapshot = JinjaTexts(home_of_the_code() / "templates"), Snapshots(policy=load_policy())
    async with open_pool(dsn, connections=_ROUNDS[lane] + 1) as pool:
        planner = Planner(store=PostgresStore(pool), texts=texts, snapshot=snapshot)
        await planner.round(lane, 1, now)
        print(READY, flush=True)
        left = [people]
        loop = asyncio.get_running_loop()
        spent = await asyncio.gather(*(_rounds(planner, lane, now, left, loop) for _ in repeat(None, _ROUNDS[lane])))
        print(sum(spent), flush=True)


async def _rounds(planner: Planner, lane: Lane, now: datetime, left: list[int], loop: asyncio.AbstractEventLoop) -> float:
    """Until nobody is left; seconds in rounds that had somebody."""
    spent = 0.0
    while left[0] > 0:
        begun = loop.time()
        woken = await planner.round(lane, _AT_ONCE[lane], now)
        if woken.quarantined:
            raise RuntimeError(f"decisions raised: {woken.quarantined[0][1]}")
        left[0] -= woken.people
        if woken.people:
            spent += loop.time() - begun
        else:
            await asyncio.sleep(_LOOK)
    return spent


if __name__ == "__main__":
    main()
