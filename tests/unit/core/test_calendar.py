"""Days as a residence and an agency live them (rules §3, §6, §10.13)."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.calendars import holidays_of
from services.core.calendar import Residence, WorkingDays
from services.core.territory import territory_of

CALENDARS = holidays_of(range(2025, 2030))
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 1))


def residence(postal_code: str) -> Residence:
    """Where somebody of this postal code lives."""
    territory = territory_of(postal_code)
    return Residence(zone=territory.zone, holidays=CALENDARS[territory.subdivision], overseas=territory.overseas)


def agency(postal_code: str = "75000", closures: frozenset[date] = frozenset()) -> WorkingDays:
    """An agency of this postal code."""
    territory = territory_of(postal_code)
    return WorkingDays(zone=territory.zone, holidays=CALENDARS[territory.subdivision], closures=closures)


@pytest.mark.parametrize(
    ("postal_code", "day", "hour", "instant"),
    [
        ("75011", date(2026, 12, 1), time(10, 30), "2026-12-01T09:30Z"),
        ("75011", date(2027, 3, 27), time(10), "2027-03-27T09:00Z"),
        ("75011", date(2027, 3, 30), time(10), "2027-03-30T08:00Z"),  # SC-31: summer time
        ("97400", date(2027, 1, 2), time(9, 30), "2027-01-02T05:30Z"),  # SC-33
        ("97400", date(2027, 7, 2), time(9), "2027-07-02T05:00Z"),  # 09:00 is 05:00Z all year
        ("97110", date(2027, 1, 4), time(19, 30), "2027-01-04T23:30Z"),
        ("97110", date(2027, 1, 4), time(20), "2027-01-05T00:00Z"),  # the next day in UTC
        ("98714", date(2027, 1, 4), time(9), "2027-01-04T19:00Z"),
        ("98714", date(2027, 1, 4), time(14), "2027-01-05T00:00Z"),
        ("98742", date(2027, 1, 4), time(9), "2027-01-04T18:30Z"),
        ("98800", date(2027, 1, 4), time(9), "2027-01-03T22:00Z"),
    ],
)
def test_a_local_hour_is_an_instant(postal_code: str, day: date, hour: time, instant: str) -> None:
    """Local day and hour into UTC and back, in winter, in summer and across midnight (§10.1.2)."""
    home = residence(postal_code)
    at = home.instant(day, hour)
    assert at == datetime.fromisoformat(instant)
    assert at.tzinfo is UTC
    assert home.local(at).replace(tzinfo=None) == datetime.combine(day, hour)


def test_an_hour_that_the_change_of_clocks_skips_is_an_hour_later() -> None:
    """On 28 March 2027 there is no 02:30 in Paris: 03:30 is meant, which is 01:30Z."""
    assert residence("75011").instant(date(2027, 3, 28), time(2, 30)) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_the_first_one() -> None:
    """On 25 October 2026 02:30 comes twice in Paris."""
    assert residence("75011").instant(date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_day_may_have_23_hours() -> None:
    """From midnight to midnight around the change of clocks, in instants."""
    home = residence("75011")
    assert home.instant(date(2027, 3, 29), time()) - home.instant(date(2027, 3, 28), time()) == timedelta(hours=23)
    assert home.instant(date(2026, 10, 26), time()) - home.instant(date(2026, 10, 25), time()) == timedelta(hours=25)


@pytest.mark.parametrize(
    ("today", "deadline", "left"),
    [
        (date(2026, 11, 26), date(2026, 12, 1), 3),  # SC-02: Friday, Monday, Tuesday
        (date(2026, 11, 30), date(2026, 12, 1), 1),
        (date(2026, 12, 1), date(2026, 12, 1), 0),
        (date(2026, 12, 2), date(2026, 12, 1), 0),
        (date(2026, 12, 24), date(2026, 12, 28), 1),  # Christmas on a Friday, then a weekend
        (date(2027, 3, 25), date(2027, 3, 30), 2),  # Easter Monday does not count
    ],
)
def test_days_left_are_working_days_after_today_up_to_the_deadline(today: date, deadline: date, left: int) -> None:
    """Working days in (today, date of the deadline]."""
    assert agency().left(today, deadline) == left


@pytest.mark.parametrize(
    ("start", "count", "result"),
    [
        (date(2026, 12, 1), -3, date(2026, 11, 26)),  # UNCONFIRMED of SC-02
        (date(2026, 12, 1), -1, date(2026, 11, 30)),
        (date(2026, 12, 12), -1, date(2026, 12, 11)),
        (date(2026, 12, 24), 1, date(2026, 12, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
        (date(2026, 12, 1), 0, date(2026, 12, 1)),
    ],
)
def test_working_days_are_counted_from_the_day_itself(start: date, count: int, result: date) -> None:
    """The day itself is not counted, in either direction."""
    assert agency().shift(start, count) == result


def test_a_closed_day_is_not_worked() -> None:
    """« Ponts » are closures of the agency, holidays those of its territory."""
    bridge = date(2027, 5, 7)
    assert agency().is_working(bridge)
    assert not agency(closures=frozenset({bridge})).is_working(bridge)
    assert agency(closures=frozenset({bridge})).on_or_before(date(2027, 5, 9)) == date(2027, 5, 5)
    assert agency(closures=frozenset({bridge})).on_or_after(date(2027, 5, 6)) == date(2027, 5, 10)
    assert not agency("97400").is_working(date(2027, 12, 20))
    assert agency("75000").is_working(date(2027, 12, 20))


def test_alerts_shift_earlier_to_a_working_day() -> None:
    """SC-05: the 12th is a Saturday, so alert list 1 stands on Friday the 11th (§10.1.3)."""
    assert agency().on_or_before(date(2026, 12, 12)) == date(2026, 12, 11)
    assert agency().on_or_before(date(2026, 12, 11)) == date(2026, 12, 11)


@given(DAYS, st.integers(-30, 30).filter(bool))
def test_shifting_and_counting_agree(day: date, count: int) -> None:
    """``count`` working days later there are ``count`` of them in between, and the day reached is worked."""
    days = agency()
    other = days.shift(day, count)
    assert days.is_working(other)
    if count > 0:
        assert days.left(day, other) == count
    else:
        assert days.left(other, day) + (not days.is_working(day)) == -count


@given(DAYS)
def test_the_nearest_working_days_enclose_every_day(day: date) -> None:
    """No working day lies between a day and the nearest one before or after it."""
    days = agency()
    before, after = days.on_or_before(day), days.on_or_after(day)
    assert before <= day <= after
    assert days.is_working(before)
    assert days.is_working(after)
    assert days.left(before, after) == (0 if before == after else 1)
