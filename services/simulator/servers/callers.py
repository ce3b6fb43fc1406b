"""How a simulated provider calls our side back over HTTP: now, or again later when we did not take it."""

from collections.abc import Awaitable, Callable
from typing import Final

import httpx

#: seconds; our side answers on this machine
_PATIENCE: Final = 30.0

#: makes a request anew each time that it is sent, so that it is signed and dated when it leaves
Call = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


class Caller:
    """Sends callbacks, and keeps those that were not taken (no connection, or a 5xx)."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=_PATIENCE, trust_env=False)
        self._kept: list[Call] = []
        #: answers that were neither 2xx nor 5xx: we refused (403), or misunderstood
        self.refused: list[int] = []
        self.busy = 0

    async def stop(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, call: Call) -> httpx.Response | None:
        """The answer; none when the call is kept for later."""
        response = await self.ask(call)
        if response is None or response.status_code >= 500:
            self._kept.append(call)
            return None
        if response.status_code >= 300:
            self.refused.append(response.status_code)
        return response

    async def ask(self, call: Call) -> httpx.Response | None:
        """The answer, whatever it is; none when nobody answers. Never kept."""
        self.busy += 1
        try:
            return await call(self._client)
        except httpx.TransportError:
            return None
        finally:
            self.busy -= 1

    @property
    def undelivered(self) -> int:
        """How many are kept."""
        return len(self._kept)

    async def resend(self) -> None:
        """Try each kept one once more, oldest first."""
        kept, self._kept = self._kept, []
        for call in kept:
            await self.send(call)
