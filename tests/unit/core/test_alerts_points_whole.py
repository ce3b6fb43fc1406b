"""What the alerts about contact points answer, whole (§10.7, §10.13, §11.3)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.alerts import RULES
from services.core.alerts.found import Found
from services.core.model import AttemptId, Case, ContactId, Fact, Item, Obligation, Reply
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    DeclaredBy,
    Evidence,
    Kind,
    ObligationState,
    ReceiptStatus,
    ReplyEffect,
    Severity,
    Step,
)
from tests.unit.core.scene import (
    LEILA,
    NOW,
    attempt,
    case,
    landline,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    receipt,
    reply,
    view,
)

AT = NOW + timedelta(hours=2)
_T = AlertType
_S = ReceiptStatus


def _found(type_: AlertType, of: Case, now: datetime = AT, place: int = 0) -> Found | None:
    return RULES[type_](view(of, now), of.obligations[place])


def _fact(code: str, **parameters: str) -> Fact:
    return Fact(code=code, parameters=parameters)


def _said(choice: Choice, minutes: int = 0, effect: ReplyEffect = ReplyEffect.ACKNOWLEDGED, **changed: Any) -> Reply:
    about = {"obligation_id": "cv:1", "revision": 1, "attempt_id": "a1", "person_id": LEILA, **changed}
    return reply(
        f"y{choice}{minutes}{changed.get('obligation_id', '')}", choice, at=NOW + timedelta(minutes=minutes), effect=effect, **about
    )


# ---- contact points


def _dead(status: ReceiptStatus = _S.FAILED_HARD, attempt_id: str = "a1", **changed: Any) -> Any:
    news = {"state": AttemptState.FAILED, "last_status": status, "closed_at": NOW, **changed}
    return attempt(attempt_id, about=meeting(), **news)


_GONE = mobile(status=ContactStatus.DISABLED)


@pytest.mark.parametrize("status", [_S.FAILED_HARD, _S.RETURNED])
def test_a_dead_point_is_told_with_its_channel_and_instant(status: ReceiptStatus) -> None:
    """By days left while nothing reached the person; the newest failure counts, its instant is now when nobody wrote it down (§10.13)."""
    rows = (_dead(status, "a0", closed_at=AT), _dead(status, "a1", channel=Channel.VOICE, release_at=AT))
    of = case(meeting(), contacts=(_GONE, mailbox()), attempts=rows)
    expected = Found(at=NOW, next_action="fix_contact", facts=(_fact("contact_dead", channel="voice", at=NOW.isoformat()),))
    assert _found(_T.CONTACT_DEAD, of) == expected
    undated = replace(of, attempts=(_dead(status, closed_at=None),))
    assert _found(_T.CONTACT_DEAD, undated) == replace(expected, at=AT, facts=(_fact("contact_dead", channel="sms", at=AT.isoformat()),))


@pytest.mark.parametrize(
    ("changed", "beside"),
    [
        ({"evidence": Evidence.E3}, None),
        ({"kind": Kind.CONTACT}, None),
        ({}, {"state": AttemptState.DELIVERED, "channel": Channel.EMAIL, "contact_id": "mail"}),
    ],
)
def test_a_dead_point_is_not_urgent_when_something_else_reached_the_person(changed: dict[str, Any], beside: dict[str, Any] | None) -> None:
    """An answer, or a delivery on a channel that can still be used; a question of ours counts no day (§10.13)."""
    duty = meeting(**changed)
    rows = (_dead(), *((attempt("b1", about=duty, **beside),) if beside else ()))
    found = _found(_T.CONTACT_DEAD, case(duty, contacts=(_GONE, mailbox()), attempts=rows))
    assert found is not None
    assert found.severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "beside",
    [
        {"state": AttemptState.ACCEPTED, "channel": Channel.EMAIL, "contact_id": "mail"},
        {"state": AttemptState.DELIVERED, "channel": Channel.SMS},
    ],
)
def test_what_was_only_sent_or_went_to_the_dead_point_reached_nobody(beside: dict[str, Any]) -> None:
    """Severity is then by days left (§10.13)."""
    duty = meeting()
    found = _found(_T.CONTACT_DEAD, case(duty, contacts=(_GONE, mailbox()), attempts=(_dead(), attempt("b1", about=duty, **beside))))
    assert found is not None
    assert found.severity is None


def test_a_point_that_lives_or_a_duty_that_is_over_is_no_dead_point() -> None:
    """Another point that is disabled says nothing of the one that was written to."""
    row = _dead()
    assert _found(_T.CONTACT_DEAD, case(meeting(), contacts=(mobile(), mailbox(status=ContactStatus.DISABLED)), attempts=(row,))) is None
    assert _found(_T.CONTACT_DEAD, case(meeting(state=ObligationState.DONE), contacts=(_GONE,), attempts=(row,))) is None
    assert _found(_T.CONTACT_DEAD, case(meeting(), contacts=(_GONE,), attempts=(_dead(_S.EXPIRED),))) is None
    assert _found(_T.CONTACT_DEAD, case(meeting(), contacts=(_GONE,))) is None
    # nobody has to mend a value that the directory has replaced
    assert _found(_T.CONTACT_DEAD, case(meeting(), contacts=(replace(_GONE, problem="replaced"), mailbox()), attempts=(row,))) is None


@pytest.mark.parametrize(("kind", "severity"), [(Kind.CONVOCATION, None), (Kind.CONTACT, Severity.MEDIUM)])
def test_somebody_else_has_the_telephone(kind: Kind, severity: Severity | None) -> None:
    """Told by a call's receipt, else by an answer; for a question of ours no day is counted (SC-14)."""
    duty = meeting(kind=kind)
    call = _dead(_S.WRONG_PERSON, channel=Channel.VOICE)
    expected = Found(
        at=NOW, next_action="fix_contact", facts=(_fact("wrong_person", channel="voice", at=NOW.isoformat()),), severity=severity
    )
    assert _found(_T.WRONG_PERSON, case(duty, attempts=(_dead(_S.EXPIRED, "a0"), call))) == expected
    undated = _found(_T.WRONG_PERSON, case(duty, attempts=(replace(call, closed_at=None),)))
    assert undated == replace(expected, at=AT, facts=(_fact("wrong_person", channel="voice", at=AT.isoformat()),))
    at = NOW + timedelta(minutes=4)
    said = (_said(Choice.COME, 1), _said(Choice.WRONG_PERSON, 4))
    assert _found(_T.WRONG_PERSON, case(duty, replies=said)) == replace(
        expected, at=at, facts=(_fact("wrong_person", channel="sms", at=at.isoformat()),)
    )


