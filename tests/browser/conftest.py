"""A real Chromium in front of both listeners, on a socket of this machine."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, async_playwright

from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.events import Events
from tests.unit.web.doubles import Call, SilentFeedback
from tests.unit.web.world import World, populated


@dataclass(frozen=True, slots=True)
class Site:
    """Where the two listeners answer, and the world behind them."""

    public: str
    staff: str
    world: World


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium; nothing is downloaded."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> AsyncIterator[Site]:
    """Both listeners over the populated world; ``https`` is the proxy's business, so these speak plain HTTP."""
    world = await populated()
    world.host_names = ("127.0.0.1",)
    callbacks: Callbacks[Call] = Callbacks(
        sources={},
        make_request=Call,
        feedback=SilentFeedback(),
        watchers=world.watchers,
        public_url="https://exemple.fr",
    )
    border = Border(decode=lambda _t, _v, _k: object(), topic_of=lambda _t: "")
    events = Events(border=border, outlet=world.outlet, tokens=frozenset())
    servers, tasks, urls = [], [], []
    for app in (world.public(callbacks, events), world.staff()):
        # bound and listening before the server runs: whoever connects early waits in the queue
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1))
        servers.append(server)
        tasks.append(asyncio.ensure_future(server.serve(sockets=[listening])))
        urls.append(f"http://127.0.0.1:{listening.getsockname()[1]}")
    yield Site(public=urls[0], staff=urls[1], world=world)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)
