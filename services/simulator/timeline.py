"""The clock that a scenario owns, and what is to happen when."""

import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime

Happening = Callable[[], Awaitable[None]]


class ScenarioClock:
    """Implements ``services.core.ports.clock.Clock``: it stands still until somebody sets it."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The instant that the scenario has reached."""
        return self._now

    def set(self, now: datetime) -> None:
        """Jump; never backwards."""
        self._now = max(self._now, now)


class Timeline:
    """Happenings in order of instant, then of scheduling."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Happening]] = []
        self._order = itertools.count()

    def schedule(self, at: datetime, happening: Happening) -> None:
        """Let this happen at that instant."""
        heapq.heappush(self._heap, (at, next(self._order), happening))

    def next(self) -> datetime | None:
        """When the next thing happens; none when nothing is left."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: datetime) -> Happening | None:
        """The next happening that is due; none when all have happened."""
        if self._heap and self._heap[0][0] <= now:
            return heapq.heappop(self._heap)[2]
        return None
