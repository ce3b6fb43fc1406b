"""A connection of uvicorn's that does not wait for ever: whoever dribbles a request is hung up on.

uvicorn limits how long a connection rests between two requests, not how long a request takes to arrive, nor how long a first one is waited
for: a few thousand sockets that say a letter a minute would be all that we can hold.
"""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

#: a request is here, with its body, so long after its first octet (or after the connection): a telephone in a tunnel takes a few seconds
WHOLE_WITHIN: Final = timedelta(seconds=20)
#: octets of a request's line and headers together; ours have about 2,000
HEAD_LIMIT: Final = 16 * 1024


class PatientConfig(uvicorn.Config):
    """How we serve; and how long a request may take to arrive."""

    def __init__(self, app: ASGIApp, *, whole_within: timedelta, proxies: Collection[str], grace: int) -> None:
        super().__init__(
            app,
            http=PatientConnection,
            ws="none",
            h11_max_incomplete_event_size=HEAD_LIMIT,
            access_log=False,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=grace,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
        )
        self.whole_within = whole_within


class PatientConnection(H11Protocol):
    """Closes itself when a request has not arrived in time; how long we take to answer is not limited here."""

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there: they have to say something."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """More of a request, or the beginning of one."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """An answer has gone: what has come of the next request meanwhile has its own time."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for."""
        self._rest()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Wait while a part of a request is here, rest while none or all of it is."""
        begun = self.conn.their_state is h11.SEND_BODY or (self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0]))
        if not begun:
            self._rest()
        elif self._limit is None:
            self._wait()

    def _wait(self) -> None:
        limit = self.config.whole_within if isinstance(self.config, PatientConfig) else WHOLE_WITHIN
        self._limit = self.loop.call_later(limit.total_seconds(), self.transport.close)

    def _rest(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
