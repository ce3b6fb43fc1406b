"""Alerts and verdicts at the very instant of their limits, and the facts that they tell, with their parameters (§10.5, §10.8, §10.12)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.alerts import RULES
from services.core.alerts.contact import fixed as points_fixed
from services.core.alerts.found import Found
from services.core.alerts.watch import alerts_due
from services.core.decision import AlertClosed, AlertWanted
from services.core.evidence.presumption import posted_at, rest_proves
from services.core.evidence.verdict import faults, verdict_of
from services.core.model import Alert, AlertId, Attempt, Case, ContactId, Fact, Hold, Item, Obligation, ObligationId
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    ObligationState,
    ReceiptStatus,
    ReplyEffect,
    Routed,
    Severity,
    Step,
    Verdict,
)
from tests.unit.core.scene import (
    LEILA,
    NOW,
    appointment,
    attempt,
    case,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    receipt,
    reply,
    view,
)

_H, _S = timedelta(hours=1), timedelta(seconds=1)
_T = AlertType
_CV = meeting()
_DUE = _CV.due_at


def _found(type_: AlertType, of: Case, now: datetime = NOW) -> Found | None:
    return RULES[type_](view(of, now), of.obligations[0])


def _alert(type_: AlertType, **changed: Any) -> Alert:
    row = Alert(
        alert_id=AlertId(f"al-{type_}"),
        type=type_,
        severity=Severity.HIGH,
        person_id=LEILA,
        obligation_id=_CV.obligation_id,
        agency_id="agence",
        advisor_id="adv",
        routed=Routed.REFERENT,
        routed_at=NOW,
        next_action="call_back",
        act_by=_DUE,
        raised_at=NOW,
        updated_at=NOW,
    )
    return replace(row, **changed)


# ---- short notice, unconfirmed


@pytest.mark.parametrize(("notice", "short"), [(72 * _H - _S, True), (72 * _H, False)])
def test_seventy_two_hours_are_no_short_notice(notice: timedelta, short: bool) -> None:
    """Below 72 hours (§10.5)."""
    duty = meeting(known_at=_DUE - notice)
    assert (_found(_T.SHORT_NOTICE, case(duty)) is not None) is short


@pytest.mark.parametrize(
    ("known", "at"),
    [
        # three working days before the Tuesday: Thursday at 08:00
        (paris("2026-11-20", "16:00"), paris("2026-11-26", "08:00")),
        # known at that very instant it is past: a day of grace, then 08:00 of a working day, after it
        (paris("2026-11-26", "08:00"), paris("2026-11-30", "08:00")),
        (paris("2026-11-26", "07:59"), paris("2026-11-26", "08:00")),
        (paris("2026-11-26", "07:00"), paris("2026-11-26", "08:00")),
        (paris("2026-11-26", "09:00"), paris("2026-11-30", "08:00")),
    ],
)
def test_when_nobody_has_confirmed(known: datetime, at: datetime) -> None:
    """At its hour when that is still to come; else at the first 08:00 of a working day, 24 hours later or more (§10.5)."""
    found = _found(_T.UNCONFIRMED, case(meeting(known_at=known)))
    assert found == Found(at=at, next_action="call_before_deadline")


def test_the_grace_ends_at_eight() -> None:
    """A Tuesday at 08:00 and 24 hours are a Wednesday at 08:00, which is not after it: Thursday."""
    duty = meeting(known_at=paris("2026-11-24", "08:00"), due_at=paris("2026-11-27", "17:00"))
    assert _found(_T.UNCONFIRMED, case(duty)) == Found(at=paris("2026-11-26", "08:00"), next_action="call_before_deadline")


def test_a_grace_that_ends_with_the_meeting_is_none() -> None:
    """Then SHORT_NOTICE says it at once."""
    known = paris("2026-11-27", "09:00")
    late = meeting(known_at=known, due_at=paris("2026-11-30", "09:00"))
    assert _found(_T.UNCONFIRMED, case(late)) == Found(at=paris("2026-11-30", "08:00"), next_action="call_before_deadline")
    same = replace(late, due_at=paris("2026-12-01", "08:00"), known_at=paris("2026-11-28", "08:00"))
    # a Saturday at 08:00, a Sunday, Monday at 08:00
    assert _found(_T.UNCONFIRMED, case(same)) == Found(at=paris("2026-11-30", "08:00"), next_action="call_before_deadline")


@pytest.mark.parametrize(("known", "late"), [(paris("2026-11-24", "15:00"), False), (paris("2026-11-24", "15:00:01"), True)])
def test_a_letter_in_time_to_the_second(known: datetime, late: bool) -> None:
    """The printer takes it until 15:00 (§10.2): with a letterbox alone, or when a letter is preferred."""
    duty = meeting(known_at=known)
    alone = case(duty, contacts=(letterbox(),))
    preferred = case(duty, contacts=(mobile(), letterbox()), who=person(preferred_channel=Channel.LETTER))
    told = Found(at=known, next_action="call_before_deadline", facts=(Fact(code="letter_too_late"),))
    for of in (alone, preferred):
        assert _found(_T.SHORT_NOTICE, of, known) == (told if late else None)


# ---- what is told


def test_an_answer_of_one_of_several_people_is_told_whole() -> None:
    """What was wanted, on which channel, when: somebody must ask who answered (§10.14)."""
    said = reply("y1", Choice.CALL_ME_BACK, obligation_id=_CV.obligation_id, revision=1, effect=ReplyEffect.AMBIGUOUS, at=NOW + _H)
    fact = Fact(code="shared_answer", parameters={"channel": "sms", "choice": "call_me_back", "at": (NOW + _H).isoformat()})
    found = _found(_T.INBOUND_MESSAGE, case(_CV, replies=(said,)))
    assert found == Found(at=NOW + _H, next_action="ask_who_answered", facts=(fact,), severity=Severity.INFO)


@pytest.mark.parametrize(
    ("channel", "contact_id", "facts"), [(Channel.LETTER, "home", ["cancelled", "letter_too_late"]), (Channel.SMS, "tel", ["cancelled"])]
)
def test_who_travels_for_nothing_is_told_since_when(channel: Channel, contact_id: str, facts: list[str]) -> None:
    """When it was cancelled, as the source says; that a letter was all they had."""
    cancelled = meeting(state=ObligationState.CANCELLED, settled_at=NOW + _H, known_at=NOW, due_at=NOW + 30 * _H)
    points = (letterbox(), mobile(status=ContactStatus.DISABLED))
    row = attempt(about=cancelled, channel=channel, contact_id=contact_id)
    found = _found(_T.TRAVELS_FOR_NOTHING, case(cancelled, contacts=points, attempts=(row,)), NOW + 2 * _H)
    assert found is not None
    assert (found.next_action, found.at_least, [fact.code for fact in found.facts]) == ("tell_cancelled", Severity.HIGH, facts)
    assert found.facts[0].parameters == {"at": (NOW + _H).isoformat()}


# ---- verdicts


def test_our_faults_are_told_with_their_instants() -> None:
    """What the person asked for and nobody handled, then the outage."""
    duty = meeting(outage_at=NOW + _H, state=ObligationState.MISSED)
    alerts = (_alert(_T.CANNOT_COME), _alert(_T.CALLBACK_REQUESTED, raised_at=NOW + 2 * _H), _alert(_T.UNCONFIRMED))
    other = _alert(_T.CANNOT_COME, obligation_id=ObligationId("cv:2"))
    assert faults(view(case(duty, alerts=(*alerts, other))), duty) == (
        Fact(code="cannot_come_unhandled", parameters={"at": NOW.isoformat()}),
        Fact(code="callback_unhandled", parameters={"at": (NOW + 2 * _H).isoformat()}),
        Fact(code="outage", parameters={"at": (NOW + _H).isoformat()}),
    )


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"closed_at": _DUE, "close_reason": "handled"}, False),
        ({"closed_at": _DUE + _S, "close_reason": "handled"}, True),
        ({"closed_at": _DUE - _H, "close_reason": "missed"}, True),
        ({"raised_at": _DUE}, False),
        ({"raised_at": _DUE - _S}, True),
    ],
)
def test_handled_until_the_very_hour(changed: dict[str, Any], fault: bool) -> None:
    """At the hour of the meeting it is in time; what was asked from then on came too late to be handled."""
    duty = meeting(state=ObligationState.MISSED)
    verdict = verdict_of(view(case(duty, alerts=(_alert(_T.CALLBACK_REQUESTED, **changed),)), _DUE + _H), duty)
    assert verdict is (Verdict.SERVICE_AT_FAULT if fault else Verdict.NOT_PROVED)


@pytest.mark.parametrize(("declined_at", "announced"), [(_DUE - _S, True), (_DUE, False)])
def test_an_absence_is_announced_before_the_hour(declined_at: datetime, announced: bool) -> None:
    """Said at the hour itself it is no announcement."""
    duty = meeting(state=ObligationState.MISSED, declined_at=declined_at, evidence=Evidence.E2)
    assert verdict_of(view(case(duty), _DUE + _H), duty) is (Verdict.ABSENCE_ANNOUNCED if announced else Verdict.NOT_PROVED)


@pytest.mark.parametrize(
    ("choice", "effect"),
    [(Choice.COME, ReplyEffect.FORWARDED), (Choice.CALL_ME_BACK, ReplyEffect.ACKNOWLEDGED), (Choice.UNREADABLE, ReplyEffect.FORWARDED)],
)
def test_only_an_answer_that_counts_takes_an_absence_back(choice: Choice, effect: ReplyEffect) -> None:
    """A yes to several meetings, a wish to be called, words nobody reads: the absence stands."""
    duty = meeting(state=ObligationState.MISSED, declined_at=NOW, evidence=Evidence.E3)
    said = [
        reply("y1", Choice.CANNOT_COME, obligation_id="cv:1", revision=1, effect=ReplyEffect.ACKNOWLEDGED, at=NOW),
        reply("y2", choice, obligation_id="cv:1", revision=1, effect=effect, at=NOW + _H),
    ]
    assert verdict_of(view(case(duty, replies=tuple(said)), _DUE + _H), duty) is Verdict.ABSENCE_ANNOUNCED


# ---- what a letter, and what the rest proves


def _letter(attempt_id: str = "l1", **changed: Any) -> Attempt:
    return attempt(attempt_id, about=_CV, step=Step.L, channel=Channel.LETTER, contact_id="home", **changed)


def test_a_letter_is_posted_when_the_printer_says_so() -> None:
    """By the first word that it is in its envelope; without one when it was taken, without that when it was released (§11.4)."""
    told = [receipt(f"r{n}", ReceiptStatus.SENT, attempt_id="l1", received_at=NOW + n * _H) for n in (5, 3)]
    told += [
        receipt("r8", ReceiptStatus.SENT, attempt_id="other", received_at=NOW),
        receipt("r9", ReceiptStatus.ACCEPTED, attempt_id="l1", received_at=NOW),
    ]
    letter = _letter(accepted_at=NOW + _H, release_at=NOW - _H)
    assert posted_at(case(receipts=tuple(told)), letter) == NOW + 3 * _H
    assert posted_at(case(receipts=tuple(told[2:])), letter) == NOW + _H
    assert posted_at(case(), replace(letter, accepted_at=None)) == NOW - _H


def test_what_the_rest_proves() -> None:
    """The first delivery, with its own word; else the first acceptance; of this revision; else nothing."""
    late = attempt("a1", about=_CV, state=AttemptState.DELIVERED, delivered_at=NOW + 5 * _H, last_status=ReceiptStatus.VOICEMAIL_LEFT)
    first = attempt("a2", about=_CV, state=AttemptState.DELIVERED, delivered_at=NOW + 2 * _H, last_status=None, release_at=NOW + _H)
    taken = [attempt(f"b{n}", about=_CV, accepted_at=NOW + n * _H) for n in (4, 3)]
    old = attempt("c", about=meeting(revision=7), accepted_at=NOW - _H)
    assert rest_proves(case(_CV, attempts=(late, first, *taken, old)), _CV) == (Evidence.E2, "delivered", NOW + 2 * _H)
    assert rest_proves(case(_CV, attempts=(late, *taken)), _CV) == (Evidence.E2, "voicemail_left", NOW + 5 * _H)
    assert rest_proves(case(_CV, attempts=(*taken, old)), _CV) == (Evidence.E1, "accepted", NOW + 3 * _H)
    assert rest_proves(case(_CV, attempts=(old,)), _CV) == (Evidence.E0, None, None)


# ---- an open line


def _due(duty: Obligation, alert: Alert, now: datetime = NOW, **changed: Any) -> tuple[list[AlertWanted], list[AlertClosed]]:
    due = alerts_due(view(case(duty, alerts=(alert,), **changed), now), duty)
    about = [wanted for wanted in due.wanted if wanted.type is alert.type]
    return about, [closed for closed in due.closed if closed.alert_id == alert.alert_id]


def test_a_cancellation_that_is_under_way_is_told() -> None:
    """The line about who travels for nothing closes with the reason: told, over, or not at all."""
    duty = meeting(state=ObligationState.CANCELLED)
    alert = _alert(_T.TRAVELS_FOR_NOTHING)
    word = attempt(about=duty, step=Step.CANCELLATION)
    assert _due(duty, alert, attempts=(word,))[1] == [AlertClosed(alert_id=alert.alert_id, reason="told")]
    assert _due(duty, alert, _DUE)[1] == [AlertClosed(alert_id=alert.alert_id, reason="over")]
    assert _due(duty, alert, _DUE - _S)[1] == []


@pytest.mark.parametrize(("known", "again"), [(NOW + _S, True), (NOW, False)])
def test_a_new_date_asks_anew(known: datetime, again: bool) -> None:
    """What was closed before the new date was known is about the old one (§10.11)."""
    duty = meeting(known_at=known, due_at=known + 20 * _H)
    closed = _alert(_T.SHORT_NOTICE, closed_at=NOW, close_reason="handled")
    assert bool(_due(duty, closed, known + _H)[0]) is again


@pytest.mark.parametrize(
    ("raised", "handled", "stays"),
    [(NOW + 2 * _H, NOW + _H, True), (NOW + _H, NOW + _H, False), (NOW, NOW + _H, False)],
)
def test_what_is_asked_after_a_duty_was_handled(raised: datetime, handled: datetime, stays: bool) -> None:
    """Handled with the duty unless it was asked later."""
    duty = meeting(state=ObligationState.HANDLED)
    asked = _alert(_T.CALLBACK_REQUESTED, raised_at=raised)
    before = _alert(_T.UNCONFIRMED, alert_id=AlertId("b"), closed_at=handled, close_reason="handled")
    over = _alert(_T.SHORT_NOTICE, alert_id=AlertId("c"), closed_at=NOW + 9 * _H, close_reason="answered")
    of = case(duty, alerts=(asked, before, over))
    closed = [row for row in alerts_due(view(of, NOW + 10 * _H), duty).closed if row.alert_id == asked.alert_id]
    assert closed == ([] if stays else [AlertClosed(alert_id=asked.alert_id, reason="handled")])


def test_somebody_on_hold_is_looked_at_when_it_ends() -> None:
    """Without an end nothing is waited for (§10.17)."""
    of = case(_CV, who=person(hold=Hold(reason="accord")))
    found = _found(_T.NO_CHANNEL, of)
    assert found is not None
    assert found.facts == (Fact(code="hold", parameters={"reason": "accord", "until": ""}),)


def test_a_point_is_good_again_after_the_failure_not_with_it() -> None:
    """An alert about it closes when somebody answered there later than it was raised (§10.7)."""
    dead = _alert(
        _T.WRONG_PERSON, known=(Fact(code="wrong_person", parameters={"channel": "sms", "at": NOW.isoformat()}),), obligation_id=None
    )
    for at, fixed in ((NOW, False), (NOW + _S, True)):
        of = case(appointment(), contacts=(mobile(human_at=at), mailbox()), alerts=(dead,))

        assert bool(points_fixed(view(of, NOW + _H))) is fixed


def test_somebody_else_s_telephone_is_asked_about_until_it_is_good() -> None:
    """The point that the message went to, not another one of theirs (SC-14)."""
    said = attempt(about=_CV, state=AttemptState.FAILED, last_status=ReceiptStatus.WRONG_PERSON, closed_at=NOW)
    good = mobile(human_at=NOW + _H)
    for points, asked in (((good,), False), ((mobile(), replace(good, contact_id=ContactId("other"))), True)):
        assert (_found(_T.WRONG_PERSON, case(_CV, contacts=points, attempts=(said,)), NOW + 2 * _H) is not None) is asked
    suspect = replace(good, status=ContactStatus.SUSPECT)
    assert _found(_T.WRONG_PERSON, case(_CV, contacts=(suspect,), attempts=(said,)), NOW + 2 * _H) is not None


def test_a_bundle_tells_since_when_each_was_cancelled() -> None:
    """The announcement may have named two meetings; the one that is cancelled is at stake."""
    cancelled = meeting(state=ObligationState.CANCELLED, settled_at=None, changed_at=NOW + 3 * _H, due_at=NOW + 30 * _H)
    items = tuple(Item(obligation_id=ObligationId(name), revision=1, step=Step.N0) for name in ("cv:2", "cv:1"))
    row = attempt(about=cancelled, items=items)
    gone = (mobile(status=ContactStatus.DISABLED),)
    found = _found(_T.TRAVELS_FOR_NOTHING, case(cancelled, contacts=gone, attempts=(row,)), NOW + 4 * _H)
    assert found is not None
    assert found.facts == (Fact(code="cancelled", parameters={"at": (NOW + 3 * _H).isoformat()}),)
