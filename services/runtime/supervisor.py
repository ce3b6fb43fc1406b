"""Keeps named processes running: starts again what dies, with a limit, and stops everything in order."""

import asyncio
import contextlib
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from services.runtime.errors import Gone, NotThere, WrongSettings

#: A process: runs until it is cancelled. Returning by itself is dying, like raising.
Body = Callable[[], Awaitable[None]]

#: starting again would change nothing
_HOPELESS = (WrongSettings, Gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """How often, and how soon, a process that dies is started again. A limit of 0 never does (an orchestrator will)."""

    limit: int = 5
    within: timedelta = timedelta(minutes=10)
    first_delay: timedelta = timedelta(milliseconds=200)
    longest_delay: timedelta = timedelta(seconds=10)
    stop_grace: timedelta = timedelta(seconds=20)

    def delay(self, deaths: int) -> timedelta:
        """Before the next start, after so many deaths in a row: doubles each time up to the longest."""
        return min(self.longest_delay, self.first_delay * 2.0 ** min(deaths - 1, 30))


class Witness(Protocol):
    """Is told what happens, for logs and metrics."""

    def started(self, name: str) -> None:
        """A process starts."""
        ...

    def died(self, name: str, problem: Exception | None, again_in: timedelta | None) -> None:
        """A process raised ``problem``, or returned (none); started again after ``again_in``, not at all when none."""
        ...

    def stopped(self, name: str, *, in_time: bool) -> None:
        """A process was asked to stop, and did, or did not within the grace."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it ended: exit code, and one sentence when it is not 0."""

    code: int
    sentence: str | None = None


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """Runs ``bodies`` in one event loop: started in the given order, stopped in the opposite one."""

    bodies: Mapping[str, Body]
    witness: Witness
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    #: waiting between a death and the next start; tests give their own
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    #: seconds that never go back; the event loop's when none is given
    seconds: Callable[[], float] | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Ask everything to stop; asked a second time, do not wait for it any longer."""
        (self._hurry if self._stopping.is_set() else self._stopping).set()

    async def run(self) -> Outcome:
        """Return when asked to stop (code 0), or when a process died too often (code 1, everything else stopped too)."""
        keepers = {name: asyncio.create_task(self._keep(name, body), name=name) for name, body in self.bodies.items()}
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({stopping, *keepers.values()}, return_when=asyncio.FIRST_COMPLETED)
            verdict = next((keeper.result() for keeper in keepers.values() if keeper.done()), None)
        finally:
            stopping.cancel()
            late = await self._stop_all(keepers)
        if verdict is not None:
            return Outcome(code=1, sentence=verdict)
        if late:
            return Outcome(code=1, sentence=f"did not stop within {self.policy.stop_grace.total_seconds():g} s: {', '.join(late)}")
        return Outcome(code=0)

    async def _keep(self, name: str, body: Body) -> str:
        """Run one process again and again; return the sentence that says why no more."""
        deaths: deque[float] = deque()
        while True:
            self.witness.started(name)
            problem = await _death(body)
            now = self._now()
            deaths.append(now)
            while now - deaths[0] > self.policy.within.total_seconds():
                deaths.popleft()
            hopeless = isinstance(problem, _HOPELESS)
            if hopeless or len(deaths) > self.policy.limit:
                self.witness.died(name, problem, None)
                return _verdict(name, problem, len(deaths), self.policy.within, hopeless=hopeless)
            delay = self.policy.delay(len(deaths))
            self.witness.died(name, problem, delay)
            await self.pause(delay.total_seconds())

    async def _stop_all(self, keepers: Mapping[str, asyncio.Task[str]]) -> list[str]:
        """Stop one after the other, last started first, all within one grace; return the names of those that did not."""
        deadline = self._now() + self.policy.stop_grace.total_seconds()
        late = []
        hurry = asyncio.create_task(self._hurry.wait())
        for name in reversed(list(keepers)):
            keeper = keepers[name]
            keeper.cancel()
            left = 0.0 if self._hurry.is_set() else max(0.0, deadline - self._now())
            await asyncio.wait({keeper, hurry}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            self.witness.stopped(name, in_time=keeper.done())
            if not keeper.done():
                late.append(name)
        hurry.cancel()
        return late

    def _now(self) -> float:
        return self.seconds() if self.seconds is not None else asyncio.get_running_loop().time()


async def _death(body: Body) -> Exception | None:
    """Run until it ends by itself: what it raised, or none when it returned. Our own cancellation goes through."""
    try:
        await body()
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        return RuntimeError("cancelled from inside")
    except Exception as problem:  # noqa: BLE001 - whatever kills a process, the supervisor outlives it
        return problem
    return None


def _verdict(name: str, problem: Exception | None, deaths: int, within: timedelta, *, hopeless: bool) -> str:
    """One sentence; the message of an exception only where it is ours, since another's may quote data."""
    if problem is None:
        what = "it ended by itself"
    elif isinstance(problem, (WrongSettings, NotThere)):
        what = str(problem)
    else:
        what = type(problem).__name__
    if hopeless:
        return f"{name} cannot run: {what}"
    times = "once" if deaths == 1 else f"{deaths} times within {within.total_seconds() / 60:g} minutes"
    return f"{name} died {times}, the last time because of: {what}; everything was stopped"


@contextlib.contextmanager
def on_stop_signals(act: Callable[[], object]) -> Iterator[None]:
    """SIGTERM and SIGINT call ``act``, each time; afterwards they end the process as usual."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
