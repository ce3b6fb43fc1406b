"""Judges a journal by a scenario's expectations: what had to come out, and what must not."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from services.core.changes import JournalLine
from services.simulator.scenario.file import Bounds, Contains, Equals, Expectation, Matches, Scenario, Wanted

#: journal lines that are shown with a failure
_SHOWN = 4
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An expectation that does not hold."""

    file: str
    line: int
    #: as it was written
    expectation: str
    found: int
    least: int
    #: none: any number
    most: int | None
    #: the lines that came nearest, or the ones that must not be there; in order of instant
    nearest: tuple[JournalLine, ...]


def judge(scenario: Scenario, journal: Sequence[JournalLine]) -> list[Failure]:
    """The expectations that fall short, in the order of the file; an empty list when all hold."""
    by_what: dict[str, list[JournalLine]] = {}
    for line in journal:
        by_what.setdefault(str(line.what), []).append(line)
    failures = []
    for expectation in scenario.expect:
        candidates = by_what.get(expectation.what.value, [])
        found = [line for line in candidates if _holds(expectation, line, scenario)]
        if len(found) < expectation.least or (expectation.most is not None and len(found) > expectation.most):
            failures.append(
                Failure(
                    file=scenario.file,
                    line=expectation.line,
                    expectation=expectation.source,
                    found=len(found),
                    least=expectation.least,
                    most=expectation.most,
                    nearest=_nearest(expectation, found, candidates, scenario),
                ),
            )
    return failures


def _holds(expectation: Expectation, line: JournalLine, scenario: Scenario) -> bool:
    return in_time(expectation, line.at) and all(
        field_matches(wanted, line.fields.get(name), scenario) for name, wanted in expectation.fields.items()
    )


def in_time(expectation: Expectation, at: datetime) -> bool:
    """Both ends of ``at`` belong to it; ``before`` and ``after`` exclude theirs."""
    if expectation.between is not None and not expectation.between[0] <= at <= expectation.between[1]:
        return False
    if expectation.before is not None and at >= expectation.before:
        return False
    return expectation.after is None or at > expectation.after


def field_matches(wanted: Wanted, value: object, scenario: Scenario) -> bool:
    """Does a journal field have what is wanted? A list has it when one of its elements does."""
    if isinstance(wanted, Contains):
        return all(field_matches(element, value, scenario) for element in wanted.elements)
    if isinstance(value, list | tuple | set | frozenset):
        return any(field_matches(wanted, element, scenario) for element in value)
    if isinstance(wanted, Equals):
        return _equals(wanted.value, value)
    if isinstance(wanted, Matches):
        return value is not None and wanted.pattern.search(spoken(value, scenario)) is not None
    if isinstance(wanted, Bounds):
        number = _number(value)
        return number is not None and (wanted.least is None or number >= wanted.least) and (wanted.most is None or number <= wanted.most)
    assert_never(wanted)


def spoken(value: object, scenario: Scenario) -> str:
    """A value as a journal prints it; instants in the scenario's zone."""
    if isinstance(value, datetime):
        return value.astimezone(scenario.zone).isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and (instant := _instant(value)) is not None:
        return instant.astimezone(scenario.zone).isoformat()
    return str(value)


def _equals(wanted: object, value: object) -> bool:
    if wanted is None or value is None:
        return wanted is value
    if isinstance(wanted, datetime):
        instant = value if isinstance(value, datetime) else _instant(str(value))
        return instant is not None and instant == wanted
    if isinstance(value, bool):
        return str(wanted).lower() == ("true" if value else "false")
    number = _number(value) if not isinstance(value, str) else None
    if number is not None and _NUMBER.fullmatch(str(wanted)):
        return float(str(wanted)) == number
    return str(wanted) == str(value.value if isinstance(value, StrEnum) else value)


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def _instant(text: str) -> datetime | None:
    """An RFC 3339 instant with an offset; none for any other text."""
    if len(text) < len("2026-12-01T10:30Z") or not text[:4].isdigit() or text[10:11] != "T":
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _nearest(
    expectation: Expectation,
    found: Sequence[JournalLine],
    candidates: Sequence[JournalLine],
    scenario: Scenario,
) -> tuple[JournalLine, ...]:
    """Too many: the surplus itself. Too few: what was found, then the lines of the kind that agree most."""
    if expectation.most is not None and len(found) > expectation.most:
        return tuple(found[-_SHOWN:])
    others = sorted((line for line in candidates if line not in found), key=lambda line: _distance(expectation, line, scenario))
    return tuple(sorted((*found[:_SHOWN], *others[: max(1, _SHOWN - len(found))]), key=lambda line: line.at))


def _distance(expectation: Expectation, line: JournalLine, scenario: Scenario) -> tuple[int, timedelta]:
    wrong = sum(not field_matches(wanted, line.fields.get(name), scenario) for name, wanted in expectation.fields.items())
    away = timedelta() if in_time(expectation, line.at) else _away(expectation, line.at)
    return (wrong, away)


def _away(expectation: Expectation, at: datetime) -> timedelta:
    ends: Iterable[datetime] = (*(expectation.between or ()), *(end for end in (expectation.before, expectation.after) if end))
    return min((abs(at - end) for end in ends), default=timedelta(0))
