"""A record's bytes into a fact of ``services/core/events.py``, or every mistake in it (contracts §1, §2)."""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

import msgspec

from services.adapters.contracts.schemas import Schemas
from services.adapters.contracts.types import travels_on
from services.core import events
from services.core.events import Event, Problem
from services.core.model import AttemptId, Hold, ObligationId, PersonId, Place
from services.core.words import (
    AnsweredBy,
    Channel,
    Choice,
    Constraint,
    DeclaredBy,
    DigitalEase,
    Identity,
    Kind,
    PointKind,
    ReceiptStatus,
    ReplyChannel,
)

_PEOPLE: Final = "people.v1"
_PREFIX: Final = {Kind.APPOINTMENT: "rdv", Kind.CONVOCATION: "cv"}

Data = Mapping[str, Any]
Common = dict[str, Any]


class Decoder:
    """Decodes records of every topic that the product reads; safe to share."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._json = msgspec.json.Decoder()

    def __call__(self, topic: str, value: bytes | None, key: str | None) -> Event | list[Problem]:
        """One record. A tombstone on ``people.v1`` is an erasure."""
        if value is None:
            return _tombstone(topic, key)
        try:
            event = self._json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return [Problem(path="/", message="not a JSON document in UTF-8")]
        problems = self.problems(topic, event)
        if problems:
            return problems
        data = event["data"]
        common = {"source": event["source"], "event_id": event["id"], "at": _instant(event["time"])}
        try:
            return _BUILDERS[event["type"]](common, data)
        except ValueError:
            return [Problem(path="/data", message="an instant or a date that does not exist")]

    def problems(self, topic: str, event: object) -> list[Problem]:
        """Everything that is wrong with a document that came on this topic."""
        if not isinstance(event, dict):
            return [Problem(path="/", message="not a JSON object")]
        type_ = event.get("type")
        if not isinstance(type_, str) or type_ not in self._schemas.types:
            return [Problem(path="/type", message="not a type of the contracts")]
        if not travels_on(type_, topic):
            return [Problem(path="/type", message="this type does not travel on this topic")]
        return self._schemas.problems(type_, event)


def _tombstone(topic: str, key: str | None) -> Event | list[Problem]:
    if topic != _PEOPLE or not key:
        return [Problem(path="/", message="an empty record")]
    return events.PersonRemoved(source="tombstone", event_id=key, at=datetime.min.replace(tzinfo=UTC), person_id=PersonId(key))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _maybe_instant(text: str | None) -> datetime | None:
    return _instant(text) if text is not None else None


def printable(text: str) -> str:
    """Without control characters (§10.18), in one normal form."""
    return "".join(letter for letter in unicodedata.normalize("NFC", text) if unicodedata.category(letter)[0] != "C").strip()


def _meeting(kind: Literal[Kind.APPOINTMENT, Kind.CONVOCATION]) -> Callable[[Common, Data], Event]:
    def build(common: Common, data: Data) -> Event:
        place = data["place"]
        replaces = data.get("replaces")
        return events.MeetingScheduled(
            **common,
            kind=kind,
            obligation_id=_meeting_id(kind, data),
            revision=data["revision"],
            person_id=PersonId(data["person_id"]),
            starts_at=_instant(data["starts_at"]),
            duration_minutes=data.get("duration_minutes"),
            place=Place(
                kind=place["kind"],
                name=printable(place["name"]),
                address=printable(place["address"]) if place.get("address") else None,
                access_info=printable(place["access_info"]) if place.get("access_info") else None,
                agency_id=place.get("agency_id"),
            ),
            purpose=printable(data["purpose"]),
            mandatory=data.get("mandatory", False) or kind is Kind.CONVOCATION,
            legal_value=data.get("legal_value", "informative"),
            advisor_id=data.get("advisor_id"),
            replaces=ObligationId(f"{_PREFIX[kind]}:{replaces}") if replaces else None,
        )

    return build


def _meeting_id(kind: Kind, data: Data) -> ObligationId:
    return ObligationId(f"{_PREFIX[kind]}:{data[f'{kind}_id']}")


def _outcome(kind: Kind, build: Callable[..., Event]) -> Callable[[Common, Data], Event]:
    def outcome(common: Common, data: Data) -> Event:
        return build(
            **common,
            obligation_id=_meeting_id(kind, data),
            revision=data["revision"],
            person_id=PersonId(data["person_id"]),
            **({"happened_at": _instant(data["at"])} if "at" in data else {"by": data.get("by", "service")}),
        )

    return outcome


def _opened(common: Common, data: Data) -> Event:
    return events.ActualisationOpened(
        **common,
        obligation_id=_actualisation_id(data),
        person_id=PersonId(data["person_id"]),
        period=data["period"],
        required=data["required"],
    )


def _completed(common: Common, data: Data) -> Event:
    return events.ActualisationCompleted(
        **common,
        obligation_id=_actualisation_id(data),
        person_id=PersonId(data["person_id"]),
        period=data["period"],
        happened_at=_instant(data["at"]),
        by=data["by"],
    )


def _actualisation_id(data: Data) -> ObligationId:
    return ObligationId(f"act:{data['period']}:{data['person_id']}")


def _person(common: Common, data: Data) -> Event:
    hold = data.get("hold")
    until = hold.get("until") if hold else None
    return events.PersonUpdated(
        **common,
        person_id=PersonId(data["person_id"]),
        revision=data["revision"],
        first_name=printable(data["first_name"]),
        last_name=printable(data["last_name"]),
        postal_code=data["postal_code"],
        preferred_channel=Channel(data["preferred_channel"]),
        forbidden_channels=tuple(Channel(channel) for channel in data["forbidden_channels"]),
        constraints=tuple(Constraint(constraint) for constraint in data["constraints"]),
        digital_ease=DigitalEase(data["digital_ease"]),
        language=data.get("language", "fr"),
        asked_opening_notice=data["asked_opening_notice"],
        missed_actualisations=data["missed_actualisations"],
        hold=Hold(reason=printable(hold["reason"]), until=date.fromisoformat(until) if until else None) if hold else None,
        contacts=tuple(_contact(contact) for contact in data["contacts"]),
        referent_id=data["referent_id"],
        backup_id=data.get("backup_id"),
        agency_id=data["agency_id"],
    )


def _contact(data: Data) -> events.DeclaredContact:
    return events.DeclaredContact(
        contact_id=data["contact_id"],
        kind=PointKind(data["channel"]),
        value=printable(data["value"]) if data.get("value") else None,
        lines=tuple(printable(line) for line in data.get("lines", ())),
        declared_by=DeclaredBy(data["declared_by"]),
        verified_at=_maybe_instant(data.get("verified_at")),
        carrier=data.get("carrier"),
    )


def _removed(common: Common, data: Data) -> Event:
    return events.PersonRemoved(**common, person_id=PersonId(data["person_id"]))


def _advisor(common: Common, data: Data) -> Event:
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


def _agency(common: Common, data: Data) -> Event:
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
        duty_email=data.get("duty_email"),
    )


def _receipt(common: Common, data: Data) -> Event:
    return events.ReceiptReceived(
        **common,
        provider=data["provider"],
        provider_ref=data.get("provider_ref"),
        attempt_id=AttemptId(data["attempt_id"]) if "attempt_id" in data else None,
        part=data.get("part"),
        status=ReceiptStatus(data["status"]),
        raw_status=data["raw_status"],
        reason=data.get("reason"),
        carrier=data.get("carrier"),
        happened_at=_instant(data["at"]),
        received_at=_instant(data["received_at"]),
    )


def _reply(common: Common, data: Data) -> Event:
    return events.ReplyReceived(
        **common,
        channel=ReplyChannel(data["channel"]),
        choice=Choice(data["choice"]),
        identity=Identity(data["identity"]),
        answered_by=AnsweredBy(data["answered_by"]),
        attempt_id=AttemptId(data["attempt_id"]) if "attempt_id" in data else None,
        obligation_id=ObligationId(data["obligation_id"]) if "obligation_id" in data else None,
        person_id=PersonId(data["person_id"]) if "person_id" in data else None,
        sender_hash=data.get("sender_hash"),
        text_sealed=data.get("text_sealed"),
        reason=data.get("reason"),
        by=data.get("by"),
        happened_at=_instant(data["at"]),
    )


def _dispatch(common: Common, data: Data) -> Event:
    return events.DispatchRequested(
        **common,
        attempt_id=AttemptId(data["attempt_id"]),
        person_id=PersonId(data["person_id"]),
        channel=Channel(data["channel"]),
        release_at=_instant(data["release_at"]),
        not_after=_instant(data["not_after"]),
    )


_BUILDERS: Final[Mapping[str, Callable[[Common, Data], Event]]] = {
    "appointment.scheduled": _meeting(Kind.APPOINTMENT),
    "appointment.rescheduled": _meeting(Kind.APPOINTMENT),
    "appointment.cancelled": _outcome(Kind.APPOINTMENT, events.MeetingCancelled),
    "appointment.attended": _outcome(Kind.APPOINTMENT, events.MeetingAttended),
    "appointment.missed": _outcome(Kind.APPOINTMENT, events.MeetingMissed),
    "convocation.issued": _meeting(Kind.CONVOCATION),
    "convocation.rescheduled": _meeting(Kind.CONVOCATION),
    "convocation.cancelled": _outcome(Kind.CONVOCATION, events.MeetingCancelled),
    "convocation.attended": _outcome(Kind.CONVOCATION, events.MeetingAttended),
    "convocation.missed": _outcome(Kind.CONVOCATION, events.MeetingMissed),
    "actualisation.opened": _opened,
    "actualisation.completed": _completed,
    "person.updated": _person,
    "person.removed": _removed,
    "advisor.updated": _advisor,
    "agency.updated": _agency,
    "receipt.received": _receipt,
    "reply.received": _reply,
    "dispatch.requested": _dispatch,
}
