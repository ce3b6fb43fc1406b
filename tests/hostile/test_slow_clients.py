"""Clients that dribble their requests, over a real socket: they are hung up on, and nobody else notices."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from itertools import repeat

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.web.patience import HEAD_LIMIT
from services.web.serving import bind, serve

#: seconds in which a request must be whole
_WITHIN = 0.5
#: so long before an octet follows the last
_DRIBBLE = 0.05
_HEAD = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"
_WHOLE = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"


async def _slow(_request: Request) -> Response:
    """Takes longer to answer than a request may take to arrive."""
    await asyncio.sleep(3 * _WITHIN)
    return PlainTextResponse("at last")


async def _echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A listener's."""
    app = Starlette(routes=[Route("/slow", _slow), Route("/echo", _echo, methods=["POST"])])
    listener = bind("127.0.0.1", 0)
    serving = asyncio.create_task(serve(app, listener, whole_within=timedelta(seconds=_WITHIN)))
    try:
        yield listener.getsockname()[1]
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()


def _nothing() -> Iterator[bytes]:
    """Connects and says nothing."""
    return repeat(b"")


def _headers() -> Iterator[bytes]:
    """A header that goes on, a letter at a time."""
    yield b"GET /slow HTTP/1.1\r\nhost: x\r\nx-long: "
    yield from repeat(b"a")


def _body() -> Iterator[bytes]:
    """A body that goes on, a letter at a time."""
    yield _HEAD
    yield from repeat(b"a")


def _chunks() -> Iterator[bytes]:
    """A body of one octet a chunk that does not say how long it is."""
    yield b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    yield from repeat(b"1\r\na\r\n")


def _second_request() -> Iterator[bytes]:
    """A whole request, then one that never ends."""
    yield b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab"
    yield b"GET /slow"
    yield from repeat(b"a")


def _behind_another() -> Iterator[bytes]:
    """The head of a second request in the octets of the first."""
    yield b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab" + _HEAD
    yield from repeat(b"")


@pytest.mark.parametrize("dribble", [_nothing, _headers, _body, _chunks, _second_request, _behind_another])
async def test_who_dribbles_is_hung_up_on(port: int, dribble: Callable[[], Iterator[bytes]]) -> None:
    """Soon after the time for a whole request, however the octets are spread; others are answered meanwhile."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ended = asyncio.create_task(reader.read())
    began = time.monotonic()

    async def talk() -> None:
        for octets in dribble():
            if ended.done() or writer.is_closing():
                return
            writer.write(octets)
            await asyncio.sleep(_DRIBBLE)

    talking = asyncio.create_task(talk())
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(f"http://127.0.0.1:{port}/echo", content=b"abc")).text == "3"
    try:
        async with asyncio.timeout(10 * _WITHIN):
            await asyncio.gather(ended, return_exceptions=True)
    finally:
        talking.cancel()
        writer.close()
    assert time.monotonic() - began >= _WITHIN


async def test_who_waits_for_us_is_not(port: int) -> None:
    """An answer may take longer than a request; a connection in use is not ended by the clock of its first request."""
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(2):
            assert (await http.get(f"http://127.0.0.1:{port}/slow", timeout=30)).text == "at last"


async def test_a_head_has_its_limit(port: int) -> None:
    """Headers larger than any of ours are refused without waiting for their end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow HTTP/1.1\r\nx-long: " + b"a" * 2 * HEAD_LIMIT)
    async with asyncio.timeout(10 * _WITHIN):
        said = await reader.read()
    writer.close()
    assert said.startswith(b"HTTP/1.1 400 ")
