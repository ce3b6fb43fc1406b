"""Listeners under uvicorn: bound before anything is served, and ended in order when we are cancelled."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from services.web.patience import WHOLE_WITHIN, PatientConfig

#: seconds that open requests may take when we stop; a live page's stream never ends by itself
_GRACE: Final = 2


class AddressTaken(Exception):
    """Nobody can listen there: says where and why."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises ``AddressTaken``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as problem:
        raise AddressTaken(f"{host}:{port}: {os.strerror(problem.errno) if problem.errno else type(problem).__name__}") from None


async def serve(app: ASGIApp, listener: socket.socket, *, proxies: Collection[str] = (), whole_within: timedelta = WHOLE_WITHIN) -> None:
    """Serve until cancelled; access is logged by who knows what may be logged, never by address.

    ``proxies`` are believed when they say who asks; nobody else is. Who has not sent a whole request ``whole_within`` is hung up on.
    """
    config = PatientConfig(app, whole_within=whole_within, proxies=proxies, grace=_GRACE)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
