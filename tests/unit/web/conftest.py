"""A populated world and a client for each listener."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.events import Events
from tests.unit.web.doubles import Call, SilentFeedback
from tests.unit.web.world import World, client, populated


@pytest.fixture
async def world() -> World:
    """Caroline with a link; Luc, Leïla and Geneviève on Mme Durand's list."""
    return await populated()


@pytest.fixture
async def public(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Talks to the public listener; no provider calls back."""
    callbacks = Callbacks[Call](
        sources={},
        make_request=Call,
        feedback=SilentFeedback(),
        watchers=world.watchers,
        public_url="https://exemple.fr",
    )
    border = Border(decode=lambda _topic, _value, _key: object(), topic_of=lambda _type: "appointments.v1")
    async with client(world.public(callbacks, Events(border=border, outlet=world.outlet, tokens=frozenset({"producer"})))) as ready:
        yield ready


@pytest.fixture
async def staff(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Talks to the staff listener."""
    async with client(world.staff()) as ready:
        yield ready
