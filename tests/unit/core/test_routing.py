"""Whose list an alert stands on, and when it moves to the next (§10.8, R7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.alerts.routing import claim_by
from services.core.environment import Environment
from services.core.model import Advisor, Alert, Case
from services.core.words import AlertType, AttemptState, Routed, Severity
from tests.unit.core.scene import Story, appointment, attempt, case, day, environment, paris, person, view

#: an appointment of Tuesday 8 December, raised UNCONFIRMED on Monday at 09:00: critical
RAISED = paris("2026-12-07", "09:00")


def _advisor(name: str, **changed: Any) -> Advisor:
    return replace(environment().advisors[name], **changed)


def _with(*advisors: Advisor) -> Environment:
    env = environment()
    return env.with_staff(env.agencies, {**env.advisors, **{one.advisor_id: one for one in advisors}})


def _unconfirmed() -> Case:
    duty = appointment(known_at=paris("2026-11-30", "10:00"), due_at=paris("2026-12-08", "14:00"))
    sent = attempt(about=duty, state=AttemptState.DELIVERED, delivered_at=duty.known_at)
    return case(duty, attempts=(sent,))


def _story(env: Environment | None = None) -> Story:
    story = Story(case=_unconfirmed(), env=env or environment())
    story.decide(RAISED)
    assert _alert(story).severity is Severity.CRITICAL
    return story


def _alert(story: Story) -> Alert:
    return next(alert for alert in story.case.alerts if alert.type is AlertType.UNCONFIRMED)


def _list(story: Story) -> tuple[str | None, Routed]:
    return _alert(story).advisor_id, _alert(story).routed


def _claimed(story: Story, by: str) -> None:
    changed = replace(_alert(story), claimed_by=by, claimed_at=story.now)
    story.case = replace(story.case, alerts=(changed,))


@pytest.mark.parametrize(
    ("since", "until"),
    [
        # inside one day; over the evening; over the weekend; before the day starts; at its very end
        (("2026-12-08", "09:00"), ("2026-12-08", "13:00")),
        (("2026-12-08", "16:00"), ("2026-12-09", "10:00")),
        (("2026-12-11", "16:30"), ("2026-12-14", "10:30")),
        (("2026-12-12", "11:00"), ("2026-12-14", "12:00")),
        (("2026-12-08", "06:00"), ("2026-12-08", "12:00")),
        (("2026-12-08", "14:00"), ("2026-12-08", "18:00")),
        # Christmas Eve is worked, Christmas and the weekend are not
        (("2026-12-24", "17:00"), ("2026-12-28", "11:00")),
    ],
)
def test_four_working_hours(since: tuple[str, str], until: tuple[str, str]) -> None:
    """They run from 08:00 to 18:00 on the agency's working days (§10.8, §10.13)."""
    at = paris(*since)
    assert claim_by(view(_unconfirmed(), at), Severity.HIGH, at, at) == paris(*until)


def test_one_plain_hour_when_critical() -> None:
    """At night and on Sunday too; from the instant at which it became critical, when it was not before (§10.8)."""
    sunday = paris("2026-12-06", "21:00")
    assert claim_by(view(_unconfirmed(), sunday), Severity.CRITICAL, sunday, sunday) == sunday + timedelta(hours=1)
    before, later = paris("2026-12-04", "17:30"), paris("2026-12-07", "08:00")
    assert claim_by(view(_unconfirmed(), later), Severity.CRITICAL, before, later) == later + timedelta(hours=1)


def test_nobody_claims_it() -> None:
    """The référent, an hour later the back-up, an hour later the agency, where it stays (§10.8)."""
    story = _story()
    assert _list(story) == ("adv", Routed.REFERENT)
    assert not story.decide(RAISED + timedelta(minutes=59, seconds=59)).alerts
    story.decide(RAISED + timedelta(hours=1))
    assert _list(story) == ("bak", Routed.BACKUP)
    story.decide(RAISED + timedelta(hours=2))
    assert _list(story) == (None, Routed.AGENCY)
    assert not story.decide(RAISED + timedelta(hours=9)).alerts
    told = [what for _, what, fields in story.lines if fields.get("type") == "UNCONFIRMED"]
    assert told == ["alert", "alert_updated", "alert_updated"]


def test_each_move_is_planned() -> None:
    """Nobody polls: the person is woken at the instant of the move (§10.8)."""
    story = _story()
    decision = story.decide(RAISED)
    assert not decision.alerts
    assert decision.live_at is not None
    assert decision.live_at <= RAISED + timedelta(hours=1)


def test_claimed_it_stays() -> None:
    """Somebody takes care of it (§10.8)."""
    story = _story()
    _claimed(story, "adv")
    assert not story.decide(RAISED + timedelta(hours=5)).alerts
    assert _list(story) == ("adv", Routed.REFERENT)


