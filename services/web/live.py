"""Live pages: the server says "changed", the page fetches its part again; nobody asks in a loop."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from services.web.ports import Pulse


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Server-sent events of one kind: ``changed``."""

    pulse: Pulse
    #: changes that come together are told together, in seconds
    settle: float = 0.5
    #: "time left" moves by itself: told at least this often, in seconds
    at_least: float = 30.0

    async def stream(self, _request: Request) -> Response:
        """The stream of one page."""
        return EventSourceResponse(self.changes(), ping=15)

    async def changes(self) -> AsyncIterator[ServerSentEvent]:
        """One ``changed`` for each burst of changes."""
        while True:
            try:
                await asyncio.wait_for(self.pulse.wait(), self.at_least)
                await asyncio.sleep(self.settle)
            except TimeoutError:
                pass
            yield ServerSentEvent(event="changed", data="1")
