"""What can be said once the date has passed: our fault first (§10.5, contracts §3)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.decision import Dossier
from services.core.model import Alert, AlertId, Attempt, Obligation
from services.core.words import (
    AlertType,
    AttemptState,
    Choice,
    Evidence,
    ObligationState,
    ReplyEffect,
    Routed,
    Severity,
    Step,
    Verdict,
    Why,
)
from tests.unit.core.scene import Story, appointment, attempt, case, meeting, paris, reply

T = paris("2026-12-01", "10:30")
ASKED = paris("2026-11-25", "11:00")


def _alert(type_: AlertType, **changed: Any) -> Alert:
    row = Alert(
        alert_id=AlertId(f"al-{type_}"),
        type=type_,
        severity=Severity.HIGH,
        person_id=meeting().person_id,
        obligation_id=meeting().obligation_id,
        agency_id="agence",
        advisor_id="adv",
        routed=Routed.REFERENT,
        next_action="call_back",
        act_by=T,
        raised_at=ASKED,
        updated_at=ASKED,
        routed_at=ASKED,
    )
    return replace(row, **changed)


def _missed(*alerts: Alert, **changed: Any) -> Dossier:
    """The dossier of a convocation that nobody came to."""
    duty = meeting(state=ObligationState.MISSED, settled_at=T, **changed)
    return Story(case=case(duty, alerts=alerts)).decide(T + timedelta(hours=1)).dossiers[0]


@pytest.mark.parametrize(
    ("alert", "verdict"),
    [
        # nobody did anything
        (_alert(AlertType.CALLBACK_REQUESTED), Verdict.SERVICE_AT_FAULT),
        (_alert(AlertType.CANNOT_COME), Verdict.SERVICE_AT_FAULT),
        # somebody took it, and left it at that
        (_alert(AlertType.CALLBACK_REQUESTED, claimed_by="adv", claimed_at=ASKED), Verdict.SERVICE_AT_FAULT),
        # it closed because the date had come, or was dealt with after the date
        (_alert(AlertType.CALLBACK_REQUESTED, closed_at=T, close_reason="lapsed"), Verdict.SERVICE_AT_FAULT),
        (_alert(AlertType.CALLBACK_REQUESTED, closed_at=T + timedelta(minutes=5), close_reason="called"), Verdict.SERVICE_AT_FAULT),
        # an advisor did it in time, or the person changed their mind
        (_alert(AlertType.CALLBACK_REQUESTED, closed_at=ASKED, close_reason="called"), Verdict.PROVED),
        (_alert(AlertType.CANNOT_COME, closed_at=ASKED, close_reason="handled"), Verdict.PROVED),
        (_alert(AlertType.CANNOT_COME, closed_at=ASKED, close_reason="acknowledged"), Verdict.PROVED),
        # asked after the date; or nothing that the person had asked for
        (_alert(AlertType.CALLBACK_REQUESTED, raised_at=T), Verdict.PROVED),
        (_alert(AlertType.CONTRADICTORY_REPLIES), Verdict.PROVED),
    ],
)
def test_what_the_person_asked_for_and_nobody_handled(alert: Alert, verdict: Verdict) -> None:
    """Handled means: an advisor's action closed it before the date (§10.5)."""
    assert _missed(alert, evidence=Evidence.E3).verdict is verdict


def test_an_unconfirmed_that_nobody_handled_is_no_fault() -> None:
    """Reception stays not proved (§10.5)."""
    assert _missed(_alert(AlertType.UNCONFIRMED), evidence=Evidence.E2).verdict is Verdict.NOT_PROVED


def test_the_dossier_says_so() -> None:
    """Level first, then what of ours went wrong (§10.5)."""
    dossier = _missed(_alert(AlertType.CALLBACK_REQUESTED), evidence=Evidence.E3)
    assert [line.code for line in dossier.lines[:2]] == ["evidence", "callback_unhandled"]
    declined = _missed(_alert(AlertType.CANNOT_COME), evidence=Evidence.E3, declined_at=ASKED)
    assert (declined.verdict, declined.lines[1].code) == (Verdict.SERVICE_AT_FAULT, "cannot_come_unhandled")
    assert _missed(evidence=Evidence.E2, outage_at=ASKED).lines[1].code == "outage"


@pytest.mark.parametrize(
    ("evidence", "verdict"), [(Evidence.E2, Verdict.SERVICE_AT_FAULT), (Evidence.E3, Verdict.PROVED), (Evidence.E4, Verdict.PROVED)]
)
def test_an_outage_counts_until_somebody_answered(evidence: Evidence, verdict: Verdict) -> None:
    """Who answered was reached all the same (§10.5)."""
    assert _missed(evidence=evidence, outage_at=ASKED).verdict is verdict


