"""A small HTTP/1.1 server on h11 for simulated providers: unlike a web framework it can hang, and die in the middle of an answer."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import h11


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> list[tuple[str, str]]:
        """Fields of a form body, in order."""
        return parse_qsl(self.body.decode("utf-8"), keep_blank_values=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """An answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


#: answers a request; none lets the connection die without an answer
Handler = Callable[[HttpRequest], Awaitable[HttpResponse | None]]


class HttpServer:
    """One port, one handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._port = 0
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one (see ``port``), or the same one again after ``stop``."""
        self._server = await asyncio.start_server(self._connected, host, port or self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection, answered or not, and the port."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("not started")
        return self._port

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await self._converse(reader, writer)
        except (h11.ProtocolError, OSError, asyncio.CancelledError):
            # nothing to say to a caller who left; a cancelled connection ends here, its task is awaited by nobody else
            pass
        finally:
            writer.close()
            # cancelled here too it must not end as cancelled: the streams' own callback would report that as a fault
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        while True:
            request = await _request(connection, reader)
            if request is None:
                return
            response = await self._handler(request)
            if response is None:
                writer.transport.abort()
                return
            headers = [("content-type", response.content_type), ("content-length", str(len(response.body))), *response.headers.items()]
            events = (h11.Response(status_code=response.status, headers=headers), h11.Data(data=response.body), h11.EndOfMessage())
            writer.write(b"".join(connection.send(event) or b"" for event in events))
            await writer.drain()
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> HttpRequest | None:
    head: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            target = urlsplit(head.target.decode("ascii"))
            return HttpRequest(
                method=head.method.decode("ascii"),
                path=target.path,
                query=dict(parse_qsl(target.query, keep_blank_values=True)),
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers},
                body=body,
            )
        else:
            return None
