"""One signal told to many: every open page waits here for the next change."""

import asyncio
from typing import Protocol


class Changes(Protocol):
    """Set when something may have changed."""

    def clear(self) -> None:
        """About to tell."""
        ...

    async def wait(self) -> object:
        """Return when set."""
        ...


class Broadcast:
    """Implements ``services.web.ports.Pulse``."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """See ``Pulse.wait``."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._next)

    async def relay(self, changes: Changes) -> None:
        """Tell everybody of each change, for ever."""
        while True:
            await changes.wait()
            changes.clear()
            told, self._next = self._next, None
            if told is not None:
                told.set_result(None)
