"""When an actualisation opens and closes (arrêté du 22 décembre 2015; rules §2.1, §13, SC-30)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.core.period import period
from services.core.territory import territory_of

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("name", "opens", "closes", "closes_utc"),
    [
        ("2026-11", "Sat 2026-11-28", "Tue 2026-12-15", "2026-12-15T22:59:59Z"),
        ("2026-12", "Mon 2026-12-28", "Fri 2027-01-15", "2027-01-15T22:59:59Z"),
        ("2027-01", "Thu 2027-01-28", "Mon 2027-02-15", "2027-02-15T22:59:59Z"),
        ("2027-02", "Fri 2027-02-26", "Mon 2027-03-15", "2027-03-15T22:59:59Z"),
        # Easter Sunday, and the night in which clocks change
        ("2027-03", "Sun 2027-03-28", "Thu 2027-04-15", "2027-04-15T21:59:59Z"),
        # leap years: the 26th all the same
        ("2028-02", "Sat 2028-02-26", "Wed 2028-03-15", "2028-03-15T22:59:59Z"),
        ("2024-02", "Mon 2024-02-26", "Fri 2024-03-15", "2024-03-15T22:59:59Z"),
        # a month that closes in summer time
        ("2026-09", "Mon 2026-09-28", "Thu 2026-10-15", "2026-10-15T21:59:59Z"),
        # opens in summer time, closes in winter time
        ("2026-10", "Wed 2026-10-28", "Sun 2026-11-15", "2026-11-15T22:59:59Z"),
    ],
)
def test_a_month_opens_at_midnight_and_closes_with_the_last_second(name: str, opens: str, closes: str, closes_utc: str) -> None:
    """Opening 00:00 and closing 23:59:59 on the clock of Paris; « le 15 à minuit » is the end of the 15th; no shift on weekends."""
    span = period(name)
    assert span.opens_at.astimezone(PARIS).strftime("%a %Y-%m-%d %H:%M:%S") == f"{opens} 00:00:00"
    assert span.closes_at.astimezone(PARIS).strftime("%a %Y-%m-%d %H:%M:%S") == f"{closes} 23:59:59"
    assert span.closes_at == datetime.fromisoformat(closes_utc)
    assert span.closes_at.tzinfo is UTC
    assert span.name == name


@pytest.mark.parametrize(
    ("postal_code", "winter", "summer"),
    [
        ("75011", "2026-12-15T22:59:59Z", "2027-04-15T21:59:59Z"),
        # west of Paris the official end comes first, as the clock there says 18:59
        ("97110", "2026-12-15T22:59:59Z", "2027-04-15T21:59:59Z"),
        ("97500", "2026-12-15T22:59:59Z", "2027-04-15T21:59:59Z"),
        # east of Paris the 15th ends earlier
        ("97400", "2026-12-15T19:59:59Z", "2027-04-15T19:59:59Z"),
        ("97600", "2026-12-15T20:59:59Z", "2027-04-15T20:59:59Z"),
        ("98800", "2026-12-15T12:59:59Z", "2027-04-15T12:59:59Z"),
    ],
)
def test_overseas_the_earlier_end_counts(postal_code: str, winter: str, summer: str) -> None:
    """The minimum of the official end and the end of the local 15th."""
    zone = territory_of(postal_code).zone
    assert period("2026-11").closes_for(zone) == datetime.fromisoformat(winter)
    assert period("2027-03").closes_for(zone) == datetime.fromisoformat(summer)


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "2026-11\n", " 2026-11", "٢٠٢٦-11"])
def test_what_is_not_a_month_is_refused(name: str) -> None:
    """A ``ValueError`` that does not quote the value."""
    with pytest.raises(ValueError, match="not a period, expected YYYY-MM"):
        period(name)
