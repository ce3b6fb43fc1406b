"""From HTTP through Kafka to facts: the link page, callbacks and events with the real contracts, seals and steps."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.adapters.contracts import Decoder, Schemas, encode, topic_of
from services.adapters.feedback import KafkaFeedback, KafkaOutlet
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher
from services.adapters.providers.callbacks import CallbackRequest
from services.adapters.providers.signed import SignedCallbacks, sign
from services.adapters.seals import Seals
from services.core.model import Obligation, PersonId
from services.core.ports.streams import Publisher
from services.core.words import Evidence, ObligationState, ReceiptEffect, ReplyEffect
from services.evidence.apply import apply
from services.web.acknowledge import LinkPages
from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.claims import ClaimDesk
from services.web.events import Events
from services.web.health import HealthPages
from services.web.listeners import build_public
from services.web.render import Renderer
from tests.fixtures.kafka import KafkaNode
from tests.unit.web.doubles import HandClock
from tests.unit.web.people import NOW, PAGES, TOKEN
from tests.unit.web.world import LINK_POLICY, World, client, populated

SECRET = "between us"
RIGHT = "2026-12-03T14:00"
PRODUCER = {"authorization": "Bearer producer", "content-type": "application/cloudevents+json"}
TOPICS = ("appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1", "receipts.v1", "replies.v1")


@dataclass(slots=True)
class Bench:
    """The public listener with everything real but Kafka and PostgreSQL, which are in memory."""

    world: World
    broker: MemoryBroker
    http: httpx.AsyncClient

    async def evidence(self) -> None:
        """Let the evidence step read what came back, as it would from Kafka."""
        batch = [*self.broker.records("receipts.v1"), *self.broker.records("replies.v1")]
        await apply(batch, store=self.world.store, decode=Decoder(Schemas()), link=LINK_POLICY, now=self.world.clock.at)

    async def caroline(self) -> Obligation:
        """Her convocation as it stands."""
        case = await self.world.pages.case(PersonId("caroline"))
        assert case is not None
        return case.obligations[0]


def listener(world: World, publisher: Publisher) -> httpx.AsyncClient:
    """The public listener over a publisher."""
    clock = world.clock
    outlet = KafkaOutlet(publisher=publisher, encode=encode, source="/sans-faute/web")
    feedback = KafkaFeedback(
        publisher=publisher, encode=encode, decode=Decoder(Schemas()), seals=Seals(b"k" * 32), clock=clock, source="/sans-faute/web"
    )
    callbacks: Callbacks[CallbackRequest] = Callbacks(
        sources={"gateway": SignedCallbacks("gateway", SECRET, clock)},
        make_request=CallbackRequest,
        feedback=feedback,
        watchers=world.watchers,
        public_url="https://exemple.fr",
    )
    app = build_public(
        doors={},
        links=LinkPages(pages=world.pages, outlet=outlet, clock=clock, policy=LINK_POLICY, render=Renderer(PAGES)),
        callbacks=callbacks,
        events=Events(border=Border(decode=Decoder(Schemas()), topic_of=topic_of), outlet=outlet, tokens=frozenset({"producer"})),
        claims=ClaimDesk(claims=world.claims, clock=clock, tokens=frozenset()),
        health=HealthPages(checks=world.lacks),
        pages_dir=PAGES,
        https=True,
    )
    return client(app)


@pytest.fixture
async def bench() -> Bench:
    """Caroline has her SMS."""
    world = await populated()
    broker = MemoryBroker(HandClock(), dict.fromkeys(TOPICS, 3))
    return Bench(world=world, broker=broker, http=listener(world, MemoryPublisher(broker)))


async def test_caroline_presses_the_button(bench: Bench) -> None:
    """SC-11: looking proves nothing; the POST with the right date is E3 by link, once, however often it is pressed (§7, §10.12)."""
    for _ in range(4):
        await bench.http.get(f"/a/{TOKEN}")
    await bench.evidence()
    assert (await bench.caroline()).evidence < Evidence.E3
    for _ in range(2):
        assert (await bench.http.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come", "who": "self"})).status_code == 200
        bench.world.clock.at += timedelta(minutes=1)
    await bench.evidence()
    hers = await bench.caroline()
    assert (hers.state, hers.evidence, hers.evidence_how) == (ObligationState.ACKNOWLEDGED, Evidence.E3, "link")


async def test_a_scanner_presses_every_button(bench: Bench) -> None:
    """SC-27: too early with the right date, then the decoy: both suspect, nothing acknowledged; her own answer later counts (§10.12)."""
    sent = NOW - timedelta(minutes=20)
    page = (await bench.http.get(f"/a/{TOKEN}")).text
    decoy = next(part.split('"')[0] for part in page.split('name="date" value="')[1:] if not part.startswith(RIGHT))
    for after, date in ((timedelta(seconds=5), RIGHT), (timedelta(seconds=30), decoy)):
        bench.world.clock.at = sent + after
        await bench.http.post(f"/a/{TOKEN}", data={"date": date, "choice": "come"})
    await bench.evidence()
    case = await bench.world.pages.case(PersonId("caroline"))
    assert case is not None
    assert [reply.effect for reply in case.replies] == [ReplyEffect.BOT_SUSPECT, ReplyEffect.BOT_SUSPECT]
    assert (await bench.caroline()).state is ObligationState.OPEN
    bench.world.clock.at = NOW
    await bench.http.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come"})
    await bench.evidence()
    assert (await bench.caroline()).state is ObligationState.ACKNOWLEDGED


async def test_she_cannot_come(bench: Bench) -> None:
    """The reason arrives as its bounded word."""
    await bench.http.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "cannot_come", "reason": "transport", "who": "helper"})
    await bench.evidence()
    hers = await bench.caroline()
    assert (hers.state, hers.declined_reason) == (ObligationState.DECLINED, "transport")


async def test_only_signed_receipts_count(bench: Bench) -> None:
    """SC-54: a forged or an old callback is 403 and changes nothing; a signed one is applied, one about nobody waits (§8.4)."""
    body = json.dumps({"id": "r-9", "status": "failed_hard", "attempt_id": "at-caroline", "at": NOW.isoformat()}).encode()
    forged = await bench.http.post("/callbacks/gateway", content=body, headers={"x-signature": sign(body, "guess", NOW)})
    old = await bench.http.post("/callbacks/gateway", content=body, headers={"x-signature": sign(body, SECRET, NOW - timedelta(minutes=6))})
    assert (forged.status_code, old.status_code) == (403, 403)
    assert bench.broker.records("receipts.v1") == []
    unknown = json.dumps({"id": "r-10", "status": "delivered", "provider_ref": "nobody", "at": NOW.isoformat()}).encode()
    for content in (body, unknown):
        answer = await bench.http.post("/callbacks/gateway", content=content, headers={"x-signature": sign(content, SECRET, NOW)})
        assert answer.status_code == 202
    await bench.evidence()
    case = await bench.world.pages.case(PersonId("caroline"))
    assert case is not None
    assert [receipt.raw_status for receipt in case.receipts if receipt.effect is not ReceiptEffect.WAITING] == ["failed_hard"]


def convocation(**more: Any) -> dict[str, Any]:
    """A good event."""
    data = {"convocation_id": "cv9", "revision": 1, "person_id": "luc", "starts_at": "2026-12-03T14:00:00+01:00", "purpose": "point"}
    data["place"] = {"kind": "agency", "name": "Lille Centre", "access_info": "Métro"}
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/service",
        "type": "convocation.issued",
        "subject": "cv9",
        "time": "2026-11-25T10:00:00+01:00",
        "datacontenttype": "application/json",
        "data": data,
        **more,
    }


async def test_events_are_judged_by_the_contracts(bench: Bench) -> None:
    """A good convocation is on its topic under its person; of a bad one every error is named, no value quoted."""
    assert (await bench.http.post("/events", content=json.dumps(convocation()), headers=PRODUCER)).status_code == 202
    (record,) = bench.broker.records("convocations.v1")
    assert record.key == "luc"
    bad = convocation(time="yesterday")
    del bad["data"]["starts_at"]
    answer = await bench.http.post("/events", content=json.dumps(bad), headers=PRODUCER)
    assert answer.status_code == 400
    (found,) = answer.json()["events"]
    assert {error["path"] for error in found["errors"]} >= {"/time"}
    assert len(found["errors"]) >= 2
    assert "yesterday" not in answer.text
    assert len(bench.broker.records("convocations.v1")) == 1


async def test_kafka_goes_away(bench: Bench) -> None:
    """Nobody hears 2xx while the broker is away: not the person, not the provider, not the producer."""
    bench.broker.available = False
    body = json.dumps({"id": "r-9", "status": "delivered", "attempt_id": "at-caroline", "at": NOW.isoformat()}).encode()
    answers = [
        await bench.http.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come"}),
        await bench.http.post("/callbacks/gateway", content=body, headers={"x-signature": sign(body, SECRET, NOW)}),
        await bench.http.post("/events", content=json.dumps(convocation()), headers=PRODUCER),
    ]
    assert [answer.status_code for answer in answers] == [503, 503, 503]


@pytest.mark.stack
@pytest.mark.asyncio(loop_scope="session")
async def test_on_a_real_broker(kafka: KafkaNode) -> None:
    """The answer of a person is on Kafka's disk when the person is thanked."""
    await kafka.fresh_topics()
    world = await populated()
    reader = kafka.name("reader")
    assert await kafka.admin.total_lag(reader, ["replies.v1"]) == 0
    async with KafkaPublisher(kafka.connection) as publisher:
        answer = await listener(world, publisher).post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come"})
    assert answer.status_code == 200
    assert await kafka.admin.total_lag(reader, ["replies.v1"]) == 1
