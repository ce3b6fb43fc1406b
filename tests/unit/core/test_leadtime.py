"""Latest submission of letters, against the golden values of the rules (§10.2, §13)."""

from datetime import date, datetime

import pytest

from services.core.calendar import Residence
from services.core.channels.leadtime import expected_in_box, letter_limit, produces_on, transit_days
from tests.unit.core.scene import day, environment, paris, residence

_LETTERS = environment().policy.letters
_PRINTER = environment().residence("75000")


def _limit(event: str, home: Residence) -> datetime:
    return letter_limit(_LETTERS, home, _PRINTER, day(event)).submit_by


@pytest.mark.parametrize(
    ("event", "submit"),
    [
        ("2026-12-01", "2026-11-24"),
        ("2026-12-11", "2026-12-03"),
        ("2026-12-15", "2026-12-08"),
        ("2026-12-28", "2026-12-21"),
        ("2027-01-04", "2026-12-28"),
        ("2027-01-15", "2027-01-07"),
        ("2027-03-30", "2027-03-23"),
    ],
)
def test_the_golden_limits_of_the_metropole(event: str, submit: str) -> None:
    """Three days of transit: every row of the golden table, at 15:00 in Paris."""
    assert _limit(event, residence()) == paris(submit, "15:00")


@pytest.mark.parametrize(
    ("event", "submit"),
    [
        ("2026-12-01", "2026-11-19"),
        ("2026-12-15", "2026-12-03"),
        ("2026-12-28", "2026-12-16"),
        ("2027-01-04", "2026-12-22"),
        ("2027-01-15", "2027-01-04"),
        ("2027-03-30", "2027-03-18"),
    ],
)
def test_the_golden_limits_with_seven_days_of_transit(event: str, submit: str) -> None:
    """The brackets of the golden table: seven days of transit over the national calendar."""
    away = Residence(zone="Europe/Paris", holidays=residence().holidays, overseas=True)
    assert _limit(event, away) == paris(submit, "15:00")


def test_a_local_holiday_delays_delivery_there_and_not_production() -> None:
    """27 May is worked by the printer in Paris and not by the post in Guadeloupe."""
    home = residence("97110")
    assert not home.posts_on(date(2027, 5, 27))
    assert produces_on(_PRINTER, date(2027, 5, 27))
    roles = {counted.day: counted.role for counted in letter_limit(_LETTERS, home, _PRINTER, date(2027, 6, 2)).counting}
    assert roles[date(2027, 5, 27)] == "holiday"


def test_the_post_works_on_a_customary_holiday() -> None:
    """Good Friday in Guadeloupe: nobody is called, letters are delivered (§3, §6)."""
    home = residence("97110")
    assert home.is_holiday(date(2027, 3, 26))
    assert home.posts_on(date(2027, 3, 26))


def test_overseas_letters_take_seven_days() -> None:
    """The transit is the residence's."""
    assert transit_days(_LETTERS, residence("97400")) == 7
    assert transit_days(_LETTERS, residence()) == 3


def test_every_day_of_the_count_is_told_once_and_backwards() -> None:
    """People who ask why see each day from the box to the submission, with its role."""
    counting = letter_limit(_LETTERS, residence(), _PRINTER, day("2026-12-01")).counting
    days = [counted.day for counted in counting]
    assert counting[0].role == "sunday"
    assert [counted.role for counted in counting if counted.role in ("in_the_box", "submission")] == ["in_the_box", "submission"]
    assert days == sorted(days, reverse=True)
    assert counting[-1].day == date(2026, 11, 24)


def test_the_day_of_posting_moves_back_to_one_that_the_printer_works() -> None:
    """Counting back three postal days from a Wednesday ends on a Saturday: the printer posts on the Friday before."""
    counting = letter_limit(_LETTERS, residence(), _PRINTER, day("2026-12-10")).counting
    assert ("2026-12-05", "transit") in [(counted.day.isoformat(), counted.role) for counted in counting]
    assert _limit("2026-12-10", residence()) == paris("2026-12-03", "15:00")


def test_a_weekend_inside_production_does_not_count() -> None:
    """A letter posted on a Monday was submitted on the Friday before."""
    home = residence()
    submit = _limit("2026-12-12", home)
    assert submit == paris("2026-12-04", "15:00")


@pytest.mark.parametrize(
    ("submitted", "there"),
    [
        # Friday before the cut-off: posted on Monday, there on Thursday
        (("2026-11-20", "14:59"), "2026-11-26"),
        # after it: produced on Tuesday
        (("2026-11-20", "15:01"), "2026-11-27"),
        # on a Sunday likewise
        (("2026-11-22", "10:00"), "2026-11-27"),
        # Christmas is neither produced nor delivered
        (("2026-12-23", "10:00"), "2026-12-29"),
    ],
)
def test_when_a_letter_should_be_in_the_box(submitted: tuple[str, str], there: str) -> None:
    """One production day, then three postal days, from the day that the printer takes it."""
    assert expected_in_box(_LETTERS, residence(), _PRINTER, paris(*submitted)) == day(there)


def test_the_limit_and_the_arrival_agree() -> None:
    """Whatever is submitted at the limit is there two days before the event, on every day of a year."""
    for home in (residence(), residence("97400"), residence("67000")):
        for ordinal in range(date(2026, 6, 1).toordinal(), date(2027, 6, 1).toordinal()):
            event = date.fromordinal(ordinal)
            limit = letter_limit(_LETTERS, home, _PRINTER, event).submit_by
            assert (event - expected_in_box(_LETTERS, home, _PRINTER, limit)).days >= 2
