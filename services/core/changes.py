"""What a step writes in its one transaction: rows to insert or replace, messages to publish, lines for the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.core.alarms import Alarm
from services.core.model import (
    Advisor,
    Agency,
    Alert,
    Attempt,
    Contact,
    ContactId,
    Obligation,
    ObligationId,
    Person,
    PersonId,
    Receipt,
    Reply,
)
from services.core.proof import Proof

#: type of a message without any content: what its key names is taken off a compacted topic (contracts §1)
TOMBSTONE: Final = "tombstone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message for the outbox: published by the relay, in order per ``shard_key``."""

    topic: str
    #: Kafka key
    key: str
    #: type of the CloudEvent (contracts §1); its id will be the outbox row's id
    type: str
    subject: str
    data: Mapping[str, object]
    #: the person whose messages stay in order (or the agency, the alarm's type …)
    shard_key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One thing that happened, for simulations and the demo (never kept in production)."""

    at: datetime
    what: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """When to look at a person again, per lane; ``None`` clears the lane.

    ``only_earlier``: keep what is stored when it is earlier (a fact came in); otherwise replace (a decision was taken).
    """

    person_id: PersonId
    live_at: datetime | None
    campaign_at: datetime | None
    only_earlier: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NextInstant:
    """When something may be due for a duty; all that most decisions change of it."""

    person_id: PersonId
    obligation_id: ObligationId
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAlerted:
    """Look at everybody who has an open alert on this advisor's list, or claimed by them: whose it is may have changed (§10.8)."""

    advisor_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCallbacks:
    """Callbacks in a provider's name that were refused within one second; counts add up (rules §12 SC-54)."""

    provider: str
    #: the second
    at: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """Somebody asked for a person's file (rules §8.4)."""

    at: datetime
    #: a member of staff, an operator of the machine, or another system
    actor: str
    #: as it was asked for: nobody may be known by this name
    person_id: str
    #: what for, as a code
    purpose: str
    #: whether they were shown it
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """Control characters left what somebody is called or where they are reached: said in the log, not stored (rules §10.18)."""

    person_id: PersonId
    #: characters
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """The words that were handed to a provider; kept as proof of what was said (retention: policy)."""

    attempt_id: str
    try_number: int
    person_id: PersonId
    text: str
    parts: int
    encoding: str | None
    provider: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Changes:
    """Collected by a step, written at once. Rows replace the stored row with the same key."""

    profiles: list[Person] = field(default_factory=list)
    removed_people: list[PersonId] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    removed_contacts: list[tuple[PersonId, ContactId]] = field(default_factory=list)
    obligations: list[Obligation] = field(default_factory=list)
    #: written after ``obligations``
    next_instants: list[NextInstant] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    advisors: list[Advisor] = field(default_factory=list)
    agencies: list[Agency] = field(default_factory=list)
    messages: list[MessageSent] = field(default_factory=list)
    wakes: list[Wake] = field(default_factory=list)
    alerted: list[WakeAlerted] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    refused_callbacks: list[RefusedCallbacks] = field(default_factory=list)
    accesses: list[FileAccess] = field(default_factory=list)
    #: nothing to write
    cleaned: list[Cleaned] = field(default_factory=list)
    outbox: list[Outgoing] = field(default_factory=list)
    journal: list[JournalLine] = field(default_factory=list)

    def take(self, other: "Changes") -> None:
        """Everything that another step's changes hold, after our own."""
        for name in self.__slots__:
            if theirs := getattr(other, name):
                getattr(self, name).extend(theirs)
