"""Quiet hours and slots (§10.3, §10.10), in the local time of the residence."""

from datetime import date, datetime, time

import pytest

from services.core.channels.windows import is_open, next_opening, next_slot, openings_on, reminder_on, spaced
from services.core.words import Channel
from tests.unit.core.scene import day, environment, paris, residence

_POLICY = environment().policy
_HOURS = {
    (Channel.SMS, "weekday"): ["09:00-19:30"],
    (Channel.SMS, "saturday"): ["09:30-18:00"],
    (Channel.SMS, "closed"): [],
    (Channel.VOICE, "weekday"): ["10:00-12:45", "14:00-18:45"],
    (Channel.VOICE, "saturday"): [],
    (Channel.VOICE, "closed"): [],
    (Channel.EMAIL, "weekday"): ["07:30-20:00"],
    (Channel.EMAIL, "saturday"): ["07:30-20:00"],
    (Channel.EMAIL, "closed"): ["07:30-20:00"],
}
_DAYS = [
    ("2026-11-23", "75011", "weekday"),
    ("2026-11-28", "75011", "saturday"),
    ("2026-11-29", "75011", "closed"),
    ("2026-12-25", "75011", "closed"),
    # Saint Stephen's day: a Saturday in Paris, a holiday in Strasbourg
    ("2026-12-26", "75011", "saturday"),
    ("2026-12-26", "67000", "closed"),
    # Abolition: in La Réunion only
    ("2027-12-20", "97400", "closed"),
    ("2027-12-20", "75011", "weekday"),
    # customary, and closed all the same
    ("2027-03-04", "97110", "closed"),
    # Whit Monday
    ("2027-05-17", "75011", "closed"),
]


def _local(instants: tuple[datetime, datetime], postal_code: str) -> str:
    home = residence(postal_code)
    return "-".join(f"{home.local(at):%H:%M}" for at in instants)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.VOICE, Channel.EMAIL])
@pytest.mark.parametrize(("on", "postal_code", "kind"), _DAYS)
def test_the_hours_of_each_kind_of_day(channel: Channel, on: str, postal_code: str, kind: str) -> None:
    """Weekday, Saturday, Sunday and holiday, wherever the person lives."""
    openings = openings_on(_POLICY, channel, residence(postal_code), day(on))
    assert [_local(opening, postal_code) for opening in openings] == _HOURS[channel, kind]


def test_sms_may_go_on_the_closing_day_even_on_a_sunday() -> None:
    """A closing day that is a Sunday: 10:00 to 18:00, for SMS only."""
    sunday = day("2026-11-15")
    assert [_local(one, "75011") for one in openings_on(_POLICY, Channel.SMS, residence(), sunday, sunday)] == ["10:00-18:00"]
    assert openings_on(_POLICY, Channel.VOICE, residence(), sunday, sunday) == ()


def test_a_weekday_that_closes_a_period_keeps_its_hours() -> None:
    """The exception widens closed days; it does not narrow others."""
    tuesday = day("2026-12-15")
    assert [_local(one, "75011") for one in openings_on(_POLICY, Channel.SMS, residence(), tuesday, tuesday)] == ["09:00-19:30"]


@pytest.mark.parametrize(
    ("postal_code", "on", "opens_utc"),
    [
        ("97400", "2027-01-04", "05:00"),
        ("97400", "2027-07-05", "05:00"),
        ("75011", "2027-01-04", "08:00"),
        ("75011", "2027-07-05", "07:00"),
        # the clocks change on Sunday 28 March 2027 and 31 October 2027
        ("75011", "2027-03-27", "08:30"),
        ("75011", "2027-03-30", "07:00"),
        ("75011", "2027-10-30", "07:30"),
        ("75011", "2027-11-02", "08:00"),
        ("97110", "2027-01-04", "13:00"),
        ("97500", "2027-03-16", "11:00"),
        ("98713", "2027-01-04", "19:00"),
    ],
)
def test_hours_are_local_all_year(postal_code: str, on: str, opens_utc: str) -> None:
    """Nine o'clock there, whatever it is in Paris, before and after the change of clocks (§10.1.2)."""
    opens, _ = openings_on(_POLICY, Channel.SMS, residence(postal_code), day(on))[0]
    assert f"{opens:%H:%M}" == opens_utc


