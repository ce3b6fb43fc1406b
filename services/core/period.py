"""When an actualisation opens and closes (arrêté du 22 décembre 2015): the 28th, the 26th in February; the 15th at midnight."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_PERIOD = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_PARIS = ZoneInfo("Europe/Paris")
_FEBRUARY = 2
#: « à minuit » is the end of the 15th
_LAST_SECOND = time(23, 59, 59)
OPENING_DAY = 28
OPENING_DAY_FEBRUARY = 26
CLOSING_DAY = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One month's actualisation, as instants in UTC."""

    name: str
    opens_at: datetime
    #: the official end
    closes_at: datetime

    def closes_for(self, zone: str) -> datetime:
        """The end that we work with: the earlier of the official one and the local one (§2.1)."""
        day = self.closes_at.astimezone(_PARIS).date()
        return min(self.closes_at, datetime.combine(day, _LAST_SECOND, ZoneInfo(zone)).astimezone(UTC))


def period(name: str) -> Period:
    """The period of a month, "2026-11"; raises ``ValueError`` when it is not one."""
    match = _PERIOD.fullmatch(name)
    if match is None:
        raise ValueError("not a period, expected YYYY-MM")
    year, month = int(match[1]), int(match[2])
    opening = date(year, month, OPENING_DAY_FEBRUARY if month == _FEBRUARY else OPENING_DAY)
    closing = date(year + month // 12, month % 12 + 1, CLOSING_DAY)
    return Period(
        name=name,
        opens_at=datetime.combine(opening, time(0), _PARIS).astimezone(UTC),
        closes_at=datetime.combine(closing, _LAST_SECOND, _PARIS).astimezone(UTC),
    )


def closing_after(now: datetime, zone: str | None = None) -> datetime | None:
    """The end of the period that is open at this instant: the official one, or the one we work with in a zone; none when none is (§2.1)."""
    today = now.astimezone(_PARIS).date()
    # the month itself once its opening day has come, else the one before it
    for back in (0, 1):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        found = period(f"{year:04d}-{month + 1:02d}")
        if found.opens_at <= now <= found.closes_at:
            return found.closes_for(zone) if zone is not None else found.closes_at
    return None
