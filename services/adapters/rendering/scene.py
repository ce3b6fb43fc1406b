"""From a notice to what its templates may name: which situation, whose duty, in the local time of the place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.core.content import Notice
from services.core.model import Agency, Obligation, Place
from services.core.words import Constraint, Kind, Step

#: what a step says about a meeting; every step that is not here is a first notice (N0, the letter, a fallback)
MEETING_SITUATIONS: Mapping[Step, str] = {
    Step.R1: "reminder",
    Step.R2: "reminder",
    Step.R3: "reminder",
    Step.CORRECTIVE: "moved",
    Step.CANCELLATION: "cancelled",
}

#: what a step says about an actualisation; every step that is not here is a reminder
ACTUALISATION_SITUATIONS: Mapping[Step, str] = {
    Step.A0: "open",
    Step.A5: "last_day",
    Step.A6: "missed",
}

IN_PERSON = ("agency", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One meeting, in local time."""

    kind: str
    at: datetime
    place: Place
    in_person: bool
    purpose: str | None
    mandatory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One actualisation, in local time."""

    period: str
    last_day: date
    #: first local instant that is too late
    closes: datetime
    #: it closes at midnight where the person lives, so the hour goes without saying
    closes_at_midnight: bool
    days_left: int
    #: the agency can still be used
    agency_open: bool
    #: last day on which the agency can be used, when that is not the last day
    last_agency_day: date | None
    #: closed days between that day and the last one
    closed_days: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What one message is about; the templates see ``names``."""

    names: Mapping[str, object]
    #: empty for an actualisation
    meetings: tuple[Meeting, ...] = ()


def clean(words: str) -> str:
    """A value from outside on one line, without what the light markup would take for a block (rules §10.18)."""
    line = " ".join(words.split())
    printable = line if line.isprintable() else "".join(filter(str.isprintable, line))
    return printable.lstrip("#|-[= ")


def scene(notice: Notice) -> Scene:
    """Everything that the templates of a notice may name."""
    person, zone = notice.person, ZoneInfo(notice.zone)
    constraints = set(person.constraints)
    first_name, last_name = clean(person.first_name), clean(person.last_name)
    first = notice.obligations[0]
    common: dict[str, object] = {
        "first_name": first_name,
        "full_name": f"{first_name} {last_name}".strip(),
        "discreet_name": f"{first_name} {last_name[:1]}." if last_name else f"{first_name}.",
        "now": notice.now.astimezone(zone),
        "agency": _agency(notice.agency),
        "reference": notice.reference,
        "link": None if person.non_web else notice.link,
        "calling_number": notice.calling_number,
        "announces_call": notice.announces_call and Constraint.NO_VOICE not in constraints,
        "reply_by_sms": notice.reply_by_sms and Constraint.PREPAID not in constraints,
        "perhaps_done": notice.perhaps_done,
        "after_stop": notice.after_stop,
        "short": notice.short,
        "simple": Constraint.NEEDS_SIMPLE_TEXT in constraints,
        "discreet": Constraint.DISCREET in constraints,
        "no_voice": Constraint.NO_VOICE in constraints,
        "non_web": person.non_web,
        "situation": situation(notice),
        # of several people with this number, whose answer it is (rules §10.14)
        "letter": notice.contact.letter or "",
    }
    if first.kind is Kind.CONTACT:
        return Scene(names=common)
    duties = [obligation for obligation in notice.obligations if obligation.kind is Kind.ACTUALISATION]
    duty = _duty(duties[0], notice, zone) if duties else None
    if first.kind is Kind.ACTUALISATION:
        return Scene(names=common | {"duty": duty})
    meetings = tuple(_meeting(obligation, notice.agency, zone) for obligation in notice.obligations if obligation not in duties)
    return Scene(names=common | {"meetings": meetings, "duty": duty}, meetings=meetings)


def situation(notice: Notice) -> str:
    """One word for what this message is about: the branch that its templates take."""
    if notice.obligations[0].kind is Kind.CONTACT:
        return str(notice.step)
    if notice.obligations[0].kind is Kind.ACTUALISATION:
        return ACTUALISATION_SITUATIONS.get(notice.step, "reminder")
    if notice.step is Step.CORRECTIVE and notice.reopened:
        return "reopened"
    return MEETING_SITUATIONS.get(notice.step, "first")


def _meeting(obligation: Obligation, agency: Agency | None, zone: ZoneInfo) -> Meeting:
    place = _known(obligation.place or Place(kind="other", name=""), agency)
    return Meeting(
        kind=obligation.kind.value,
        at=obligation.due_at.astimezone(zone),
        place=place,
        in_person=place.kind in IN_PERSON,
        purpose=clean(obligation.purpose or "") or None,
        mandatory=obligation.mandatory or obligation.kind is Kind.CONVOCATION,
    )


def _known(place: Place, agency: Agency | None) -> Place:
    """The place, completed by what the directory says of the person's agency when it is that one."""
    address, access = place.address, place.access_info
    if agency is not None and place.agency_id == agency.agency_id:
        address, access = address or agency.address, access or agency.access_info
    return replace(place, name=clean(place.name), address=clean(address or "") or None, access_info=clean(access or "") or None)


def _agency(agency: Agency | None) -> Agency | None:
    return None if agency is None else replace(agency, name=clean(agency.name), address=clean(agency.address))


def _duty(obligation: Obligation, notice: Notice, zone: ZoneInfo) -> Duty:
    due = obligation.due_at.astimezone(zone)
    last_day = due.date()
    closes = due + timedelta(seconds=1) if due.second else due
    today = notice.now.astimezone(zone).date()
    agency_day = notice.last_agency_day
    earlier = agency_day if agency_day is not None and agency_day < last_day else None
    usable = not notice.agency_over and (earlier is None or today <= earlier)
    return Duty(
        period=obligation.period or f"{last_day:%Y-%m}",
        last_day=last_day,
        closes=closes,
        closes_at_midnight=closes.date() > last_day,
        days_left=(last_day - today).days,
        agency_open=usable,
        last_agency_day=earlier if usable else None,
        closed_days=() if earlier is None else _between(earlier, last_day),
    )


def _between(after: date, until: date) -> tuple[date, ...]:
    """The days after ``after``, up to and with ``until``."""
    return tuple(after + timedelta(days=count) for count in range(1, (until - after).days + 1))
