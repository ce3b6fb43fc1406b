"""Events over HTTP and the claim of a gateway."""

from datetime import timedelta

import httpx
import pytest

from services.core.content import LetterContent, SmsContent
from services.core.events import Problem
from services.core.ports.providers import Envelope
from services.core.words import Channel, Why
from services.web.border import Border
from services.web.ports import ClaimedBefore, Lease, Leased, Never, NotYet, UnknownAttempt
from tests.unit.web.people import NOW
from tests.unit.web.world import World

EVENT = b'{"type":"appointment.scheduled","data":{"person_id":"luc"}}'
PRODUCER = {"authorization": "Bearer producer", "content-type": "application/cloudevents+json; charset=UTF-8"}
BATCH = {**PRODUCER, "content-type": "application/cloudevents-batch+json"}
GATEWAY = {"authorization": "Bearer gateway-token"}


async def test_one_event(world: World, public: httpx.AsyncClient) -> None:
    """A good event goes onto Kafka as it came, under its person's key, then 202."""
    answer = await public.post("/events", content=EVENT, headers=PRODUCER)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    (message,) = world.outlet.forwarded
    assert (message.topic, message.key, message.value) == ("appointments.v1", "luc", EVENT)
    assert message.headers["content-type"].startswith("application/cloudevents+json")


async def test_a_batch_keeps_its_order(world: World, public: httpx.AsyncClient) -> None:
    """A batch is an array; its events go out in order."""
    other = EVENT.replace(b"luc", b"leila")
    answer = await public.post("/events", content=b"[" + EVENT + b", " + other + b"]", headers=BATCH)
    assert answer.json() == {"accepted": 2}
    assert [message.key for message in world.outlet.forwarded] == ["luc", "leila"]


async def test_all_or_nothing(world: World, public: httpx.AsyncClient) -> None:
    """One bad event: nothing is taken, and every bad one is named with its place in the batch."""
    answer = await public.post("/events", content=b"[" + EVENT + b', {"type": 3}]', headers=BATCH)
    assert answer.status_code == 400
    (bad,) = answer.json()["events"]
    assert bad["index"] == 1
    assert bad["errors"][0]["path"] == "/type"
    assert world.outlet.forwarded == []


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic producer", "Bearer gateway-token"])
async def test_strangers(world: World, public: httpx.AsyncClient, authorization: str) -> None:
    """Without a producer's token: 401, whatever the body."""
    answer = await public.post("/events", content=EVENT, headers={**PRODUCER, "authorization": authorization})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert world.outlet.forwarded == []


async def test_other_refusals(world: World, public: httpx.AsyncClient) -> None:
    """Another content type, no array, too many, Kafka away."""
    assert (await public.post("/events", content=EVENT, headers={**PRODUCER, "content-type": "text/plain"})).status_code == 415
    assert (await public.post("/events", content=b"{", headers=BATCH)).status_code == 400
    many = b"[" + b",".join([EVENT] * 2001) + b"]"
    assert (await public.post("/events", content=many, headers=BATCH)).status_code == 413
    world.outlet.away = True
    assert (await public.post("/events", content=EVENT, headers=PRODUCER)).status_code == 503


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b"[" + b"[" * 100_000 + b"]" * 100_001, b'[{"a":"\xff"}]', b'[{"type":"\\ud800"}]', b"[1, null, []]"]
)
async def test_a_batch_in_bad_faith(world: World, public: httpx.AsyncClient, body: bytes) -> None:
    """Nested without end, no UTF-8, half a character, no objects: 400, nothing taken."""
    answer = await public.post("/events", content=body, headers=BATCH)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert world.outlet.forwarded == []


