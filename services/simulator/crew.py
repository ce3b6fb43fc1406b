"""The processes of a play, in one loop: they can die where a scenario says, and come back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from services.core.changes import JournalLine
from services.core.model import PersonId
from services.core.ports.clock import Clock
from services.core.ports.fuse import Fuse
from services.core.ports.store import Store, StoreUnavailable, Unit
from services.core.ports.streams import Record
from services.core.words import Lane
from services.simulator.stage import Handle, Member, Stage


class ProcessDied(Exception):
    """A fuse burnt: the process is gone, as by kill -9."""


@dataclass(slots=True, kw_only=True)
class Fuses:
    """Where processes are to die: the first time that the point is reached from the instant on."""

    armed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    burnt: list[str] = field(default_factory=list)

    def arm(self, process: str, when: str, since: datetime) -> None:
        """Let this process die at this point."""
        self.armed[process, when] = since

    def burn(self, process: str, when: str, now: datetime) -> None:
        """The process is at this point; raises ``ProcessDied`` when its hour has come."""
        since = self.armed.get((process, when))
        if since is not None and now >= since:
            del self.armed[process, when]
            self.burnt.append(process)
            raise ProcessDied


@dataclass(frozen=True, slots=True, kw_only=True)
class MortalStore:
    """Implements ``services.core.ports.store.Store`` around another one, for a process that may die just before it commits."""

    store: Store
    clock: Clock
    fuse: Fuse

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        """See ``Store.unit``; what kills the process rolls the unit back."""
        return self._unit()

    async def next_wake(self, lane: Lane | None = None) -> datetime | None:
        """See ``Store.next_wake``."""
        return await self.store.next_wake(lane)

    async def most_urgent(self, now: datetime, lane: Lane, limit: int) -> list[PersonId]:
        """See ``Store.most_urgent``."""
        return await self.store.most_urgent(now, lane, limit)

    async def waiting_shards(self) -> list[int]:
        """See ``Store.waiting_shards``."""
        return await self.store.waiting_shards()

    async def outbox_size(self) -> int:
        """See ``Store.outbox_size``."""
        return await self.store.outbox_size()

    async def journal(self) -> list[JournalLine]:
        """See ``Store.journal``."""
        return await self.store.journal()

    @asynccontextmanager
    async def _unit(self) -> AsyncIterator[Unit]:
        async with self.store.unit() as unit:
            yield unit
            self.fuse("before_commit", self.clock.now())


@dataclass(slots=True, kw_only=True)
class Consumer:
    """One consuming process: its topics, its group, its step."""

    name: str
    topics: Sequence[str]
    step: Handle
    stage: Stage
    #: what it cannot read on, because a batch waits for the database
    waiting: set[str] = field(default_factory=set)
    #: batches that it is working on
    _in_hand: int = 0
    _streams: Sequence[Member] = ()
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Is it reading?"""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    @property
    def idle(self) -> bool:
        """Is it reading, and has nothing to work on?"""
        return self.alive and not self._in_hand and not self.waiting

    async def start(self) -> None:
        """Join the group and read."""
        self._streams = await self.stage.open_streams(self.topics, self.name)
        self._tasks = [asyncio.create_task(self._run(stream), name=self.name) for stream in self._streams]
        for task in self._tasks:
            task.add_done_callback(lambda _: self.stage.traffic.moved())

    async def stop(self) -> None:
        """Leave; what is not acknowledged comes again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in self._streams:
            await stream.stop()
        self._tasks, self._streams = [], ()
        self.waiting.clear()

    async def restart(self) -> None:
        """Leave, and come back as a new process of the same name."""
        await self.stop()
        await self.start()

    def trouble(self) -> BaseException | None:
        """What ended it, when that was not the story's doing."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) and not isinstance(error, ProcessDied):
                return error
        return None

    async def _run(self, stream: Member) -> None:
        await self.stage.consume(stream, partial(self._step, stream.topics))

    async def _step(self, topics: frozenset[str], batch: Sequence[Record]) -> None:
        self._in_hand += 1
        try:
            await self.step(batch)
        except StoreUnavailable:
            self.waiting |= topics
            self.stage.traffic.moved()
            raise
        finally:
            self._in_hand -= 1
        self.waiting -= topics
