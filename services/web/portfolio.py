"""An advisor's list: open alerts by time left, grouped by person, each with what is known, what to do and by when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.core.channels.availability import REPLACED
from services.core.model import Alert, Contact, Obligation, Person
from services.core.words import AlertType, ContactStatus, Kind, PointKind, Severity
from services.web.ports import DeskAction, DeskLine
from services.web.render import local
from services.web.wording import Wording
from services.web.zones import zone_of_duty, zone_of_person

#: Alerts whose cure is a corrected contact point.
_ABOUT_CONTACTS: Final = frozenset(
    {AlertType.CONTACT_DEAD, AlertType.CONTACT_SUSPECT, AlertType.WRONG_PERSON, AlertType.UNREACHABLE, AlertType.NO_CHANNEL}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One alert as the list shows it; instants are local."""

    alert: Alert
    obligation: Obligation | None
    known: tuple[str, ...]
    next_action: str
    act_by: datetime
    #: negative when it is late
    left: timedelta
    deadline: datetime | None
    #: taken by this advisor, by a colleague, or by nobody
    taken: str
    #: by whom, and how long after it was raised
    claimed_by: str | None
    delay: timedelta | None
    actions: tuple[DeskAction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonGroup:
    """One person with all their open alerts, most urgent first."""

    person_id: str
    person: Person | None
    #: masked; disabled points are left out
    contacts: tuple[tuple[PointKind, str], ...]
    alerts: tuple[AlertView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """People of one heading."""

    #: local day of the deadlines; none when the list is short enough to have no headings, and for alerts without a date
    day: date | None
    groups: tuple[PersonGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The whole list."""

    sections: tuple[Section, ...]
    #: more open alerts than the budget: grouped by deadline (rules §10.8)
    crowded: bool
    #: open alerts per severity, worst first
    counts: tuple[tuple[Severity, int], ...]
    total: int


def portfolio(lines: Sequence[DeskLine], advisor_id: str, now: datetime, wording: Wording, budget: int) -> Portfolio:
    """Group and order: who has the least time left stands first; above the budget the days of the deadlines are headings."""
    mine = sum(advisor_id in (line.alert.advisor_id, line.alert.claimed_by) for line in lines)
    crowded = mine > budget
    days: dict[date | None, list[DeskLine]] = {}
    for line in sorted(lines, key=lambda line: _urgency(line.alert)):
        days.setdefault(_day(line) if crowded else None, []).append(line)
    ordered = sorted(days.items(), key=lambda day: day[0] or date.max)
    sections = tuple(Section(day=day, groups=_people(of_day, advisor_id, now, wording)) for day, of_day in ordered)
    counts = {severity: sum(line.alert.severity is severity for line in lines) for severity in reversed(Severity)}
    return Portfolio(sections=sections, crowded=crowded, counts=tuple(counts.items()), total=len(lines))


def _people(lines: Sequence[DeskLine], advisor_id: str, now: datetime, wording: Wording) -> tuple[PersonGroup, ...]:
    people: dict[str, list[DeskLine]] = {}
    for line in lines:
        people.setdefault(line.alert.person_id, []).append(line)
    return tuple(_group(of_person, advisor_id, now, wording) for of_person in people.values())


def _day(line: DeskLine) -> date | None:
    """The local day of the deadline."""
    at, obligation = line.alert.deadline, line.obligation
    zone = zone_of_person(line.person) if obligation is None else zone_of_duty(obligation, line.person, None)
    return local(at, zone).date() if at is not None else None


def alert_view(line: DeskLine, advisor_id: str, now: datetime, wording: Wording) -> AlertView:
    """One alert in words."""
    alert, obligation = line.alert, line.obligation
    zone = zone_of_person(line.person) if obligation is None else zone_of_duty(obligation, line.person, None)
    deadline = alert.deadline or (obligation.due_at if obligation is not None and obligation.kind is not Kind.CONTACT else None)
    return AlertView(
        alert=alert,
        obligation=obligation,
        known=tuple(wording.fact(fact, zone) for fact in alert.known),
        next_action=wording.next_action(alert, zone),
        act_by=local(alert.act_by, zone),
        left=alert.act_by - now,
        deadline=local(deadline, zone) if deadline is not None else None,
        taken=_taken(alert, advisor_id),
        claimed_by=alert.claimed_by,
        delay=alert.claimed_at - alert.raised_at if alert.claimed_by and alert.claimed_at else None,
        actions=actions_for(alert, obligation),
    )


def actions_for(alert: Alert, obligation: Obligation | None) -> tuple[DeskAction, ...]:
    """What an advisor can say to have done about this alert."""
    actions = [] if alert.claimed_by else [DeskAction.CLAIM]
    actions.append(DeskAction.CALLED)
    if obligation is not None and obligation.kind is Kind.ACTUALISATION and alert.type is not AlertType.ACTUALISATION_MISSED:
        actions.append(DeskAction.ACTUALISED_BY_PHONE)
    if alert.type in _ABOUT_CONTACTS:
        actions.append(DeskAction.CONTACT_FIXED)
    actions.append(DeskAction.HANDLED)
    return tuple(actions)


def masked(contact: Contact) -> str:
    """Enough to recognise a contact point, not enough to use it (rules §8.4)."""
    if contact.kind is PointKind.POSTAL:
        return contact.lines[-1] if contact.lines else ""
    value = contact.value or ""
    if contact.kind is PointKind.EMAIL:
        name, _, domain = value.partition("@")
        return f"{name[:1]}…@{domain}"
    digits = [character for character in value if character.isdigit()]
    return f"{''.join(digits[:2])} … {''.join(digits[-2:])}"


def _group(lines: Sequence[DeskLine], advisor_id: str, now: datetime, wording: Wording) -> PersonGroup:
    first = lines[0]
    usable = [row for row in first.contacts if row.status is not ContactStatus.DISABLED and row.problem != REPLACED]
    return PersonGroup(
        person_id=first.alert.person_id,
        person=first.person,
        contacts=tuple((contact.kind, masked(contact)) for contact in usable),
        alerts=tuple(alert_view(line, advisor_id, now, wording) for line in lines),
    )


def _urgency(alert: Alert) -> tuple[datetime, datetime, str]:
    return (alert.act_by, alert.deadline or alert.act_by, alert.alert_id)


def _taken(alert: Alert, advisor_id: str) -> str:
    if alert.claimed_by is None:
        return ""
    return "me" if alert.claimed_by == advisor_id else "colleague"
