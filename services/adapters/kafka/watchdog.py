"""Notices a reader that stands still although there is work and the database answers: the silent way in which consumers die."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic

import structlog

from services.adapters.kafka.connection import KafkaUnavailable

_log = structlog.get_logger()


class Stalled(Exception):
    """Records wait, the database answers, and nothing has moved for too long: end this process, so that it is started again."""

    def __init__(self, group: str, lag: int, patience: timedelta) -> None:
        super().__init__(f"{group} has acknowledged nothing for {patience.total_seconds():.0f} s while {lag} records wait")


class Watchdog:
    """Watches one group's reader in this process.

    ``lag``: records that the group has not acknowledged, as the broker counts them. ``progress``: any number that changes when the
    reader acknowledges something. ``store_answers``: whether work could be done; while it cannot, standing still is right.
    """

    def __init__(
        self,
        group: str,
        *,
        lag: Callable[[], Awaitable[int]],
        progress: Callable[[], int],
        store_answers: Callable[[], Awaitable[bool]],
        patience: timedelta = timedelta(seconds=60),
    ) -> None:
        self._group = group
        self._lag = lag
        self._progress = progress
        self._store_answers = store_answers
        self._patience = patience
        self._seen: int | None = None
        self._still_since: float | None = None

    async def watch(self, every: timedelta = timedelta(seconds=5)) -> None:
        """Look for ever; raises ``Stalled``."""
        while True:
            await self.look(monotonic())
            await asyncio.sleep(every.total_seconds())

    async def look(self, at: float) -> None:
        """Look once; ``at`` is a monotonic instant in seconds. Raises ``Stalled`` when it has been standing still for too long."""
        progress = self._progress()
        moved, self._seen = progress != self._seen, progress
        if moved or not await self._should_move():
            self._still_since = None
            return
        if self._still_since is None:
            self._still_since = at
        elif at - self._still_since >= self._patience.total_seconds():
            lag = await self._lag()
            _log.error("reader stands still", group=self._group, lag=lag, seconds=round(at - self._still_since))
            raise Stalled(self._group, lag, self._patience)

    async def _should_move(self) -> bool:
        """Whether there is something to do that could be done."""
        try:
            return await self._lag() > 0 and await self._store_answers()
        except KafkaUnavailable:
            # the broker is away: nobody can move
            return False
