"""What PostgreSQL does for the statements of a day, and how long each takes, with everybody stored; nothing is changed."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from services.adapters.clock import SystemClock
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.statements import SQL
from services.core.model import PersonId

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: a step's statements run with the settings of a unit, those of watch and pages may read whole tables
_IN_UNITS: Mapping[str, Callable[[datetime, list[PersonId]], tuple[object, ...]]] = {
    "claim_live": lambda now, _: (now, 200),
    "claim_campaign": lambda now, _: (now, 500),
    "next_wake_live": lambda _, __: (),
    "next_wake_campaign": lambda _, __: (),
    "load_cases": lambda _, some: (some, []),
    "people_of_obligations": lambda _, some: ([f"act:2026-11:{each}" for each in some],),
    "lock_people": lambda _, some: (some,),
    # as if everybody had waited since an outage
    "urgent_campaign": lambda now, _: (now + 60 * _DAY, 50_000),
    "next_portion": lambda _, some: (some[0], 5000),
    "hold_portion": lambda now, some: (some[0], some[1], now),
    "forget_inbox": lambda now, _: (now, 1000, now - 400 * _DAY),
    "forget_outbox": lambda now, _: (now, 1000, now - 400 * _DAY),
    "hold_old_duties": lambda now, _: (now - 300 * _DAY, 1000, now - 400 * _DAY),
}
_IN_PAGES: Mapping[str, Callable[[datetime], tuple[object, ...]]] = {
    # the same
    "watch_overdue": lambda now: (now + 60 * _DAY,),
    "watch_stuck": lambda now: (now, now - _DAY),
    "watch_completion": lambda _: (),
    "watch_receipts": lambda now: (now - _HOUR, now, now - _DAY),
    "watch_providers": lambda now: (now - _HOUR, now - _DAY),
    "watch_owed": lambda now: (now, _DAY, 200),
    "page_waiting": lambda now: (now,),
    "page_channels": lambda now: (now - _DAY,),
    "page_obligations": lambda now: (now,),
    "page_recent": lambda now: (now,),
    "key_figures": lambda now: (now + 30 * _DAY,),
}
_TOOK = re.compile(r"Execution Time: ([0-9.]+) ms")


async def explain_all(pool: Pool, some: list[PersonId]) -> dict[str, tuple[float, list[str]]]:
    """Milliseconds and the plan of each, the second time that it is asked for."""
    now = SystemClock().now()
    asked = {name: arguments(now, some) for name, arguments in _IN_UNITS.items()}
    asked |= {name: arguments(now) for name, arguments in _IN_PAGES.items()}
    return {name: await _explained(pool, name, arguments, free=name in _IN_PAGES) for name, arguments in asked.items()}


async def _explained(pool: Pool, name: str, arguments: tuple[object, ...], *, free: bool) -> tuple[float, list[str]]:
    statement = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {SQL[name]}"
    async with pool.acquire() as connection:
        undone = connection.transaction()
        await undone.start()
        try:
            if free:
                await connection.fetch(SQL["page_settings"])
            rows = []
            for _ in range(2):
                rows = await connection.fetch(statement, *arguments, timeout=None)
        finally:
            await undone.rollback()
    lines = [str(row["QUERY PLAN"]) for row in rows]
    took = _TOOK.search("\n".join(lines))
    # what somebody asked for by name would fill pages
    return float(took[1]) if took else 0.0, [re.sub(r"\{[^}]{200,}\}", "{…}", line) for line in lines]
