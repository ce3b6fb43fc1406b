"""A person's own quiet hours (§10.3): taken out of every window, on the clock of the residence; a channel without an hour is no channel."""

from dataclasses import replace
from datetime import datetime, time

import pytest

from services.core.channels.windows import ever_open, next_opening, next_slot, reminder_on
from services.core.check import DoNotSend, may_send
from services.core.policy import Span
from services.core.words import AlertType, AttemptState, Channel, Step, Why
from tests.unit.core.scene import (
    NOW,
    Story,
    attempt,
    case,
    day,
    environment,
    landline,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    residence,
    view,
)

_NIGHT_WORK = ((time(8), time(14)),)
_OVER_MIDNIGHT = ((time(18), time(10)),)
_POLICY = environment().policy


@pytest.mark.parametrize(
    ("channel", "quiet", "at", "expected"),
    [
        (Channel.SMS, _NIGHT_WORK, paris("2026-11-23", "10:00"), paris("2026-11-23", "14:00")),
        (Channel.SMS, _NIGHT_WORK, paris("2026-11-23", "15:00"), paris("2026-11-23", "15:00")),
        (Channel.VOICE, _NIGHT_WORK, paris("2026-11-23", "10:00"), paris("2026-11-23", "14:00")),
        (Channel.EMAIL, _NIGHT_WORK, paris("2026-11-23", "09:00"), paris("2026-11-23", "14:00")),
        # hours over midnight are two spans of a day
        (Channel.SMS, _OVER_MIDNIGHT, paris("2026-11-23", "09:00"), paris("2026-11-23", "10:00")),
        (Channel.SMS, _OVER_MIDNIGHT, paris("2026-11-23", "18:30"), paris("2026-11-24", "10:00")),
    ],
)
def test_a_window_opens_after_the_quiet_hours(channel: Channel, quiet: tuple[Span, ...], at: datetime, expected: datetime) -> None:
    """§10.3: first notices shift later."""
    home = replace(residence(), quiet=quiet)
    assert next_opening(_POLICY, channel, home, at)[0] == expected


def test_a_reminder_moves_to_the_end_of_them_on_its_day() -> None:
    """§10.1.3: R2 of 09:00 goes at 14:00 of the same day to somebody who sleeps until then."""
    home = replace(residence(), quiet=_NIGHT_WORK)
    opening = reminder_on(_POLICY, Channel.SMS, home, day("2026-11-24"), time(9))
    assert opening == (paris("2026-11-24", "14:00"), paris("2026-11-24", "19:30"))


def test_a_short_window_holds_everybodys_reminder() -> None:
    """Ten minutes are left to write in: the spread of a step is no longer than they are, and the step is not lost (§10.3, §10.4)."""
    tries = (attempt(about=meeting(), state=AttemptState.DELIVERED, delivered_at=NOW),)
    for person_id in ("leila", "annie", "luc", "gilles", "nouria"):
        who = person(person_id=person_id, quiet=((time(9, 10), time(23)),), forbidden_channels=(Channel.VOICE,))
        ahead = Story(case=case(meeting(), who=who, attempts=tries)).decide().outlooks[0].ahead
        instants = [residence().local(one.at).time() for one in ahead if one.step is Step.R1]
        assert len(instants) == 1
        assert time(9, 9) <= instants[0] < time(9, 10)


def test_a_call_takes_a_slot_outside_them() -> None:
    """§10.10: ten o'clock is asleep; 14:00 is the first slot."""
    home = replace(residence(), quiet=_NIGHT_WORK)
    assert next_slot(_POLICY, home, paris("2026-11-23", "09:00"), None)[0] == paris("2026-11-23", "14:00")


def test_who_leaves_no_hour_for_calls_is_not_called() -> None:
    """§10.3, R8: the channel is left out with its reason, and the next one is used."""
    quiet = ((time(8), time(18)),)
    assert not ever_open(_POLICY, Channel.VOICE, quiet)
    assert ever_open(_POLICY, Channel.SMS, quiet)
    seen = view(case(meeting(), who=person(quiet=quiet, preferred_channel=Channel.VOICE)))
    assert seen.reach.order == (Channel.SMS,)
    assert seen.reach.excluded[Channel.VOICE] is Why.OUTSIDE_WINDOW
    assert ever_open(_POLICY, Channel.LETTER, ((time(0), time(23, 59)),))


def test_who_leaves_no_hour_at_all_is_for_a_human() -> None:
    """§10.1.6: the advisor hears of it at once; nothing raises, nothing is sent."""
    story = Story(case=case(meeting(), who=person(quiet=((time(0), time(23, 59)),)), contacts=(mobile(), mailbox(), landline())))
    decision = story.decide(NOW)
    assert not decision.releases
    assert [alert.type for alert in decision.alerts] == [AlertType.NO_CHANNEL]


def test_a_letter_knows_no_hour() -> None:
    """§10.3: it waits in the box."""
    story = Story(case=case(meeting(), who=person(quiet=((time(0), time(23, 59)),)), contacts=(letterbox(),)))
    assert [row.channel for row in story.decide(NOW).releases] == [Channel.LETTER]


def test_check_at_send_reads_them_again() -> None:
    """§10.1.4: the directory told us of them after the release."""
    duty = meeting()
    row = attempt(about=duty, state=AttemptState.RELEASED, step=Step.N0, release_at=NOW, submitted_at=None)
    assert not isinstance(may_send(case(duty), row, environment(), NOW), DoNotSend)
    quiet = case(duty, who=person(quiet=((time(14), time(17)),)))
    assert may_send(quiet, row, environment(), NOW) == DoNotSend(reason=Why.OUTSIDE_WINDOW)
