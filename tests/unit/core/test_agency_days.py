"""The last day on which an agency can be used (R15, §10.5): holidays, bridges, weekends, its own weekdays and its hours."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.core.actualisation.agency_days import is_agency_over, last_agency_day
from services.core.environment import Environment
from tests.unit.core.scene import actualisation, day, environment, meeting, paris

_WEEK = {str(weekday): (("09:00", "12:30"), ("13:30", "16:30")) for weekday in range(5)}


def _env(**changed: Any) -> Environment:
    agency = replace(environment().agencies["agence"], **{"opening": _WEEK, **changed})
    return environment().with_staff({"agence": agency}, environment().advisors)


@pytest.mark.parametrize(
    ("period", "changed", "expected"),
    [
        # the 15th is a Tuesday
        ("2026-11", {}, "2026-12-15"),
        # Sunday the 15th: Friday
        ("2026-10", {}, "2026-11-13"),
        # 11 November, a bridge, a weekend
        ("2026-10", {"closures": (day("2026-11-12"), day("2026-11-13"))}, "2026-11-10"),
        # Saturday 15 August is a holiday of everybody's, Friday a bridge
        ("2026-07", {"closures": (day("2026-08-14"),)}, "2026-08-13"),
        # open on Mondays and Thursdays only
        ("2026-11", {"opening": {"0": (("09:00", "12:00"),), "3": (("09:00", "12:00"),)}}, "2026-12-14"),
        # nobody told us its hours: its working days
        ("2026-10", {"opening": {}}, "2026-11-13"),
    ],
)
def test_the_last_day_that_the_agency_is_open(period: str, changed: dict[str, Any], expected: str) -> None:
    """R15: counted back from the closing day."""
    assert last_agency_day(actualisation(period), "agence", _env(**changed)) == day(expected)


def test_an_agency_that_is_closed_for_long_is_not_named() -> None:
    """R15: nothing is said rather than a day of the month before."""
    closures = tuple(day(f"2026-12-{number:02}") for number in range(1, 16))
    assert last_agency_day(actualisation(), "agence", _env(closures=closures)) is None
    assert last_agency_day(meeting(), "agence", _env()) is None


@pytest.mark.parametrize(
    ("at", "over"),
    [
        (paris("2026-11-13", "16:29"), False),
        (paris("2026-11-13", "16:30"), True),
        (paris("2026-11-12", "20:00"), False),
        (paris("2026-11-15", "10:00"), True),
    ],
)
def test_its_doors_close_at_their_hour(at: datetime, over: bool) -> None:
    """R15: « venez aujourd'hui » after the last hour would send somebody before a closed door."""
    assert is_agency_over(actualisation("2026-10"), "agence", _env(), at) is over


def test_an_agency_whose_hours_are_not_known_is_open_all_day() -> None:
    """R15: and a meeting has no last day at all."""
    env = _env(opening={})
    assert not is_agency_over(actualisation("2026-10"), "agence", env, paris("2026-11-13", "23:00"))
    assert is_agency_over(actualisation("2026-10"), "agence", env, paris("2026-11-14", "00:00"))
    assert not is_agency_over(meeting(), "agence", env, paris("2027-01-01"))
