"""The tables of the memory store: the same rows, keys and guards as ``services/adapters/postgres/migrations``."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from services.adapters.memory.rows import Shape, Table
from services.adapters.store_rules import NEVER_SENT
from services.core.alarms import Alarm, AlarmId
from services.core.changes import FileAccess, JournalLine, MessageSent, RefusedCallbacks
from services.core.model import (
    Advisor,
    Agency,
    Alert,
    AlertId,
    Attempt,
    AttemptId,
    Contact,
    ContactId,
    Item,
    Obligation,
    ObligationId,
    Person,
    PersonId,
    Receipt,
    Reply,
)
from services.core.ports.store import DeadLetter, OutboxRow
from services.core.proof import Proof
from services.core.words import Lane, ReceiptEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """The unit of consistency: what is locked, and when to look again."""

    person_id: PersonId
    live_at: datetime | None = None
    campaign_at: datetime | None = None
    quarantined_at: datetime | None = None
    quarantine_error: str | None = None
    erased: bool = False

    def due_at(self, lane: Lane) -> datetime | None:
        """When somebody wants to look at this person in this lane; never while quarantined."""
        if self.quarantined_at is not None:
            return None
        return self.live_at if lane is Lane.LIVE else self.campaign_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A provider's name for an attempt; every try leaves one."""

    provider: str
    provider_ref: str
    attempt_id: AttemptId
    person_id: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An event that was read."""

    source: str
    event_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A look at a file, in order of writing."""

    number: int
    access: FileAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Waking:
    """How far the waking of those who waited for a silent feed has come; there is one row at most."""

    woken_to: str = ""
    key: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the journal, in order of writing."""

    number: int
    line: JournalLine


def item_tag(attempt: Attempt, item: Item) -> Hashable:
    """What is sent at most once (contracts §3)."""
    return ("item", item.obligation_id, item.revision, item.step, item.occurrence, attempt.channel, attempt.contact_id)


def open_alert_tag(alert: Alert) -> Hashable:
    """What is raised at most once at a time (rules §10.8)."""
    return ("open", alert.person_id, alert.obligation_id, alert.type)


def _attempt_tags(attempt: Attempt) -> Iterator[Hashable]:
    yield attempt.person_id
    if attempt.token is not None:
        yield ("token", attempt.token)
    if attempt.state not in NEVER_SENT:
        for item in attempt.items:
            yield item_tag(attempt, item)


def _contact_tags(contact: Contact) -> Iterator[Hashable]:
    yield contact.person_id
    if contact.sender_hash is not None:
        yield ("sender", contact.sender_hash)


def _receipt_tags(receipt: Receipt) -> Iterator[Hashable]:
    yield receipt.attempt_id
    if receipt.effect is ReceiptEffect.WAITING:
        yield ("waiting", receipt.provider, receipt.provider_ref)


def _alert_tags(alert: Alert) -> Iterator[Hashable]:
    yield alert.person_id
    if alert.closed_at is None:
        yield "open"
        yield open_alert_tag(alert)


_PEOPLE: Shape[PersonId, PersonRow] = Shape(key=lambda row: row.person_id)
_PROFILES: Shape[PersonId, Person] = Shape(key=lambda row: row.person_id)
_CONTACTS: Shape[tuple[PersonId, ContactId], Contact] = Shape(key=lambda row: (row.person_id, row.contact_id), tags=_contact_tags)
_OBLIGATIONS: Shape[ObligationId, Obligation] = Shape(key=lambda row: row.obligation_id, tags=lambda row: (row.person_id,))
_ATTEMPTS: Shape[AttemptId, Attempt] = Shape(key=lambda row: row.attempt_id, tags=_attempt_tags)
_REFERENCES: Shape[tuple[str, str], Reference] = Shape(key=lambda row: (row.provider, row.provider_ref))
_RECEIPTS: Shape[str, Receipt] = Shape(key=lambda row: row.receipt_id, tags=_receipt_tags)
_REPLIES: Shape[str, Reply] = Shape(key=lambda row: row.reply_id, tags=lambda row: (row.person_id,))
_ALERTS: Shape[AlertId, Alert] = Shape(key=lambda row: row.alert_id, tags=_alert_tags)
_ADVISORS: Shape[str, Advisor] = Shape(key=lambda row: row.advisor_id)
_AGENCIES: Shape[str, Agency] = Shape(key=lambda row: row.agency_id)
_MESSAGES: Shape[tuple[str, int], MessageSent] = Shape(key=lambda row: (row.attempt_id, row.try_number), tags=lambda row: (row.person_id,))
_ProofKey = tuple[ObligationId, datetime]
_PROOFS: Shape[_ProofKey, Proof] = Shape(key=lambda row: (row.obligation_id, row.at), tags=lambda row: (row.obligation_id,))
_SEEN: Shape[tuple[str, str], Seen] = Shape(key=lambda row: (row.source, row.event_id))
_OUTBOX: Shape[int, OutboxRow] = Shape(key=lambda row: row.id, tags=lambda row: (row.shard,))
_ALARMS: Shape[AlarmId, Alarm] = Shape(key=lambda row: row.alarm_id)
_WAKING: Shape[bool, Waking] = Shape(key=lambda row: row.key)
_REFUSED_CALLBACKS: Shape[tuple[str, datetime], RefusedCallbacks] = Shape(key=lambda row: (row.provider, row.at))
_ACCESSES: Shape[int, Looked] = Shape(key=lambda row: row.number)
_DEAD_LETTERS: Shape[tuple[str, int, int], DeadLetter] = Shape(key=lambda row: (row.topic, row.partition, row.offset))
_JOURNAL: Shape[int, Line] = Shape(key=lambda row: row.number)


@dataclass(slots=True, kw_only=True)
class Tables:
    """Everything that is stored, as one unit sees it."""

    people: Table[PersonId, PersonRow]
    profiles: Table[PersonId, Person]
    contacts: Table[tuple[PersonId, ContactId], Contact]
    obligations: Table[ObligationId, Obligation]
    attempts: Table[AttemptId, Attempt]
    references: Table[tuple[str, str], Reference]
    receipts: Table[str, Receipt]
    replies: Table[str, Reply]
    alerts: Table[AlertId, Alert]
    advisors: Table[str, Advisor]
    agencies: Table[str, Agency]
    messages: Table[tuple[str, int], MessageSent]
    proofs: Table[_ProofKey, Proof]
    seen: Table[tuple[str, str], Seen]
    #: rows that wait for the relay; published ones are gone
    outbox: Table[int, OutboxRow]
    alarms: Table[AlarmId, Alarm]
    waking: Table[bool, Waking]
    refused_callbacks: Table[tuple[str, datetime], RefusedCallbacks]
    accesses: Table[int, Looked]
    dead_letters: Table[tuple[str, int, int], DeadLetter]
    journal: Table[int, Line]

    @classmethod
    def empty(cls) -> "Tables":
        """A database just made."""
        return cls(
            people=Table(_PEOPLE),
            profiles=Table(_PROFILES),
            contacts=Table(_CONTACTS),
            obligations=Table(_OBLIGATIONS),
            attempts=Table(_ATTEMPTS),
            references=Table(_REFERENCES),
            receipts=Table(_RECEIPTS),
            replies=Table(_REPLIES),
            alerts=Table(_ALERTS),
            advisors=Table(_ADVISORS),
            agencies=Table(_AGENCIES),
            messages=Table(_MESSAGES),
            proofs=Table(_PROOFS),
            seen=Table(_SEEN),
            outbox=Table(_OUTBOX),
            alarms=Table(_ALARMS),
            waking=Table(_WAKING),
            refused_callbacks=Table(_REFUSED_CALLBACKS),
            accesses=Table(_ACCESSES),
            dead_letters=Table(_DEAD_LETTERS),
            journal=Table(_JOURNAL),
        )

    def opened(self) -> "Tables":
        """The same rows under a layer for one unit."""
        return Tables(**{name: table.opened() for name, table in self._all().items()})

    def push(self) -> None:
        """Begin a savepoint."""
        for table in self._all().values():
            table.push()

    def keep(self) -> None:
        """End the newest layer, keep what it wrote."""
        for table in self._all().values():
            table.keep()

    def drop(self) -> None:
        """End the newest layer, forget what it wrote."""
        for table in self._all().values():
            table.drop()

    def _all(self) -> dict[str, Table[Any, Any]]:
        return {name: getattr(self, name) for name in _NAMES}


_NAMES = tuple(each.name for each in fields(Tables))
