"""Faults, performed one after the other and over each other, as the script says; at the end everything is well again."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Final

from services.core.words import Channel
from tests.chaos.behind import Mood
from tests.chaos.script import Fault, Trouble
from tests.chaos.stage import Stage

_MOODS: Final[dict[Trouble, Mood]] = {
    Trouble.PROVIDER_RESETS: "resets",
    Trouble.PROVIDER_HANGS: "hangs",
    Trouble.PROVIDER_SLOW: "slow",
    Trouble.PROVIDER_BUSY: "busy",
}
_SERVERS: Final = ("kafka", "postgres")
_RESTARTS: Final = {Trouble.POSTGRES_FAST: signal.SIGINT, Trouble.POSTGRES_IMMEDIATE: signal.SIGQUIT}


@dataclass(slots=True)
class Havoc:
    """Wreaks a script on a stage."""

    stage: Stage
    done: Counter[Trouble] = field(default_factory=Counter)
    #: faults that found nobody: who was to be hit was down already
    in_vain: Counter[Trouble] = field(default_factory=Counter)
    #: faults after which what was hit could not be brought back
    failed: list[str] = field(default_factory=list)
    #: seconds for which a server was away or its disk full, over all faults
    away: Counter[str] = field(default_factory=Counter)
    #: seconds after its time at which a fault was performed, at most: this side of the machine is busy too
    latest: float = 0.0
    _lasting: set["asyncio.Task[None]"] = field(default_factory=set)

    async def play(self, faults: list[Fault], elapsed: Callable[[], float], told: Callable[[Fault], None]) -> None:
        """Every fault at its second; returns when the last one has been performed and all are over."""
        for fault in faults:
            await asyncio.sleep(max(0.0, fault.at - elapsed()))
            self.latest = max(self.latest, elapsed() - fault.at)
            self._lasts(self._perform(fault, elapsed))
            told(fault)
        while self._lasting:
            await asyncio.gather(*self._lasting)

    async def stop(self) -> None:
        """Nothing more goes wrong; what has is left as it is."""
        for task in list(self._lasting):
            task.cancel()
        await asyncio.gather(*self._lasting, return_exceptions=True)

    def _lasts(self, what: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(what)
        self._lasting.add(task)
        task.add_done_callback(self._lasting.discard)

    async def _perform(self, fault: Fault, elapsed: Callable[[], float]) -> None:
        began = elapsed()
        try:
            hit = await _PERFORMERS[fault.trouble](self, fault)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the others go on and the report says it
            self.failed.append(f"{fault.trouble} {fault.target}: {type(problem).__name__}: {problem}")
            return
        if fault.target in _SERVERS:
            self.away[fault.target] += round(elapsed() - began)
        (self.done if hit else self.in_vain)[fault.trouble] += 1

    async def _signalled(self, fault: Fault) -> bool:
        number = signal.SIGKILL if fault.trouble is Trouble.KILLED else signal.SIGTERM
        return self.stage.copies[fault.target].send(number)

    async def _frozen(self, fault: Fault) -> bool:
        copy = self.stage.copies[fault.target]
        if not copy.send(signal.SIGSTOP):
            return False
        await asyncio.sleep(fault.lasts)
        copy.send(signal.SIGCONT)
        return True

    async def _clock(self, fault: Fault) -> bool:
        copy = self.stage.copies[fault.target]
        copy.shift(fault.shift)
        await asyncio.sleep(fault.lasts)
        copy.shift(0)
        return True

    async def _third(self, fault: Fault) -> bool:
        copy = self.stage.third(fault.target)
        if copy.kept:
            return False
        copy.keep()
        await asyncio.sleep(fault.lasts)
        await copy.end()
        return True

    async def _mood(self, fault: Fault) -> bool:
        crowd, channel = self.stage.crowd, Channel(fault.target)
        if crowd.moods[channel] != "well":
            return False
        crowd.moods[channel] = _MOODS[fault.trouble]
        if fault.trouble is Trouble.PROVIDER_RESETS:
            crowd.networks.reset(channel)
        await asyncio.sleep(fault.lasts)
        crowd.moods[channel] = "well"
        return True

    async def _away(self, fault: Fault) -> bool:
        crowd, channel = self.stage.crowd, Channel(fault.target)
        if channel in crowd.away:
            return False
        crowd.away.add(channel)
        await crowd.networks.away(channel)
        await asyncio.sleep(fault.lasts)
        await crowd.networks.back(channel)
        crowd.away.remove(channel)
        return True

    async def _kafka(self, fault: Fault) -> bool:
        await self.stage.servers.kafka.restart(killed=fault.trouble is Trouble.KAFKA_KILLED)
        return True

    async def _postgres(self, fault: Fault) -> bool:
        await self.stage.servers.postgres.restart(_RESTARTS[fault.trouble])
        return True

    async def _disk(self, fault: Fault) -> bool:
        disk, postgres = self.stage.servers.disk, self.stage.servers.postgres
        if not disk.can_be_full:
            return False
        async with postgres.one_at_a_time:
            disk.fill()
            await asyncio.sleep(fault.lasts)
            disk.empty()
        await postgres.revive()
        return True


_PERFORMERS: Final[dict[Trouble, Callable[[Havoc, Fault], Coroutine[None, None, bool]]]] = {
    Trouble.KILLED: Havoc._signalled,
    Trouble.STOPPED: Havoc._signalled,
    Trouble.FROZEN: Havoc._frozen,
    Trouble.CLOCK: Havoc._clock,
    Trouble.THIRD_COPY: Havoc._third,
    Trouble.PROVIDER_RESETS: Havoc._mood,
    Trouble.PROVIDER_HANGS: Havoc._mood,
    Trouble.PROVIDER_SLOW: Havoc._mood,
    Trouble.PROVIDER_BUSY: Havoc._mood,
    Trouble.PROVIDER_AWAY: Havoc._away,
    Trouble.KAFKA_KILLED: Havoc._kafka,
    Trouble.KAFKA_RESTARTS: Havoc._kafka,
    Trouble.POSTGRES_FAST: Havoc._postgres,
    Trouble.POSTGRES_IMMEDIATE: Havoc._postgres,
    Trouble.DISK_FULL: Havoc._disk,
}
