"""What the pages read, as values and one narrow protocol: answered by the database, which may not know the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.core.changes import MessageSent
from services.core.model import Advisor, Agency, Alert, Attempt, Case, Contact, Obligation, Person, PersonId
from services.core.ports.owed import Owing
from services.core.ports.store import DeadLetter
from services.core.ports.watch import Affected
from services.core.words import AlarmType, Channel, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCase:
    """What stands behind one acknowledgement link."""

    attempt: Attempt
    person: Person
    #: as they are now, in the order of the attempt's items; an item whose obligation is gone is left out
    obligations: tuple[Obligation, ...]
    agency: Agency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLine:
    """One open alert with what an advisor needs beside it."""

    alert: Alert
    #: none when the directory never told us of this person
    person: Person | None
    contacts: tuple[Contact, ...] = ()
    #: the duty the alert is about; none when it is about the person
    obligation: Obligation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """Everything about one person that an advisor may read."""

    case: Case
    #: the words that were sent, oldest first
    messages: tuple[MessageSent, ...] = ()
    agency: Agency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCount:
    """Attempts handed to one provider since the day's start, by where they stand now; each attempt counts once."""

    channel: Channel
    #: none while no provider has taken it
    provider: str | None
    #: handed over: accepted + delivered + failed + unknown
    sent: int
    #: the provider has it, nothing more is known yet
    accepted: int
    delivered: int
    failed: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Work that stands in a queue; ``what`` is one of ``released`` (nobody claimed it), ``submitting``, ``outbox``, ``wakes`` and
    ``campaign`` (people who are due, by lane).
    """

    what: str
    count: int
    #: the oldest one's instant; none when the queue is empty
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlerts:
    """Open alerts of one severity."""

    severity: Severity
    open: int
    #: nobody took them
    unclaimed: int
    #: when the oldest unclaimed one was raised
    oldest_unclaimed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlarm:
    """An alarm that was raised and not cleared (contracts ``alarms.v1``), with the people whom it is about."""

    type: AlarmType
    scope: str
    figures: Mapping[str, float]
    since: datetime
    raised_at: datetime
    #: until when what it changes lasts at least
    until: datetime | None = None
    #: whose messages a network has swallowed, at most 200 of them
    affected: tuple[Affected, ...] = ()
    #: all of them, and those who were reached since
    persons: int = 0
    recovered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A person about whom nothing is decided until somebody looks; ``error`` is a class name."""

    person_id: PersonId
    at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """The answer to "is everybody being reached right now?"."""

    channels: tuple[ChannelCount, ...]
    waiting: tuple[Waiting, ...]
    alerts: tuple[OpenAlerts, ...]
    quarantined: tuple[Quarantined, ...]
    #: newest first, at most 50
    dead_letters: tuple[DeadLetter, ...]
    dead_letters_total: int
    #: obligations in state open, acknowledged or declined that are not due yet
    obligations_open: int
    #: of these, the ones with evidence E3 or more
    obligations_answered: int
    #: of these, the ones without ``next_at``, or whose ``next_at`` has passed by more than 10 minutes: silence nobody would see
    obligations_adrift: int
    #: obligations whose date came in the last 30 days (kinds all, states acknowledged, declined, done, missed, lapsed)
    recent_due: int
    #: of these, the ones that reached E3 or more
    recent_answered: int
    #: oldest first
    alarms: tuple[OpenAlarm, ...] = ()
    #: whom we owe what after an outage of ours
    owing: Owing = field(default_factory=Owing)


class Pages(Protocol):
    """Read models. Never locks, never writes; raises ``StoreUnavailable``."""

    async def link(self, token: str) -> LinkCase | None:
        """What this link is about; none when no attempt has this token or the person was erased."""
        ...

    async def advisors(self) -> Sequence[Advisor]:
        """Active advisors in order of name."""
        ...

    async def advisor(self, advisor_id: str) -> Advisor | None:
        """One member of staff, active or not."""
        ...

    async def desk(self, advisor_id: str, agency_id: str) -> Sequence[DeskLine]:
        """Open alerts whose ``advisor_id`` or ``claimed_by`` is this advisor, or routed to this agency; soonest ``act_by`` first."""
        ...

    async def file(self, person_id: PersonId) -> PersonFile | None:
        """One person's file, settled obligations of the last 60 days included; none when unknown."""
        ...

    async def operations(self, now: datetime, day_start: datetime) -> Operations:
        """Figures at ``now``; deliveries are counted since ``day_start``."""
        ...
