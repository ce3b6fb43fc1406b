"""Looking changes nothing: every GET and HEAD of both listeners, whatever its address holds, over stores in memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Message

from services.adapters.memory.figures import MemoryFigures
from services.adapters.memory.letters import MemoryLetters
from services.adapters.memory.proofs import MemoryProofs
from services.adapters.policy import load_policy
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.letters import PostgresLetters
from services.adapters.postgres.pages import PostgresPages
from services.adapters.postgres.store import PostgresStore
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.changes import Changes
from services.core.ports.dead_letters import Letters
from services.core.ports.figures import Figures
from services.core.ports.pages import Pages
from services.core.ports.proofs import Proofs
from services.core.ports.store import DeadLetter, Store
from services.planner.foresee import Foresight
from services.web.access import AccessLog
from services.web.acknowledge import LinkPages
from services.web.advisor import AdvisorPages
from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.claims import ClaimDesk
from services.web.dead_letters import DeadLetterPages
from services.web.events import Events
from services.web.health import HealthPages, MetricsPage
from services.web.listeners import build_public, build_staff
from services.web.live import Live
from services.web.operations import OperationsPages
from services.web.proof import ProofPages
from services.web.render import Renderer
from services.web.replay import Replayer
from services.web.wording import Wording
from tests.hostile.border import run
from tests.hostile.public import snapshot
from tests.unit.web.doubles import Call, SilentFeedback, print_plainly
from tests.unit.web.people import NOW, PAGES, TOKEN
from tests.unit.web.world import LINK_POLICY, World, populated

_QUICK = settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
_DEEP = settings(_QUICK, max_examples=400, derandomize=False)

#: values that exist, by the name of their place in an address
KNOWN = {
    "token": TOKEN,
    "advisor_id": "durand",
    "person_id": "luc",
    "obligation_id": "cv:luc",
    "topic": "appointments.v1",
    "partition": "0",
    "offset": "7",
    "provider": "sms",
    "rest": "turn",
    "attempt_id": "at-luc-2",
}
LETTER = DeadLetter(topic="appointments.v1", partition=0, offset=7, errors=(("/data", "is required"),), at=NOW)
#: every look at a person's file is written down, on purpose (§8.4)
WRITTEN_ON_PURPOSE = "accesses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What both listeners look at."""

    world: World
    store: Store
    pages: Pages
    letters: Letters
    figures: Figures
    proofs: Proofs

    def public(self) -> Starlette:
        """The public listener."""
        world = self.world
        callbacks = Callbacks[Call](
            sources={}, make_request=Call, feedback=SilentFeedback(), watchers=world.watchers, public_url="https://x.example"
        )
        border = Border(decode=lambda _t, _v, _k: [], topic_of=lambda _t: None)
        return build_public(
            links=LinkPages(pages=self.pages, outlet=world.outlet, clock=world.clock, policy=LINK_POLICY, render=Renderer(PAGES)),
            callbacks=callbacks,
            events=Events(border=border, outlet=world.outlet, tokens=frozenset()),
            claims=ClaimDesk(claims=world.claims, clock=world.clock, tokens=frozenset()),
            health=HealthPages(checks=world.lacks),
            pages_dir=PAGES,
            https=False,
            doors={},
        )

    def staff(self) -> Starlette:
        """The staff listener."""
        world, render = self.world, Renderer(PAGES)
        live = Live(pulse=world.pulse)
        access = AccessLog(store=self.store, clock=world.clock)
        foresee = Foresight(store=self.store, texts=world.texts, snapshot=Snapshots(policy=load_policy()))
        replayer = Replayer(store=self.store, originals=world.originals, publisher=world.shelf, clock=world.clock)
        return build_staff(
            advisor=AdvisorPages(
                pages=self.pages,
                desk=world.desk,
                access=access,
                wording=Wording(world.texts),
                tokens=world.tokens,
                live=live,
                clock=world.clock,
                render=render,
                foresee=foresee,
                budget=30,
            ),
            operations=OperationsPages(
                pages=self.pages,
                figures=self.figures,
                engine=world.engine,
                live=live,
                clock=world.clock,
                render=render,
                dead_letters=DeadLetterPages(
                    letters=self.letters, replayer=replayer, tokens=world.tokens, clock=world.clock, render=render
                ),
            ),
            proofs=ProofPages(proofs=self.proofs, access=access, sign=Seals(b"k" * 32).sign, printed=print_plainly),
            health=HealthPages(checks=world.lacks),
            metrics=MetricsPage(registry=CollectorRegistry()),
            render=render,
            pages_dir=PAGES,
            host_names=("staff",),
        )


