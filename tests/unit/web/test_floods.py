"""Floods at the open doors: so many requests of one source, then 429 until its bucket has filled again (§8.4)."""

from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from services.core.policy import FloodLimit, FloodPolicy
from services.core.ports.clock import Clock
from services.web.acknowledge import LinkPages
from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.events import Events
from services.web.floods import Floods, source_of
from services.web.listeners import open_doors
from services.web.render import Renderer
from tests.unit.web.doubles import Call, HandClock, SilentFeedback
from tests.unit.web.people import NOW, PAGES, TOKEN
from tests.unit.web.world import LINK_POLICY, World, populated

LIMIT = FloodLimit(per_minute=60, burst=3, guess=2)
SECOND = timedelta(seconds=1)


def floods(clock: Clock, limit: FloodLimit = LIMIT) -> Floods:
    """One door."""
    return Floods(limit=limit, clock=clock)


def test_a_burst_then_a_steady_few() -> None:
    """Three at once, then one a second; how long to wait is said exactly, and waiting so long is enough."""
    clock = HandClock()
    door = floods(clock)
    assert [door.admit("a") for _ in range(4)] == [None, None, None, SECOND]
    clock.at += SECOND / 4
    assert door.admit("a") == SECOND * 3 / 4
    clock.at += SECOND * 3 / 4
    assert [door.admit("a"), door.admit("a")] == [None, SECOND]


def test_one_source_does_not_stop_another() -> None:
    """Each has its own bucket."""
    door = floods(HandClock())
    while door.admit("a") is None:
        pass
    assert door.admit("b") is None


def test_a_guess_counts_for_several() -> None:
    """Who guesses is stopped sooner, and waits longer for it."""
    clock = HandClock()
    door = floods(clock)
    assert door.admit("a") is None
    door.guessed("a")
    assert door.admit("a") is None
    door.guessed("a")
    assert door.admit("a") == 2 * SECOND


def test_a_clock_that_is_set_back_fills_nothing() -> None:
    """Nor does it empty anything: time goes on from there."""
    clock = HandClock()
    door = floods(clock)
    for _ in range(3):
        door.admit("a")
    clock.at -= timedelta(hours=1)
    assert door.admit("a") == SECOND
    clock.at += SECOND
    assert door.admit("a") is None


@given(steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 5)), max_size=30))
def test_never_more_than_the_burst_and_what_time_allows(steps: list[tuple[float, int]]) -> None:
    """Over any span that begins full: burst plus the rate times the span."""
    clock = HandClock()
    door = floods(clock)
    let_in = 0
    for seconds, requests in steps:
        clock.at += timedelta(seconds=seconds)
        let_in += sum(door.admit("a") is None for _ in range(requests))
        allowed = LIMIT.burst + (clock.at - NOW) / timedelta(minutes=1) * LIMIT.per_minute
        assert let_in <= allowed + 1e-6


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood from everywhere fills no memory: who was silent for longest is forgotten."""
    monkeypatch.setattr("services.web.floods._SOURCES", 10)
    door = floods(HandClock())
    for number in range(100):
        door.admit(str(number))
    assert len(door._buckets) == 10
    assert "99" in door._buckets


@pytest.mark.parametrize(
    ("client", "source"),
    [
        (("192.0.2.7", 5), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::/64"),
        (("2001:db8:1:2:ffff::1", 5), "2001:db8:1:2::/64"),
        (("::ffff:192.0.2.7", 5), "192.0.2.7"),
        (("unix:", 0), "unix:"),
        (None, ""),
    ],
)
def test_who_asks(client: tuple[str, int] | None, source: str) -> None:
    """An IPv6 subscriber has 2⁶⁴ addresses and one bucket."""
    assert source_of({"type": "http", "client": client}) == source


SMALL = FloodPolicy(link=LIMIT, callbacks=LIMIT)


def guarded(world: World, policy: FloodPolicy = SMALL) -> tuple[Starlette, list[str]]:
    """The public listener with small doors, and which of them held something back."""
    held: list[str] = []
    links = LinkPages(pages=world.pages, outlet=world.outlet, clock=world.clock, policy=LINK_POLICY, render=Renderer(PAGES))
    world.doors = open_doors(policy, world.clock, links, held.append)
    callbacks = Callbacks[Call](
        sources={}, make_request=Call, feedback=SilentFeedback(), watchers=world.watchers, public_url="https://x.example"
    )
    border = Border(decode=lambda _t, _v, _k: object(), topic_of=lambda _t: "")
    return world.public(callbacks, Events(border=border, outlet=world.outlet, tokens=frozenset())), held


def asking(app: Starlette, source: str = "192.0.2.7") -> httpx.AsyncClient:
    """Somebody at this address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(source, 5)), base_url="https://x.example")


async def test_the_link_page() -> None:
    """A page in French that says when to try again, with every protective header; others are served, and so is the style sheet."""
    app, held = guarded(await populated())
    flood, other = asking(app), asking(app, "192.0.2.8")
    assert [(await flood.get(f"/a/{TOKEN}")).status_code for _ in range(3)] == [200, 200, 200]
    refused = await flood.get(f"/a/{TOKEN}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert "Réessayez dans un instant" in refused.text
    assert refused.headers["x-frame-options"] == "DENY"
    assert (await flood.post(f"/a/{TOKEN}", data={"choice": "come"})).status_code == 429
    assert (await other.get(f"/a/{TOKEN}")).status_code == 200
    assert (await flood.get("/static/pages.css")).status_code == 200
    assert (await flood.get("/healthz")).status_code == 200
    assert held == ["link", "link"]


async def test_guessing_links() -> None:
    """Links that are none use up the bucket twice as fast; after the wait the door opens again."""
    world = await populated()
    app, held = guarded(world)
    guesser = asking(app)
    assert [(await guesser.get(f"/a/guess-{number:08}")).status_code for number in range(3)] == [404, 404, 429]
    assert held == ["link"]
    world.clock.at += 3 * SECOND
    assert (await guesser.get(f"/a/{TOKEN}")).status_code == 200


async def test_callbacks() -> None:
    """A provider's program reads problem details; nothing of the body was read."""
    app, held = guarded(World.empty())
    flood = asking(app)
    assert [(await flood.post("/callbacks/nobody")).status_code for _ in range(2)] == [404, 404]
    refused = await flood.post("/callbacks/nobody", content=b"x" * 5_000_000)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["status"] == 429
    assert held == ["callbacks"]
