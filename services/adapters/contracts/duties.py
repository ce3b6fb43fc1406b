"""Meetings and actualisations, from checked data to facts (contracts §2). An obligation's id is derived, never invented."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from services.adapters.contracts.values import instant, maybe_printable, printable, whole
from services.core import events
from services.core.events import Event
from services.core.model import ObligationId, PersonId, Place
from services.core.words import Kind

Data = Mapping[str, Any]
Common = dict[str, Any]
Meeting = Literal[Kind.APPOINTMENT, Kind.CONVOCATION]

_PREFIX: Final[Mapping[Kind, str]] = {Kind.APPOINTMENT: "rdv", Kind.CONVOCATION: "cv"}


def scheduled(kind: Meeting) -> Callable[[Common, Data], Event]:
    """Announced or moved: the same fact under a higher revision."""

    def build(common: Common, data: Data) -> Event:
        minutes, replaces = data.get("duration_minutes"), data.get("replaces")
        return events.MeetingScheduled(
            **common,
            kind=kind,
            obligation_id=_meeting_id(kind, data),
            revision=whole(data["revision"]),
            person_id=PersonId(data["person_id"]),
            starts_at=instant(data["starts_at"]),
            duration_minutes=None if minutes is None else whole(minutes),
            place=_place(data["place"]),
            purpose=printable(data["purpose"]),
            mandatory=bool(data.get("mandatory")) or kind is Kind.CONVOCATION,
            legal_value=data.get("legal_value") or "informative",
            advisor_id=data.get("advisor_id"),
            replaces=ObligationId(f"{_PREFIX[kind]}:{replaces}") if replaces else None,
        )

    return build


def cancelled(kind: Meeting) -> Callable[[Common, Data], Event]:
    """Called off, by the service unless it says otherwise."""

    def build(common: Common, data: Data) -> Event:
        return events.MeetingCancelled(**common, **_meeting(kind, data), by=data.get("by") or "service")

    return build


def attended(kind: Meeting) -> Callable[[Common, Data], Event]:
    """The person came."""

    def build(common: Common, data: Data) -> Event:
        return events.MeetingAttended(**common, **_meeting(kind, data), happened_at=instant(data["at"]))

    return build


def missed(kind: Meeting) -> Callable[[Common, Data], Event]:
    """The person did not come."""

    def build(common: Common, data: Data) -> Event:
        return events.MeetingMissed(**common, **_meeting(kind, data), happened_at=instant(data["at"]))

    return build


def actualisation_opened(common: Common, data: Data) -> Event:
    """A month opens for a person."""
    return events.ActualisationOpened(**common, **_actualisation(data), required=data["required"])


def actualisation_completed(common: Common, data: Data) -> Event:
    """The month is done."""
    return events.ActualisationCompleted(**common, **_actualisation(data), happened_at=instant(data["at"]), by=data["by"])


def _place(data: Data) -> Place:
    return Place(
        kind=data["kind"],
        name=printable(data["name"]),
        address=maybe_printable(data.get("address")),
        access_info=maybe_printable(data.get("access_info")),
        agency_id=data.get("agency_id"),
    )


def _meeting(kind: Meeting, data: Data) -> Common:
    return {"obligation_id": _meeting_id(kind, data), "revision": whole(data["revision"]), "person_id": PersonId(data["person_id"])}


def _meeting_id(kind: Meeting, data: Data) -> ObligationId:
    return ObligationId(f"{_PREFIX[kind]}:{data[f'{kind}_id']}")


def _actualisation(data: Data) -> Common:
    person, period = data["person_id"], data["period"]
    return {"obligation_id": ObligationId(f"act:{period}:{person}"), "person_id": PersonId(person), "period": period}
