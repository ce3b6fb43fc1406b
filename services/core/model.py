"""The facts about one person, as immutable values; rows in PostgreSQL carry the same names.

Nothing here decides. ``Case`` is what ``decide()`` reads; ``Changes`` (in ``changes.py``) is what a step writes.
All instants are timezone-aware and in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import NewType

from services.core.words import (
    AlertType,
    AnsweredBy,
    AttemptState,
    Channel,
    Choice,
    Constraint,
    ContactStatus,
    DeclaredBy,
    DigitalEase,
    Evidence,
    Identity,
    Kind,
    LineType,
    ObligationState,
    PointKind,
    ReceiptEffect,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Routed,
    Severity,
    Step,
    Verdict,
    Why,
)

PersonId = NewType("PersonId", str)
ObligationId = NewType("ObligationId", str)
#: how the ids of our own questions about contact points begin (§10.7): they are no duties, nobody else hears of them
QUESTION = "contact:"
AttemptId = NewType("AttemptId", str)
ContactId = NewType("ContactId", str)
AlertId = NewType("AlertId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nobody writes to this person; ``until`` is a local date, none means until further notice (rules §10.17)."""

    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A partner body that follows this person too (rules §1, R13)."""

    organisation: str
    advisor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the directory says of a person. It has no age, sex or nationality, and never will (rules §10.1)."""

    person_id: PersonId
    revision: int
    #: when the first snapshot of this person was stored
    known_at: datetime
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
    referent_id: str
    backup_id: str | None = None
    agency_id: str
    followers: tuple[Follower, ...] = ()
    #: local hours of each day at which nobody writes or calls, (from, to); over midnight when "to" is earlier (rules §10.3)
    quiet: tuple[tuple[time, time], ...] = ()

    @property
    def non_web(self) -> bool:
        """Depends on the agency for everything on the web (rules §10.5)."""
        return self.digital_ease is DigitalEase.OFFLINE or Constraint.NO_INTERNET in self.constraints


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact point and what we observed of it."""

    contact_id: ContactId
    person_id: PersonId
    kind: PointKind
    #: telephone number as declared, or e-mail address; none for a postal address
    value: str | None = None
    #: postal address, one line each
    lines: tuple[str, ...] = ()
    #: parsed number; none when it is not a valid one
    e164: str | None = None
    line_type: LineType | None = None
    declared_by: DeclaredBy
    verified_at: datetime | None = None
    #: network of the number, as the directory or a receipt named it
    carrier: str | None = None
    #: bounded code of what makes the value unusable (bad number, bad address); none when it is fine
    problem: str | None = None
    status: ContactStatus = ContactStatus.ACTIVE
    status_reason: str | None = None
    status_at: datetime | None = None
    #: uses of the point that the person closed (STOP)
    closed_channels: tuple[Channel, ...] = ()
    #: keyed hash of the number or address, as replies carry it
    sender_hash: str | None = None
    #: when the directory told us of this value
    value_at: datetime | None = None
    #: when a human last answered there
    human_at: datetime | None = None
    #: when it last failed hard
    failed_at: datetime | None = None
    #: duties in a row that were written about there and ended without an answer
    silent_duties: int = 0
    #: gets the verification message and nothing else, until somebody answers there
    only_verification: bool = False
    #: which of the people with this value this is, in answers (« répondez 1A »); none while nobody was mixed up
    letter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a meeting is held."""

    kind: str
    name: str
    address: str | None = None
    access_info: str | None = None
    agency_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One duty of one person: a meeting at ``due_at``, or an actualisation open from ``opens_at`` to ``due_at``."""

    obligation_id: ObligationId
    person_id: PersonId
    kind: Kind
    #: of the schedule: what was answered to an older one does not count
    revision: int
    #: highest revision that any event about it carried; a lower or equal one is stale
    last_revision: int = 0
    state: ObligationState
    #: when this revision became known to us (C of rules §10.5)
    known_at: datetime
    due_at: datetime
    opens_at: datetime | None = None
    period: str | None = None
    place: Place | None = None
    purpose: str | None = None
    mandatory: bool = False
    legal_value: str = "informative"
    duration_minutes: int | None = None
    advisor_id: str | None = None
    replaces: ObligationId | None = None
    evidence: Evidence = Evidence.E0
    #: the reply's channel, the receipt's status, or ``presumed``
    evidence_how: str | None = None
    evidence_at: datetime | None = None
    declined_at: datetime | None = None
    declined_reason: str | None = None
    #: « c'est fait », said by the person; not a completion
    said_done_at: datetime | None = None
    #: when it was done, attended, missed or cancelled, as the source says
    settled_at: datetime | None = None
    non_receipt: bool = False
    verdict: Verdict | None = None
    #: since when an outage of ours made a message about it useless
    outage_at: datetime | None = None
    #: counts published changes
    version: int = 0
    changed_at: datetime
    #: the next instant at which something may be due; none when settled
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What a message carries: sent at most once per channel and contact (contracts §3)."""

    obligation_id: ObligationId
    revision: int
    step: Step
    occurrence: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One message on one channel to one contact point, for one or several items."""

    attempt_id: AttemptId
    person_id: PersonId
    channel: Channel
    contact_id: ContactId
    items: tuple[Item, ...]
    state: AttemptState
    #: reason of a skip, a cancellation or a failure
    reason: Why | None = None
    #: what made this attempt due: the step, a failure, silence … for "why now?"
    cause: str
    #: "why this channel?": preferred, fallback_order, best_evidence, other_channel …
    chosen_by: str = ""
    #: "why not the others?": "channel: reason" for each channel left out
    excluded: tuple[str, ...] = ()
    release_at: datetime
    not_after: datetime
    #: calls to a provider so far
    tries: int = 0
    #: parts that the provider made of it; delivered means all of them
    parts: int = 1
    #: not before this instant, when a provider said "later"
    try_at: datetime | None = None
    #: when it was handed to the outbox last
    dispatched_at: datetime | None = None
    #: when somebody claimed it last, to call the provider
    claimed_at: datetime | None = None
    provider: str | None = None
    provider_ref: str | None = None
    #: what a person reads out on the telephone to find this message (K7Q4-PM2X)
    reference: str | None = None
    #: last path segment of the acknowledgement link
    token: str | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    delivered_at: datetime | None = None
    closed_at: datetime | None = None
    #: the last receipt's status, for counting calls and saying what is known
    last_status: ReceiptStatus | None = None
    #: version of the policy that decided it
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A fact from a provider, kept as it came."""

    receipt_id: str
    provider: str
    provider_ref: str | None = None
    attempt_id: AttemptId | None = None
    person_id: PersonId | None = None
    part: int | None = None
    status: ReceiptStatus
    raw_status: str
    reason: str | None = None
    carrier: str | None = None
    at: datetime
    received_at: datetime
    effect: ReceiptEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A fact from a person, or from somebody who answered."""

    reply_id: str
    channel: ReplyChannel
    choice: Choice
    identity: Identity = Identity.NONE
    answered_by: AnsweredBy = AnsweredBy.UNKNOWN
    person_id: PersonId | None = None
    obligation_id: ObligationId | None = None
    #: revision of the obligation that the answered message spoke of
    revision: int | None = None
    attempt_id: AttemptId | None = None
    sender_hash: str | None = None
    text_sealed: str | None = None
    reason: str | None = None
    #: staff member, for an entry at the desk
    by: str | None = None
    at: datetime
    effect: ReplyEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is known, as a code with parameters; templates word it in French."""

    code: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One line of an advisor's list."""

    alert_id: AlertId
    type: AlertType
    severity: Severity
    person_id: PersonId
    obligation_id: ObligationId | None = None
    agency_id: str
    advisor_id: str | None = None
    routed: Routed
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    #: instant of the duty
    deadline: datetime | None = None
    known: tuple[Fact, ...] = ()
    #: code, worded by the templates
    next_action: str
    act_by: datetime
    raised_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    close_reason: str | None = None
    #: since when it stands on this list
    routed_at: datetime | None = None
    #: when it was e-mailed to whom it is routed, at once or in a digest
    pushed_at: datetime | None = None
    #: version of the policy that decided it
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisor:
    """A member of staff; ``absences`` are inclusive local dates."""

    advisor_id: str
    name: str
    agency_id: str
    email: str
    backup_id: str | None = None
    absences: tuple[tuple[date, date], ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An agency; ``opening`` maps weekday (0 = Monday) to [opens, closes] pairs as "HH:MM"."""

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
class Case:
    """Everything about one person that a decision reads. ``person`` is none while the directory has not told us."""

    person_id: PersonId
    person: Person | None = None
    contacts: tuple[Contact, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    replies: tuple[Reply, ...] = ()
    #: open ones, and closed ones of obligations that are still in the case
    alerts: tuple[Alert, ...] = ()
