"""Public holidays of every French territory, from the ``holidays`` package (§3)."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays

from services.core.calendar import Holidays
from services.core.territory import SUBDIVISIONS

#: statutory local holidays: neither calls, SMS nor post; the other local ones overseas are customary: the post works
_STATUTORY_LOCAL: dict[str, frozenset[tuple[int, int]]] = {
    "971": frozenset({(5, 27)}),
    "972": frozenset({(5, 22)}),
    "973": frozenset({(6, 10)}),
    "974": frozenset({(12, 20)}),
    "976": frozenset({(4, 27)}),
    "MF": frozenset({(5, 28)}),
    "BL": frozenset({(10, 9)}),
}
#: Alsace-Moselle: every local holiday is statutory
_ALL_STATUTORY = frozenset({"57", "6AE"})
_NATIONAL = "FR"


@lru_cache(maxsize=64)
def _holidays(subdivision: str, years: tuple[int, ...]) -> Holidays:
    national = frozenset(holidays.country_holidays("FR", years=years, language="fr"))
    if subdivision == _NATIONAL:
        return Holidays(statutory=national)
    local: frozenset[date] = frozenset(holidays.country_holidays("FR", subdiv=subdivision, years=years, language="fr")) - national
    if subdivision in _ALL_STATUTORY:
        return Holidays(statutory=national | local)
    statutory = {day for day in local if (day.month, day.day) in _STATUTORY_LOCAL.get(subdivision, frozenset())}
    return Holidays(statutory=national | statutory, customary=local - statutory)


def holidays_of(years: Iterable[int]) -> dict[str, Holidays]:
    """Holidays of every subdivision for these years, by subdivision code."""
    wanted = tuple(sorted(set(years)))
    return {subdivision: _holidays(subdivision, wanted) for subdivision in SUBDIVISIONS}


def holiday_name(subdivision: str, day: date) -> str | None:
    """What the day is called in French; none when it is no holiday there."""
    subdiv = None if subdivision == _NATIONAL else subdivision
    name: str | None = holidays.country_holidays("FR", subdiv=subdiv, years=day.year, language="fr").get(day)
    return name
