"""Snapshots of people, advisors and agencies, from checked data to facts (contracts §2)."""

from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any

from services.adapters.contracts.values import controls, maybe_day, maybe_instant, maybe_printable, printable, whole
from services.core import events
from services.core.events import Event
from services.core.model import Follower, Hold, PersonId
from services.core.words import Channel, Constraint, DeclaredBy, DigitalEase, PointKind

Data = Mapping[str, Any]
Common = dict[str, Any]


def person(common: Common, data: Data) -> Event:
    """A person as the directory knows them."""
    return events.PersonUpdated(
        **common,
        person_id=PersonId(data["person_id"]),
        revision=whole(data["revision"]),
        first_name=printable(data["first_name"]),
        last_name=printable(data["last_name"]),
        postal_code=data["postal_code"],
        preferred_channel=Channel(data["preferred_channel"]),
        forbidden_channels=tuple(Channel(channel) for channel in data["forbidden_channels"]),
        constraints=tuple(Constraint(constraint) for constraint in data["constraints"]),
        digital_ease=DigitalEase(data["digital_ease"]),
        language=data.get("language") or "fr",
        asked_opening_notice=data["asked_opening_notice"],
        missed_actualisations=whole(data["missed_actualisations"]),
        hold=_hold(data.get("hold")),
        contacts=tuple(_contact(contact) for contact in data["contacts"]),
        referent_id=data["referent_id"],
        backup_id=data.get("backup_id"),
        agency_id=data["agency_id"],
        followers=tuple(_follower(follower) for follower in data.get("followers") or ()),
        quiet=tuple((time.fromisoformat(span["from"]), time.fromisoformat(span["to"])) for span in data.get("quiet") or ()),
        cleaned=controls(_written(data)),
    )


def _written(data: Data) -> Iterator[str | None]:
    """What somebody typed of a person."""
    yield from (data["first_name"], data["last_name"], (data.get("hold") or {}).get("reason"))
    for contact in data["contacts"]:
        yield contact.get("value")
        yield from contact.get("lines") or ()


def removed(common: Common, data: Data) -> Event:
    """A person to be forgotten."""
    return events.PersonRemoved(**common, person_id=PersonId(data["person_id"]))


def advisor(common: Common, data: Data) -> Event:
    """A member of staff."""
    return events.AdvisorUpdated(
        **common,
        advisor_id=data["advisor_id"],
        name=printable(data["name"]),
        agency_id=data["agency_id"],
        email=data["email"],
        backup_id=data.get("backup_id"),
        absences=tuple((date.fromisoformat(away["from"]), date.fromisoformat(away["to"])) for away in data["absences"]),
        active=data["active"],
    )


def agency(common: Common, data: Data) -> Event:
    """An agency."""
    return events.AgencyUpdated(
        **common,
        agency_id=data["agency_id"],
        name=printable(data["name"]),
        phone=printable(data["phone"]),
        address=printable(data["address"]),
        postal_code=data["postal_code"],
        access_info=printable(data["access_info"]),
        opening={day: tuple((opens, closes) for opens, closes in hours) for day, hours in data["opening"].items()},
        closures=tuple(date.fromisoformat(day) for day in data["closures"]),
        duty_email=data["duty_email"],
    )


def _hold(data: Data | None) -> Hold | None:
    return Hold(reason=printable(data["reason"]), until=maybe_day(data.get("until"))) if data else None


def _follower(data: Data) -> Follower:
    return Follower(organisation=printable(data["organisation"]), advisor_id=data.get("advisor_id"))


def _contact(data: Data) -> events.DeclaredContact:
    return events.DeclaredContact(
        contact_id=data["contact_id"],
        kind=PointKind(data["channel"]),
        value=maybe_printable(data.get("value")),
        lines=tuple(printable(line) for line in data.get("lines") or ()),
        declared_by=DeclaredBy(data["declared_by"]),
        verified_at=maybe_instant(data.get("verified_at")),
        carrier=maybe_printable(data.get("carrier")),
    )
