"""The right date and one wrong date, so that a machine that presses every button is told from a person (rules §10.12)."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

#: How far the wrong date may lie from the right one, in days: near enough to be plausible, never the same day.
_SHIFTS: Final = (-8, -7, -6, -5, -4, -3, -2, 2, 3, 4, 5, 6, 7, 8)
_SATURDAY: Final = 5
#: Hours a wrong meeting may have: office hours on the half hour.
_HOURS: Final = tuple(time(hour, minute) for hour in (9, 10, 11, 14, 15, 16) for minute in (0, 30))


@dataclass(frozen=True, slots=True, kw_only=True)
class DateOption:
    """One date that the page offers; ``value`` is what the form sends."""

    value: str
    at: datetime
    right: bool


def date_options(*, secret: str, right: datetime, after: date, taken: Collection[date], keep_hour: bool) -> tuple[DateOption, DateOption]:
    """Two dates in an order that does not tell which is right; the same ones each time the page is asked for.

    ``right`` is local; the wrong date is a weekday after ``after`` (the day of the message) and none of ``taken``.
    ``keep_hour``: deadlines of an actualisation differ in the day only.
    """
    digest = hashlib.sha256(f"decoy|{secret}|{right.isoformat()}".encode()).digest()
    day = _wrong_day(digest[0], right.date(), after, {*taken, right.date()})
    hours = [hour for hour in _HOURS if hour != right.time()]
    hour = right.timetz() if keep_hour else hours[digest[1] % len(hours)].replace(tzinfo=right.tzinfo)
    good = _option(right, right=True)
    wrong = _option(datetime.combine(day, hour), right=False)
    return (good, wrong) if digest[2] % 2 == 0 else (wrong, good)


def _wrong_day(seed: int, right: date, after: date, taken: Collection[date]) -> date:
    """A weekday near ``right``; walks on into the future when everything near is taken."""
    start = seed % len(_SHIFTS)
    near = [right + timedelta(days=shift) for shift in _SHIFTS[start:] + _SHIFTS[:start]]
    far = [right + timedelta(days=days) for days in range(9, 60)]
    return next(day for day in near + far if day.weekday() < _SATURDAY and day > after and day not in taken)


def _option(at: datetime, *, right: bool) -> DateOption:
    return DateOption(value=at.strftime("%Y-%m-%dT%H:%M"), at=at, right=right)
