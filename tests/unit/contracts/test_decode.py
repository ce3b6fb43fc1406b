"""What the decoder makes of records: facts, erasures, or every mistake."""

import json
from dataclasses import fields
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from services.adapters.contracts.schemas import MOST_PROBLEMS
from services.core.events import (
    ActualisationCompleted,
    ActualisationOpened,
    AgencyUpdated,
    DispatchRequested,
    Event,
    MeetingCancelled,
    MeetingScheduled,
    PersonRemoved,
    PersonUpdated,
    Problem,
    ReceiptReceived,
    ReplyReceived,
)
from services.core.model import Follower, Hold
from services.core.words import Channel, Choice, Constraint, DeclaredBy, Kind, PointKind, ReceiptStatus, ReplyChannel
from tests.unit.contracts.corpus import DECODE, good, valid


def decode(topic: str, event: object) -> Event | list[Problem]:
    """A document as a record."""
    return DECODE(topic, json.dumps(event).encode(), None)


def test_a_convocation() -> None:
    """A convocation is a meeting, always mandatory, under a derived identifier, its instants in UTC (§2.2)."""
    fact = decode("convocations.v1", valid("convocation.issued"))
    assert isinstance(fact, MeetingScheduled)
    assert (fact.kind, fact.obligation_id, fact.revision, fact.person_id) == (Kind.CONVOCATION, "cv:cv-2041", 1, "leila")
    assert fact.starts_at == datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    assert fact.at == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert fact.at.tzinfo is UTC
    assert (fact.mandatory, fact.legal_value, fact.duration_minutes) == (True, "formal", 45)
    assert fact.place.access_info == "Métro Gare Lille Flandres, sortie 2. Prévoyez 15 minutes."


def test_a_minimal_appointment() -> None:
    """What may be left out has the contract's default."""
    fact = decode("appointments.v1", valid("appointment.scheduled", "minimal"))
    assert isinstance(fact, MeetingScheduled)
    assert (fact.kind, fact.obligation_id) == (Kind.APPOINTMENT, "rdv:rdv-4711")
    assert (fact.mandatory, fact.legal_value, fact.duration_minutes, fact.advisor_id, fact.replaces) == (
        False,
        "informative",
        None,
        None,
        None,
    )


def test_null_says_absent() -> None:
    """A null in an optional field is the same as no field: nobody goes without a message because of it."""
    fact = decode("convocations.v1", valid("convocation.issued", "valid-null-means-absent"))
    assert isinstance(fact, MeetingScheduled)
    assert (fact.advisor_id, fact.duration_minutes, fact.place.address) == (None, None, None)


def test_replaces_is_an_obligation() -> None:
    """``replaces`` names a meeting of the same kind; the fact names its obligation."""
    fact = decode("convocations.v1", valid("convocation.issued", "valid-moved-from-another"))
    assert isinstance(fact, MeetingScheduled)
    assert fact.replaces == "cv:cv-1999"


def test_who_cancelled() -> None:
    """The service, unless the event says that the person did."""
    fact = decode("appointments.v1", valid("appointment.cancelled", "minimal"))
    assert isinstance(fact, MeetingCancelled)
    assert fact.by == "service"


def test_actualisations() -> None:
    """The obligation of a month is the person's and the period's; completed says when and how."""
    opened = decode("actualisations.v1", valid("actualisation.opened", "valid-not-required"))
    completed = decode("actualisations.v1", valid("actualisation.completed"))
    assert isinstance(opened, ActualisationOpened)
    assert isinstance(completed, ActualisationCompleted)
    assert opened.obligation_id == completed.obligation_id == "act:2026-11:luc"
    assert opened.required is False
    assert (completed.by, completed.happened_at) == ("phone", datetime(2026, 12, 10, 8, 59, 30, tzinfo=UTC))


def test_a_person() -> None:
    """A snapshot with everything: points, constraints, hold."""
    fact = decode("people.v1", valid("person.updated"))
    assert isinstance(fact, PersonUpdated)
    assert (fact.preferred_channel, fact.forbidden_channels, fact.constraints) == (Channel.EMAIL, (Channel.LETTER,), (Constraint.LINK_OK,))
    assert fact.hold == Hold(reason="accord téléphonique", until=date(2026, 12, 1))
    assert fact.followers == (Follower(organisation="Mission locale", advisor_id="ml_12"),)
    phone, email, postal = fact.contacts
    assert (phone.kind, phone.value, phone.carrier) == (PointKind.PHONE, "06 12 34 56 78", "SFR")
    assert phone.verified_at == datetime(2026, 6, 1, 8, tzinfo=UTC)
    assert (email.declared_by, email.verified_at) == (DeclaredBy.ADVISER, None)
    assert (postal.value, postal.lines) == (None, ("LUC TEST", "12 RUE DES LILAS", "59000 LILLE"))