@pytest.mark.parametrize(
    ("declined_at", "answers", "verdict"),
    [
        (ASKED, [Choice.CANNOT_COME], Verdict.ABSENCE_ANNOUNCED),
        # taken back; said when the date had passed
        (ASKED, [Choice.CANNOT_COME, Choice.COME], Verdict.PROVED),
        (T + timedelta(minutes=1), [], Verdict.PROVED),
    ],
)
def test_an_absence_that_was_announced(declined_at: datetime, answers: list[Choice], verdict: Verdict) -> None:
    """Beforehand, and the last word (§10.5)."""
    duty = meeting(state=ObligationState.MISSED, settled_at=T, evidence=Evidence.E3, declined_at=declined_at)
    replies = tuple(
        replace(
            reply(f"y{place}", choice, at=ASKED + timedelta(minutes=place)),
            obligation_id=duty.obligation_id,
            effect=ReplyEffect.ACKNOWLEDGED,
        )
        for place, choice in enumerate(answers)
    )
    story = Story(case=case(duty, replies=replies))
    assert story.decide(T + timedelta(hours=1)).dossiers[0].verdict is verdict


# ---- an outage of ours


def _planned(duty: Obligation, now: datetime) -> Story:
    """A story in which the first notice went out and arrived, and the next step is stored."""
    story = Story(case=case(duty), now=now)
    first = story.decide().releases[0]
    story.sent(first)
    story.put(replace(story.attempt(first.attempt_id), state=AttemptState.DELIVERED, delivered_at=now, closed_at=now))
    story.decide()
    return story


def _appointment() -> Obligation:
    return appointment(known_at=paris("2026-11-25", "10:00"), due_at=paris("2026-12-08", "14:00"))


def test_a_step_lost_to_an_outage() -> None:
    """Nobody decided from the fallback's instant until after the meeting: since then it is our outage, and the verdict says so (§10.5)."""
    duty = _appointment()
    story = _planned(duty, duty.known_at)
    expected = story.obligation(duty.obligation_id).next_at
    assert expected is not None
    story.put(replace(story.obligation(duty.obligation_id), state=ObligationState.MISSED, settled_at=duty.due_at))
    decision = story.decide(duty.due_at + timedelta(hours=1))
    assert story.obligation(duty.obligation_id).outage_at == expected
    assert [dossier.verdict for dossier in decision.dossiers] == [Verdict.SERVICE_AT_FAULT]


def test_late_and_still_useful_is_no_outage() -> None:
    """The message leaves some hours later, inside its window: nothing is lost (§10.5)."""
    duty = _appointment()
    story = _planned(duty, duty.known_at)
    expected = story.obligation(duty.obligation_id).next_at
    assert expected is not None
    late = story.decide(expected + timedelta(minutes=40))
    assert late.releases
    assert story.obligation(duty.obligation_id).outage_at is None


def test_never_planned_is_an_outage_too() -> None:
    """Nobody looked at it between its coming and the meeting (§10.5)."""
    duty = replace(_appointment(), state=ObligationState.OPEN)
    story = Story(case=case(duty))
    story.decide(duty.due_at + timedelta(minutes=1))
    assert story.obligation(duty.obligation_id).outage_at == duty.known_at


def test_a_minute_late_is_no_outage() -> None:
    """Decisions take seconds, sometimes a minute (policy: outage.late_after)."""
    duty = _appointment()
    story = _planned(duty, duty.known_at)
    story.put(replace(story.obligation(duty.obligation_id), next_at=duty.due_at - timedelta(minutes=5)))
    story.decide(duty.due_at + timedelta(minutes=5))
    assert story.obligation(duty.obligation_id).outage_at is None


@pytest.mark.parametrize(
    ("changed", "outage"),
    [
        ({"state": AttemptState.SKIPPED, "reason": Why.TOO_LATE, "closed_at": T - timedelta(minutes=50)}, True),
        ({"state": AttemptState.CANCELLED, "reason": Why.MISSED, "closed_at": T + timedelta(minutes=50)}, True),
        # left out by the rules at once; taken back because the person had answered
        ({"state": AttemptState.SKIPPED, "reason": Why.TOO_LATE, "closed_at": T - timedelta(hours=5)}, False),
        ({"state": AttemptState.CANCELLED, "reason": Why.ACKNOWLEDGED, "closed_at": T - timedelta(minutes=50)}, False),
    ],
)
def test_a_message_that_nobody_handed_over(changed: dict[str, Any], outage: bool) -> None:
    """Released, and too late when somebody looked at it: delivery was away (§10.5)."""
    duty = meeting(state=ObligationState.MISSED, settled_at=T, evidence=Evidence.E0, next_at=T)
    row: Attempt = attempt(about=duty, step=Step.R3, release_at=T - timedelta(hours=5), submitted_at=None, accepted_at=None, **changed)
    story = Story(case=case(duty, attempts=(row,)))
    story.decide(T + timedelta(minutes=1))
    assert (story.obligation(duty.obligation_id).outage_at is not None) is outage
