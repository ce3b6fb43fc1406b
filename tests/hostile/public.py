"""The public listener as the web process wires it, over stores in memory, and what is stored before and after."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import httpx
from starlette.applications import Starlette

from services.adapters.contracts import encode, topic_of
from services.adapters.feedback import KafkaOutlet
from services.adapters.memory.store import MemoryStore
from services.adapters.memory.streams import MemoryPublisher
from services.adapters.providers.callbacks import CallbackRequest, CallbackSource
from services.adapters.providers.letters.callbacks import MailevaCallbacks
from services.adapters.providers.letters.maileva import MailevaApi, MailevaSettings
from services.adapters.providers.signed import SignedCallbacks
from services.adapters.providers.twilio.callbacks import TwilioVoiceCallbacks
from services.core.content import VoiceContent
from services.web.acknowledge import LinkPages
from services.web.border import Border as EventBorder
from services.web.callbacks import Callbacks
from services.web.claims import ClaimDesk
from services.web.events import Events
from services.web.health import HealthPages
from services.web.listeners import build_public
from services.web.render import Renderer
from tests.conformance.providers.stage import SCRIPT
from tests.hostile.border import DECODE, TOPICS, Border, run
from tests.unit.web.people import PAGES
from tests.unit.web.world import LINK_POLICY, World, populated

T = TypeVar("T")
PUBLIC_URL: Final = "https://exemple.fr"
SECRET: Final = "between us"
#: bearer token of producers, and of gateways
TOKEN: Final = "let me in"


class OneScript:
    """``Scripts``: the same call for everybody but strangers."""

    async def script(self, attempt_id: str) -> VoiceContent | None:
        """See ``Scripts``."""
        return SCRIPT if attempt_id == "at-1" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """One example's world behind the listener."""

    world: World
    border: Border
    app: Starlette
    http: httpx.AsyncClient

    def published(self) -> int:
        """Records on every topic; fails on receipts and replies that nobody could read."""
        self.border.read()
        return sum(len(self.border.broker.records(topic)) for topic in TOPICS)


async def opened(print_shop: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(404)) -> Public:
    """Caroline has her link; three providers call back; ``print_shop`` answers for its API."""
    world, border = await populated(), Border()
    clock = border.clock = world.clock
    outlet = KafkaOutlet(publisher=MemoryPublisher(border.broker), encode=encode, source="/sans-faute/web")
    account = MailevaSettings(client_id="a", client_secret="b", username="u", password=SECRET, sender_lines=("X",))
    letters = MailevaApi(account, httpx.MockTransport(print_shop))
    sources: Mapping[str, CallbackSource] = {
        "signed": SignedCallbacks("signed", SECRET, clock),
        "voice": TwilioVoiceCallbacks("voice", SECRET, PUBLIC_URL, OneScript(), clock),
        "letter": MailevaCallbacks("letter", user="u", password=SECRET, api=letters, clock=clock),
    }
    app = build_public(
        doors={},
        links=LinkPages(pages=world.pages, outlet=outlet, clock=clock, policy=LINK_POLICY, render=Renderer(PAGES)),
        callbacks=Callbacks[CallbackRequest](
            sources=sources, make_request=CallbackRequest, feedback=border.feedback, watchers=world.watchers, public_url=PUBLIC_URL
        ),
        events=Events(border=EventBorder(decode=DECODE, topic_of=topic_of), outlet=outlet, tokens=frozenset({TOKEN})),
        claims=ClaimDesk(claims=world.claims, clock=clock, tokens=frozenset({TOKEN})),
        health=HealthPages(checks=world.lacks),
        pages_dir=PAGES,
        https=True,
    )
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC_URL)
    return Public(world=world, border=border, app=app, http=http)


def snapshot(store: MemoryStore) -> dict[str, list[Any]]:
    """Every row of every table."""
    return {table.name: list(getattr(store.committed, table.name).all()) for table in fields(store.committed)}


def unchanged(story: Callable[[Public], Awaitable[T]], **parts: Any) -> T:
    """Play a story; fails when anything was stored."""

    async def played() -> T:
        public = await opened(**parts)
        before = snapshot(public.world.store)
        found = await story(public)
        assert snapshot(public.world.store) == before
        return found

    return run(played())