async def in_memory() -> Behind:
    """People of the study, and one dead letter."""
    world = await populated()
    async with world.store.unit() as unit:
        await unit.record_dead_letters([LETTER])
    store = world.store
    return Behind(
        world=world,
        store=store,
        pages=world.pages,
        letters=MemoryLetters(store),
        figures=MemoryFigures(store),
        proofs=MemoryProofs(store),
    )


async def on_postgres(pool: Pool) -> Behind:
    """The same people on PostgreSQL."""
    world = await populated()
    rows = world.store.committed
    changes = Changes(
        **{
            name: getattr(rows, name).all()
            for name in ("profiles", "contacts", "obligations", "attempts", "receipts", "replies", "alerts", "advisors", "agencies")
        }
    )
    store, pages = PostgresStore(pool), PostgresPages(pool)
    async with store.unit() as unit:
        await unit.lock(sorted({row.person_id for row in changes.profiles}))
        await unit.write(changes)
        await unit.record_dead_letters([LETTER])
    return Behind(world=world, store=store, pages=pages, letters=PostgresLetters(pool), figures=pages, proofs=pages)


def places(app: Starlette) -> Iterator[Route]:
    """Every address that answers a GET, static files aside."""
    return (route for route in app.routes if isinstance(route, Route) and "GET" in (route.methods or ()))


def address(route: Route, values: dict[str, str]) -> str:
    """One address of a route."""
    return route.path_format.format_map({name: quote(value, safe="") for name, value in values.items()})


async def look(app: Starlette, path: str, query: str, *, live: bool) -> list[int]:
    """The statuses of a GET and of a HEAD; from a page's stream only its beginning."""
    if live:
        return [await _first_of(app, path)]
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://staff")
    return [(await http.request(method, f"{path}?{query}" if query else path)).status_code for method in ("GET", "HEAD")]


async def _first_of(app: Starlette, path: str) -> int:
    """A stream never ends by itself: somebody opens it, and goes away."""
    statuses: list[int] = []

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def heard(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
    }
    scope |= {"headers": [(b"host", b"staff")], "server": ("staff", 80), "client": ("127.0.0.1", 1), "http_version": "1.1"}
    async with asyncio.timeout(10):
        await app(scope, gone, heard)
    return statuses[0]


async def looked_at(behind: Behind, values: dict[str, str], query: str) -> dict[str, list[int]]:
    """Look at every address of both listeners with these values; what each of them said."""
    said = {}
    for name, app in (("public", behind.public()), ("staff", behind.staff())):
        for route in places(app):
            live = route.path.endswith("/live")
            if live and values is not KNOWN:
                continue
            said[f"{name} {route.path}"] = await look(app, address(route, values), query, live=live)
    return said


async def unseen(behind: Behind, stored: Callable[[], Awaitable[object]], values: dict[str, str], query: str) -> dict[str, list[int]]:
    """The same, and nothing is stored or published by it."""
    before = await stored()
    said = await looked_at(behind, values, query)
    assert await stored() == before
    world = behind.world
    assert (world.outlet.published, world.outlet.forwarded, world.desk.acts, world.shelf.messages) == ([], [], [], [])
    assert {path: statuses for path, statuses in said.items() if max(statuses) >= 500} == {}
    return said


_VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | st.sampled_from(
    ["\0", "%00", "..", "../../etc/passwd", "'; DROP TABLE people; --", "²", "-1", "9" * 18, "9" * 30, "x" * 5000, "é", "\u202e", "luc\0"]
)
_STRANGE = st.fixed_dictionaries(dict.fromkeys(KNOWN, _VALUES | st.none())).map(
    lambda drawn: {name: KNOWN[name] if value is None else value for name, value in drawn.items()}
)
_QUERIES = st.dictionaries(
    st.sampled_from(["topic", "error", "replayed", "published", "problem", "done", "format", "attempt"]), _VALUES, max_size=3
).map(lambda query: "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items()))


async def _in_memory(values: dict[str, str], query: str) -> dict[str, list[int]]:
    behind = await in_memory()

    async def stored() -> object:
        rows = snapshot(behind.world.store)
        return {name: table for name, table in rows.items() if name != WRITTEN_ON_PURPOSE}

    return await unseen(behind, stored, values, query)


def test_every_address() -> None:
    """With what is there: each page is shown, to GET and HEAD alike, and nothing is different afterwards (§10.12, SC-27)."""
    said = run(_in_memory(KNOWN, ""))
    # no verdict yet, so no proof
    assert {path for path, statuses in said.items() if set(statuses) - {200, 303}} == {"staff /obligations/{obligation_id}/proof"}
    assert len(said) >= 20


@_QUICK
@given(values=_STRANGE, query=_QUERIES)
def test_whatever_the_address_holds(values: dict[str, str], query: str) -> None:
    """Nothing stored, nothing published, no failure: 200, or a refusal."""
    run(_in_memory(values, query))


@pytest.mark.slow
@_DEEP
@given(values=_STRANGE, query=_QUERIES)
def test_whatever_else_the_address_holds(values: dict[str, str], query: str) -> None:
    """The same, deeper and with fresh dice."""
    run(_in_memory(values, query))


@asynccontextmanager
async def _rows(pool: Pool) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Every row of every table, as text."""
    tables = [row["relname"] for row in await pool.fetch(_TABLES)]

    async def stored() -> dict[str, Any]:
        return {table: await pool.fetchval(f"SELECT array_agg(each::text ORDER BY each::text) FROM {table} AS each") for table in tables}

    yield stored


_TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace AND relname <> 'accesses' ORDER BY relname
"""
STRANGE = [
    dict.fromkeys(KNOWN, "\0"),
    dict.fromkeys(KNOWN, "²"),
    dict.fromkeys(KNOWN, "x" * 5000),
    KNOWN | {"partition": "9" * 10, "offset": "9" * 18},
    KNOWN | {"partition": "2147483647", "offset": "9" * 19},
    KNOWN | {"person_id": "luc\0", "obligation_id": "'; DROP TABLE people; --", "token": "T" * 128},
    KNOWN | {"person_id": "é" * 200, "advisor_id": "\U0001f600" * 50},
]


QUERIES = ["topic=%00", "error=%00", "topic=a%00b", "replayed=x&topic=%F0%9F%98%80", "published=%C2%B2", "published=" + "9" * 5000]


@pytest.mark.stack
async def test_the_database_afterwards(pool: Pool) -> None:
    """On PostgreSQL: every row of every table is what it was, and no value makes the database refuse (NUL, numbers that fit nowhere)."""
    behind = await on_postgres(pool)
    async with _rows(pool) as stored:
        said = await unseen(behind, stored, KNOWN, "")
        for values in STRANGE:
            await unseen(behind, stored, values, "")
        for query in QUERIES:
            await unseen(behind, stored, KNOWN, query)
    assert {path for path, statuses in said.items() if set(statuses) - {200, 303}} == {"staff /obligations/{obligation_id}/proof"}
