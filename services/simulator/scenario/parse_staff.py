"""Reads agencies and advisers of a scenario file, and fills in the ones that a file need not name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import yaml

from services.simulator.scenario.file import AdvisorSpec, AgencySpec
from services.simulator.scenario.names import Names
from services.simulator.scenario.nodes import Fields, Item, Reading

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(?:([01]\d|2[0-3]):[0-5]\d|24:00)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a file need not say (``defaults.yaml``)."""

    agency: AgencySpec
    advisor: str
    backup: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Agencies and advisers by id, and whom a person gets who names nobody."""

    agencies: Mapping[str, AgencySpec]
    advisors: Mapping[str, AdvisorSpec]
    referent: str


def shipped_defaults() -> Defaults:
    """The file beside this module."""
    path = Path(__file__).with_name("defaults.yaml")
    text = path.read_text(encoding="utf-8")
    reading = Reading(file=path.name, text=text)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        raise ValueError(f"{path.name} is empty")
    fields = Item(reading=reading, node=root, path="").fields()
    name = fields.need("agency", Item.text, "")
    agencies = Fields(fields.need("agencies", lambda item: item, fields.item))
    return Defaults(
        agency=agencies.need(name, lambda item: read_agency(name, item, None), None) or _nameless(name),
        advisor=fields.need("advisor", Item.text, ""),
        backup=fields.need("backup", Item.text, ""),
        purpose=fields.need("purpose", Item.text, ""),
    )


def read_staff(top: Fields, names: Names, defaults: Defaults) -> Staff:
    """The ``agencies`` and ``advisors`` of a file, with the default ones where it has none."""
    agencies: dict[str, AgencySpec] = {}
    given = top.take("agencies")
    if given is not None:
        agencies = {name: read_agency(name, item, defaults.agency) for name, item in given.fields()}
    if not agencies:
        agencies[defaults.agency.name] = defaults.agency
    names.agencies.update(agencies)
    first_agency = next(iter(agencies))
    staff = top.take("advisors")
    fields = None if staff is None else staff.fields()
    if fields is not None:
        names.advisors.update(name for name, _ in fields)
    advisors = {} if fields is None else {name: read_advisor(name, item, names, _plain(name, first_agency)) for name, item in fields}
    if not advisors:
        advisors[defaults.advisor] = replace(_plain(defaults.advisor, first_agency), backup=defaults.backup)
        advisors[defaults.backup] = _plain(defaults.backup, first_agency)
    names.advisors.update(advisors)
    return Staff(agencies=agencies, advisors=advisors, referent=next(iter(advisors)))


def read_agency(name: str, item: Item, before: AgencySpec | None) -> AgencySpec:
    """An agency; keys that are not there keep what ``before`` has."""
    base = before or _nameless(name)
    fields = item.fields()
    agency = AgencySpec(
        name=name,
        title=fields.get("name", Item.text, base.title if base.name == name else name),
        phone=fields.get("phone", Item.text, base.phone),
        address=fields.get("address", Item.text, base.address),
        postal_code=fields.get("postal_code", read_postal_code, base.postal_code),
        access_info=fields.get("access_info", Item.text, base.access_info),
        opening=fields.get("opening", _opening, base.opening),
        closures=fields.get("closures", lambda days: tuple(day.day() for day in days.items()), base.closures),
        duty_email=fields.get("duty_email", Item.text, base.duty_email if base.name == name else f"{name}@agence.example"),
    )
    fields.done()
    return agency


def read_advisor(name: str, item: Item, names: Names, before: AdvisorSpec) -> AdvisorSpec:
    """An adviser; keys that are not there keep what ``before`` has."""
    fields = item.fields()
    backup = fields.get("backup", names.advisor, None if "backup" in fields else before.backup)
    advisor = AdvisorSpec(
        name=name,
        title=fields.get("name", Item.text, before.title),
        agency=fields.get("agency", names.agency, before.agency),
        email=fields.get("email", Item.text, before.email),
        backup=backup,
        absences=fields.get("absences", _absences, before.absences),
        active=fields.get("active", Item.boolean, before.active),
    )
    fields.done()
    return advisor


def _plain(name: str, agency: str) -> AdvisorSpec:
    return AdvisorSpec(name=name, title=name, agency=agency, email=f"{name}@agence.example")


def _nameless(name: str) -> AgencySpec:
    return AgencySpec(
        name=name,
        title=name,
        phone="",
        address="",
        postal_code="",
        access_info="",
        opening={},
        duty_email=f"{name}@agence.example",
    )


def read_postal_code(item: Item) -> str:
    """Five digits."""
    text = item.text()
    if not re.fullmatch(r"\d{5}", text):
        item.wrong("a postal code of five digits is expected")
    return text


def _absences(item: Item) -> tuple[tuple[date, date], ...]:
    absences = []
    for absence in item.items():
        fields = absence.fields()
        first = fields.need("from", Item.day, date.min)
        last = fields.get("to", Item.day, first)
        if last < first:
            absence.wrong("`to` lies before `from`")
        fields.done()
        absences.append((first, last))
    return tuple(absences)


def _opening(item: Item) -> dict[int, tuple[tuple[str, str], ...]]:
    """``mon-fri 09:00-12:30 13:30-16:30``; further days after a comma or semicolon."""
    opening: dict[int, list[tuple[str, str]]] = {}
    days: list[int] = []
    for token in re.split(r"[\s,;]+", item.text().strip().lower()):
        first, dash, last = token.partition("-")
        if first in _DAYS and (not dash or last in _DAYS):
            fresh = list(range(_DAYS.index(first), _DAYS.index(last if dash else first) + 1))
            # days that follow each other share the hours behind them: "mon, wed 09:00-12:00"
            days = fresh if any(opening.get(day) for day in days) else days + fresh
            for day in fresh:
                opening.setdefault(day, [])
        elif _HOURS.fullmatch(token) and days:
            for day in days:
                opening[day].append((first, last))
        else:
            item.wrong("opening hours are expected, such as `mon-fri 09:00-12:30 13:30-16:30, sat 09:00-12:00`")
            break
    return {day: tuple(hours) for day, hours in opening.items() if hours}
