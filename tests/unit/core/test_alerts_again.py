"""Alerts that come back: the cause returns, the person asks again, or the duty has another date (§10.1.6, §10.8, §10.11, §10.12)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.core.model import Alert
from services.core.words import AlertType, Choice, ObligationState
from tests.unit.core.scene import NOW, Story, case, letterbox, meeting, paris


def _raised(story: Story, type_: AlertType, now: datetime) -> bool:
    return type_ in [alert.type for alert in story.decide(now).alerts]


def _only(story: Story, type_: AlertType) -> Alert:
    (alert,) = (alert for alert in story.case.alerts if alert.type is type_)
    return alert


def test_no_channel_comes_back_with_its_cause() -> None:
    """A point was there for an hour and is gone again: the same alert is raised anew (R5)."""
    story = Story(case=case(meeting(), contacts=()))
    assert _raised(story, AlertType.NO_CHANNEL, NOW)
    first = _only(story, AlertType.NO_CHANNEL)
    story.put(letterbox())
    story.decide(NOW + timedelta(hours=1))
    assert _only(story, AlertType.NO_CHANNEL).close_reason == "contact_fixed"
    story.case = replace(story.case, contacts=(), attempts=())
    assert _raised(story, AlertType.NO_CHANNEL, NOW + timedelta(hours=2))
    again = _only(story, AlertType.NO_CHANNEL)
    assert (again.alert_id, again.closed_at) == (first.alert_id, None)


def test_a_new_date_asks_anew() -> None:
    """UNCONFIRMED of the first date ended with her answer; the second date is not confirmed, and the advisor hears of that, too."""
    story = Story(case=case(meeting()))
    story.decide(NOW)
    before = paris("2026-11-26", "08:00")
    assert _raised(story, AlertType.UNCONFIRMED, before)
    story.answer(Choice.COME, at=before + timedelta(hours=1))
    story.decide()
    assert _only(story, AlertType.UNCONFIRMED).closed_at is not None
    moved_at, moved_to = paris("2026-11-27", "09:00"), paris("2026-12-15", "10:30")
    version = story.obligation("cv:1").version
    story.put(replace(meeting(), revision=2, last_revision=2, known_at=moved_at, due_at=moved_to, changed_at=moved_at, version=version))
    story.decide(moved_at)
    assert _only(story, AlertType.UNCONFIRMED).closed_at is not None
    assert _raised(story, AlertType.UNCONFIRMED, paris("2026-12-10", "08:00"))
    assert _only(story, AlertType.UNCONFIRMED).deadline == moved_to


@pytest.mark.parametrize("moved", [timedelta(days=14), timedelta(0)])
@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=3)])
def test_a_date_that_was_taken_back_and_set_again_asks_anew(moved: timedelta, late: timedelta) -> None:
    """Whatever the clocks say: the new date may be known at the instant at which the alert was closed, or be said to be known before."""
    story = Story(case=case(meeting(), contacts=()))
    assert _raised(story, AlertType.NO_CHANNEL, NOW)
    cancelled = replace(story.obligation("cv:1"), state=ObligationState.CANCELLED, settled_at=NOW)
    story.put(cancelled)
    story.decide(NOW + late)
    assert _only(story, AlertType.NO_CHANNEL).close_reason == "cancelled"
    again = replace(cancelled, state=ObligationState.OPEN, settled_at=None, due_at=cancelled.due_at + moved, known_at=NOW)
    story.put(replace(again, revision=3, last_revision=3))
    assert _raised(story, AlertType.NO_CHANNEL, NOW + late)
    assert _only(story, AlertType.NO_CHANNEL).closed_at is None


def test_what_a_human_closed_about_this_date_stays_closed() -> None:
    """The advisor dealt with it: nothing is raised again while the date is the same (§10.8)."""
    story = Story(case=case(meeting(), contacts=()))
    story.decide(NOW)
    closed = replace(_only(story, AlertType.NO_CHANNEL), closed_at=NOW + timedelta(minutes=5), close_reason="handled")
    story.case = replace(story.case, alerts=(closed,))
    assert not _raised(story, AlertType.NO_CHANNEL, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("choice", "type_"),
    [
        (Choice.CALL_ME_BACK, AlertType.CALLBACK_REQUESTED),
        (Choice.UNREADABLE, AlertType.INBOUND_MESSAGE),
        (Choice.CANNOT_COME, AlertType.CANNOT_COME),
    ],
)
def test_who_asks_again_is_heard_again(choice: Choice, type_: AlertType) -> None:
    """Said twice before the advisor closes it is one alert; said after that it is raised anew, and is about what was said then."""
    story = Story(case=case(meeting()))
    story.decide(NOW)
    for minutes, raised in ((60, True), (70, False)):
        at = NOW + timedelta(minutes=minutes)
        story.answer(choice, at=at)
        assert _raised(story, type_, at) is raised
    closed_at = NOW + timedelta(hours=2)
    story.case = replace(story.case, alerts=(replace(_only(story, type_), closed_at=closed_at, close_reason="called"),))
    assert not _raised(story, type_, closed_at + timedelta(hours=1))
    again = closed_at + timedelta(hours=2)
    story.answer(choice, at=again)
    assert _raised(story, type_, again)
    assert (_only(story, type_).raised_at, _only(story, type_).known[0].parameters["at"]) == (again, again.isoformat())


def test_what_is_asked_after_the_duty_was_taken_care_of_stays_open() -> None:
    """An advisor has taken care of the duty: what was asked before that is over with it, what is asked later is not (§10.12)."""
    story = Story(case=case(meeting()))
    story.decide(NOW)
    story.answer(Choice.CALL_ME_BACK, at=NOW + timedelta(hours=1))
    story.answer(Choice.UNREADABLE, at=NOW + timedelta(hours=1))
    story.decide(NOW + timedelta(hours=1))
    handled_at = NOW + timedelta(hours=2)
    alerts = [
        replace(row, closed_at=handled_at, close_reason="handled") if row.type is AlertType.CALLBACK_REQUESTED else row
        for row in story.case.alerts
    ]
    story.case = replace(story.case, alerts=tuple(alerts))
    story.put(replace(story.obligation("cv:1"), state=ObligationState.HANDLED))
    assert [closed.reason for closed in story.decide(handled_at).closed] == ["handled"]
    story.answer(Choice.UNREADABLE, at=NOW + timedelta(hours=3))
    assert _raised(story, AlertType.INBOUND_MESSAGE, NOW + timedelta(hours=3))
    assert story.decide(NOW + timedelta(hours=4)).closed == []
