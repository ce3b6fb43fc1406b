"""The processes of a play, in one loop: they can die where a scenario says, and come back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.core.ports.streams import Record, Stream
from services.simulator.stage import Handle, Stage


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


@dataclass(slots=True, kw_only=True)
class Consumer:
    """One consuming process: its topics, its group, its step."""

    name: str
    topics: Sequence[str]
    step: Handle
    stage: Stage
    _streams: Sequence[Stream] = ()
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Is it reading?"""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

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

    def trouble(self) -> BaseException | None:
        """What ended it, when that was not the story's doing."""
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) and not isinstance(error, ProcessDied):
                return error
        return None

    async def _run(self, stream: Stream) -> None:
        await self.stage.consume(stream, self._step)

    async def _step(self, batch: Sequence[Record]) -> None:
        await self.step(batch)