def test_quiet_hours() -> None:
    """Hours of each day on the clock of the residence; over midnight too; none when nothing is said (§10.3)."""
    fact = decode("people.v1", valid("person.updated", "valid-quiet"))
    assert isinstance(fact, PersonUpdated)
    assert fact.quiet == ((time(8), time(14)), (time(22), time(6)))
    plain = decode("people.v1", valid("person.updated"))
    assert isinstance(plain, PersonUpdated)
    assert plain.quiet == ()


def test_hostile_names() -> None:
    """Control and direction characters leave names; what looks like a formula stays, for whoever writes CSV to mind (rules §10.18)."""
    fact = decode("people.v1", valid("person.updated", "valid-hostile-names"))
    assert isinstance(fact, PersonUpdated)
    assert (fact.first_name, fact.last_name) == ("Luc", "O\u2019Test =1+1")
    assert fact.cleaned > 0
    clean = decode("people.v1", valid("person.updated"))
    assert isinstance(clean, PersonUpdated)
    assert clean.cleaned == 0


def test_control_characters_are_counted_wherever_they_stand() -> None:
    """Names, a reason, values and lines of an address; accents and no-break spaces are none."""
    event = valid("person.updated")
    places = {"first_name": "A\x00na\u202e", "last_name": "Éa\xa0L\u2019O", "hold": {"reason": "a\x1b"}}
    points = [{"contact_id": "p1", "channel": "postal", "lines": ["A\x07", "B"], "declared_by": "self"}]
    points.append({"contact_id": "p2", "channel": "email", "value": "a\u200bb@x.example", "declared_by": "self"})
    event["data"] |= {**places, "contacts": points}
    fact = decode("people.v1", event)
    assert isinstance(fact, PersonUpdated)
    assert fact.cleaned == 5


def test_no_text_keeps_control_characters() -> None:
    """Whatever text carries control characters in, the fact has none (PostgreSQL could not even store a NUL)."""
    for sample in good():
        fact = DECODE(sample.topic, json.dumps(_spoilt(sample.event)).encode(), None)
        if isinstance(fact, list):
            assert all("nested" not in problem.message for problem in fact)
            continue
        for field in fields(fact):
            assert "\x00" not in repr(getattr(fact, field.name))
            assert "\\x00" not in repr(getattr(fact, field.name))


def _spoilt(value: Any) -> Any:
    """A NUL after every text that a person wrote."""
    if isinstance(value, dict):
        return {name: _spoilt(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_spoilt(inner) for inner in value]
    return f"{value}\x00" if isinstance(value, str) and " " in value else value


def test_opening_hours() -> None:
    """An agency's hours stay pairs; a day that is not named is closed."""
    fact = decode("advisors.v1", valid("agency.updated"))
    assert isinstance(fact, AgencyUpdated)
    assert fact.opening["wed"] == (("09:00", "12:30"),)
    assert "sat" not in fact.opening
    assert fact.closures == (date(2026, 12, 24),)


def test_what_comes_back() -> None:
    """A receipt, a reply, a dispatch."""
    receipt = decode("receipts.v1", valid("receipt.received"))
    assert isinstance(receipt, ReceiptReceived)
    assert (receipt.status, receipt.part, receipt.provider_ref) == (ReceiptStatus.DELIVERED, 1, "7f3a")
    assert receipt.received_at == datetime(2026, 11, 20, 16, 2, 6, 214000, tzinfo=UTC)
    reply = decode("replies.v1", valid("reply.received", "valid-sms"))
    assert isinstance(reply, ReplyReceived)
    assert (reply.channel, reply.choice, reply.person_id) == (ReplyChannel.SMS, Choice.UNREADABLE, None)
    dispatch = decode("dispatch.sms.v1", valid("dispatch.requested"))
    assert isinstance(dispatch, DispatchRequested)
    assert dispatch.channel is Channel.SMS


def test_a_providers_words_on_several_lines() -> None:
    """A mail server answers in several lines; they become one."""
    event = valid("receipt.received")
    event["data"]["raw_status"] = "550 5.1.1\r\nunknown user\x00"
    fact = decode("receipts.v1", event)
    assert isinstance(fact, ReceiptReceived)
    assert fact.raw_status == "550 5.1.1  unknown user"


def test_a_dispatch_on_another_channels_topic() -> None:
    """A dispatch travels on its channel's topic only: a voice gateway must not see an SMS."""
    assert decode("dispatch.voice.v1", valid("dispatch.requested")) == [
        Problem(path="/data/channel", message="does not travel on this topic")
    ]


def test_a_type_on_the_wrong_topic() -> None:
    """All other mistakes are named as well."""
    event = valid("convocation.issued")
    del event["data"]["person_id"]
    found = decode("people.v1", event)
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["/data/person_id", "/type"]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01T10:30:00+01:00", datetime(2026, 12, 1, 9, 30, tzinfo=UTC)),
        ("2026-12-01t10:30:00z", datetime(2026, 12, 1, 10, 30, tzinfo=UTC)),
        ("2026-12-01T10:30:00-00:00", datetime(2026, 12, 1, 10, 30, tzinfo=UTC)),
        ("2026-12-01T10:30:00.123456789Z", datetime(2026, 12, 1, 10, 30, 0, 123456, tzinfo=UTC)),
        ("2028-02-29T23:59:59-09:30", datetime(2028, 3, 1, 9, 29, 59, tzinfo=UTC)),
    ],
)
def test_instants_of_rfc_3339(text: str, instant: datetime) -> None:
    """Small letters, nanoseconds and odd offsets are RFC 3339 too."""
    event = valid("convocation.issued")
    event["data"]["starts_at"] = text
    fact = decode("convocations.v1", event)
    assert isinstance(fact, MeetingScheduled)
    assert fact.starts_at == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01T24:00:00Z",
        "2026-12-31T23:59:60Z",
        "2016-12-31T23:59:60Z",
        "2027-02-29T10:00:00Z",
        "2026-12-01 10:30:00Z",
        "2026-12-01T10:30Z",
        "2026-12-01T10:30:00",
        "2026-12-01T10:30:00+24:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "20261201T103000Z",
        "",
        "x",
    ],
)
def test_instants_that_are_none(text: str) -> None:
    """A leap second, 24:00, a day that does not exist, no offset: one mistake at its place, never a crash."""
    event = valid("convocation.issued")
    event["data"]["starts_at"] = text
    found = decode("convocations.v1", event)
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["/data/starts_at"]
    assert found[0].message.startswith("is not an instant that exists, RFC 3339 with an offset")


