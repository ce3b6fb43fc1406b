"""What comes in from Kafka, once decoded: one frozen class for each fact; instants are in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal

from services.core.model import AttemptId, Follower, Hold, ObligationId, PersonId, Place
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What every event carries: who said it, under which id, when."""

    source: str
    event_id: str
    #: the envelope's ``time``
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingScheduled(Envelope):
    """``appointment.scheduled|rescheduled`` and ``convocation.issued|rescheduled``: the same thing under a higher revision."""

    kind: Literal[Kind.APPOINTMENT, Kind.CONVOCATION]
    obligation_id: ObligationId
    revision: int
    person_id: PersonId
    starts_at: datetime
    duration_minutes: int | None = None
    place: Place
    purpose: str
    mandatory: bool = False
    legal_value: str = "informative"
    advisor_id: str | None = None
    #: the obligation that this one takes the place of
    replaces: ObligationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingCancelled(Envelope):
    """``….cancelled``."""

    obligation_id: ObligationId
    revision: int
    person_id: PersonId
    by: Literal["service", "person"] = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingAttended(Envelope):
    """``….attended``; ``happened_at`` is the source's instant."""

    obligation_id: ObligationId
    revision: int
    person_id: PersonId
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingMissed(Envelope):
    """``….missed``; ``happened_at`` is the source's instant."""

    obligation_id: ObligationId
    revision: int
    person_id: PersonId
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualisationOpened(Envelope):
    """``actualisation.opened``: opening and closing follow from the period."""

    obligation_id: ObligationId
    person_id: PersonId
    period: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualisationCompleted(Envelope):
    """``actualisation.completed``: final."""

    obligation_id: ObligationId
    person_id: PersonId
    period: str
    happened_at: datetime
    by: Literal["web", "app", "phone", "agency", "advisor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredContact:
    """One contact point of a snapshot."""

    contact_id: str
    kind: PointKind
    #: number or e-mail address; none for a postal address
    value: str | None = None
    lines: tuple[str, ...] = ()
    declared_by: DeclaredBy
    verified_at: datetime | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUpdated(Envelope):
    """``person.updated``: a full snapshot from the directory."""

    person_id: PersonId
    revision: int
    first_name: str
    last_name: str
    postal_code: str
    preferred_channel: Channel
    forbidden_channels: tuple[Channel, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    digital_ease: DigitalEase = DigitalEase.UNKNOWN
    language: str = "fr"
    asked_opening_notice: bool = False
    missed_actualisations: int = 0
    hold: Hold | None = None
    contacts: tuple[DeclaredContact, ...] = ()
    referent_id: str
    backup_id: str | None = None
    agency_id: str
    followers: tuple[Follower, ...] = ()
    quiet: tuple[tuple[time, time], ...] = ()
    #: control characters that were taken out of names and values
    cleaned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRemoved(Envelope):
    """``person.removed`` or a tombstone: erasure."""

    person_id: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorUpdated(Envelope):
    """``advisor.updated``; absences are inclusive local dates."""

    advisor_id: str
    name: str
    agency_id: str
    email: str
    backup_id: str | None = None
    absences: tuple[tuple[date, date], ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyUpdated(Envelope):
    """``agency.updated``; ``opening`` maps "mon" … "sun" to pairs of "HH:MM"."""

    agency_id: str
    name: str
    phone: str
    address: str
    postal_code: str
    access_info: str = ""
    opening: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    closures: tuple[date, ...] = ()
    duty_email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReceived(Envelope):
    """``receipt.received`` on ``receipts.v1``."""

    provider: str
    provider_ref: str | None = None
    attempt_id: AttemptId | None = None
    part: int | None = None
    status: ReceiptStatus
    raw_status: str
    reason: str | None = None
    carrier: str | None = None
    happened_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReceived(Envelope):
    """``reply.received`` on ``replies.v1``."""

    channel: ReplyChannel
    choice: Choice
    identity: Identity
    answered_by: AnsweredBy = AnsweredBy.UNKNOWN
    attempt_id: AttemptId | None = None
    obligation_id: ObligationId | None = None
    person_id: PersonId | None = None
    sender_hash: str | None = None
    #: of several people with this number, whose answer it is (« 1A »)
    letter: str | None = None
    text_sealed: str | None = None
    reason: str | None = None
    by: str | None = None
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRequested(Envelope):
    """``dispatch.requested``: this attempt may be claimed from ``release_at`` on."""

    attempt_id: AttemptId
    person_id: PersonId
    channel: Channel
    release_at: datetime
    not_after: datetime


Event = (
    MeetingScheduled
    | MeetingCancelled
    | MeetingAttended
    | MeetingMissed
    | ActualisationOpened
    | ActualisationCompleted
    | PersonUpdated
    | PersonRemoved
    | AdvisorUpdated
    | AgencyUpdated
    | ReceiptReceived
    | ReplyReceived
    | DispatchRequested
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in an event: where, and what; never the value itself."""

    path: str
    message: str
