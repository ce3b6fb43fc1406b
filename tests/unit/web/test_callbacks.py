"""Providers' callbacks: SC-54 as far as the border goes."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from services.adapters.memory.readings import MemoryReadings
from services.adapters.memory.store import MemoryStore
from services.adapters.memory.unit import MemoryUnit
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.ports.store import StoreUnavailable
from services.core.words import Choice, ReceiptStatus, ReplyChannel
from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.events import Events
from services.web.forgery import Refusals
from tests.unit.web.doubles import Call, SilentFeedback
from tests.unit.web.people import NOW
from tests.unit.web.world import World, client


@dataclass(frozen=True, slots=True)
class Said:
    """``CallbackAnswer``."""

    receipts: Sequence[ProviderReceipt] = ()
    replies: Sequence[ProviderReply] = ()
    response_body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    status_code: int = 200


@dataclass(slots=True)
class Provider:
    """A source that signs with a plain word."""

    said: Said = field(default_factory=Said)
    trouble: Exception | None = None
    calls: list[Call] = field(default_factory=list)

    def authentic(self, request: Call) -> bool:
        """Theirs when the header says so."""
        self.calls.append(request)
        return request.headers.get("x-signature") == "good"

    async def read(self, request: Call) -> Said:
        """What the test said."""
        if self.trouble is not None:
            raise self.trouble
        return self.said


RECEIPT = ProviderReceipt(receipt_id="r1", provider="sms", provider_ref="x", status=ReceiptStatus.DELIVERED, raw_status="DELIVRD", at=NOW)
REPLY = ProviderReply(reply_id="y1", channel=ReplyChannel.SMS, choice=Choice.COME, sender="+33645123456", at=NOW)
GOOD = {"x-signature": "good"}


class Flaky(MemoryStore):
    """A store that can be away."""

    away = False

    def unit(self) -> AbstractAsyncContextManager[MemoryUnit]:
        """See ``Store.unit``."""
        if self.away:
            raise StoreUnavailable
        return super().unit()


@dataclass(slots=True)
class Bench:
    """One provider behind the public listener."""

    world: World
    provider: Provider
    feedback: SilentFeedback
    http: httpx.AsyncClient


@pytest.fixture
def bench() -> Bench:
    """An empty world with one provider."""
    world, provider, feedback = World.empty(), Provider(), SilentFeedback()
    callbacks = Callbacks[Call](
        sources={"sms": provider},
        make_request=Call,
        feedback=feedback,
        watchers=world.watchers,
        public_url="https://exemple.fr",
    )
    border = Border(decode=lambda _t, _v, _k: object(), topic_of=lambda _t: "")
    app = world.public(callbacks, Events(border=border, outlet=world.outlet, tokens=frozenset()))
    return Bench(world=world, provider=provider, feedback=feedback, http=client(app))


async def test_kafka_first(bench: Bench) -> None:
    """Receipts and replies are with Kafka before the provider hears 2xx; known and unknown references sound alike."""
    bench.provider.said = Said(receipts=[RECEIPT], replies=[REPLY])
    answer = await bench.http.post("/callbacks/sms?to=1", content=b"raw=%20body", headers=GOOD)
    assert answer.status_code == 202
    assert bench.feedback.receipts == [RECEIPT]
    assert bench.feedback.replies == [REPLY]


async def test_the_source_sees_what_was_signed(bench: Bench) -> None:
    """Raw body, public address with its query, header names in lower case."""
    await bench.http.post("/callbacks/sms/turn?stage=2", content=b"a=%2B", headers={"X-Signature": "good"})
    (call,) = bench.provider.calls
    assert call.url == "https://exemple.fr/callbacks/sms/turn?stage=2"
    assert call.body == b"a=%2B"
    assert call.query == {"stage": "2"}
    assert call.headers["x-signature"] == "good"


async def test_forged(bench: Bench) -> None:
    """A wrong signature: 403, counted, nothing read, nothing published (§8.4)."""
    bench.provider.said = Said(receipts=[RECEIPT])
    assert (await bench.http.post("/callbacks/sms", content=b"x")).status_code == 403
    assert bench.feedback.receipts == []
    assert bench.world.watchers.refused == ["sms"]


async def test_refused_callbacks_are_stored_by_second(bench: Bench) -> None:
    """A flood is one row a second and provider; with the database away nothing is forgotten (§8.4, SC-54)."""
    store, clock = Flaky(), bench.world.clock
    refusals = Refusals(store=store, clock=clock)
    clock.at = NOW.replace(microsecond=0)
    for _ in range(25):
        await refusals.add("sms")
    store.away = True
    await refusals.keep()
    clock.at += timedelta(seconds=1, microseconds=5)
    await refusals.add("sms")
    store.away = False
    await refusals.keep()
    await refusals.keep()
    first = NOW.replace(microsecond=0)
    assert await MemoryReadings(store).refused_callbacks(first) == [("sms", first, 25), ("sms", first + timedelta(seconds=1), 1)]


async def test_a_storm_costs_one_write_a_second(bench: Bench) -> None:
    """The web process stores what it counted by itself."""
    store = Flaky()
    refusals = Refusals(store=store, clock=bench.world.clock)
    await refusals.add("sms")
    keeping = asyncio.create_task(refusals.keep_on())
    for _ in range(300):
        if await MemoryReadings(store).refused_callbacks(NOW - timedelta(days=1)):
            break
        await asyncio.sleep(0.01)
    keeping.cancel()
    assert len(await MemoryReadings(store).refused_callbacks(NOW - timedelta(days=1))) == 1


async def test_kafka_away(bench: Bench) -> None:
    """503, so that the provider tries again."""
    bench.provider.said = Said(receipts=[RECEIPT])
    bench.feedback.away = True
    answer = await bench.http.post("/callbacks/sms", headers=GOOD)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


@pytest.mark.parametrize(("trouble", "status"), [(ValueError("?"), 400), (ConnectionError("away"), 503)])
async def test_trouble_while_reading(bench: Bench, trouble: Exception, status: int) -> None:
    """Unreadable is 400 and counted; a provider that must be asked and is away is 503."""
    bench.provider.trouble = trouble
    assert (await bench.http.post("/callbacks/sms", headers=GOOD)).status_code == status
    assert bench.world.watchers.unreadable == (["sms"] if status == 400 else [])


async def test_what_the_provider_wants_to_hear(bench: Bench) -> None:
    """A body (TwiML) or another 2xx (Maileva's 201) is passed on as the source says (§11.5)."""
    bench.provider.said = Said(response_body="<Response/>", content_type="application/xml")
    answer = await bench.http.post("/callbacks/sms", headers=GOOD)
    assert (answer.status_code, answer.text) == (200, "<Response/>")
    assert answer.headers["content-type"].startswith("application/xml")
    bench.provider.said = Said(status_code=201)
    assert (await bench.http.post("/callbacks/sms", headers=GOOD)).status_code == 201


async def test_unknown_provider_and_method(bench: Bench) -> None:
    """404 for nobody's address, 405 for a GET."""
    assert (await bench.http.post("/callbacks/nobody", headers=GOOD)).status_code == 404
    assert (await bench.http.get("/callbacks/sms", headers=GOOD)).status_code == 405