def test_whole_numbers_written_as_fractions() -> None:
    """JSON Schema calls 2.0 an integer; the fact has an int, which the database wants."""
    event = valid("person.updated")
    event["data"] |= {"revision": 2.0, "missed_actualisations": 1.0}
    fact = decode("people.v1", event)
    assert isinstance(fact, PersonUpdated)
    assert (type(fact.revision), type(fact.missed_actualisations)) == (int, int)


def test_a_tombstone_is_an_erasure() -> None:
    """On ``people.v1`` only, and under a key that is an identifier."""
    fact = DECODE("people.v1", None, "luc")
    assert isinstance(fact, PersonRemoved)
    assert (fact.person_id, fact.event_id, fact.at.year) == ("luc", "luc", 1970)
    for topic, key in (
        ("convocations.v1", "luc"),
        ("people.v1", None),
        ("people.v1", ""),
        ("people.v1", "l\x00c"),
        ("people.v1", "x" * 65),
    ):
        assert isinstance(DECODE(topic, None, key), list)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"x",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"{}{}",
        b'{"a":',
        b'"\\ud800x"',
        b"1e999",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x00",
    ],
)
def test_not_json(value: bytes) -> None:
    """Bytes that are no JSON document are one mistake."""
    found = DECODE("people.v1", value, None)
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["/"]


def test_very_many_mistakes() -> None:
    """A record full of mistakes gives a dead letter that still fits into Kafka, and says how many are not listed."""
    event = valid("person.updated")
    event["data"]["forbidden_channels"] = ["fax"] * 50_000
    found = decode("people.v1", event)
    assert isinstance(found, list)
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1] == Problem(path="/", message=f"{50_000 - MOST_PROBLEMS} more mistakes are not listed")


def test_names_from_outside_stay_outside() -> None:
    """A field's name that is not ours could be somebody's name: the path does not repeat it."""
    event = valid("alert.raised")
    event["data"]["known"][0]["parameters"] = {"Jean Dupont": 5}
    assert [problem.path for problem in DECODE.problems("alerts.v1", event)] == ["/data/known/0/parameters/?"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("severity", "urgent", "is not one of info, medium, high, critical"),
        ("type", "LATE", "is not one of the words in the schema"),
        ("raised_at", 5, "is not text"),
        ("known", {}, "is not a list"),
        ("alert_id", "a b", "is not an identifier derived from others: 1 to 160 of A-Z a-z 0-9 . _ : -"),
        ("next_action_text", "x" * 501, "is longer than 500 characters"),
    ],
)
def test_mistakes_say_what_would_be_right(path: str, value: object, message: str) -> None:
    """Somebody who never saw a schema can mend the event."""
    event = valid("alert.raised")
    event["data"][path] = value
    assert DECODE.problems("alerts.v1", event) == [Problem(path=f"/data/{path}", message=message)]
