"""Copies of our processes, kept running as an orchestrator would: what dies is started again, whoever killed it."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from tests.chaos.clocked import PRELOADED, Shift, be

#: seconds before what died is started again
_AGAIN_IN: Final = 0.5
#: seconds that a process may take to end in order
_GRACE: Final = 30.0


@dataclass(slots=True, kw_only=True)
class Copy:
    """One copy of a process, over all its lives."""

    name: str
    process: str
    environment: Mapping[str, str]
    folder: Path
    lives: int = 0
    #: exit statuses that nobody outside asked for
    by_itself: Counter[int] = field(default_factory=Counter)
    #: ended in order when asked to
    in_order: int = 0
    too_slow: int = 0
    _running: "Life | None" = None
    _asked: bool = False
    _keeper: "asyncio.Task[None] | None" = None
    _clock: Shift | None = None

    @property
    def kept(self) -> bool:
        """Is it to run?"""
        return self._keeper is not None

    @property
    def log_path(self) -> Path:
        """What it says, over all its lives."""
        return self.folder / f"{self.name}.log"

    @property
    def clock_path(self) -> Path:
        """Where its clock's error is."""
        return self.folder / f"{self.name}.clock"

    def keep(self) -> None:
        """Start it, and again whenever it ends."""
        self._clock = Shift(self.clock_path)
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    async def _keep(self) -> None:
        while True:
            self._asked = False
            self._running = Life(self)
            self.lives += 1
            status = await asyncio.shield(self._running.ended)
            if not self._asked:
                self.by_itself[status] += 1
            elif status == 0:
                self.in_order += 1
            await asyncio.sleep(_AGAIN_IN)

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; false when it is not running just now."""
        running = self._running
        if running is None or running.ended.done():
            return False
        if number in (signal.SIGKILL, signal.SIGTERM):
            self._asked = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, number)
        return True

    async def ready(self, client: httpx.AsyncClient) -> bool:
        """Does it say that it is ready?"""
        try:
            return (await client.get(f"http://{self.environment['HEALTH_LISTEN']}/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def shift(self, seconds: float) -> None:
        """Its clock is wrong by so much from now on."""
        if self._clock is not None:
            self._clock.seconds = seconds

    async def end(self) -> None:
        """End it for good: in order, else by force."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        running = self._running
        if running is None or running.ended.done():
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.in_order += await asyncio.wait_for(asyncio.shield(running.ended), _GRACE) == 0
        except TimeoutError:
            self.too_slow += 1
            self.send(signal.SIGKILL)
            await running.ended


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(PRELOADED)


class Life:
    """One life of a copy: an operating-system process. ``ended`` becomes its exit status (negative: the signal that ended it)."""

    def __init__(self, copy: Copy) -> None:
        self._process = _FORKS.Process(target=be, args=(copy.process, dict(copy.environment), copy.clock_path, copy.log_path))
        self._process.start()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._loop.add_reader(self._process.sentinel, self._on_end)

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._process.pid is not None
        return self._process.pid

    def _on_end(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._process.join()
        self.ended.set_result(self._process.exitcode or 0)