def test_nobody_said_that_it_is_somebody_elses() -> None:
    """A settled duty, an ignored answer, another answer, another failure."""
    call = _dead(_S.WRONG_PERSON)
    assert _found(_T.WRONG_PERSON, case(meeting(state=ObligationState.MISSED), attempts=(call,))) is None
    assert _found(_T.WRONG_PERSON, case(meeting(), replies=(_said(Choice.WRONG_PERSON, effect=ReplyEffect.IGNORED),))) is None
    assert _found(_T.WRONG_PERSON, case(meeting(), replies=(_said(Choice.COME),), attempts=(_dead(),))) is None


def _question(**changed: Any) -> Obligation:
    rows = {"kind": Kind.CONTACT, "due_at": paris("2026-11-23", "16:00"), "mandatory": False, "place": None, **changed}
    return meeting("contact:leila:new:2", **rows)


_NEW = mobile("new", status=ContactStatus.UNVERIFIED, declared_by=DeclaredBy.ADVISER, verified_at=None)


@pytest.mark.parametrize(("point", "channel"), [(_NEW, "sms"), (replace(_NEW, kind=letterbox().kind, lines=("X",)), "letter")])
def test_a_question_nobody_answered_is_information(point: Any, channel: str) -> None:
    """At its end, with five working days to look for a better point; the instant of the question is told (§10.7)."""
    assert _found(_T.CONTACT_SUSPECT, case(_question(), contacts=(mobile(), point))) == Found(
        at=paris("2026-11-23", "16:00"),
        next_action="verify_contact",
        facts=(_fact("contact_suspect", channel=channel, at=NOW.isoformat()),),
        severity=Severity.INFO,
        act_by=paris("2026-11-30", "18:00"),
    )


