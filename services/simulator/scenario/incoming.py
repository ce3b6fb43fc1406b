"""The employment service's systems, as a scenario plays them: events of a file become CloudEvents for the incoming topics.

Identifiers follow from the content, so that the same event twice is the same CloudEvent twice.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.core.model import Place
from services.simulator.scenario.file import (
    ActualisationEvent,
    AdvisorSpec,
    AdvisorUpdated,
    AgencySpec,
    AgencyUpdated,
    Erase,
    Event,
    MeetingEvent,
    PersonUpdated,
    Scenario,
)
from services.simulator.scenario.people import PersonSpec, PointSpec
from services.simulator.scenario.words import EventWord

_TOPICS: Mapping[str, str] = {
    "appointment": "appointments.v1",
    "convocation": "convocations.v1",
    "actualisation": "actualisations.v1",
    "person": "people.v1",
    "advisor": "advisors.v1",
    "agency": "advisors.v1",
}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ID_FIELD: Mapping[str, str] = {"appointment": "appointment_id", "convocation": "convocation_id"}
_CANCELLED = (EventWord.APPOINTMENT_CANCELLED, EventWord.CONVOCATION_CANCELLED)
_OUTCOMES = (
    EventWord.APPOINTMENT_ATTENDED,
    EventWord.APPOINTMENT_MISSED,
    EventWord.CONVOCATION_ATTENDED,
    EventWord.CONVOCATION_MISSED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One message for an incoming topic."""

    topic: str
    key: str
    #: a CloudEvent in structured mode; none is a tombstone
    event: Mapping[str, object] | None

    def value(self) -> bytes | None:
        """As it is published."""
        return None if self.event is None else json.dumps(self.event, ensure_ascii=False, separators=(",", ":")).encode()