async def test_an_event_that_kafka_would_never_take(world: World, public: httpx.AsyncClient) -> None:
    """Larger than a record may be: 400 for good, not 503 for ever."""
    answer = await public.post("/events", content=EVENT[:-1] + b" " * 900_000 + b"}", headers=PRODUCER)
    assert answer.status_code == 400
    assert answer.json()["events"] == [{"index": 0, "errors": [{"path": "/", "message": "is larger than 900000 octets"}]}]
    assert world.outlet.forwarded == []


def test_the_border_judges_like_intake() -> None:
    """Every problem of the decoder is passed on; our own topics and unknown types are refused."""
    problems = [Problem(path="/data/starts_at", message="is required"), Problem(path="/id", message="is required")]
    topics = {"appointment.scheduled": "appointments.v1", "receipt.received": "receipts.v1", "agency.updated": "advisors.v1"}
    strict = Border(decode=lambda _t, _v, _k: problems, topic_of=topics.get)
    assert strict.judge(EVENT) == problems
    kind = Border(decode=lambda _t, _v, _k: object(), topic_of=topics.get)
    for refused in (b'{"type":"receipt.received","data":{}}', b'{"type":"nothing","data":{}}'):
        judged = kind.judge(refused)
        assert isinstance(judged, list)
        assert [problem.path for problem in judged] == ["/type"]
    agency = kind.judge(b'{"type":"agency.updated","data":{"agency_id":"lille"}}')
    assert getattr(agency, "key", None) == "lille"


SMS = Envelope(
    attempt_id="at-1",
    person_id="luc",
    try_number=1,
    channel=Channel.SMS,
    to="+33612345678",
    to_name="Luc",
    content=SmsContent(text="bonjour", encoding="GSM-7", parts=1),
    valid_until=NOW + timedelta(hours=1),
    reference="K7Q4-PM2X",
)


async def test_a_lease_carries_the_message(world: World, public: httpx.AsyncClient) -> None:
    """200: until when, to whom, and the rendered message."""
    world.claims.lease = Leased(envelope=SMS, leased_until=NOW + timedelta(minutes=2))
    answer = await public.post("/attempts/at-1/claim", headers=GATEWAY)
    assert answer.status_code == 200
    body = answer.json()
    assert body["content"] == {"text": "bonjour", "encoding": "GSM-7", "parts": 1}
    assert body["to"] == "+33612345678"
    assert body["leased_until"] == (NOW + timedelta(minutes=2)).isoformat()


async def test_a_letter_travels_as_base64(world: World, public: httpx.AsyncClient) -> None:
    """The PDF is inside the JSON."""
    pdf = LetterContent(pdf=b"%PDF-", text="bonjour", pages=1, address_lines=("LUC",))
    letter = Envelope(
        attempt_id="at-2",
        person_id="luc",
        try_number=1,
        channel=Channel.LETTER,
        to="",
        to_name="Luc",
        content=pdf,
        valid_until=NOW,
        reference="K7Q4-PM2X",
    )
    world.claims.lease = Leased(envelope=letter, leased_until=NOW)
    assert (await public.post("/attempts/at-2/claim", headers=GATEWAY)).json()["content"]["pdf"] == "JVBERi0="


@pytest.mark.parametrize(
    ("lease", "status"),
    [
        (ClaimedBefore(), 409),
        (NotYet(at=NOW + timedelta(seconds=90)), 425),
        (Never(reason=Why.ACKNOWLEDGED), 410),
        (UnknownAttempt(), 404),
    ],
)
async def test_why_not(world: World, public: httpx.AsyncClient, lease: Lease, status: int) -> None:
    """Each refusal has its status; "not yet" says when, "never" says why."""
    world.claims.lease = lease
    answer = await public.post("/attempts/at-1/claim", headers=GATEWAY)
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("90" if status == 425 else None)
    assert answer.json().get("reason") == ("acknowledged" if status == 410 else None)


async def test_only_gateways_claim(public: httpx.AsyncClient) -> None:
    """A producer's token claims nothing."""
    assert (await public.post("/attempts/at-1/claim", headers={"authorization": "Bearer producer"})).status_code == 401
