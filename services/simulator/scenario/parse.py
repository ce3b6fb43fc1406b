"""Reads a scenario file: a ``Scenario``, or every mistake in it with file, line and path."""

import calendar
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from services.simulator.scenario.file import Scenario
from services.simulator.scenario.names import Names
from services.simulator.scenario.nodes import NO_INSTANT, Fields, Item, Mistake, Reading
from services.simulator.scenario.parse_events import first_instant, read_events
from services.simulator.scenario.parse_expect import read_expectations
from services.simulator.scenario.parse_people import read_names, read_people
from services.simulator.scenario.parse_staff import read_staff, shipped_defaults
from services.simulator.scenario.parse_world import read_providers, read_world

_HEAD_START = timedelta(hours=1)
_AFTERMATH = timedelta(days=1)
_VERIFIED_MONTHS_AGO = 6


def parse(path: Path) -> Scenario | list[Mistake]:
    """Read the file at ``path``; mistakes come in order of line. An unreadable file is one mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return [Mistake(file=str(path), line=1, path="", message=f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return [Mistake(file=str(path), line=1, path="", message="is not UTF-8")]
    return parse_text(text, str(path))


def parse_text(text: str, file: str) -> Scenario | list[Mistake]:
    """Read a scenario from its text; ``file`` names it in mistakes."""
    try:
        # safe: nodes are composed, no object is constructed
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        return [Mistake(file=file, line=line, path="", message=f"not YAML: {error.problem}")]
    except yaml.YAMLError as error:
        return [Mistake(file=file, line=1, path="", message=f"not YAML: {type(error).__name__}")]
    if not isinstance(root, yaml.MappingNode):
        return [Mistake(file=file, line=1, path="", message="not a scenario: keys such as `scenario:` and `events:` are expected")]
    reading = Reading(file=file, text=text)
    scenario = _read(Item(reading=reading, node=root, path="").fields(), reading)
    return sorted(reading.mistakes, key=lambda mistake: mistake.line) or scenario


def _read(top: Fields, reading: Reading) -> Scenario:
    # the zone and the names come first: everything else refers to them
    reading.zone = top.get("zone", _zone, reading.zone)
    names, defaults = Names(), shipped_defaults()
    read_names(top, names)
    providers = read_providers(top.take("providers"), names)
    staff = read_staff(top, names, defaults)
    start = _start(top)
    people = read_people(top, names, staff, verified_at=_half_a_year_before(start, reading))
    world = read_world(top.take("world"), names)
    events = read_events(top.take("events"), names, staff)
    expect = read_expectations(top.take("expect"), names)
    until = top.get("until", Item.instant, None)
    scenario = Scenario(
        name=top.need("scenario", Item.text, ""),
        title=top.get("title", Item.text, ""),
        file=reading.file,
        zone=reading.zone,
        policy=top.get("policy", _policy, {}),
        start=start,
        until=until or max(reading.instants, default=start) + _AFTERMATH,
        agencies=staff.agencies,
        advisors=staff.advisors,
        people=people.people,
        crowds=people.crowds,
        providers=providers,
        purpose=defaults.purpose,
        world=world,
        events=events,
        expect=expect,
    )
    top.done()
    if until is not None and until < start:
        top.item.wrong("`until` lies before the first event")
    return scenario


def _zone(item: Item) -> ZoneInfo:
    try:
        return ZoneInfo(item.text())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        item.wrong("unknown time zone; an IANA name is expected, such as Europe/Paris")
        return item.reading.zone


def _start(top: Fields) -> datetime:
    """An hour before anything happens, so that the directory has told us of everybody by then."""
    first = first_instant(top.take("events"))
    return (first or NO_INSTANT) - _HEAD_START


def _half_a_year_before(start: datetime, reading: Reading) -> datetime:
    return months_before(start.astimezone(reading.zone), _VERIFIED_MONTHS_AGO).astimezone(UTC)


def _policy(item: Item) -> Mapping[str, object]:
    return {name: value.plain() for name, value in item.fields()}


def months_before(instant: datetime, months: int) -> datetime:
    """The same hour, ``months`` calendar months earlier; a day that the month has not is its last one."""
    index = instant.year * 12 + instant.month - 1 - months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return instant.replace(year=year, month=month + 1, day=min(instant.day, last))