def test_an_absence_that_begins_moves_it() -> None:
    """The evening before the leave it stands on the référent's list; on the first day of it, at midnight, on the back-up's (§10.8)."""
    env = _with(_advisor("adv", absences=((day("2026-12-03"), day("2026-12-09")),)))
    duty = appointment(known_at=paris("2026-11-30", "10:00"), due_at=paris("2026-12-14", "14:00"), mandatory=True)
    story = Story(case=case(duty), env=env, now=paris("2026-12-02", "17:00"))
    alert = Alert(
        alert_id=_alert(_story()).alert_id,
        type=AlertType.WRONG_PERSON,
        severity=Severity.MEDIUM,
        person_id=duty.person_id,
        obligation_id=duty.obligation_id,
        agency_id="agence",
        advisor_id="adv",
        routed=Routed.REFERENT,
        next_action="fix_contact",
        act_by=paris("2026-12-11", "18:00"),
        raised_at=story.now,
        updated_at=story.now,
        routed_at=story.now,
    )
    story.case = replace(story.case, alerts=(alert,))
    story.decide()
    assert story.case.alerts[0].routed is Routed.REFERENT
    assert (story.decide(paris("2026-12-02", "23:59")).live_at or RAISED) <= paris("2026-12-03")
    story.decide(paris("2026-12-03"))
    moved = next(one for one in story.case.alerts if one.type is AlertType.WRONG_PERSON)
    assert (moved.advisor_id, moved.routed, moved.routed_at) == ("bak", Routed.BACKUP, paris("2026-12-03"))


def test_an_absence_does_not_take_away_what_is_claimed() -> None:
    """Who took it before the leave still has it (§10.8)."""
    story = _story()
    _claimed(story, "adv")
    story.env = _with(_advisor("adv", absences=((day("2026-12-07"), day("2026-12-20")),)))
    assert not story.decide(RAISED + timedelta(minutes=5)).alerts


@pytest.mark.parametrize("claimed", [False, True])
def test_who_leaves_leaves_no_alert_behind(claimed: bool) -> None:
    """Inactive: the alert goes on at once, and what they had claimed is free again (§10.8, SC-47)."""
    story = _story()
    if claimed:
        _claimed(story, "adv")
    story.env = _with(_advisor("adv", active=False))
    story.decide(RAISED + timedelta(minutes=5))
    assert _list(story) == ("bak", Routed.BACKUP)
    assert _alert(story).claimed_by is None
    assert _alert(story).routed_at == RAISED + timedelta(minutes=5)


def test_a_colleague_keeps_what_they_took_from_who_leaves() -> None:
    """The list changes, the claim does not (§10.8)."""
    story = _story()
    _claimed(story, "bak")
    story.env = _with(_advisor("adv", active=False))
    story.decide(RAISED + timedelta(minutes=5))
    assert _list(story) == ("bak", Routed.BACKUP)
    assert _alert(story).claimed_by == "bak"


def test_the_claimer_of_the_agency_leaves() -> None:
    """It is nobody's again, on the same list (§10.8)."""
    story = _story()
    story.case = replace(story.case, alerts=(replace(_alert(story), advisor_id=None, routed=Routed.AGENCY),))
    _claimed(story, "gone")
    story.decide(RAISED + timedelta(minutes=5))
    assert _list(story) == (None, Routed.AGENCY)
    assert _alert(story).claimed_by is None


def test_another_referent_is_asked_first() -> None:
    """To be routed anew: it leaves the back-up's list for the new référent's (§10.8)."""
    story = _story(_with(_advisor("adv", active=False)))
    assert _list(story) == ("bak", Routed.BACKUP)
    story.env = _with(_advisor("adv", active=False), replace(environment().advisors["adv"], advisor_id="new"))
    story.case = replace(story.case, person=person(referent_id="new"), alerts=(replace(_alert(story), routed_at=None),))
    story.decide(RAISED + timedelta(minutes=5))
    assert _list(story) == ("new", Routed.REFERENT)


def test_after_the_date_time_moves_nothing() -> None:
    """Nobody can act any more: the list stays as it is until the outcome is known (§10.8)."""
    story = _story()
    late = story.decide(paris("2026-12-08", "14:00") + timedelta(minutes=1))
    assert AlertType.UNCONFIRMED not in [alert.type for alert in late.alerts]


def test_a_move_is_pushed_again() -> None:
    """Whose list it is now gets the e-mail too; a mere look changes nothing (§10.13)."""
    story = _story()
    pushed = replace(_alert(story), pushed_at=RAISED)
    story.case = replace(story.case, alerts=(pushed,))
    story.decide(RAISED + timedelta(minutes=30))
    assert _alert(story).pushed_at == RAISED
    story.decide(RAISED + timedelta(hours=1))
    assert _alert(story).pushed_at is None


def test_deciding_twice_moves_once() -> None:
    """The same instant again gives nothing new (§10.1.1)."""
    story = _story()
    at: datetime = RAISED + timedelta(hours=1)
    assert story.decide(at).alerts
    assert not story.decide(at).alerts
