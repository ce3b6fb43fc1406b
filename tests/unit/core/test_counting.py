"""How the days of a letter are counted, one by one (§10.2), and what an environment knows of a place (§3, §10.1, §10.13)."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from services.core.actualisation.agency_days import is_agency_over, last_agency_day
from services.core.calendar import Residence, WorkingDays
from services.core.channels.leadtime import letter_limit
from services.core.environment import Environment
from services.core.model import Agency, Place
from tests.unit.core.scene import actualisation, day, environment, meeting, paris, person, residence

_PRINTER = environment().residence("75000")
# seven days of transit; 27 May is a holiday there
_GUADELOUPE = (
    "31 box,30 sunday,29 transit,28 transit,27 holiday,26 transit,25 transit,24 transit,23 sunday,22 transit,21 transit,20 submission*"
)


@pytest.mark.parametrize(
    ("event", "postal_code", "transit", "submit", "counted"),
    [
        (
            "2026-12-01",
            "75011",
            3,
            "2026-11-24",
            "29 sunday,28 box,27 transit,26 transit,25 transit,24 submission*",
        ),
        (
            "2027-01-05",
            "75011",
            3,
            "2026-12-28",
            "03 sunday,02 box,01 holiday,31 transit,30 transit,29 transit,28 submission*",
        ),
        # transit ends on a Saturday: posted on the Friday before
        (
            "2026-12-10",
            "75011",
            3,
            "2026-12-03",
            "08 box,07 transit,06 sunday,05 transit,04 transit,03 submission*",
        ),
        (
            "2026-12-09",
            "75011",
            3,
            "2026-12-02",
            "07 box,06 sunday,05 transit,04 transit,03 transit,02 submission*",
        ),
        # a holiday, and a weekend that the printer does not work
        (
            "2027-05-11",
            "75011",
            3,
            "2027-04-30",
            "09 sunday,08 holiday,07 box,06 holiday,05 transit,04 transit,03 transit,02 weekend*,01 weekend*,30 submission*",
        ),
        # seven days overseas; 27 May is a holiday there and none for the printer
        (
            "2027-06-02",
            "97110",
            7,
            "2027-05-20",
            _GUADELOUPE,
        ),
    ],
)
def test_each_day_of_a_letter_has_its_role(event: str, postal_code: str, transit: int, submit: str, counted: str) -> None:
    """Backwards from two days before the event to the submission; by the post's calendar there, or (*) the printer's (§10.2)."""
    limit = letter_limit(environment().policy.letters, residence(postal_code), _PRINTER, day(event))
    told = ",".join(f"{one.day:%d} {one.role.removeprefix('in_the_')}{'*' if one.calendar == 'printer' else ''}" for one in limit.counting)
    assert (limit.transit_days, told, limit.submit_by) == (transit, counted, paris(submit, "15:00"))
    assert [one.counts for one in limit.counting] == [one.role not in ("sunday", "holiday", "weekend") for one in limit.counting]


# ---- the environment


def _same(one: Residence | WorkingDays, other: Residence | WorkingDays) -> bool:
    """Residences are compared by identity; what they are made of says whether they are alike."""
    names = ("zone", "holidays", "overseas", "quiet", "closures")
    return all(getattr(one, name, None) == getattr(other, name, None) for name in names)


def test_where_somebody_lives() -> None:
    """Zone, holidays of the subdivision, overseas or not; the same object for all who live there (§10.1)."""
    env = environment()
    here, away = env.residence("75011"), env.residence("97110")
    assert (here.zone, here.overseas, away.zone, away.overseas) == ("Europe/Paris", False, "America/Guadeloupe", True)
    assert away.is_holiday(date(2027, 5, 27))
    assert not here.is_holiday(date(2027, 5, 27))
    assert env.residence("97110") is away
    quiet = env.home(person(postal_code="97110", quiet=((time(12), time(14)),)))
    assert _same(quiet, replace(away, quiet=((time(12), time(14)),)))
    assert _same(env.home(person(postal_code="97110")), away)


def _agency(**changed: Any) -> Agency:
    row = Agency(agency_id="pointe", name="n", phone="p", address="a", postal_code="97110", closures=(date(2026, 12, 11),))
    return replace(row, **changed)


def _env(**changed: Any) -> Environment:
    return environment().with_staff({"pointe": _agency(**changed)}, {})


def test_when_an_agency_works() -> None:
    """Its own zone, holidays and closures; an unknown one works as one in Paris (§10.13)."""
    env = _env()
    there, unknown = env.working_days("pointe"), env.working_days("nowhere")
    assert (there.zone, there.closures, unknown.zone, unknown.closures) == (
        "America/Guadeloupe",
        frozenset({date(2026, 12, 11)}),
        "Europe/Paris",
        frozenset(),
    )
    assert env.working_days("pointe") is there
    assert [there.is_working(date(2027, 5, 27)), unknown.is_working(date(2027, 5, 27))] == [False, True]


def test_other_staff_are_another_snapshot() -> None:
    """What was computed of the old agencies is forgotten; policy, holidays and alarms stay."""
    before = _env()
    old = before.working_days("pointe")
    after = before.with_staff({"pointe": _agency(closures=())}, {"x": environment().advisors["adv"]})
    assert after.working_days("pointe").closures == frozenset()
    assert before.working_days("pointe") is old
    assert (after.policy, after.holidays, after.standing) == (before.policy, before.holidays, before.standing)
    assert (dict(after.agencies), list(after.advisors)) == ({"pointe": _agency(closures=())}, ["x"])


@pytest.mark.parametrize(
    ("duty", "zone"),
    [
        (meeting(place=Place(kind="agency", name="n", agency_id="pointe")), "America/Guadeloupe"),
        (meeting(place=Place(kind="agency", name="n", agency_id="nowhere")), "Indian/Reunion"),
        (meeting(place=None), "Indian/Reunion"),
        (replace(actualisation(), place=Place(kind="agency", name="n", agency_id="pointe")), "Indian/Reunion"),
    ],
)
def test_on_whose_clock_a_duty_is_said(duty: Any, zone: str) -> None:
    """A meeting's on that of its agency, everything else on that of the residence."""
    assert _env().zone_of(duty, "97400") == zone


