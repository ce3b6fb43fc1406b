"""The people of the benchmarks, and the events about them: plausible, all alike, as many as one wants."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from services.adapters.contracts.encode import CONTENT_TYPE
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes
from services.core.model import Advisor, Agency, Contact, Person, PersonId
from services.core.ports.streams import Message
from services.core.words import Channel, DeclaredBy, PointKind
from tests.benchmarks.machine import Fill
from tests.fixtures.facts import contact, person

#: a Tuesday morning, every window open
MORNING = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
#: the evening before: nothing may be sent, everything can be planned
EVENING = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
#: the second in which the actualisation of November has opened
OPENING = datetime(2026, 11, 27, 23, 0, 30, tzinfo=UTC)
PERIOD = "2026-11"

_ENCODE = msgspec.json.Encoder().encode
_BATCH = 1000


def ids(count: int) -> list[PersonId]:
    """Identifiers of the first so many people."""
    return [PersonId(f"p{number:07d}") for number in range(count)]


def filled(count: int) -> Fill:
    """Fills a template with people, each with a mobile phone and an e-mail address, an agency and an advisor."""
    return partial(_fill, count)


async def _fill(count: int, pool: Pool) -> None:
    store = PostgresStore(pool)
    async with store.unit() as unit:
        await unit.write(Changes(advisors=[_ADVISOR], agencies=[_AGENCY]))
    for batch in slices(ids(count)):
        async with store.unit() as unit:
            await unit.lock(batch)
            points = [point for each in batch for point in (phone_of(each), email_of(each))]
            await unit.write(Changes(profiles=[profile_of(each) for each in batch], contacts=points))


def slices(people: Sequence[PersonId]) -> Iterable[Sequence[PersonId]]:
    """In batches of a thousand."""
    return (people[start : start + _BATCH] for start in range(0, len(people), _BATCH))


def profile_of(each: PersonId) -> Person:
    """Prefers SMS, can be called, gets no letters, at no hour wants to be left alone."""
    return person(each, constraints=(), preferred_channel=Channel.SMS, quiet=())


def phone_of(each: PersonId) -> Contact:
    """A number of one's own."""
    digits = f"{int(each[1:]):08d}"
    return contact(each, value=f"06{digits}", e164=f"+336{digits}", sender_hash=f"hash-{each}")


def email_of(each: PersonId) -> Contact:
    """An address of one's own."""
    value = f"{each}@courriel.example"
    blank = {"e164": None, "line_type": None}
    return contact(each, "mail", kind=PointKind.EMAIL, value=value, declared_by=DeclaredBy.SELF, sender_hash=f"mail-{each}", **blank)


def openings(people: Iterable[PersonId], at: datetime = OPENING) -> list[Message]:
    """``actualisation.opened`` for everybody."""
    data = {"period": PERIOD, "required": True}
    return [_event("actualisations.v1", "actualisation.opened", each, f"act-{PERIOD}-{each}", data, at) for each in people]


def snapshots(people: Iterable[PersonId], at: datetime) -> list[Message]:
    """``person.updated`` for everybody: whom the directory tells us of for the first time."""
    return [_event("people.v1", "person.updated", each, f"person-{each}", _snapshot(each), at) for each in people]


def _snapshot(each: PersonId) -> dict[str, object]:
    return {
        "revision": 1,
        "first_name": "Luc",
        "last_name": "Martin",
        "postal_code": "59000",
        "preferred_channel": "sms",
        "forbidden_channels": [],
        "constraints": [],
        "digital_ease": "at_ease",
        "asked_opening_notice": False,
        "missed_actualisations": 0,
        "contacts": [
            {"contact_id": "tel", "channel": "phone", "value": f"06{int(each[1:]):08d}", "declared_by": "self"},
            {"contact_id": "mail", "channel": "email", "value": f"{each}@courriel.example", "declared_by": "self"},
        ],
        "referent_id": "mme_durand",
        "agency_id": "lille",
    }


def meetings(people: Iterable[PersonId], at: datetime, mark: str = "m") -> list[Message]:
    """``appointment.scheduled``, one for each, eleven days ahead."""
    return [
        _event("appointments.v1", "appointment.scheduled", each, f"{mark}-{each}", _meeting(f"{mark}-{each}", at), at) for each in people
    ]


def _meeting(appointment_id: str, at: datetime) -> dict[str, object]:
    return {
        "appointment_id": appointment_id,
        "revision": 1,
        "starts_at": (at + timedelta(days=11)).replace(minute=30, second=0, microsecond=0),
        "duration_minutes": 45,
        "place": {
            "kind": "agency",
            "name": "Lille Centre",
            "address": "1 place de la Gare 59000 LILLE",
            "access_info": "Métro Gare Lille Flandres, sortie 2. Prévoyez 15 minutes.",
            "agency_id": "lille",
        },
        "purpose": "entretien de suivi",
        "advisor_id": "mme_durand",
        "legal_value": "informative",
        "mandatory": True,
    }


def _event(topic: str, type_: str, each: PersonId, event_id: str, data: dict[str, object], at: datetime) -> Message:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "https://bench.example",
        "type": type_,
        "subject": each,
        "time": at,
        "datacontenttype": "application/json",
        "data": {"person_id": each, **data},
    }
    return Message(topic=topic, key=each, value=_ENCODE(event), headers={"content-type": CONTENT_TYPE})


_ADVISOR = Advisor(advisor_id="mme_durand", name="Mme Durand", agency_id="lille", email="durand@agence.example")
_AGENCY = Agency(agency_id="lille", name="Lille Centre", phone="3949", address="1 place de la Gare 59000 LILLE", postal_code="59000")
