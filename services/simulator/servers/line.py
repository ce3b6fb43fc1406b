"""A line to a server, which a story may cut and mend: processes on one side, the real server on the other."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

#: connects to the server behind the line
Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
#: hands on what the server says until it says nothing more
Carry = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_CHUNK: Final = 1 << 16
_HOST: Final = "127.0.0.1"


class Line:
    """A port of this machine behind which the server is. Whoever is connected when the line is cut is cut off."""

    def __init__(self, dial: Dial) -> None:
        #: carries what the server says
        self.answers: Carry = as_it_is
        self._dial = dial
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._call, _HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Nobody reaches the server any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def mend(self) -> None:
        """Listen on the same port again, unless the line is whole."""
        if self._server is None:
            await self.start()

    async def _call(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None  # noqa: S101 -- asyncio runs us in one
        self._calls.add(call)
        writers = [near_out]
        try:
            far_in, far_out = await self._dial()
            writers.append(far_out)
            # whichever side ends first ends the call
            ways = [asyncio.ensure_future(as_it_is(near_in, far_out)), asyncio.ensure_future(self.answers(far_in, near_out))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            # The server is away, or the line is cut: the caller sees a lost connection. asyncio would complain of a cancelled call.
            return
        finally:
            self._calls.discard(call)
            for writer in writers:
                with suppress(OSError):
                    writer.transport.abort()


async def as_it_is(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Hand on everything, unread."""
    while chunk := await source.read(_CHUNK):
        target.write(chunk)
        await target.drain()


def in_frames(rewrite: Callable[[bytes], bytes]) -> Carry:
    """Hand on frames of four octets of length and a body, each body rewritten; for Kafka, whose brokers tell clients where to go."""

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                length = await source.readexactly(4)
                body = rewrite(await source.readexactly(int.from_bytes(length)))
                target.write(len(body).to_bytes(4) + body)
                await target.drain()

    return carry
