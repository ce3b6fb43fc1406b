"""A town for chaos: people of every channel, duties of every kind, and what producers publish about them, drawn from a seed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from services.core.ports.streams import Message
from services.core.words import Channel, Kind
from tests.chaos.hours import OPEN, PLACES, Place

AGENCY, ADVISOR = "lille", "anne"
_PARIS: Final = OPEN.zone
#: of 100 duties
_KINDS: Final = {Kind.CONVOCATION: 45, Kind.APPOINTMENT: 30, Kind.ACTUALISATION: 25}
#: of 100 people: which channel works for them
_CHANNELS: Final = {Channel.SMS: 40, Channel.EMAIL: 25, Channel.VOICE: 20, Channel.LETTER: 15}
#: a second channel, when the first one fails
_SECOND: Final = {Channel.SMS: Channel.EMAIL, Channel.EMAIL: Channel.SMS, Channel.VOICE: Channel.EMAIL, Channel.LETTER: Channel.EMAIL}
#: how long after its notice a duty is moved, cancelled or done
_NEWS_AFTER: Final = (4.0, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Somebody who owes something."""

    number: int
    place: Place
    channel: Channel

    @property
    def id(self) -> str:
        """As the directory calls them."""
        return f"p{self.number:05d}"

    @property
    def phone(self) -> str:
        """E.164."""
        return f"+33612{self.number:06d}"

    @property
    def email(self) -> str:
        """Nobody else's."""
        return f"p{self.number:05d}@courrier.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An event, and when it is published."""

    #: seconds after the beginning
    at: float
    topic: str
    event: dict[str, Any]

    def message(self) -> Message:
        """As a producer writes it."""
        return Message(topic=self.topic, key=self.event["data"]["person_id"], value=json.dumps(self.event).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What somebody owes, and what producers say of it, in order."""

    obligation_id: str
    kind: Kind
    owner: Resident
    #: the source ends it: cancelled, done or never required
    ends: bool
    events: tuple[Published, ...]


def period_at(at: datetime) -> tuple[str, datetime]:
    """The month whose actualisation closes next, and the end of its last day (§2.1)."""
    local = at.astimezone(_PARIS)
    closes = date(local.year + (local.month == 12 and local.day > 15), local.month % 12 + 1 if local.day > 15 else local.month, 15)
    month = closes - timedelta(days=closes.day)
    return f"{month:%Y-%m}", datetime.combine(closes, time(23, 59, 59), _PARIS).astimezone(UTC)


def town(seed: int, duties: int, start: datetime, seconds: float) -> list[Duty]:
    """So many duties, published evenly over so many seconds; one person in eight owes two things."""
    dice = Random(f"town {seed}")
    residents: list[Resident] = []
    found = []
    period, _ = period_at(start)
    for number in range(duties):
        kind = dice.choices(list(_KINDS), list(_KINDS.values()))[0]
        if not residents or kind is Kind.ACTUALISATION or number % 8:
            residents.append(
                Resident(
                    number=len(residents),
                    place=dice.choice(PLACES),
                    channel=dice.choices(list(_CHANNELS), list(_CHANNELS.values()))[0],
                )
            )
        found.append(_duty(dice, number, kind, residents[-1], period, start, seconds, number * seconds / duties))
    return found


def directory(duties: list[Duty], start: datetime) -> Iterator[Message]:
    """The agency, the advisor, and everybody who owes something."""
    agency = {
        "agency_id": AGENCY, "name": "Lille Centre", "phone": "0320000000", "address": "1 rue de Paris, 59000 Lille",
        "postal_code": "59000", "access_info": "Métro Gare Lille Flandres", "opening": {}, "closures": [], "duty_email": "l@agence.example",
    }  # fmt: skip
    advisor = {"advisor_id": ADVISOR, "name": "Anne M.", "agency_id": AGENCY, "email": "a@agence.example", "absences": [], "active": True}
    yield _staff("agency.updated", AGENCY, agency, start)
    yield _staff("advisor.updated", ADVISOR, advisor, start)
    for owner in {duty.owner.id: duty.owner for duty in duties}.values():
        event = _event("person.updated", owner.id, f"{owner.id}-1", _person(owner), start)
        yield Message(topic="people.v1", key=owner.id, value=json.dumps(event).encode())


def _person(owner: Resident) -> dict[str, Any]:
    channels = {owner.channel, _SECOND[owner.channel]}
    contacts: list[dict[str, Any]] = []
    if channels & {Channel.SMS, Channel.VOICE}:
        contacts.append({"contact_id": f"{owner.id}-m", "channel": "phone", "value": owner.phone, "declared_by": "self"})
    if Channel.EMAIL in channels:
        contacts.append({"contact_id": f"{owner.id}-e", "channel": "email", "value": owner.email, "declared_by": "self"})
    if Channel.LETTER in channels:
        lines = [f"LUC TEST {owner.id}".upper(), "8 RUE DES POSTES", owner.place.city]
        contacts.append({"contact_id": f"{owner.id}-p", "channel": "postal", "lines": lines, "declared_by": "self"})
    return {
        "person_id": owner.id, "revision": 1, "first_name": "Luc", "last_name": "Test", "postal_code": owner.place.postal_code,
        "preferred_channel": str(owner.channel), "forbidden_channels": [], "constraints": ["link_ok"], "digital_ease": "at_ease",
        "asked_opening_notice": False, "missed_actualisations": 0, "contacts": contacts, "referent_id": ADVISOR, "agency_id": AGENCY,
    }  # fmt: skip


def _duty(dice: Random, number: int, kind: Kind, owner: Resident, period: str, start: datetime, seconds: float, at: float) -> Duty:
    later = at + dice.uniform(*_NEWS_AFTER)
    chance = dice.random()
    if kind is Kind.ACTUALISATION:
        return _actualisation(owner, period, start, at, later, chance)
    name, subject = ("convocation", f"c{number}") if kind is Kind.CONVOCATION else ("appointment", f"r{number}")
    topic = f"{name}s.v1"
    data = {
        f"{name}_id": subject, "revision": 1, "person_id": owner.id, "starts_at": _starts_at(dice, start, seconds).isoformat(),
        "place": {"kind": "agency", "name": "Lille Centre", "address": "1 rue de Paris", "access_info": "Métro", "agency_id": AGENCY},
        "purpose": "point de situation",
    }  # fmt: skip
    first = "convocation.issued" if kind is Kind.CONVOCATION else "appointment.scheduled"
    events = [Published(at=at, topic=topic, event=_event(first, subject, f"{subject}-1", data, start))]
    if chance < 0.08:
        moved = data | {"revision": 2, "starts_at": (_starts_at(dice, start, seconds) + timedelta(days=1)).isoformat()}
        events.append(Published(at=later, topic=topic, event=_event(f"{name}.rescheduled", subject, f"{subject}-2", moved, start)))
    elif chance < 0.14:
        gone = {f"{name}_id": subject, "revision": 2, "person_id": owner.id, "by": "service"}
        events.append(Published(at=later, topic=topic, event=_event(f"{name}.cancelled", subject, f"{subject}-2", gone, start)))
    elif chance < 0.2:
        # a producer that did not hear our broker's answer says it again
        events.append(Published(at=later, topic=topic, event=events[0].event))
    prefix = "cv" if kind is Kind.CONVOCATION else "rdv"
    return Duty(obligation_id=f"{prefix}:{subject}", kind=kind, owner=owner, ends=0.08 <= chance < 0.14, events=tuple(events))


def _actualisation(owner: Resident, period: str, start: datetime, at: float, later: float, chance: float) -> Duty:
    data = {"person_id": owner.id, "period": period, "required": chance > 0.03}
    topic = "actualisations.v1"
    events = [Published(at=at, topic=topic, event=_event("actualisation.opened", owner.id, f"{owner.id}-{period}", data, start))]
    if chance > 0.85:
        done = {"person_id": owner.id, "period": period, "at": start.isoformat(), "by": "web"}
        events.append(
            Published(at=later, topic=topic, event=_event("actualisation.completed", owner.id, f"{owner.id}-{period}-done", done, start))
        )
    ends = chance > 0.85 or chance <= 0.03
    return Duty(obligation_id=f"act:{period}:{owner.id}", kind=Kind.ACTUALISATION, owner=owner, ends=ends, events=tuple(events))


def _starts_at(dice: Random, start: datetime, seconds: float) -> datetime:
    """In days; for some tomorrow; for a few so soon that in the middle of the run it is too late to write (an hour before)."""
    chance = dice.random()
    if chance < 0.04:
        return start + timedelta(hours=1, seconds=seconds * dice.uniform(0.2, 0.8))
    days = 1 if chance < 0.1 else dice.randrange(3, 21)
    return (start + timedelta(days=days)).replace(hour=13, minute=0, second=0, microsecond=0)


def _event(type_: str, subject: str, id_: str, data: dict[str, Any], start: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": id_, "source": "/tests/chaos", "type": type_, "subject": subject,
        "time": start.isoformat(), "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def _staff(type_: str, id_: str, data: dict[str, Any], start: datetime) -> Message:
    return Message(topic="advisors.v1", key=id_, value=json.dumps(_event(type_, id_, f"{type_}-{id_}", data, start)).encode())
