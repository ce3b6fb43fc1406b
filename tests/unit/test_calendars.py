"""Public holidays of every French territory (rules §3), computed by the ``holidays`` package and sorted by us."""

from datetime import date

import pytest

from services.adapters.calendars import holidays_of
from services.core.calendar import Holidays, Residence
from services.core.territory import SUBDIVISIONS, territory_of

YEARS = range(2025, 2030)
NATIONAL_2027 = frozenset(
    date(2027, month, day)
    for month, day in ((1, 1), (3, 29), (5, 1), (5, 6), (5, 8), (5, 17), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
)


def of_2027(days: frozenset[date]) -> set[tuple[int, int]]:
    """Local days of 2027 as (month, day)."""
    return {(day.month, day.day) for day in days - NATIONAL_2027 if day.year == 2027}


@pytest.fixture(scope="module")
def calendars() -> dict[str, Holidays]:
    """All of them, for the years around the golden values."""
    return holidays_of(YEARS)


def test_the_eleven_national_holidays_hold_everywhere(calendars: dict[str, Holidays]) -> None:
    """Lundi de Pentecôte among them: often worked, but nobody is contacted then."""
    assert {day for day in calendars["FR"].statutory if day.year == 2027} == NATIONAL_2027
    assert date(2027, 5, 17) in calendars["FR"].statutory
    assert set(calendars) == set(SUBDIVISIONS)
    for calendar in calendars.values():
        assert calendar.statutory >= NATIONAL_2027
        assert not calendar.statutory & calendar.customary


@pytest.mark.parametrize(
    ("subdivision", "statutory", "customary"),
    [
        ("57", {(3, 26), (12, 26)}, set()),
        ("6AE", {(3, 26), (12, 26)}, set()),
        ("971", {(5, 27)}, {(3, 4), (3, 26), (7, 21)}),
        ("972", {(5, 22)}, {(3, 26), (7, 21)}),
        ("973", {(6, 10)}, set()),
        ("974", {(12, 20)}, set()),
        ("976", {(4, 27)}, set()),
        ("MF", {(5, 28)}, {(7, 21)}),
        ("BL", {(10, 9)}, set()),
    ],
)
def test_local_holidays_of_2027(
    calendars: dict[str, Holidays], subdivision: str, statutory: set[tuple[int, int]], customary: set[tuple[int, int]]
) -> None:
    """Statutory: neither calls, SMS nor post. Customary (Mi-Carême, Vendredi saint, Schœlcher): the post works (§3, §13)."""
    assert of_2027(calendars[subdivision].statutory) == statutory
    assert of_2027(calendars[subdivision].customary) == customary


@pytest.mark.parametrize(
    ("postal_code", "day", "holiday", "posts"),
    [
        ("97110", date(2027, 3, 26), True, True),  # Vendredi saint, customary
        ("97110", date(2027, 3, 4), True, True),  # Mi-Carême, customary
        ("97110", date(2027, 5, 27), True, False),  # abolition, statutory
        ("97200", date(2027, 5, 27), False, True),  # … of Guadeloupe only
        ("97200", date(2027, 7, 21), True, True),  # Schœlcher, customary
        ("67000", date(2027, 3, 26), True, False),  # Vendredi saint, statutory
        ("75011", date(2027, 3, 26), False, True),
        ("97400", date(2027, 12, 20), True, False),  # SC-33: refused there …
        ("75011", date(2027, 12, 20), False, True),  # … and an ordinary Monday here
        ("97133", date(2027, 10, 9), True, False),
        ("75011", date(2027, 3, 29), True, False),  # lundi de Pâques
        ("75011", date(2027, 5, 17), True, False),  # lundi de Pentecôte
        ("75011", date(2027, 3, 28), False, False),  # a Sunday: no holiday, and no post
        ("75011", date(2027, 3, 27), False, True),  # Saturdays are delivered
    ],
)
def test_who_is_not_contacted_and_where_the_post_goes(
    calendars: dict[str, Holidays], postal_code: str, day: date, holiday: bool, posts: bool
) -> None:
    """The residence decides both."""
    territory = territory_of(postal_code)
    residence = Residence(zone=territory.zone, holidays=calendars[territory.subdivision], overseas=territory.overseas)
    assert residence.is_holiday(day) is holiday
    assert residence.posts_on(day) is posts


def test_only_the_years_that_were_asked_for() -> None:
    """A year that nobody asked for holds no holidays: ask for the years around the work."""
    assert {day.year for day in holidays_of([2027, 2026])["974"].statutory} == {2026, 2027}
