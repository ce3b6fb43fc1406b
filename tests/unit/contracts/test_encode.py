"""What we say obeys the schemas that we publish: values made by the ledger itself, encoded, judged."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.adapters.contracts import CONTENT_TYPE, TOPICS, encode, topic_of
from services.adapters.contracts.types import DISPATCH
from services.adapters.memory.store import MemoryStore
from services.adapters.policy import load_policy
from services.core.changes import TOMBSTONE, Outgoing
from services.core.events import DispatchRequested
from services.core.ledger import Ledger
from services.core.model import (
    Alert,
    AlertId,
    Attempt,
    AttemptId,
    Contact,
    ContactId,
    Fact,
    Item,
    Obligation,
    ObligationId,
    PersonId,
)
from services.core.ports.streams import Message, Record
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    ContactStatus,
    DeclaredBy,
    Evidence,
    Kind,
    ObligationState,
    PointKind,
    Routed,
    Severity,
    Step,
    Verdict,
)
from services.intake.handlers.handling import Handling
from services.intake.receive import receive
from tests.unit.contracts.corpus import DECODE, SCHEMAS

NOW = datetime(2026, 11, 20, 15, 0, 0, 250_000, tzinfo=UTC)
LUC = PersonId("luc")
DUTY = Obligation(
    obligation_id=ObligationId("cv:cv1"),
    person_id=LUC,
    kind=Kind.CONVOCATION,
    revision=1,
    last_revision=2,
    state=ObligationState.OPEN,
    known_at=NOW,
    due_at=NOW + timedelta(days=11),
    changed_at=NOW,
)
ATTEMPT = Attempt(
    attempt_id=AttemptId("at-0123456789abcdef0123"),
    person_id=LUC,
    channel=Channel.SMS,
    contact_id=ContactId("luc-phone"),
    items=(
        Item(obligation_id=DUTY.obligation_id, revision=1, step=Step.N0),
        Item(obligation_id=ObligationId("act:2026-11:luc"), revision=1, step=Step.CORRECTIVE, occurrence=2),
    ),
    state=AttemptState.RELEASED,
    cause="N0",
    release_at=NOW,
    not_after=NOW + timedelta(days=10),
)
CONTACT = Contact(
    contact_id=ContactId("luc-phone"), person_id=LUC, kind=PointKind.PHONE, value="06 12 34 56 78", declared_by=DeclaredBy.SELF
)
ALERT = Alert(
    alert_id=AlertId("al-0123456789abcdef0123"),
    type=AlertType.CONTACT_DEAD,
    severity=Severity.MEDIUM,
    person_id=LUC,
    agency_id="lille",
    routed=Routed.AGENCY,
    known=(Fact(code="contact_dead", parameters={"channel": "email"}), Fact(code="nothing_sent")),
    next_action="fix_contact",
    act_by=NOW + timedelta(days=2),
    raised_at=NOW,
    updated_at=NOW,
)

UNASKED = Handling(
    numbers=lambda value, _postal_code: pytest.fail(f"{value!r} was parsed"),
    hashes=lambda value: pytest.fail(f"{value!r} was hashed"),
    address_errors=lambda lines: pytest.fail(f"{lines!r} were read"),
    residence=lambda postal_code: pytest.fail(f"{postal_code!r} was looked up"),
    policy=load_policy(),
)


def judged(message: Message) -> dict[str, Any]:
    """The event of a message that breaks no rule."""
    assert message.value is not None
    event: dict[str, Any] = json.loads(message.value)
    assert SCHEMAS.problems(event["type"], event) == []
    assert DECODE.problems(message.topic, event) == []
    return event


def said(ledger: Ledger) -> list[dict[str, Any]]:
    """Everything that waits in the outbox, encoded and judged."""
    return [judged(encode(outgoing, str(number), "sans-faute")) for number, outgoing in enumerate(ledger.changes.outbox, start=1)]


def test_the_envelope() -> None:
    """Structured mode: the content type is a header, the row's id is the event's, the time is when it was written."""
    ledger = Ledger(NOW)
    ledger.dispatch(ATTEMPT)
    (outgoing,) = ledger.changes.outbox
    message = encode(outgoing, "4711", "https://sans-faute.example")
    assert message.headers == {"content-type": CONTENT_TYPE}
    assert (message.topic, message.key) == ("dispatch.sms.v1", "luc")
    event = judged(message)
    assert (event["id"], event["source"], event["type"]) == ("4711", "https://sans-faute.example", DISPATCH)
    assert event["time"] == "2026-11-20T15:00:00.250000Z"
    later = judged(encode(outgoing, "4711", "sans-faute", NOW + timedelta(hours=1)))
    assert later["time"] == "2026-11-20T16:00:00.250000Z"


def test_dispatches_come_back_as_they_were() -> None:
    """What the planner writes is what delivery reads, on every channel."""
    for channel in Channel:
        ledger = Ledger(NOW)
        ledger.dispatch(replace(ATTEMPT, channel=channel))
        message = encode(ledger.changes.outbox[0], "1", "sans-faute")
        fact = DECODE(message.topic, message.value, message.key)
        assert isinstance(fact, DispatchRequested)
        assert (fact.attempt_id, fact.channel, fact.release_at, fact.not_after) == (
            ATTEMPT.attempt_id,
            channel,
            ATTEMPT.release_at,
            ATTEMPT.not_after,
        )


@pytest.mark.parametrize("state", ObligationState)
@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_obligations(state: ObligationState, verdict: Verdict | None) -> None:
    """A duty in any state, new or changed, with and without what is optional."""
    ledger = Ledger(NOW)
    stored = ledger.obligation(None, replace(DUTY, state=state, verdict=verdict, non_receipt=verdict is Verdict.NOT_PROVED))
    ledger.obligation(
        stored, replace(stored, evidence=Evidence.E3, evidence_how="link", declined_at=NOW, declined_reason="garde d'enfant"), attempts=3
    )
    first, second = said(ledger)
    assert (first["data"]["version"], second["data"]["version"]) == (1, 2)
    assert second["data"]["revision"] == 2


@pytest.mark.parametrize("status", ContactStatus)
def test_contacts(status: ContactStatus) -> None:
    """What we learned about a point, or about one use of it."""
    ledger = Ledger(NOW)
    ledger.contact(CONTACT, status, "unknown_subscriber")
    ledger.closed_use(CONTACT, Channel.SMS, "stop")
    observations = [event["data"]["observation"] for event in said(ledger)]
    assert observations == [*([str(status)] if status in {ContactStatus.DISABLED, ContactStatus.SUSPECT} else []), "stopped"]


@pytest.mark.parametrize("type_", AlertType)
def test_alerts(type_: AlertType) -> None:
    """Every type of alert, raised, updated, closed, with and without what is optional."""
    ledger = Ledger(NOW)
    full = replace(
        ALERT,
        type=type_,
        obligation_id=DUTY.obligation_id,
        advisor_id="mme_durand",
        routed=Routed.REFERENT,
        claimed_by="m_petit",
        deadline=NOW,
    )
    for word in ("raised", "updated", "closed"):
        ledger.alert(ALERT, f"alert.{word}", ["L'adresse e-mail ne fonctionne plus."], "Demandez une nouvelle adresse.")
        ledger.alert(full, f"alert.{word}", [], "Appelez cette personne.")
    assert [event["data"]["type"] for event in said(ledger)] == ["CONTACT_DEAD", str(type_)] * 3


@pytest.mark.parametrize(("topic", "kept"), [("convocations.v1", True), ("people.v1", False)])
async def test_dead_letters(topic: str, kept: bool) -> None:
    """What intake says of an unreadable record, with every mistake; a job seeker's data is not repeated (contracts §1)."""
    value = b'{"type":"person.updated","data":{"first_name":"Luc"}}'
    record = Record(topic=topic, partition=3, offset=17, key=None, value=value, at=NOW)
    store = MemoryStore()
    await receive([record], store=store, decode=DECODE, handling=UNASKED, now=NOW)
    async with store.unit() as unit:
        rows = await unit.claim_outbox(range(16), 10)
    (event,) = [judged(encode(row.message, str(row.id), "sans-faute")) for row in rows]
    assert event["subject"] == f"{topic}/3/17"
    assert event["data"].get("payload_base64") == (b64encode(value).decode() if kept else None)


