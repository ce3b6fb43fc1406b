"""The public listener of a play: providers call back over HTTP, one path for each channel, because their names may be the same."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount

from services.adapters.contracts import Decoder, Schemas, topic_of
from services.adapters.providers.callbacks import CallbackRequest, CallbackSource
from services.core.policy import LinkPolicy
from services.core.ports.claims import Claims
from services.core.ports.clock import Clock
from services.core.ports.providers import Feedback
from services.core.words import Channel
from services.simulator.app.gate import uncounted
from services.simulator.app.parts import templates
from services.web.acknowledge import LinkPages
from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.claims import ClaimDesk
from services.web.events import Events
from services.web.health import HealthPages, Lack
from services.web.listeners import build_public
from services.web.ports import Outlet, Pages
from services.web.render import Renderer
from services.web.serving import bind, serve
from services.web.watchers import MetricWatchers

_NOBODY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind the listener."""

    pages: Pages
    outlet: Outlet
    feedback: Feedback
    claims: Claims
    clock: Clock
    link: LinkPolicy
    #: told of each callback that is refused, by its provider's name
    refused: Callable[[str], Awaitable[None]]


class Listener:
    """A bound port, served from ``serving`` on; providers may be told of it before."""

    def __init__(self) -> None:
        self._socket: socket.socket = bind("127.0.0.1", 0)

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def public_url(self, channel: Channel) -> str:
        """Where providers of this channel find ``/callbacks``."""
        return f"{self.url}/{channel}"

    @asynccontextmanager
    async def serving(self, sources: Mapping[Channel, Sequence[CallbackSource]], behind: Behind) -> AsyncIterator[None]:
        """Serve the public application for as long as the block runs."""
        routes = [Mount(f"/{channel}", self._public(ones, behind)) for channel, ones in sources.items()]
        task = asyncio.create_task(serve(Starlette(routes=[*routes, Mount("/", self._public((), behind))]), self._socket))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _public(self, sources: Sequence[CallbackSource], behind: Behind) -> Starlette:
        return build_public(
            doors={},
            links=LinkPages(
                pages=behind.pages, outlet=behind.outlet, clock=behind.clock, policy=behind.link, render=Renderer(templates() / "pages")
            ),
            callbacks=Callbacks(
                sources={source.name: source for source in sources},
                make_request=CallbackRequest,
                feedback=behind.feedback,
                watchers=MetricWatchers(count=uncounted, refused=behind.refused),
                public_url=self.url,
            ),
            events=Events(border=Border(decode=Decoder(Schemas()), topic_of=topic_of), outlet=behind.outlet, tokens=_NOBODY),
            claims=ClaimDesk(claims=behind.claims, clock=behind.clock, tokens=_NOBODY),
            health=HealthPages(checks=Well()),
            pages_dir=templates() / "pages",
            https=False,
        )


class Well:
    """A play that is not well has failed already."""

    async def alive(self) -> Sequence[Lack]:
        """Always."""
        return ()

    async def ready(self) -> Sequence[Lack]:
        """Always."""
        return ()