class Producers:
    """The systems that publish: they remember who is who, and count revisions."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._people: dict[str, PersonSpec] = {}
        self._person_revisions: dict[str, int] = {}
        self._meetings: dict[str, MeetingEvent] = {}

    def person(self, name: str) -> PersonSpec:
        """A person as the directory knows them now; raises ``KeyError`` for a stranger."""
        return self._people.get(name) or self._scenario.person(name)

    def directory(self) -> Iterator[Incoming]:
        """What the directory tells before the story begins: agencies, advisers, everybody known from the start."""
        scenario = self._scenario
        for agency in scenario.agencies.values():
            yield self._agency(agency, scenario.start)
        for advisor in scenario.advisors.values():
            yield self._advisor(advisor, scenario.start)
        for person in scenario.everyone():
            if person.known_from is None:
                yield self._snapshot(person, scenario.start)

    def newcomers(self) -> list[tuple[datetime, PersonSpec]]:
        """People whom the directory makes known later (``known_from``), in order of instant."""
        late = [(person.known_from, person) for person in self._scenario.everyone() if person.known_from is not None]
        return sorted(late, key=lambda pair: pair[0])

    def introduce(self, person: PersonSpec) -> Incoming:
        """The first snapshot of a newcomer, at ``known_from``."""
        return self._snapshot(person, person.known_from or self._scenario.start)

    def incoming(self, event: Event) -> Iterator[Incoming]:
        """The messages of an event, one for each person whom it concerns; none for a word that no topic carries."""
        if isinstance(event, MeetingEvent):
            for person in self._scenario.members(event.person):
                yield self._meeting(event, person.name)
        elif isinstance(event, ActualisationEvent):
            for person in self._scenario.members(event.person):
                yield self._actualisation(event, person.name)
        elif isinstance(event, PersonUpdated):
            for person in self._scenario.members(event.person):
                changed = event.change.applied_to(self.person(person.name), verified_at=event.at, update=True)
                yield self._snapshot(changed, event.at)
        elif isinstance(event, Erase):
            for person in self._scenario.members(event.person):
                yield self._event(EventWord.PERSON_REMOVED, person.name, event.at, {"person_id": person.name})
                yield Incoming(topic=_TOPICS["person"], key=person.name, event=None)
        elif isinstance(event, AdvisorUpdated):
            yield self._advisor(event.spec, event.at)
        elif isinstance(event, AgencyUpdated):
            yield self._agency(event.spec, event.at)

    def _event(self, word: EventWord, key: str, at: datetime, data: Mapping[str, object]) -> Incoming:
        kind = word.partition(".")[0]
        content = json.dumps([word.value, key, data], sort_keys=True)
        return Incoming(
            topic=_TOPICS[kind],
            key=key,
            event={
                "specversion": "1.0",
                "id": hashlib.sha256(content.encode()).hexdigest()[:32],
                "source": f"/simulator/{kind}s",
                "type": word.value,
                "subject": key,
                "time": self._local(at),
                "datacontenttype": "application/json",
                "data": data,
            },
        )

    def _local(self, instant: datetime) -> str:
        return instant.astimezone(self._scenario.zone).isoformat()

    def _meeting(self, event: MeetingEvent, person: str) -> Incoming:
        # one meeting for a crowd is one meeting for each of its members
        meeting_id = event.id if person == event.person else f"{event.id}-{person}"
        kind = event.word.partition(".")[0]
        slot = f"{kind}:{meeting_id}"
        known = self._meetings.get(slot)
        merged = event if known is None else _merged(known, event)
        revision = event.revision or (known.revision or 0 if known else 0) + 1
        self._meetings[slot] = replace(merged, revision=max(revision, known.revision or 0 if known else 0))
        data: dict[str, object] = {_ID_FIELD[kind]: meeting_id, "revision": revision, "person_id": person}
        if event.word in _OUTCOMES:
            data["at"] = self._local(event.at)
        elif event.word in _CANCELLED:
            data |= _given(by=event.by)
        else:
            data |= self._announcement(merged, event, person)
        return self._event(event.word, person, event.at, data)

    def _announcement(self, meeting: MeetingEvent, event: MeetingEvent, person: str) -> dict[str, object]:
        if meeting.starts is None:
            raise ValueError(f"meeting {event.id} has no start")
        data: dict[str, object] = {
            "starts_at": self._local(meeting.starts),
            "place": self._place(meeting.place, person),
            "purpose": meeting.purpose or self._scenario.purpose,
            "legal_value": meeting.legal_value or "informative",
        }
        if event.word.startswith("appointment."):
            data["mandatory"] = bool(meeting.mandatory)
        replaced = event.replaces if person == event.person or event.replaces is None else f"{event.replaces}-{person}"
        return data | _given(duration_minutes=meeting.duration_minutes, advisor_id=meeting.advisor, replaces=replaced)

    def _place(self, place: Place | None, person: str) -> dict[str, object]:
        if place is not None:
            return _given(
                kind=place.kind,
                name=place.name,
                address=place.address,
                access_info=place.access_info,
                agency_id=place.agency_id,
            )
        agency = self._scenario.agencies[self.person(person).agency]
        return {
            "kind": "agency",
            "name": agency.title,
            "address": agency.address,
            "access_info": agency.access_info,
            "agency_id": agency.name,
        }

    def _actualisation(self, event: ActualisationEvent, person: str) -> Incoming:
        data: dict[str, object] = {"person_id": person, "period": event.period}
        if event.word is EventWord.ACTUALISATION_OPENED:
            data["required"] = event.required
        else:
            data |= {"at": self._local(event.at), "by": event.by}
        return self._event(event.word, person, event.at, data)

    def _snapshot(self, person: PersonSpec, at: datetime) -> Incoming:
        self._people[person.name] = person
        revision = self._person_revisions.get(person.name, 0) + 1
        self._person_revisions[person.name] = revision
        hold = None if person.hold is None else _given(reason=person.hold.reason, until=person.hold.until and person.hold.until.isoformat())
        data: dict[str, object] = {
            "person_id": person.name,
            "revision": revision,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "postal_code": person.postal_code,
            "preferred_channel": person.preferred.value,
            "forbidden_channels": [channel.value for channel in person.forbidden],
            "constraints": [constraint.value for constraint in person.constraints],
            "digital_ease": person.digital_ease.value,
            "language": person.language,
            "asked_opening_notice": person.asked_opening_notice,
            "missed_actualisations": person.missed_actualisations,
            "contacts": [self._point(point) for point in person.points],
            "referent_id": person.referent,
            "agency_id": person.agency,
        }
        followers = [_given(organisation=follower.organisation, advisor_id=follower.advisor_id) for follower in person.followers]
        quiet = [{"from": starts, "to": ends} for starts, ends in person.quiet]
        data |= _given(hold=hold, backup_id=person.backup, followers=followers or None, quiet=quiet or None)
        return self._event(EventWord.PERSON_UPDATED, person.name, at, data)

    def _point(self, point: PointSpec) -> dict[str, object]:
        return _given(
            contact_id=point.contact_id,
            channel=point.kind.value,
            value=point.value,
            lines=list(point.lines) or None,
            declared_by=point.declared_by.value,
            verified_at=None if point.verified_at is None else self._local(point.verified_at),
            carrier=point.carrier,
        )

    def _advisor(self, advisor: AdvisorSpec, at: datetime) -> Incoming:
        data: dict[str, object] = {
            "advisor_id": advisor.name,
            "name": advisor.title,
            "agency_id": advisor.agency,
            "email": advisor.email,
            "absences": [{"from": first.isoformat(), "to": last.isoformat()} for first, last in advisor.absences],
            "active": advisor.active,
        }
        return self._event(EventWord.ADVISOR_UPDATED, advisor.name, at, data | _given(backup_id=advisor.backup))

    def _agency(self, agency: AgencySpec, at: datetime) -> Incoming:
        data: dict[str, object] = {
            "agency_id": agency.name,
            "name": agency.title,
            "phone": agency.phone,
            "address": agency.address,
            "postal_code": agency.postal_code,
            "access_info": agency.access_info,
            "opening": {_WEEKDAYS[day]: [list(hours) for hours in spans] for day, spans in agency.opening.items()},
            "closures": [day.isoformat() for day in agency.closures],
            "duty_email": agency.duty_email,
        }
        return self._event(EventWord.AGENCY_UPDATED, agency.name, at, data)


def _given(**fields: object) -> dict[str, object]:
    """Only what is there: the contract has no null."""
    return {name: value for name, value in fields.items() if value is not None}


def _merged(known: MeetingEvent, event: MeetingEvent) -> MeetingEvent:
    """An event that says less than the meeting's earlier ones keeps what they said."""
    return replace(
        event,
        starts=event.starts or known.starts,
        duration_minutes=event.duration_minutes or known.duration_minutes,
        mandatory=known.mandatory if event.mandatory is None else event.mandatory,
        legal_value=event.legal_value or known.legal_value,
        place=event.place or known.place,
        purpose=event.purpose or known.purpose,
        advisor=event.advisor or known.advisor,
    )
