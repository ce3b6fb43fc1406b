"""How long a letter takes (§10.2): production follows the metropolitan calendar, delivery the residence's."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from services.core.calendar import Residence
from services.core.policy import Letters

_SATURDAY = 5
_COUNTING = frozenset({"in_the_box", "transit", "posted", "production", "submission"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One day of the count, for people who ask why."""

    day: date
    #: in_the_box, transit, posted, production, submission; or why it does not count: sunday, holiday, weekend
    role: str
    #: whose calendar said so: the post's at the residence, or the printer's
    calendar: Literal["post", "printer"]

    @property
    def counts(self) -> bool:
        """Something happens to the letter on this day."""
        return self.role in _COUNTING


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLimit:
    """The last instant at which the printer must have the letter, and how it was counted, backwards."""

    submit_by: datetime
    transit_days: int
    counting: tuple[Counted, ...]


def produces_on(printer: Residence, day: date) -> bool:
    """A production day: Monday to Friday, not a metropolitan holiday."""
    return day.weekday() < _SATURDAY and not printer.is_holiday(day)


def transit_days(letters: Letters, residence: Residence) -> int:
    """Postal delivery days between posting and the box."""
    return letters.transit_days_overseas if residence.overseas else letters.transit_days


@lru_cache(maxsize=4096)
def letter_limit(letters: Letters, residence: Residence, printer: Residence, event_day: date) -> LetterLimit:
    """Latest submission for a duty on ``event_day`` (local date of the residence), in the five steps of §10.2.

    The same for everybody who lives alike, so it is counted once for all of them.
    """
    counting: list[Counted] = []
    day = event_day - timedelta(days=letters.box_days_before)
    while not residence.posts_on(day):
        counting.append(Counted(day=day, role=_why_no_post(day), calendar="post"))
        day -= timedelta(days=1)
    counting.append(Counted(day=day, role="in_the_box", calendar="post"))
    left = transit_days(letters, residence)
    while left:
        day -= timedelta(days=1)
        if residence.posts_on(day):
            left -= 1
            counting.append(Counted(day=day, role="transit", calendar="post"))
        else:
            counting.append(Counted(day=day, role=_why_no_post(day), calendar="post"))
    # the day on which it is posted must be one on which the printer works
    posted = day
    while not produces_on(printer, day):
        counting.append(Counted(day=day, role=_why_no_production(day), calendar="printer"))
        day -= timedelta(days=1)
    if day != posted:
        counting.append(Counted(day=day, role="posted", calendar="printer"))
    left = letters.production_days
    while left:
        day -= timedelta(days=1)
        if produces_on(printer, day):
            left -= 1
            counting.append(Counted(day=day, role="submission" if not left else "production", calendar="printer"))
        else:
            counting.append(Counted(day=day, role=_why_no_production(day), calendar="printer"))
    return LetterLimit(
        submit_by=printer.instant(day, letters.cutoff), transit_days=transit_days(letters, residence), counting=tuple(counting)
    )


def expected_in_box(letters: Letters, residence: Residence, printer: Residence, submitted_at: datetime) -> date:
    """The day on which a letter submitted now should arrive: production, then transit (§10.5)."""
    local = printer.local(submitted_at)
    day = local.date()
    if not produces_on(printer, day) or local.time() > letters.cutoff:
        day += timedelta(days=1)
        while not produces_on(printer, day):
            day += timedelta(days=1)
    left = letters.production_days
    while left:
        day += timedelta(days=1)
        if produces_on(printer, day):
            left -= 1
    left = transit_days(letters, residence)
    while left:
        day += timedelta(days=1)
        if residence.posts_on(day):
            left -= 1
    return day


def _why_no_post(day: date) -> str:
    return "sunday" if day.weekday() == _SATURDAY + 1 else "holiday"


def _why_no_production(day: date) -> str:
    return "weekend" if day.weekday() >= _SATURDAY else "holiday"
