"""Hearing of what others committed: a signal that is set when PostgreSQL notifies, and after every interruption."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg

from services.adapters.postgres.announcements import OUTBOX_CHANNEL, WAKE_CHANNEL
from services.adapters.postgres.connection import connect
from services.core.ports.store import StoreUnavailable

__all__ = ["OUTBOX_CHANNEL", "WAKE_CHANNEL", "Signal", "listen"]

#: between two tries to reach a server that is away: nothing tells us when it is back
_TRY_AGAIN = timedelta(milliseconds=500)
#: a connection whose other end vanished without a word is noticed after so long
_STILL_THERE = timedelta(seconds=30)


class Signal:
    """Like ``asyncio.Event``: set when something may have changed. Whoever waits clears it *before* looking, so that nothing is missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._earliest: datetime | None = None

    def is_set(self) -> bool:
        """Whether something may have changed since the last ``clear``."""
        return self._event.is_set()

    def clear(self) -> None:
        """We are about to look."""
        self._event.clear()
        self._earliest = None

    async def wait(self) -> None:
        """Return when something may have changed."""
        await self._event.wait()

    def set(self, earliest: datetime | None = None) -> None:
        """Something may have changed; ``earliest`` is the instant that matters, none when anything may."""
        known = self._earliest if self._event.is_set() else earliest
        self._earliest = None if known is None or earliest is None else min(known, earliest)
        self._event.set()

    @property
    def earliest(self) -> datetime | None:
        """The earliest instant that was announced since the last ``clear``; none when it is not known: look at once."""
        return self._earliest


@asynccontextmanager
async def listen(dsn: str, channel: str) -> AsyncIterator[Signal]:
    """Set the signal at each notification on ``channel``; set once when listening begins, and again after each reconnection.

    Opens even while the server is away. ``WAKE_CHANNEL`` and ``OUTBOX_CHANNEL`` are what ``PostgresStore`` announces.
    """
    signal = Signal()
    task = asyncio.create_task(_keep_listening(dsn, channel, signal), name=f"listen {channel}")
    try:
        yield signal
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep_listening(dsn: str, channel: str, signal: Signal) -> None:
    while True:
        try:
            connection = await connect(dsn)
        except StoreUnavailable:
            await asyncio.sleep(_TRY_AGAIN.total_seconds())
            continue
        try:
            with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError):
                await _listen_until_lost(connection, channel, signal)
        finally:
            connection.terminate()


async def _listen_until_lost(connection: "asyncpg.Connection[asyncpg.Record]", channel: str, signal: Signal) -> None:
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    await connection.add_listener(channel, lambda _connection, _pid, _channel, payload: signal.set(_instant(payload)))
    # What was announced while we did not listen.
    signal.set()
    while not lost.is_set():
        try:
            await asyncio.wait_for(lost.wait(), _STILL_THERE.total_seconds())
        except TimeoutError:
            await connection.execute("SELECT 1", timeout=_STILL_THERE.total_seconds())


def _instant(payload: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(payload)) if payload else None
    except ValueError:
        return None
