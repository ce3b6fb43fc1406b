"""Is this process alive, and is it ready: named checks, and what is missing in plain sentences."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

#: A check returns nothing when all is well, else one sentence that says what is missing.
Check = Callable[[], Awaitable[str | None]]

#: an orchestrator's probe gives up after a few seconds: our answer comes before
_PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A check that does not hold."""

    check: str
    problem: str


@dataclass(slots=True)
class Health:
    """The checks of one process. Alive: it should not be killed. Ready: it can do its work."""

    patience: timedelta = _PATIENCE
    _alive: dict[str, Check] = field(default_factory=dict)
    _ready: dict[str, Check] = field(default_factory=dict)

    def alive_when(self, name: str, check: Check) -> None:
        """Add a condition of being alive (a loop that goes round); it is one of being ready too."""
        self._add(self._alive, name, check)

    def ready_when(self, name: str, check: Check) -> None:
        """Add a condition of being ready (a server that answers)."""
        self._add(self._ready, name, check)

    async def alive(self) -> list[Missing]:
        """What speaks for starting this process again; empty is alive."""
        return await self._ask(self._alive)

    async def ready(self) -> list[Missing]:
        """What is missing, in order of registration; empty is ready."""
        return await self._ask(self._alive | self._ready)

    @property
    def asked_nothing(self) -> bool:
        """Nobody has named a condition yet: whoever runs is still starting."""
        return not self._alive and not self._ready

    def _add(self, checks: dict[str, Check], name: str, check: Check) -> None:
        if name in self._alive or name in self._ready:
            raise ValueError(f"two checks are called {name}")
        checks[name] = check

    async def _ask(self, checks: dict[str, Check]) -> list[Missing]:
        answers = await asyncio.gather(*(self._one(check) for check in checks.values()))
        return [Missing(check=name, problem=problem) for name, problem in zip(checks, answers, strict=True) if problem is not None]

    async def _one(self, check: Check) -> str | None:
        try:
            return await asyncio.wait_for(check(), self.patience.total_seconds())
        except TimeoutError:
            return f"did not answer within {self.patience.total_seconds():g} s"
        except Exception as problem:  # noqa: BLE001 - whatever a check raises is a reason not to be ready, and never its message
            return f"could not be checked ({type(problem).__name__})"


class Pulse:
    """Says when a loop last went round, on the event loop's own clock; a loop that stands still is not alive."""

    def __init__(self, limit: timedelta) -> None:
        self.limit = limit
        self._last = asyncio.get_running_loop().time()

    def beat(self) -> None:
        """The loop goes round."""
        self._last = asyncio.get_running_loop().time()

    @property
    def age(self) -> timedelta:
        """Since the last beat."""
        return timedelta(seconds=asyncio.get_running_loop().time() - self._last)

    async def check(self) -> str | None:
        """A ``Check``."""
        if self.age <= self.limit:
            return None
        return f"its loop has stood still for {self.age.total_seconds():.0f} s (allowed: {self.limit.total_seconds():.0f} s)"