@pytest.mark.parametrize(
    ("changed", "point"),
    [
        ({"state": ObligationState.DONE}, {}),
        ({"evidence": Evidence.E3}, {}),
        ({"kind": Kind.CONVOCATION}, {}),
        ({}, {"status": ContactStatus.ACTIVE}),
        ({}, {"status": ContactStatus.DISABLED}),
        ({}, {"problem": "replaced"}),
        ({}, {"contact_id": "gone"}),
    ],
)
def test_a_question_that_is_answered_or_without_its_point_asks_nobody(changed: dict[str, Any], point: dict[str, Any]) -> None:
    """Answered, another kind of duty, a point that works, is dead, was replaced or dropped (§10.7)."""
    assert _found(_T.CONTACT_SUSPECT, case(_question(**changed), contacts=(replace(_NEW, **point),))) is None


@pytest.mark.parametrize("state", [ObligationState.OPEN, ObligationState.LAPSED])
@pytest.mark.parametrize("status", [ContactStatus.SUSPECT, ContactStatus.UNVERIFIED])
def test_a_question_stays_open_beyond_its_end(state: ObligationState, status: ContactStatus) -> None:
    """Lapsed or not, a point that nobody proved is asked about (§10.7)."""
    assert _found(_T.CONTACT_SUSPECT, case(_question(state=state), contacts=(replace(_NEW, status=status),))) is not None


@pytest.mark.parametrize(("status", "code"), [(_S.REFUSED_BY_PERSON, "refused_letter"), (_S.COMPLAINT, "complaint")])
def test_who_refused_a_message_is_asked_how_to_write(status: ReceiptStatus, code: str) -> None:
    """The first refusal about this duty's messages; others' receipts say nothing (§11.3, §11.4)."""
    duty = meeting()
    rows = (
        receipt("r0", status, attempt_id="other", received_at=NOW - timedelta(hours=1)),
        receipt("r1", _S.DELIVERED, attempt_id="a1", received_at=NOW),
        receipt("r3", status, attempt_id="a1", received_at=NOW + timedelta(minutes=9)),
        receipt("r2", status, attempt_id="a1", received_at=NOW + timedelta(minutes=2)),
    )
    of = case(duty, attempts=(attempt(about=duty, channel=Channel.LETTER, contact_id="home"),), receipts=rows)
    at = NOW + timedelta(minutes=2)
    assert _found(_T.INBOUND_MESSAGE, of) == Found(
        at=at, next_action="ask_channel", facts=(_fact(code, at=at.isoformat()),), severity=Severity.INFO
    )
    assert _found(_T.INBOUND_MESSAGE, replace(of, receipts=rows[:2])) is None
    assert _found(_T.INBOUND_MESSAGE, replace(of, obligations=(meeting(state=ObligationState.CANCELLED),))) is None


def test_a_message_with_several_duties_is_known_by_its_items() -> None:
    """A dead point is told for each duty that the message carried."""
    one, two = meeting("cv:1"), meeting("cv:2")
    items = tuple(Item(obligation_id=duty.obligation_id, revision=1, step=Step.R2) for duty in (one, two))
    row = replace(_dead(), items=items, attempt_id=AttemptId("a9"), contact_id=ContactId("fixe"))
    of = case(one, two, contacts=(landline(status=ContactStatus.DISABLED),), attempts=(row,))
    assert [_found(_T.CONTACT_DEAD, of, place=place) is not None for place in (0, 1)] == [True, True]
