"""Refused callbacks, counted by second and stored together: the watch rings when they are a storm (§8.4, rules §12 SC-54)."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.core.changes import Changes, RefusedCallbacks
from services.core.ports.clock import Clock
from services.core.ports.store import Store, StoreUnavailable

#: seconds between two writes: a flood of forgeries is one row a second and provider, not one for each
_STORED_EVERY: Final = 1.0


@dataclass(slots=True, kw_only=True)
class Refusals:
    """What was refused and is not stored yet; small by construction."""

    store: Store
    clock: Clock
    _counts: Counter[tuple[str, datetime]] = field(default_factory=Counter)

    async def add(self, provider: str) -> None:
        """Count one; it is stored soon."""
        self._counts[provider, self.clock.now().replace(microsecond=0)] += 1

    async def add_now(self, provider: str) -> None:
        """Count one and store it at once, for a clock that does not tick by itself."""
        await self.add(provider)
        await self.keep()

    async def keep(self) -> None:
        """Store what was counted; with the database away it is kept for the next time."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        rows = [RefusedCallbacks(provider=provider, at=at, count=count) for (provider, at), count in sorted(counts.items())]
        try:
            async with self.store.unit() as unit:
                await unit.write(Changes(refused_callbacks=rows))
        except StoreUnavailable:
            self._counts.update(counts)

    async def keep_on(self) -> None:
        """Store what is counted, for ever."""
        while True:
            await asyncio.sleep(_STORED_EVERY)
            await self.keep()
