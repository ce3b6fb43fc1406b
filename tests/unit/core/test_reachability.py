"""Steps of a policy that nobody can ever reach are found by living a year under it."""

from dataclasses import replace
from functools import partial

import pytest

from services.adapters.policy import load_policy
from services.core.environment import Environment
from services.core.explaining.reachability import unreachable_steps
from services.core.policy import Policy
from services.planner.record import record
from tests.unit.core.scene import Words, environment

#: SMS until midnight, every day
_LATE: dict[str, object] = {f"windows.sms.{day}": [["09:00", "23:59"]] for day in ("weekday", "saturday", "closed_day", "closing_day")}
_RECORD = partial(record, texts=Words())


def _dead(policy: Policy) -> dict[str, str]:
    env = Environment(policy=policy, holidays=environment().holidays)
    return {one.name: one.why for one in unreachable_steps(env, _RECORD, 2026)}


def test_the_shipped_policy_has_no_dead_step() -> None:
    """Every rung and every alert is seen by somebody."""
    assert _dead(load_policy()) == {}


@pytest.mark.parametrize(
    ("overrides", "names", "why"),
    [
        # known longer before than any meeting is
        ({"meeting.reminders.R1.only_if_known_before": "90d"}, ["meeting.reminders.R1"], "never due"),
        # a reminder further away than any meeting is known
        ({"meeting.reminders.R3.days_before": 70}, ["meeting.reminders.R3"], "never due"),
        # a cap of nothing
        ({"caps.meeting.letter": 0}, ["caps.meeting.letter"], "is 0"),
        ({"caps.person.voice_per_day": 0}, ["caps.person.voice_per_day"], "is 0"),
        # after an hour before the deadline
        ({"actualisation.steps.A5_2.hour": "23:30", **_LATE}, ["actualisation.steps.A5_2"], "too_late"),
        # the caps are used up before
        (
            {"caps.actualisation.sms": 2, "caps.actualisation.email": 1, "caps.actualisation.voice": 1},
            ["actualisation.steps.A5", "actualisation.steps.A5_2"],
            "cap_reached",
        ),
        # the same thing twice
        (
            {"actualisation.steps.A5_2.hour": "10:00", "actualisation.steps.A5_2.called": True},
            ["actualisation.steps.A5_2"],
            "is the same as",
        ),
        # before the period opens
        ({"alerts.at_risk.days_before": 40}, ["alerts.at_risk"], "before the opening"),
        # longer before than meetings are known
        ({"alerts.unconfirmed.appointment.working_days_before": 90}, ["alerts.unconfirmed.appointment"], "always past"),
    ],
)
def test_dead_steps_are_named(overrides: dict[str, object], names: list[str], why: str) -> None:
    """Each by its dotted name, with the reason; what lives is not named."""
    found = _dead(load_policy(overrides=overrides))
    assert [name for name in names if name in found] == names
    assert all(why in found[name] for name in names)
    assert len(found) <= len(names) + 1


def test_identical_reminders() -> None:
    """A second reminder on the same day and hour, by the same channel, says nothing new."""
    policy = load_policy()
    second = replace(policy.meeting.reminders[0], step=policy.meeting.reminders[2].step)
    ladder = replace(policy.meeting, reminders=(*policy.meeting.reminders[:2], second))
    assert "is the same as meeting.reminders.R1" in _dead(replace(policy, meeting=ladder))["meeting.reminders.R3"]
