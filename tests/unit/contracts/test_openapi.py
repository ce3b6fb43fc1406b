"""The OpenAPI document tells the truth about the two listeners (contracts §4)."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from services.adapters.contracts import Decoder, Schemas, topic_of
from services.adapters.contracts.types import INCOMING
from services.core.content import Content, EmailContent, LetterContent, SmsContent, VoiceContent
from services.core.ports.providers import Envelope
from services.core.words import Channel, Why
from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.claims import answer
from services.web.events import Events
from services.web.ports import ClaimedBefore, Lease, Leased, Never, NotYet, UnknownAttempt
from tests.unit.web.doubles import Call, SilentFeedback
from tests.unit.web.people import NOW
from tests.unit.web.world import World, client

FOLDER = Path(__file__).resolve().parents[3] / "contracts"
#: the document's own address, beside the schemas' folder
ADDRESS = "https://sans-faute.example/openapi.json"
METHODS = {"get", "post", "put", "patch", "delete"}

CONTENTS: list[Content] = [
    SmsContent(text="bonjour", encoding="GSM-7", parts=1),
    VoiceContent(
        greeting="a", identity_question="b", body="c", choices="d", thanks={"1": "e"}, unknown_key="f", goodbye="g", voicemail="h"
    ),
    EmailContent(subject="a", text="b", html="c", calendar=b"BEGIN:VCALENDAR"),
    EmailContent(subject="a", text="b", html="c"),
    LetterContent(pdf=b"%PDF-1.7", text="a", pages=1, address_lines=("LUC TEST", "59000 LILLE")),
]


def document() -> dict[str, Any]:
    """The document, aliases resolved."""
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "openapi.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """One of the document's own schemas; references reach the event schemas."""
    whole = {**document(), "$id": ADDRESS}
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (FOLDER / "events").glob("*.schema.json")}
    # where they lie in the repository, and where they say that they live
    resources = [(f"https://sans-faute.example/events/{name}", _anonymous(file)) for name, file in files.items()]
    registry = jsonschema_rs.Registry([(ADDRESS, whole), *resources])
    return jsonschema_rs.Draft202012Validator({"$ref": f"{ADDRESS}#/components/schemas/{schema}"}, registry=registry)


def _anonymous(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "$id"}


def references(node: object) -> Iterator[str]:
    """Every reference of the document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def addresses(app: Starlette) -> set[tuple[str, str]]:
    """Every (method, path) that a listener answers, static files aside."""
    return {
        (method.lower(), route.path_format)
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }


def test_every_address_is_described_and_no_other() -> None:
    """A route that is added, renamed or removed without its description fails here."""
    world = World.empty()
    callbacks = Callbacks[Call](
        sources={}, make_request=Call, feedback=SilentFeedback(), watchers=world.watchers, public_url="https://x.example"
    )
    events = Events(border=Border(decode=Decoder(Schemas()), topic_of=topic_of), outlet=world.outlet, tokens=frozenset())
    real = addresses(world.public(callbacks, events)) | addresses(world.staff())
    described = {(method, path) for path, item in document()["paths"].items() for method in item if method in METHODS}
    assert described == real


def test_every_reference_leads_somewhere() -> None:
    """Inside the document, and into the event schemas."""
    whole = document()
    for reference in set(references(whole)):
        file, _, pointer = reference.partition("#")
        place: Any = whole if not file else json.loads((FOLDER / file).read_text(encoding="utf-8"))
        for name in pointer.split("/")[1:]:
            assert name in place, reference
            place = place[name]


def test_operations_have_names_of_their_own() -> None:
    """Clients are generated from them."""
    names = [item[method]["operationId"] for item in document()["paths"].values() for method in item if method in METHODS]
    assert len(names) == len(set(names))


def test_producers_write_exactly_these_types() -> None:
    """What ``POST /events`` describes is what the front door takes."""
    named = {
        choice["$ref"].removeprefix("events/").removesuffix(".schema.json")
        for choice in document()["components"]["schemas"]["IncomingEvent"]["oneOf"]
    }
    assert named == INCOMING


@pytest.mark.parametrize("type_", sorted(INCOMING))
def test_a_sample_is_an_incoming_event_once(type_: str) -> None:
    """Each valid sample of what producers write obeys exactly one of the shapes."""
    sample = json.loads((FOLDER / "samples" / type_ / "valid.json").read_text(encoding="utf-8"))
    assert validator("IncomingEvent").is_valid(sample)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_a_leased_message_is_as_described(content: Content) -> None:
    """Every kind of content, as the gateway gets it."""
    envelope = Envelope(
        attempt_id="at-1",
        person_id="luc",
        try_number=1,
        channel=Channel.SMS,
        to="+33612345678",
        to_name="Luc Test",
        content=content,
        valid_until=NOW + timedelta(hours=3),
        reference="K7Q4-PM2X",
    )
    said = body(answer(Leased(envelope=envelope, leased_until=NOW + timedelta(minutes=2)), NOW))
    assert [error.message for error in validator("Leased").iter_errors(said)] == []


@pytest.mark.parametrize(
    "lease",
    [ClaimedBefore(), NotYet(at=NOW + timedelta(hours=1)), Never(reason=Why.ACKNOWLEDGED), UnknownAttempt()],
    ids=lambda lease: type(lease).__name__,
)
def test_a_refused_claim_is_as_described(lease: Lease) -> None:
    """Its status is one of the operation's, its body has the described shape."""
    response = answer(lease, NOW)
    assert str(response.status_code) in document()["paths"]["/attempts/{attempt_id}/claim"]["post"]["responses"]
    assert validator("ClaimRefused").is_valid(body(response))


async def test_health_is_as_described() -> None:
    """Ready or not."""
    world = World.empty()
    async with client(world.staff()) as staff:
        for path in ("/healthz", "/readyz"):
            assert validator("Health").is_valid((await staff.get(path)).json())


def body(response: Response) -> object:
    """The JSON of an answer."""
    said: object = json.loads(bytes(response.body))
    return said
