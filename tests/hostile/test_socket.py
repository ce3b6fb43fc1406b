"""The public listener on a real socket: octets that are no HTTP, and who is believed about who asks."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.policy import FloodLimit, FloodPolicy
from services.web.serving import bind, serve
from tests.hostile.border import run
from tests.unit.web.people import TOKEN
from tests.unit.web.test_floods import guarded
from tests.unit.web.world import populated

_QUICK = settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
_PIECES = st.sampled_from(
    [
        b"GET /a/x HTTP/1.1\r\n",
        b"POST /callbacks/sms HTTP/1.1\r\n",
        b"HEAD /\0 HTTP/1.1\r\n",
        b"GET /a/%zz%00%ff HTTP/1.1\r\n",
        b"GET //evil/a HTTP/1.1\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n",
        b"host: x\r\n",
        b"content-length: -1\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"transfer-encoding: chunked\r\n",
        b"upgrade: websocket\r\n",
        b"expect: 100-continue\r\n",
        b"x-signature: \xff\xfe\r\n",
        b"zz\r\n",
        b"\r\n",
        b"a" * 70_000,
    ]
)


@asynccontextmanager
async def _served(*, proxies: Sequence[str] = (), burst: int = 1000) -> AsyncIterator[tuple[int, list[str]]]:
    """The listener's port, and which doors held something back."""
    limit = FloodLimit(per_minute=1, burst=burst, guess=1)
    app, held = guarded(await populated(), FloodPolicy(link=limit, callbacks=limit))
    listener: socket.socket = bind("127.0.0.1", 0)
    serving = asyncio.create_task(serve(app, listener, proxies=proxies))
    try:
        yield listener.getsockname()[1], held
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()


async def _insulted(insults: list[bytes]) -> None:
    async with _served() as (port, _), httpx.AsyncClient(trust_env=False) as http:
        for octets in insults:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(OSError):
                writer.write(octets)
                writer.write_eof()
                async with asyncio.timeout(5):
                    said = await reader.read()
                assert b" 500 " not in said.partition(b"\r\n")[0]
            writer.close()
            assert (await http.get(f"http://127.0.0.1:{port}/a/{TOKEN}")).status_code == 200


@_QUICK
@given(insults=st.lists(st.lists(_PIECES | st.binary(max_size=30), max_size=8).map(b"".join), min_size=12, max_size=12))
def test_octets_that_are_no_http(insults: list[bytes]) -> None:
    """Refused or hung up on; the next person sees the page."""
    run(_insulted(insults))


async def test_who_hangs_up_in_the_middle_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """A body that stops half way is not an error in the log: whoever likes could fill it."""
    async with _served() as (port, _), httpx.AsyncClient(trust_env=False) as http:
        for path in (f"/a/{TOKEN}", "/callbacks/sms"):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf".encode())
            await writer.drain()
            # its own connection: the half request is being read by now
            assert (await http.get(f"http://127.0.0.1:{port}/a/{TOKEN}")).status_code == 200
            writer.close()
            await writer.wait_closed()
        assert (await http.get(f"http://127.0.0.1:{port}/a/{TOKEN}")).status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(("proxies", "statuses"), [((), [200, 429]), (("127.0.0.1",), [200, 200]), (("192.0.2.1",), [200, 429])])
async def test_who_is_believed(proxies: Sequence[str], statuses: list[int]) -> None:
    """Only a proxy of ours may say who asks: nobody talks themselves out of a flood (§8.4)."""
    async with _served(proxies=proxies, burst=1) as (port, held), httpx.AsyncClient(trust_env=False) as http:
        asked = [
            await http.get(f"http://127.0.0.1:{port}/a/{TOKEN}", headers={"x-forwarded-for": f"198.51.100.{number}"}) for number in range(2)
        ]
    assert [answer.status_code for answer in asked] == statuses
    assert held == ["link"] * statuses.count(429)
