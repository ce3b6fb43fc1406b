"""What a decision answers, whole: what is released, left out, taken back; the dossier, the alerts, and when to look again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.alerts.watch import AlertsDue, alerts_due
from services.core.decide import decide
from services.core.decision import AlertClosed, AlertWanted, Cancel, Decision, Dossier, Transition
from services.core.model import Alert, AlertId, Attempt, AttemptId, Case, ContactId, Fact, Item, Obligation, ObligationId
from services.core.states import Happened
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    ContactStatus,
    Evidence,
    ObligationState,
    Routed,
    Severity,
    Step,
    Verdict,
    Why,
)
from tests.unit.core.scene import (
    LEILA,
    NOW,
    actualisation,
    appointment,
    attempt,
    case,
    environment,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    view,
)

H = timedelta(hours=1)
_CV = meeting()
_ALL = (mobile(), mailbox(), letterbox())


def _decided(of: Case, now: datetime = NOW) -> Decision:
    return decide(of, environment(), now)


def test_a_message_is_released_with_its_reasons() -> None:
    """Which channel, why this one and why not the others; the id is derived, so that two planners of any version name it alike (R8)."""
    decision = _decided(case(_CV, contacts=_ALL, who=person(forbidden_channels=(Channel.EMAIL,))))
    assert decision.releases == [
        Attempt(
            attempt_id=AttemptId("at-0acf8da8734671bd23e1"),
            person_id=LEILA,
            channel=Channel.SMS,
            contact_id=ContactId("tel"),
            items=(Item(obligation_id=ObligationId("cv:1"), revision=1, step=Step.N0, occurrence=1),),
            state=AttemptState.RELEASED,
            cause="first_notice",
            chosen_by="preferred",
            excluded=("email: forbidden", "voice: later_rung", "letter: later_rung"),
            release_at=NOW,
            not_after=paris("2026-11-20", "19:30"),
            dispatched_at=NOW,
            policy=environment().policy.version,
        )
    ]
    # the unclaimed dispatch is looked at first, then R1
    assert (decision.live_at, decision.campaign_at) == (NOW + timedelta(minutes=10), None)
    outlook = decision.outlooks[0]
    assert (outlook.obligation, outlook.next_at, outlook.excluded) == (_CV, outlook.ahead[0].at, ("email: forbidden",))
    assert [one.step for one in outlook.ahead] == [Step.R1, Step.R2, Step.R3]


def test_a_message_is_left_out_with_its_reason() -> None:
    """It is a row of its own, closed when it is made: nobody dispatches it (§10.2)."""
    duty = meeting(legal_value="formal", due_at=paris("2026-11-25", "10:30"))
    assert _decided(case(duty, contacts=_ALL)).skips == [
        Attempt(
            attempt_id=AttemptId("at-6afa364f933c1477d9ee"),
            person_id=LEILA,
            channel=Channel.LETTER,
            contact_id=ContactId("home"),
            items=(Item(obligation_id=ObligationId("cv:1"), revision=1, step=Step.L),),
            state=AttemptState.SKIPPED,
            reason=Why.LETTER_TOO_LATE,
            cause="step",
            release_at=NOW,
            not_after=NOW,
            closed_at=NOW,
            policy=environment().policy.version,
        )
    ]


def test_an_id_tells_apart_what_differs() -> None:
    """Another duty, revision, point or earlier message on the channel is another message (contracts §3)."""
    found = {
        _decided(of).releases[0].attempt_id
        for of in (
            case(_CV),
            case(meeting("cv:2")),
            case(meeting(revision=2)),
            case(_CV, contacts=(mobile("other"),)),
            case(_CV, contacts=(mailbox(),)),
            case(_CV, attempts=(attempt("x", about=_CV, state=AttemptState.CANCELLED),)),
        )
    }
    assert len(found) == 6


@pytest.mark.parametrize(
    ("changed", "items", "reason"),
    [
        ({"state": ObligationState.DONE}, None, Why.DONE),
        ({"revision": 2}, None, Why.SUPERSEDED),
        ({"state": ObligationState.ACKNOWLEDGED}, None, Why.ACKNOWLEDGED),
        # a bundle is taken back once nobody wants any of it, for the reason of its first
        ({"state": ObligationState.DONE}, ("cv:1", "gone"), Why.DONE),
        ({"state": ObligationState.DONE}, ("gone", "cv:1"), Why.ERASED),
    ],
)
def test_what_nobody_wants_is_taken_back(changed: dict[str, Any], items: tuple[str, ...] | None, reason: Why) -> None:
    """Released and not claimed yet (§10.12)."""
    row = attempt(about=_CV, state=AttemptState.RELEASED, claimed_at=None, submitted_at=None, accepted_at=None)
    if items:
        row = replace(row, items=tuple(Item(obligation_id=ObligationId(name), revision=1, step=Step.N0) for name in items))
    assert _decided(case(meeting(**changed), attempts=(row,)), NOW + H / 60).cancels == [Cancel(attempt=row, reason=reason)]


def test_what_is_wanted_in_part_is_not_taken_back() -> None:
    """Of two meetings in one message one is done: the message still says the other; nor is a message that was claimed (§10.15)."""
    items = tuple(Item(obligation_id=ObligationId(name), revision=1, step=Step.R2) for name in ("cv:1", "cv:2"))
    row = attempt(about=_CV, items=items, state=AttemptState.RELEASED, submitted_at=None, accepted_at=None)
    done = meeting(state=ObligationState.DONE)
    assert _decided(case(done, meeting("cv:2"), attempts=(row,)), NOW + H / 60).cancels == []
    claimed = replace(row, state=AttemptState.SUBMITTING, items=items[:1])
    assert _decided(case(done, attempts=(claimed,)), NOW + H / 60).cancels == []


def test_when_to_look_again_in_each_lane() -> None:
    """The campaign's steps in its lane, the alert lists and the end in the lane of the living; the duty's own is the soonest of all."""
    duty = actualisation()
    decision = _decided(case(duty), duty.known_at)
    first = decision.outlooks[0].ahead[0].at
    assert (decision.live_at, decision.campaign_at, decision.outlooks[0].next_at) == (paris("2026-12-11", "08:00"), first, first)
    assert _decided(case(meeting(state=ObligationState.DONE))).live_at is None


@pytest.mark.parametrize(
    ("duty", "now", "moved"),
    [
        (actualisation(), actualisation().due_at, True),
        (actualisation(), actualisation().due_at - timedelta(seconds=1), False),
        (_CV, _CV.due_at + timedelta(days=7), True),
        (_CV, _CV.due_at + timedelta(days=7, seconds=-1), False),
        (meeting(state=ObligationState.MISSED), _CV.due_at + timedelta(days=8), False),
    ],
)
def test_when_a_duty_lapses(duty: Obligation, now: datetime, moved: bool) -> None:
    """An actualisation at its very end, a meeting seven days after its hour (§10.5)."""
    expected = [Transition(obligation=duty, happened=Happened.EXPIRED)] if moved else []
    assert _decided(case(duty), now).transitions == expected


def test_a_missed_meeting_has_its_dossier_and_its_alert() -> None:
    """The level, every message, the verdict; the référent is told at once, until the end of the hour that is (§2.3, SC-48)."""
    duty = meeting(state=ObligationState.MISSED, settled_at=NOW + H, due_at=NOW)
    row = attempt(about=duty, state=AttemptState.DELIVERED, delivered_at=NOW + H / 60)
    decision = _decided(case(duty, contacts=_ALL, attempts=(row,)), NOW + 2 * H)
    told = (
        Fact(code="evidence", parameters={"level": "E0"}),
        Fact(code="sent", parameters={"channel": "sms", "at": NOW.isoformat(), "count": "1"}),
        Fact(code="delivered", parameters={"at": (NOW + H / 60).isoformat(), "channel": "sms"}),
    )
    assert decision.dossiers == [Dossier(obligation=duty, lines=told, verdict=Verdict.NOT_PROVED, told=True)]
    assert decision.alerts == [
        AlertWanted(
            type=AlertType.NON_RECEIPT_DOSSIER,
            severity=Severity.CRITICAL,
            obligation=duty,
            advisor_id="adv",
            routed=Routed.REFERENT,
            deadline=NOW,
            known=told,
            next_action="call_before_procedure",
            act_by=NOW + 2 * H,
        )
    ]


@pytest.mark.parametrize(("evidence", "told"), [(Evidence.E3, True), (Evidence.E4, False)])
def test_whom_a_dossier_is_told(evidence: Evidence, told: bool) -> None:
    """Proved with the identity: kept, and nobody is told (§10.5)."""
    duty = meeting(state=ObligationState.MISSED, evidence=evidence, settled_at=NOW, due_at=NOW)
    assert [dossier.told for dossier in _decided(case(duty), NOW + H).dossiers] == [told]
    assert _decided(case(replace(duty, verdict=Verdict.PROVED)), NOW + H).dossiers == []


# ---- the advisors' list


def _open(type_: AlertType, **changed: Any) -> Alert:
    row = Alert(
        alert_id=AlertId("al-1"),
        type=type_,
        severity=Severity.MEDIUM,
        person_id=LEILA,
        obligation_id=ObligationId("cv:1"),
        agency_id="agence",
        advisor_id="adv",
        routed=Routed.REFERENT,
        deadline=_CV.due_at,
        next_action="old",
        act_by=NOW,
        raised_at=NOW,
        updated_at=NOW,
        routed_at=NOW,
    )
    return replace(row, **changed)


def _due(duty: Obligation, *alerts: Alert, now: datetime = NOW + H, **changed: Any) -> AlertsDue:
    return alerts_due(view(case(duty, alerts=alerts, **changed), now), duty)


@pytest.mark.parametrize(
    ("type_", "changed", "reason"),
    [
        (AlertType.UNCONFIRMED, {"state": ObligationState.ACKNOWLEDGED}, "acknowledged"),
        (AlertType.UNCONFIRMED, {"state": ObligationState.DECLINED}, "declined"),
        (AlertType.UNCONFIRMED, {"state": ObligationState.HANDLED}, "handled"),
        (AlertType.UNCONFIRMED, {"state": ObligationState.CANCELLED}, "cancelled"),
        (AlertType.UNCONFIRMED, {"evidence": Evidence.E3}, "answered"),
        (AlertType.SHORT_NOTICE, {"evidence": Evidence.E3}, "answered"),
        (AlertType.UNREACHABLE, {"evidence": Evidence.E3}, "answered"),
        (AlertType.NO_CHANNEL, {"evidence": Evidence.E1}, "contact_fixed"),
        (AlertType.CANNOT_COME, {"state": ObligationState.ACKNOWLEDGED}, "acknowledged"),
        (AlertType.CALLBACK_REQUESTED, {"state": ObligationState.DONE}, "done"),
        (AlertType.CONTACT_DEAD, {"state": ObligationState.DONE}, "done"),
        (AlertType.NON_RECEIPT_DOSSIER, {"state": ObligationState.DONE}, "done"),
    ],
)
def test_why_an_open_alert_is_over(type_: AlertType, changed: dict[str, Any], reason: str) -> None:
    """Its cause is gone: an answer, an end, a channel again (§10.8)."""
    assert _due(meeting(**changed), _open(type_)).closed == [AlertClosed(alert_id="al-1", reason=reason)]


@pytest.mark.parametrize(
    ("type_", "changed"),
    [
        (AlertType.CALLBACK_REQUESTED, {"state": ObligationState.ACKNOWLEDGED, "evidence": Evidence.E3}),
        (AlertType.INBOUND_MESSAGE, {"state": ObligationState.DECLINED}),
        (AlertType.UNCONFIRMED, {"evidence": Evidence.E2}),
        (AlertType.CANNOT_COME, {"state": ObligationState.DECLINED, "declined_at": NOW}),
        (AlertType.NON_RECEIPT_DOSSIER, {"state": ObligationState.MISSED, "evidence": Evidence.E1}),
        (AlertType.CONTACT_DEAD, {"state": ObligationState.CANCELLED}),
    ],
)
def test_what_stays_on_the_list(type_: AlertType, changed: dict[str, Any]) -> None:
    """What a human has to do stays until a human closes it (§10.8)."""
    assert _due(meeting(**changed), _open(type_)).closed == []


def test_a_new_line_tells_everything() -> None:
    """The meeting's own advisor when they are there, the facts of the rule before the usual ones, by when to act (§10.13)."""
    duty = appointment(state=ObligationState.DECLINED, declined_at=NOW, declined_reason="ill", advisor_id="bak", mandatory=True)
    due = _due(duty)
    assert due.wanted == [
        AlertWanted(
            type=AlertType.CANNOT_COME,
            severity=Severity.HIGH,
            obligation=duty,
            advisor_id="bak",
            routed=Routed.REFERENT,
            deadline=duty.due_at,
            known=(
                Fact(code="declined", parameters={"at": NOW.isoformat(), "reason": "ill"}),
                Fact(code="nothing_sent"),
                Fact(code="excluded", parameters={"channel": "email", "reason": "no_contact"}),
                Fact(code="excluded", parameters={"channel": "letter", "reason": "no_contact"}),
            ),
            next_action="ask_reason",
            act_by=paris("2026-11-30", "18:00"),
        )
    ]
    assert due.closed == []


