"""A person on hold (§10.17): nothing leaves, what would have left is recorded, and what is still useful follows."""

from datetime import datetime

import pytest

from services.core.check import DoNotSend, may_send
from services.core.evidence.contacts import question
from services.core.model import Hold, Obligation
from services.core.words import AlertType, AttemptState, Channel, ContactStatus, ObligationState, Step, Why
from tests.unit.core.scene import (
    LEILA,
    NOW,
    Story,
    actualisation,
    attempt,
    case,
    day,
    environment,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
)

_HOLD = Hold(reason="accord téléphonique", until=day("2026-11-24"))


def _skipped(story: Story) -> list[tuple[datetime, object, object]]:
    return [(at, fields["step"], fields["reason"]) for at, what, fields in story.lines if what == "skipped"]


def test_what_would_have_been_announced_is_left_out_once() -> None:
    """§10.17: the first notice is recorded as left out, and deciding again adds nothing."""
    story = Story(case=case(meeting(), who=person(hold=_HOLD)))
    decision = story.decide(NOW)
    assert not decision.releases
    assert _skipped(story) == [(NOW, "N0", "on_hold")]
    assert not story.decide(NOW).skips


def test_a_first_notice_follows_when_the_local_day_of_the_end_begins() -> None:
    """§10.17: the hold ends at 00:00 of the residence; the notice waits for its window, the alert closes."""
    story = Story(case=case(meeting(), who=person(hold=_HOLD)))
    story.decide(NOW)
    end = paris("2026-11-24")
    assert end in [outlook.next_at for outlook in story.decide(paris("2026-11-23", "23:00")).outlooks]
    assert [closed.reason for closed in story.decide(end).closed] == ["contact_fixed"]
    assert [row.items[0].step for row in story.decide(paris("2026-11-24", "09:00")).releases] == [Step.N0]


def test_a_step_that_fell_into_the_hold_is_not_made_up_for() -> None:
    """§10.17: A1 fell into the hold; A2 is the next that goes out."""
    duty = actualisation()
    story = Story(case=case(duty, who=person(hold=Hold(reason="accord", until=day("2026-12-08")))))
    story.decide(duty.known_at)
    now = duty.known_at
    while now < paris("2026-12-11"):
        story.decide(now)
        now = story.case.obligations[0].next_at or paris("2026-12-11")
    assert [step for _, step, reason in _skipped(story) if reason == "on_hold"] == ["A1"]
    assert [row.items[0].step for row in story.case.attempts if row.state is AttemptState.RELEASED] == [Step.A2]


def test_the_way_back_is_told_once_the_hold_is_over() -> None:
    """§10.17: A6 is still useful for some days after the hold."""
    duty = actualisation(state=ObligationState.LAPSED)
    story = Story(case=case(duty, who=person(hold=Hold(reason="accord", until=day("2026-12-17")))))
    story.decide(paris("2026-12-16", "18:30"))
    assert [(step, reason) for _, step, reason in _skipped(story)] == [("A6", "on_hold")]
    assert [row.items[0].step for row in story.decide(paris("2026-12-17", "18:00")).releases] == [Step.A6]


@pytest.mark.parametrize("duty", [meeting(), actualisation("2026-10")], ids=["meeting", "actualisation"])
def test_a_hold_that_comes_in_between_stops_a_released_message(duty: Obligation) -> None:
    """§10.1.4, §10.17: check-at-send reads the hold again, whatever the message is about."""
    row = attempt(about=duty, state=AttemptState.RELEASED, release_at=NOW, not_after=paris("2026-11-20", "19:30"))
    verdict = may_send(case(duty, who=person(hold=_HOLD)), row, environment(), NOW)
    assert verdict == DoNotSend(reason=Why.ON_HOLD)


def test_one_alert_says_why_she_hears_nothing() -> None:
    """§10.17: one NO_CHANNEL for each duty, with the reason; none for a channel that failed, none twice."""
    story = Story(case=case(meeting(), meeting("cv:2"), who=person(hold=_HOLD), contacts=(mobile(), mailbox())))
    raised = [alert for at in (NOW, paris("2026-11-23", "09:00")) for alert in story.decide(at).alerts]
    assert [(alert.type, alert.known[0].code) for alert in raised] == [(AlertType.NO_CHANNEL, "hold")] * 2
    assert not any(row.state is AttemptState.RELEASED or row.channel is Channel.EMAIL for row in story.case.attempts)


def test_a_question_to_a_new_point_is_held_back_at_that_point() -> None:
    """§10.17: a point that gets nothing but its question serves no channel; what is left out names it all the same."""
    point = mobile("neuf", status=ContactStatus.SUSPECT, only_verification=True)
    asked = question(LEILA, point, 2, NOW, environment().policy.contacts)
    story = Story(case=case(asked, who=person(hold=_HOLD), contacts=(point, mailbox())))
    story.decide(NOW)
    assert [(row.contact_id, row.items[0].step, row.reason) for row in story.case.attempts] == [("neuf", Step.VERIFICATION, Why.ON_HOLD)]
