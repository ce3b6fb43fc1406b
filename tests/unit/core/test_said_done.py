"""« C'est fait » (§10.12): it never counts as done; the steps before alert list 1 wait a day for the completion, then go on."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.core.alerts.known import known
from services.core.words import AlertType, AttemptState, Channel, Choice, Evidence, Identity, ObligationState, ReplyChannel, Step
from tests.unit.core.scene import Story, actualisation, attempt, case, mailbox, mobile, paris, person, view


@pytest.mark.parametrize(
    ("said", "a2"),
    [
        # 24 hours before A2's own instant are over
        (paris("2026-12-08", "10:00"), "2026-12-10"),
        # they are not: the step waits for them, on the next day
        (paris("2026-12-10", "09:00"), "2026-12-11"),
        (paris("2026-12-09", "19:00"), "2026-12-10"),
    ],
)
def test_a_step_before_list_1_waits_a_day(said: datetime, a2: str) -> None:
    """§10.12: A2 leaves when the day is over, and not before."""
    duty = actualisation(said_done_at=said, evidence=Evidence.E3, evidence_how="sms")
    story = Story(case=case(duty), now=paris("2026-12-08", "09:00"))
    steps = [(row.items[0].step, row.release_at) for at in _days("2026-12-08", "2026-12-12") for row in story.decide(at).releases]
    instants = [at for step, at in steps if step is Step.A2]
    assert [at.date().isoformat() for at in instants] == [a2]
    assert all(at >= said.replace(day=said.day + 1) for at in instants)


def test_the_opening_notice_waits_too() -> None:
    """§10.12: A0 is before list 1, although it is not counted back from the closing day."""
    duty = actualisation(said_done_at=paris("2026-11-30", "09:30"))
    story = Story(case=case(duty, who=person(asked_opening_notice=True)))
    steps = [(row.items[0].step, row.release_at) for at in _days("2026-11-30", "2026-12-03") for row in story.decide(at).releases]
    assert [(step, at.date().isoformat()) for step, at in steps] == [(Step.A0, "2026-12-01")]


def test_the_steps_after_list_1_do_not_wait() -> None:
    """§10.12: three days before the end nobody can wait for a day; the texts say « si ce n'est pas déjà fait »."""
    duty = actualisation(said_done_at=paris("2026-12-14", "09:00"))
    story = Story(case=case(duty, attempts=()))
    steps = [row.items[0].step for at in _days("2026-12-14", "2026-12-15") for row in story.decide(at).releases]
    assert Step.A4 in steps


def test_what_was_heard_is_not_replaced() -> None:
    """§10.12: she said « c'est fait » by telephone while the SMS has no receipt: no other channel says it again."""
    duty = actualisation(said_done_at=paris("2026-12-10", "13:00"), evidence=Evidence.E3)
    sms = attempt(about=duty, step=Step.A2, state=AttemptState.UNKNOWN, release_at=paris("2026-12-10", "10:30"))
    sms = replace(sms, closed_at=paris("2026-12-10", "14:30"), contact_id=mobile().contact_id)
    story = Story(case=case(duty, contacts=(mobile(), mailbox()), attempts=(sms,)))
    assert not story.decide(paris("2026-12-10", "14:31")).releases
    unheard = Story(case=case(replace(duty, said_done_at=None), contacts=(mobile(), mailbox()), attempts=(sms,)))
    released = [row.channel for at in _days("2026-12-10", "2026-12-11") for row in unheard.decide(max(at, sms.closed_at or at)).releases]
    assert released[:1] in ([Channel.EMAIL], [Channel.VOICE])


def test_it_is_no_completion() -> None:
    """§10.12: E3, still open; the alert's facts say « dit l'avoir fait »."""
    duty = actualisation()
    story = Story(case=case(duty, attempts=(attempt(about=duty, step=Step.A2),)), now=paris("2026-12-10", "12:00"))
    story.answer(Choice.DONE)
    after = story.case.obligations[0]
    assert (after.state, after.evidence) == (ObligationState.OPEN, Evidence.E3)
    alerts = [alert for at in _days("2026-12-14", "2026-12-15") for alert in story.decide(at).alerts]
    assert AlertType.ACTUALISATION_LAST_DAY in {alert.type for alert in alerts}
    assert all("says_done" in {fact.code for fact in alert.known} for alert in alerts)
    assert "says_done" in {fact.code for fact in known(view(story.case), after)}


def test_at_the_desk_it_is_verified_and_still_no_completion() -> None:
    """§10.12: a hand-over at the desk is E4; the feed alone says that it is done."""
    story = Story(case=case(actualisation()), now=paris("2026-12-10", "12:00"))
    story.answer(Choice.DONE, ReplyChannel.AGENCY, identity=Identity.AGENCY, by="m_petit")
    assert (story.case.obligations[0].state, story.case.obligations[0].evidence) == (ObligationState.OPEN, Evidence.E4)


def _days(first: str, last: str) -> list[datetime]:
    """Every quarter of an hour between 09:00 and 19:00 of these days, in Paris."""
    start, days = paris(first, "09:00"), (paris(last) - paris(first)).days
    return [start + timedelta(days=day, minutes=15 * quarter) for day in range(days + 1) for quarter in range(41)]
