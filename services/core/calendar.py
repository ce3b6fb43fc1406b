"""Days as a residence and an agency live them: zones, holidays, postal days, working days (§3, §10.13).

Holidays come in as values; ``services/adapters/calendars.py`` computes them.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_SATURDAY = 5
_SUNDAY = 6
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """Public holidays of one subdivision. Customary ones (overseas): no calls, no SMS, but the post works."""

    statutory: frozenset[date]
    customary: frozenset[date] = frozenset()


@lru_cache(maxsize=16384)
def _instant(zone: str, day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)


@lru_cache(maxsize=4096)
def _local(zone: str, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(zone))


@lru_cache(maxsize=4096)
def local_day(zone: str, at: datetime) -> date:
    """The date that a clock of this zone shows at an instant."""
    return _local(zone, at).date()


@lru_cache(maxsize=4096)
def _hours(zone: str, day: date) -> tuple[datetime, datetime]:
    return _instant(zone, day, time(0)), _instant(zone, day + _DAY, time(0))


# compared by identity, as keys of what is computed once for everybody who lives there
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residence:
    """Where a person lives: clock, holidays, post. ``Environment`` makes one for all who live alike."""

    zone: str
    holidays: Holidays = field(repr=False)
    overseas: bool = False
    #: hours at which this person wants to be left alone, local (§10.3)
    quiet: tuple[tuple[time, time], ...] = ()

    def local(self, at: datetime) -> datetime:
        """The instant on this clock."""
        return _local(self.zone, at)

    def instant(self, day: date, hour: time) -> datetime:
        """The instant of a local day and hour, in UTC; an hour that the change of clocks skips is read an hour later."""
        return _instant(self.zone, day, hour)

    def hours_of(self, day: date) -> tuple[datetime, datetime]:
        """From the first instant of a local day to the first of the next one."""
        return _hours(self.zone, day)

    def is_holiday(self, day: date) -> bool:
        """Is nobody to be contacted, statutory or customary (§3)?"""
        return day in self.holidays.statutory or day in self.holidays.customary

    def posts_on(self, day: date) -> bool:
        """A postal delivery day: Monday to Saturday, not a statutory holiday of the residence (§6)."""
        return day.weekday() != _SUNDAY and day not in self.holidays.statutory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkingDays:
    """When an agency's staff work: Monday to Friday, no holiday of its territory, no closure; in its zone (§10.13)."""

    zone: str
    holidays: Holidays = field(repr=False)
    closures: frozenset[date] = frozenset()

    def local(self, at: datetime) -> datetime:
        """The instant on the agency's clock."""
        return _local(self.zone, at)

    def instant(self, day: date, hour: time) -> datetime:
        """The instant of a day and hour of the agency, in UTC."""
        return _instant(self.zone, day, hour)

    def is_working(self, day: date) -> bool:
        """Does the agency work that day?"""
        off = day in self.holidays.statutory or day in self.holidays.customary or day in self.closures
        return day.weekday() < _SATURDAY and not off

    def on_or_before(self, day: date) -> date:
        """This day when it is worked, else the last worked one before it."""
        while not self.is_working(day):
            day -= _DAY
        return day

    def on_or_after(self, day: date) -> date:
        """This day when it is worked, else the first worked one after it."""
        while not self.is_working(day):
            day += _DAY
        return day

    def shift(self, day: date, count: int) -> date:
        """``count`` working days later (earlier when negative); the day itself is not counted."""
        step = _DAY if count > 0 else -_DAY
        for _ in range(abs(count)):
            day += step
            while not self.is_working(day):
                day += step
        return day

    def after(self, since: datetime, hours: timedelta, opens: time, closes: time) -> datetime:
        """The instant at which so many working hours have passed; they run from ``opens`` to ``closes`` on working days (§10.8)."""
        day = self.local(since).date()
        left = hours
        while True:
            day = self.on_or_after(day)
            start, end = max(since, self.instant(day, opens)), self.instant(day, closes)
            if end - start >= left:
                return start + left
            left -= max(end - start, timedelta(0))
            day += _DAY

    def left(self, today: date, deadline: date) -> int:
        """Working days in (today, deadline] (§10.13)."""
        count = 0
        day = today + _DAY
        while day <= deadline:
            count += self.is_working(day)
            day += _DAY
        return count