def test_a_line_that_becomes_more_urgent_is_told_anew() -> None:
    """Same alert, new severity, today's facts; it stays on its list (§10.8)."""
    now = paris("2026-11-27", "09:00")
    stored = _open(AlertType.UNCONFIRMED, claimed_by="adv", routed_at=NOW)
    assert _due(_CV, stored, now=now).wanted == [
        AlertWanted(
            type=AlertType.UNCONFIRMED,
            severity=Severity.HIGH,
            obligation=_CV,
            advisor_id="adv",
            routed=Routed.REFERENT,
            deadline=_CV.due_at,
            known=(
                Fact(code="nothing_sent"),
                Fact(code="excluded", parameters={"channel": "email", "reason": "no_contact"}),
                Fact(code="excluded", parameters={"channel": "letter", "reason": "no_contact"}),
            ),
            next_action="call_before_deadline",
            act_by=paris("2026-11-30", "18:00"),
            claimed=True,
            routed_at=NOW,
        )
    ]
    again = _due(_CV, replace(stored, severity=Severity.HIGH), now=now)
    assert again.wanted == []
    assert min(again.wakes) == paris("2026-11-30", "08:00")


def test_a_closed_line_is_not_raised_again() -> None:
    """A human closed it; only another date, or a channel that was there and is gone, asks anew (§10.8)."""
    now = paris("2026-11-27", "09:00")
    closed = _open(AlertType.UNCONFIRMED, closed_at=NOW + H, close_reason="handled")
    assert _due(_CV, closed, now=now).wanted == []
    moved = replace(_CV, known_at=NOW + 2 * H)
    assert [one.type for one in _due(moved, closed, now=now).wanted] == [AlertType.UNCONFIRMED]
    gone = (mobile(status=ContactStatus.DISABLED),)
    for reason, types in (("contact_fixed", [AlertType.NO_CHANNEL]), ("handled", [])):
        before = _open(AlertType.NO_CHANNEL, closed_at=NOW + H, close_reason=reason)
        assert [one.type for one in _due(_CV, before, contacts=gone).wanted] == types
