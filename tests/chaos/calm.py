"""After the storm: everything has been done that can be done now, seen from outside."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import asyncpg

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.lags import group_lags
from services.adapters.kafka.topics import load_topics
from tests.chaos.stage import Stage

#: seconds between two looks, and how many quiet ones in a row are calm: a process that starts needs a moment before it works
_LOOK: float = 1.0
_QUIET_LOOKS = 4

_WORK = """
SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS outbox,
       (SELECT count(*) FROM attempts WHERE state = 'submitting') AS submitting,
       (SELECT count(*) FROM people WHERE wake_at <= now() + interval '2 seconds' AND quarantined_at IS NULL) AS due,
       (SELECT count(*) FROM attempts WHERE state = 'released' AND coalesce(try_at, release_at) <= now() + interval '2 seconds') AS released
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrest:
    """What is still under way."""

    outbox: int = 0
    submitting: int = 0
    due: int = 0
    released: int = 0
    unread: int = 0
    undelivered: int = 0
    happening: int = 0
    #: a server does not answer
    away: bool = False

    @property
    def total(self) -> int:
        """0 is calm."""
        numbers = (self.outbox, self.submitting, self.due, self.released, self.unread, self.undelivered, self.happening)
        return sum(numbers) + self.away

    def __str__(self) -> str:
        """What is not 0."""
        names = ("outbox", "submitting", "due", "released", "unread", "undelivered", "happening")
        parts = [f"{name} {getattr(self, name)}" for name in names if getattr(self, name)]
        return ", ".join([*parts, *(["a server is away"] if self.away else [])]) or "calm"


async def calm(stage: Stage, patience: float, told: Callable[[Unrest], None], *, planned: bool = True) -> Unrest:
    """Return once nothing has been under way for some looks, or what still is when patience ends; what nobody plans any more is not due."""
    loop = asyncio.get_running_loop()
    ends, quiet, unrest = loop.time() + patience, 0, Unrest(away=True)
    while quiet < _QUIET_LOOKS and loop.time() < ends:
        unrest = await _look(stage)
        unrest = unrest if planned else replace(unrest, due=0)
        quiet = quiet + 1 if not unrest.total else 0
        told(unrest)
        await asyncio.sleep(_LOOK)
    return unrest


async def _look(stage: Stage) -> Unrest:
    crowd = stage.crowd
    try:
        connection = await asyncpg.connect(stage.servers.postgres.url, timeout=10)
        try:
            row = await connection.fetchrow(_WORK)
        finally:
            await connection.close()
        lags = await group_lags(KafkaAdmin(stage.servers.kafka.connection), load_topics())
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return Unrest(away=True)
    assert row is not None
    return Unrest(
        **dict(row),
        unread=sum(lags.values()),
        undelivered=sum(network.undelivered for network in crowd.networks.all.values()),
        happening=crowd.busy,
    )