_WEEK = {str(weekday): (("09:00", "12:30"), ("13:30", "16:30")) for weekday in range(5)}


@pytest.mark.parametrize(
    ("changed", "last", "closes"),
    [
        ({"opening": _WEEK}, "2026-12-15", ("2026-12-15", "16:30")),
        # hours nobody told us: open all day
        ({}, "2026-12-15", ("2026-12-16", "00:00")),
        # closed from the 2nd on: the 1st is the fifteenth day looked at
        ({"opening": _WEEK, "closures": tuple(date(2026, 12, number) for number in range(2, 16))}, "2026-12-01", ("2026-12-01", "16:30")),
        ({"opening": _WEEK, "closures": tuple(date(2026, 12, number) for number in range(1, 16))}, None, None),
    ],
)
def test_until_when_an_agency_can_be_used(changed: dict[str, Any], last: str | None, closes: tuple[str, str] | None) -> None:
    """The last open day up to the closing, until its last hour, on the agency's clock (R15, §10.5)."""
    env = environment().with_staff({"agence": replace(_agency(agency_id="agence", postal_code="75000", closures=()), **changed)}, {})
    duty = actualisation()
    assert last_agency_day(duty, "agence", env) == (day(last) if last else None)
    end: datetime | None = paris(*closes) if closes else None
    if end is None:
        assert not is_agency_over(duty, "agence", env, duty.due_at)
    else:
        second = end.resolution * 1_000_000
        assert [is_agency_over(duty, "agence", env, at) for at in (end - second, end)] == [False, True]
    assert last_agency_day(meeting(), "agence", env) is None
    assert not is_agency_over(meeting(), "agence", env, paris("2027-01-01"))
    assert not is_agency_over(duty, "nowhere", env, paris("2027-01-01"))
