"""Named locks for units in one event loop: a unit takes them as it goes and gives all back at its end."""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable


class Locks:
    """Who holds what. Callers take the names of one kind in sorted order, as they do in a database, so nobody waits in a circle."""

    def __init__(self) -> None:
        self._holders: dict[Hashable, object] = {}
        self._held: dict[int, list[Hashable]] = {}
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    def free_for(self, name: Hashable, owner: object) -> bool:
        """Whether ``owner`` could take the lock without waiting."""
        return self._holders.get(name, owner) is owner

    def try_take(self, name: Hashable, owner: object) -> bool:
        """Take a lock if nobody else holds it."""
        if not self.free_for(name, owner):
            return False
        if name not in self._holders:
            self._holders[name] = owner
            self._held.setdefault(id(owner), []).append(name)
        return True

    async def take(self, names: Iterable[Hashable], owner: object) -> None:
        """Take locks one after the other, waiting for each."""
        for name in names:
            while not self.try_take(name, owner):
                await self._turn(name)

    def give_back(self, owner: object) -> None:
        """Release everything that ``owner`` holds."""
        for name in self._held.pop(id(owner), ()):
            del self._holders[name]
            self._wake_next(name)

    async def _turn(self, name: Hashable) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # Woken and cancelled at once: the turn is somebody else's now.
            if turn.done() and not turn.cancelled():
                self._wake_next(name)
            raise

    def _wake_next(self, name: Hashable) -> None:
        queue = self._waiting.get(name)
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                break
        if not queue:
            self._waiting.pop(name, None)
