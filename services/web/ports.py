"""What the pages and the HTTP border need from the rest, as narrow protocols, with the values they exchange.

``Pages`` is answered by the database (read only), ``Outlet`` by Kafka, ``Claims`` by delivery, ``Desk`` by the planner's side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from services.core.changes import Outgoing
from services.core.model import AlertId, ObligationId, PersonId
from services.core.ports import claims, pages
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.ports.streams import Message

#: the adapter's own request type, made by a function that is handed in with the sources
Request_contra = TypeVar("Request_contra", contravariant=True)

# --- what the pages read -------------------------------------------------------------------------------------------------


# The values are the core's, because the database answers with them and may not know this room.
LinkCase = pages.LinkCase
DeskLine = pages.DeskLine
PersonFile = pages.PersonFile
ChannelCount = pages.ChannelCount
Waiting = pages.Waiting
OpenAlarm = pages.OpenAlarm
OpenAlerts = pages.OpenAlerts
Quarantined = pages.Quarantined
Operations = pages.Operations
Pages = pages.Pages


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


class Engine(Protocol):
    """What operations wants to know of Kafka."""

    async def lags(self) -> Sequence[Lag]:
        """Lag per group and topic, largest first; raises ``ConnectionError`` when the broker does not answer."""
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

    async def record(self, *, actor: str, person_id: str, purpose: str, granted: bool) -> None:
        """One line, kept before anything is shown: who cannot be logged sees nothing. Raises ``StoreUnavailable``."""
        ...


# --- gateways of somebody else (contracts §3) ---------------------------------------------------------------------------

# The values are the core's, because delivery answers with them and may not know this room.
Leased = claims.Leased
ClaimedBefore = claims.ClaimedBefore
NotYet = claims.NotYet
Never = claims.Never
UnknownAttempt = claims.UnknownAttempt
Lease = claims.Lease
Claims = claims.Claims


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
    """Counters of the border."""

    async def callback_refused(self, provider: str) -> None:
        """Count a wrong signature or an old timestamp; the watch rings when there are many (rules §12 SC-54)."""
        ...

    def callback_unreadable(self, provider: str) -> None:
        """Count an authentic callback that nobody can read: their new format, or our bug."""
        ...
