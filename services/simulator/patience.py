"""How long a play waits for anything, by the machine's clock: what takes longer is stuck, and the play says what it waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

T = TypeVar("T")

#: far more than any single step takes, on a machine that has other things to do as well
PATIENCE: Final = timedelta(minutes=3)


class StuckError(Exception):
    """A process of the play ended by itself, or something never became quiet: a bug. Says which, or what is waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Waits, but not for ever."""

    limit: timedelta
    #: what is under way, in words
    waiting: Callable[[], str]

    async def with_(self, what: str, work: Awaitable[T]) -> T:
        """What came of it; raises ``StuckError`` when it takes longer."""
        try:
            async with asyncio.timeout(self.limit.total_seconds()) as timer:
                return await work
        except TimeoutError as late:
            if not timer.expired():
                raise
            raise self.stuck(f"{what} takes more than {self.limit.total_seconds():.0f} s") from late

    def stuck(self, why: str) -> StuckError:
        """The error that says why, and what is under way."""
        return StuckError(f"{why}; {self.waiting()}")
