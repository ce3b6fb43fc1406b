"""Which event type travels on which topic (contracts §1)."""

from typing import Final

#: type → topic; a dispatch's topic is its channel's
TOPICS: Final[dict[str, str]] = {
    "appointment.scheduled": "appointments.v1",
    "appointment.rescheduled": "appointments.v1",
    "appointment.cancelled": "appointments.v1",
    "appointment.attended": "appointments.v1",
    "appointment.missed": "appointments.v1",
    "convocation.issued": "convocations.v1",
    "convocation.rescheduled": "convocations.v1",
    "convocation.cancelled": "convocations.v1",
    "convocation.attended": "convocations.v1",
    "convocation.missed": "convocations.v1",
    "actualisation.opened": "actualisations.v1",
    "actualisation.completed": "actualisations.v1",
    "person.updated": "people.v1",
    "person.removed": "people.v1",
    "advisor.updated": "advisors.v1",
    "agency.updated": "advisors.v1",
    "receipt.received": "receipts.v1",
    "reply.received": "replies.v1",
    "obligation.changed": "obligations.v1",
    "contact.observed": "contacts.v1",
    "alert.raised": "alerts.v1",
    "alert.updated": "alerts.v1",
    "alert.closed": "alerts.v1",
    "alarm.raised": "alarms.v1",
    "alarm.cleared": "alarms.v1",
    "dead_letter.recorded": "dead-letters.v1",
}

DISPATCH: Final = "dispatch.requested"

#: topics that producers write (contracts §2)
WRITABLE: Final = frozenset({"appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1"})

#: what producers write: the only types that the front door takes
INCOMING: Final = frozenset(type_ for type_, topic in TOPICS.items() if topic in WRITABLE)


def topic_of(type_: str, channel: str | None = None) -> str | None:
    """The topic of an event type; none for a type that the contracts do not know."""
    if type_ == DISPATCH:
        return f"dispatch.{channel}.v1" if channel else None
    return TOPICS.get(type_)


def travels_on(type_: str, topic: str) -> bool:
    """May an event of this type be read from this topic?"""
    if type_ == DISPATCH:
        return topic.startswith("dispatch.")
    return TOPICS.get(type_) == topic
