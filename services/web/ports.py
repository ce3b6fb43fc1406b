"""What the pages and the HTTP border need from the rest, as narrow protocols, with the values they exchange.

``Pages`` is answered by the database (read only), ``Outlet`` by Kafka, ``Claims`` by delivery, ``Desk`` by the planner's side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from services.core.changes import MessageSent, Outgoing
from services.core.model import (
    Advisor,
    Agency,
    Alert,
    AlertId,
    Attempt,
    AttemptId,
    Case,
    Contact,
    Obligation,
    ObligationId,
    Person,
    PersonId,
)
from services.core.ports.providers import Envelope, ProviderReceipt, ProviderReply
from services.core.ports.store import DeadLetter
from services.core.ports.streams import Message
from services.core.words import Channel, Severity, Why

#: the adapter's own request type, made by a function that is handed in with the sources
Request_contra = TypeVar("Request_contra", contravariant=True)

# --- what the pages read -------------------------------------------------------------------------------------------------


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
    """Work that stands in a queue; ``what`` is one of ``released`` (nobody claimed it), ``submitting``, ``outbox``, ``wakes`` (overdue)."""

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


class Pulse(Protocol):
    """Says that something changed, so that pages refresh without asking all the time."""

    async def wait(self) -> None:
        """Return at the next change after this call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Records that a group has not acknowledged yet."""

    group: str
    topic: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlarm:
    """An alarm that was raised and not cleared (contracts ``alarms.v1``)."""

    type: str
    scope: str
    figures: Mapping[str, str]
    since: datetime


class Engine(Protocol):
    """What operations wants to know of Kafka and of the watch."""

    async def lags(self) -> Sequence[Lag]:
        """Lag per group and topic, largest first; raises ``ConnectionError`` when the broker does not answer."""
        ...

    async def alarms(self) -> Sequence[OpenAlarm]:
        """Open alarms, oldest first."""
        ...


# --- what the pages and the border write --------------------------------------------------------------------------------


class Outlet(Protocol):
    """Onto Kafka first."""

    async def publish(self, event_id: str, message: Outgoing) -> None:
        """Return once Kafka has the event under this id; raise ``NotPublished`` otherwise."""
        ...

    async def forward(self, messages: Sequence[Message]) -> None:
        """Publish CloudEvents that somebody else wrote, as they are and in order; raise ``NotPublished`` when Kafka lacks one."""
        ...


class DeskAction(StrEnum):
    """What an advisor says to have done."""

    #: « je m'en occupe »
    CLAIM = "claim"
    #: « appelé »: the person was spoken to; evidence E4
    CALLED = "called"
    #: « c'est réglé »
    HANDLED = "handled"
    #: the actualisation was done on the telephone with the person
    ACTUALISED_BY_PHONE = "actualised_by_phone"
    #: the contact point was corrected in the directory
    CONTACT_FIXED = "contact_fixed"


class DeskResult(StrEnum):
    """What became of an action."""

    DONE = "done"
    #: somebody else did it before, or took the alert
    TAKEN = "taken"
    #: this advisor does not follow the person
    DENIED = "denied"
    #: the alert is closed, the obligation is settled or unknown
    GONE = "gone"


class Desk(Protocol):
    """Carries an advisor's action into the facts; checks again that the advisor follows the person."""

    async def act(
        self,
        *,
        advisor_id: str,
        person_id: PersonId,
        action: DeskAction,
        alert_id: AlertId | None,
        obligation_id: ObligationId | None,
        at: datetime,
    ) -> DeskResult:
        """Do it at once, in one transaction; repeating is harmless."""
        ...


class Access(Protocol):
    """The access log: who looked at whom, and why."""

    def record(self, *, advisor_id: str, person_id: str, purpose: str, granted: bool) -> None:
        """One line, dated by the log; never fails."""
        ...


# --- gateways of somebody else (contracts §3) ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """The gateway may send this, until the lease ends."""

    envelope: Envelope
    leased_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedBefore:
    """Somebody else has it (409)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """The window is closed or a provider said later (425)."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Acted, cancelled, changed or too late (410)."""

    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAttempt:
    """No such attempt (404)."""


Lease = Leased | ClaimedBefore | NotYet | Never | UnknownAttempt


class Claims(Protocol):
    """The same claim that our own delivery uses in process."""

    async def claim(self, attempt_id: AttemptId, now: datetime) -> Lease:
        """Claim just before sending, with every check at send; raises ``StoreUnavailable``."""
        ...


# --- providers' callbacks -----------------------------------------------------------------------------------------------


class CallbackAnswer(Protocol):
    """What a provider's callback says, and what the provider wants to hear."""

    @property
    def receipts(self) -> Sequence[ProviderReceipt]:
        """Receipts, in canonical words."""
        ...

    @property
    def replies(self) -> Sequence[ProviderReply]:
        """Answers, already read."""
        ...

    @property
    def response_body(self) -> str | bytes:
        """Body of the answer."""
        ...

    @property
    def content_type(self) -> str:
        """Its type."""
        ...

    @property
    def status_code(self) -> int:
        """A 2xx."""
        ...


class CallbackSource(Protocol[Request_contra]):
    """One provider's way to call us back."""

    def authentic(self, request: Request_contra) -> bool:
        """Signature over the raw body right, and signed instant within the replay window."""
        ...

    async def read(self, request: Request_contra) -> CallbackAnswer:
        """Canonical words; raises ``ValueError`` for what cannot be read, ``ConnectionError`` when somebody asked for more is away."""
        ...


class Watchers(Protocol):
    """Counters and alarms of the border."""

    def callback_refused(self, provider: str) -> None:
        """Count a wrong signature or an old timestamp."""
        ...

    def callback_unreadable(self, provider: str) -> None:
        """Count an authentic callback that nobody can read: their new format, or our bug."""
        ...

    async def forged(self, provider: str, count: int, since: datetime) -> None:
        """Raise the alarm FORGED_CALLBACKS (rules §12 SC-54): called once per storm, never per callback."""
        ...