@pytest.mark.parametrize(
    ("channel", "at", "opens"),
    [
        (Channel.SMS, ("2026-11-20", "16:00"), ("2026-11-20", "16:00")),
        (Channel.SMS, ("2026-11-20", "19:30"), ("2026-11-21", "09:30")),
        (Channel.SMS, ("2026-11-21", "18:00"), ("2026-11-23", "09:00")),
        (Channel.VOICE, ("2026-11-20", "12:45"), ("2026-11-20", "14:00")),
        (Channel.VOICE, ("2026-11-20", "18:45"), ("2026-11-23", "10:00")),
        (Channel.EMAIL, ("2026-11-20", "20:30"), ("2026-11-21", "07:30")),
        (Channel.LETTER, ("2026-11-22", "03:00"), ("2026-11-22", "03:00")),
    ],
)
def test_first_notices_shift_later(channel: Channel, at: tuple[str, str], opens: tuple[str, str]) -> None:
    """At once inside the window, else at the next opening; the end of a window is outside it (§10.1.3)."""
    assert next_opening(_POLICY, channel, residence(), paris(*at))[0] == paris(*opens)
    assert is_open(_POLICY, channel, residence(), paris(*at)) is (at == opens)


@pytest.mark.parametrize(
    ("channel", "on", "hour", "at"),
    [
        # R2 of Tuesday 1 December is Sunday: Saturday, and there not before 09:30
        (Channel.SMS, "2026-11-29", "09:00", ("2026-11-28", "09:30")),
        # a call: Friday, since Saturday is closed too; not before 10:00
        (Channel.VOICE, "2026-11-29", "09:00", ("2026-11-27", "10:00")),
        (Channel.EMAIL, "2026-11-29", "09:00", ("2026-11-29", "09:00")),
        # between two windows of calls: the next one of that day
        (Channel.VOICE, "2026-11-27", "13:00", ("2026-11-27", "14:00")),
        # later than its end: an earlier allowed instant
        (Channel.VOICE, "2026-11-27", "19:00", ("2026-11-27", "18:44")),
        (Channel.SMS, "2026-11-28", "18:30", ("2026-11-28", "17:59")),
        (Channel.LETTER, "2026-11-29", "09:00", ("2026-11-29", "09:00")),
    ],
)
def test_reminders_shift_earlier(channel: Channel, on: str, hour: str, at: tuple[str, str]) -> None:
    """The day first, to an earlier one that is open; then the hour, into that day's window (§10.1.3)."""
    when = reminder_on(_POLICY, channel, residence(), day(on), time.fromisoformat(hour))
    assert when is not None
    assert when[0] == paris(*at)


def test_a_step_that_does_not_move_has_no_instant_on_a_closed_day() -> None:
    """The call of the closing day is not made on another one."""
    assert reminder_on(_POLICY, Channel.VOICE, residence(), day("2026-11-15"), time(10), moves=False) is None


@pytest.mark.parametrize(
    ("after", "last", "slot"),
    [
        (("2026-11-23", "09:00"), None, ("2026-11-23", "10:00")),
        (("2026-11-23", "10:00"), None, ("2026-11-23", "10:00")),
        (("2026-11-23", "10:01"), None, ("2026-11-23", "14:00")),
        (("2026-11-23", "10:01"), ("2026-11-23", "10:00"), ("2026-11-23", "14:00")),
        # three hours from a late morning call: 14:00 is too early, 17:00 is right
        (("2026-11-23", "12:31"), ("2026-11-23", "12:30"), ("2026-11-23", "17:00")),
        # another half-day: 17:00 is afternoon as 14:00 is
        (("2026-11-23", "14:01"), ("2026-11-23", "14:00"), ("2026-11-24", "10:00")),
        (("2026-11-20", "17:01"), None, ("2026-11-23", "10:00")),
    ],
)
def test_the_next_slot_for_a_call(after: tuple[str, str], last: tuple[str, str] | None, slot: tuple[str, str]) -> None:
    """10:00, 14:00, 17:00 on allowed days, three hours or more after the last call and in another half-day."""
    assert next_slot(_POLICY, residence(), paris(*after), paris(*last) if last else None)[0] == paris(*slot)


def test_calls_are_far_apart_and_in_another_half_day() -> None:
    """Both are asked: three hours within a half-day are not enough, nor is another half-day an hour later."""
    home = residence()
    assert not spaced(_POLICY, home, paris("2026-11-23", "18:00"), paris("2026-11-23", "14:00"))
    assert not spaced(_POLICY, home, paris("2026-11-23", "14:00"), paris("2026-11-23", "12:30"))
    assert spaced(_POLICY, home, paris("2026-11-23", "14:00"), paris("2026-11-23", "10:00"))
    assert spaced(_POLICY, home, paris("2026-11-23", "14:00"), None)


def test_a_month_without_calls_is_a_mistake_of_the_calendar() -> None:
    """Slots are looked for over thirty days and no longer: a calendar of holidays only is reported, not looped over."""
    home = residence()
    every_day = frozenset(date.fromordinal(day("2026-11-01").toordinal() + days) for days in range(60))
    closed = type(home)(zone=home.zone, holidays=type(home.holidays)(statutory=every_day))
    with pytest.raises(AssertionError):
        next_slot(_POLICY, closed, paris("2026-11-01"), None)
    assert reminder_on(_POLICY, Channel.VOICE, closed, day("2026-12-10"), time(10)) is None
