"""What operations sees of Kafka: lag per group and topic, asked at most every other second however many pages are open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from services.web.ports import Lag

#: seconds; each look asks the broker about every partition
_HOLDS: Final = 2.0


class LagEngine:
    """Implements ``services.web.ports.Engine``; ``ask`` answers records by group and topic, and raises ``ConnectionError``."""

    def __init__(self, ask: Callable[[], Awaitable[Mapping[tuple[str, str], int]]]) -> None:
        self._ask = ask
        self._known: tuple[float, Sequence[Lag]] | None = None
        self._asking = asyncio.Lock()

    async def lags(self) -> Sequence[Lag]:
        """See ``Engine.lags``."""
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self._known is None or now - self._known[0] > _HOLDS:
                found = [Lag(group=group, topic=topic, records=records) for (group, topic), records in (await self._ask()).items()]
                self._known = (now, sorted(found, key=lambda lag: -lag.records))
            return self._known[1]
