"""Answers to a message about several duties (§10.12): one answer, a proof for each meeting, one question to a human."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.alerts.known import known
from services.core.decision import AlertWanted
from services.core.model import Item, Obligation
from services.core.words import (
    AlertType,
    AnsweredBy,
    Choice,
    Evidence,
    Identity,
    ObligationState,
    ReplyChannel,
    ReplyEffect,
    Severity,
    Step,
)
from tests.unit.core.scene import NOW, Story, actualisation, appointment, attempt, case, meeting, paris, view

_SOON = appointment("rdv:1", due_at=paris("2026-12-09", "10:00"))
_LATER = appointment("rdv:2", due_at=paris("2026-12-11", "14:30"), advisor_id="bak")
_ACT = actualisation(known_at=NOW, opens_at=NOW, due_at=paris("2026-12-04", "23:59"))


def _told(*duties: Obligation, step: Step = Step.N0) -> Story:
    """One SMS about all of them, in an order that is not theirs."""
    items = tuple(Item(obligation_id=duty.obligation_id, revision=duty.revision, step=step) for duty in reversed(duties))
    return Story(case=case(*reversed(duties), attempts=(replace(attempt(about=duties[0]), items=items),)), now=NOW + timedelta(hours=1))


def _alerts(story: Story, type_: AlertType) -> list[AlertWanted]:
    return [alert for alert in story.decide().alerts if alert.type is type_]


def test_one_acknowledges_every_meeting_of_the_message() -> None:
    """One answer, two acknowledgements, a proof for each."""
    story = _told(_SOON, _LATER)
    assert story.answer(Choice.COME) is ReplyEffect.ACKNOWLEDGED
    for name in ("rdv:1", "rdv:2"):
        assert (story.obligation(name).state, story.obligation(name).evidence) == (ObligationState.ACKNOWLEDGED, Evidence.E3)


def test_two_declines_none_of_several_and_a_human_asks_about_the_earliest() -> None:
    """Forwarded: the states stay, somebody was there, and one CANNOT_COME says that the answer was to several (§10.12)."""
    story = _told(_SOON, replace(_LATER, mandatory=True))
    assert story.answer(Choice.CANNOT_COME) is ReplyEffect.FORWARDED
    for name in ("rdv:1", "rdv:2"):
        assert (story.obligation(name).state, story.obligation(name).evidence) == (ObligationState.OPEN, Evidence.E3)
        assert story.obligation(name).declined_at is None
    raised = _alerts(story, AlertType.CANNOT_COME)
    assert [alert.obligation.obligation_id for alert in raised if alert.obligation] == ["rdv:1"]
    assert raised[0].known[0].code == "group_reply"
    # one of the meetings is mandatory, whichever is meant
    assert raised[0].severity is Severity.HIGH


def test_the_question_stays_open_until_the_person_says_more() -> None:
    """Deciding again raises nothing new and closes nothing; « 1 » afterwards closes it."""
    story = _told(_SOON, _LATER)
    story.answer(Choice.CANNOT_COME)
    assert _alerts(story, AlertType.CANNOT_COME)
    again = story.decide()
    assert not again.alerts
    assert not again.closed
    story.answer(Choice.COME, at=story.now + timedelta(minutes=5))
    assert [closed.reason for closed in story.decide().closed] == ["acknowledged"]


def test_after_an_acknowledgement_two_asks_a_human_too() -> None:
    """The reminder of two meetings that were acknowledged is answered with 2."""
    story = _told(*(replace(duty, state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3) for duty in (_SOON, _LATER)), step=Step.R2)
    story.answer(Choice.CANNOT_COME)
    assert story.obligation("rdv:1").state is ObligationState.ACKNOWLEDGED
    assert len(_alerts(story, AlertType.CANNOT_COME)) == 1


def test_two_declines_the_only_meeting_that_is_left() -> None:
    """The other was cancelled meanwhile: there is no doubt."""
    story = _told(_SOON, replace(_LATER, state=ObligationState.CANCELLED))
    assert story.answer(Choice.CANNOT_COME) is ReplyEffect.ACKNOWLEDGED
    assert story.obligation("rdv:1").state is ObligationState.DECLINED


@pytest.mark.parametrize(
    ("choice", "meeting_state", "meeting_evidence", "act_evidence"),
    [
        (Choice.COME, ObligationState.ACKNOWLEDGED, Evidence.E3, Evidence.E0),
        (Choice.CANNOT_COME, ObligationState.DECLINED, Evidence.E3, Evidence.E0),
        (Choice.CALL_ME_BACK, ObligationState.OPEN, Evidence.E3, Evidence.E0),
        (Choice.DONE, ObligationState.OPEN, Evidence.E0, Evidence.E3),
    ],
)
def test_beside_an_actualisation_digits_are_about_the_meeting(
    choice: Choice, meeting_state: ObligationState, meeting_evidence: Evidence, act_evidence: Evidence
) -> None:
    """1, 2 and 3 concern the meeting, whatever closes first; « c'est fait » concerns the actualisation."""
    story = _told(_ACT, meeting("cv:1"), step=Step.N0)
    assert story.answer(choice) is ReplyEffect.ACKNOWLEDGED
    assert (story.obligation("cv:1").state, story.obligation("cv:1").evidence) == (meeting_state, meeting_evidence)
    act = story.obligation(_ACT.obligation_id)
    assert (act.state, act.evidence) == (ObligationState.OPEN, act_evidence)
    assert (act.said_done_at is not None) is (choice is Choice.DONE)


@pytest.mark.parametrize(
    ("choice", "type_"), [(Choice.CALL_ME_BACK, AlertType.CALLBACK_REQUESTED), (Choice.UNREADABLE, AlertType.INBOUND_MESSAGE)]
)
def test_what_a_human_has_to_do_is_asked_once(choice: Choice, type_: AlertType) -> None:
    """A call-back, or words that nobody can read: one alert, about the earliest, not one for each meeting."""
    story = _told(_SOON, _LATER)
    story.answer(choice)
    assert [alert.obligation.obligation_id for alert in _alerts(story, type_) if alert.obligation] == ["rdv:1"]


def test_desk_entries_of_one_instant_are_two_answers() -> None:
    """They name their duties and no message: each call-back is its own."""
    story = _told(_SOON, _LATER)
    for duty in (_SOON, _LATER):
        story.answer(Choice.CALL_ME_BACK, ReplyChannel.AGENCY, obligation_id=duty.obligation_id, identity=Identity.AGENCY)
    assert len(_alerts(story, AlertType.CALLBACK_REQUESTED)) == 2


@pytest.mark.parametrize(("choice", "code"), [(Choice.COME, "acknowledged"), (Choice.CANNOT_COME, "declined")])
@pytest.mark.parametrize("by", list(AnsweredBy))
def test_an_answer_of_somebody_who_helps_is_said_so(choice: Choice, code: str, by: AnsweredBy) -> None:
    """Kept with the answer; what the advisor reads names a helper, and nobody else (§10.12)."""
    duty = meeting("cv:1")
    story = Story(case=case(duty, attempts=(attempt(about=duty),)), now=NOW + timedelta(hours=1))
    story.answer(choice, ReplyChannel.LINK, attempt_id=story.case.attempts[0].attempt_id, answered_by=by, identity=Identity.LINK)
    assert story.case.replies[0].answered_by is by
    facts = [fact for alert in story.decide().alerts for fact in alert.known]
    facts += known(view(story.case, story.now), story.obligation("cv:1"))
    fact = next(fact for fact in facts if fact.code == code)
    assert fact.parameters.get("by") == ("helper" if by is AnsweredBy.HELPER else None)