def test_a_tombstone_has_a_key_and_nothing_else() -> None:
    """It takes what its key names off a compacted topic."""
    gone = Outgoing(topic="obligations.v1", key="rdv:1", type=TOMBSTONE, subject="rdv:1", data={}, shard_key="luc", at=NOW)
    assert encode(gone, "7", "/sans-faute") == Message(topic="obligations.v1", key="rdv:1", value=None)


def test_topics() -> None:
    """Every type has one topic; a dispatch's is its channel's; nobody's type has none."""
    assert topic_of("convocation.issued") == "convocations.v1"
    assert [topic_of(DISPATCH, str(channel)) for channel in Channel] == [f"dispatch.{channel}.v1" for channel in Channel]
    assert topic_of(DISPATCH) is None
    assert topic_of("convocation.planned") is None
    assert frozenset(TOPICS) | {DISPATCH} == SCHEMAS.types


def test_instants_of_any_zone_leave_in_utc() -> None:
    """The event's own time is always UTC."""
    paris = datetime.fromisoformat("2026-11-20T16:00:00+01:00")
    data: Mapping[str, object] = {"person_id": "luc", "observation": "verified", "at": paris}
    outgoing = Outgoing(topic="contacts.v1", key="luc", type="contact.observed", subject="luc", data=data, shard_key="luc", at=paris)
    assert judged(encode(outgoing, "1", "sans-faute"))["time"] == "2026-11-20T15:00:00Z"
