"""Providers as delivery sees them: one send, one bounded answer; receipts and replies come back through ``Feedback``."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.core.content import Content
from services.core.words import Channel, Choice, Identity, ReceiptStatus, ReplyChannel, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message and where it goes."""

    attempt_id: str
    person_id: str
    try_number: int
    channel: Channel
    #: E.164 number or e-mail address; empty for a letter (its lines are in the content)
    to: str
    to_name: str
    content: Content
    #: the provider shall not deliver later than this
    valid_until: datetime
    reference: str
    #: what was checked before sending holds until then: whoever still waits for its turn is not handed over any more (none: no limit)
    hand_over_by: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """May it still be handed over? A process that was frozen, or a queue before the provider, may have taken too long."""
        return self.hand_over_by is None or now <= self.hand_over_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has it."""

    provider_ref: str
    parts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Not taken, try again: throttled, connection refused, mailbox full, server error before acceptance."""

    reason: Why
    #: what a receipt would have said; soft failures count, our own overload (``None``) does not
    status: ReceiptStatus | None = None
    raw_status: str = ""
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not taken, and never will be: ``status`` is failed_hard or failed_policy."""

    status: ReceiptStatus
    raw_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """The connection broke or the provider stayed silent after we handed the message over: it may have it."""

    raw_status: str


Outcome = Accepted | TryLater | Refused | OutcomeUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Asked by our reference, the provider says that it has nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """The provider cannot be asked, or did not answer."""


class Provider(Protocol):
    """One provider of one channel. ``send`` never raises for what a provider does; what it raises is our bug."""

    @property
    def name(self) -> str:
        """Name in receipts and metrics."""
        ...

    @property
    def channel(self) -> Channel:
        """Its channel."""
        ...

    async def send(self, envelope: Envelope) -> Outcome:
        """Hand over one message; ``attempt_id`` is the idempotency key where the protocol has one."""
        ...

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """Does the provider have this attempt? Asked after a crash between call and record."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReceipt:
    """A receipt, already in canonical words (rules §11)."""

    #: stable per provider report, so that a repeated one is recognised
    receipt_id: str
    provider: str
    provider_ref: str | None = None
    attempt_id: str | None = None
    part: int | None = None
    status: ReceiptStatus
    raw_status: str
    reason: str | None = None
    carrier: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReply:
    """An answer, already read."""

    reply_id: str
    channel: ReplyChannel
    choice: Choice
    identity: Identity = Identity.NONE
    attempt_id: str | None = None
    #: E.164 number or e-mail address; becomes ``sender_hash`` before it goes anywhere
    sender: str | None = None
    #: what was written; sealed before it goes anywhere
    text: str | None = None
    at: datetime


class Unfit(ValueError):
    """What came back cannot travel on our topics (contracts §3), however often it comes; the message names places and quotes no value."""


class Feedback(Protocol):
    """Where adapters put what comes back.

    Both return once Kafka has it, and raise ``NotPublished`` otherwise, or ``Unfit`` when nobody could read it there.
    """

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """To ``receipts.v1``."""
        ...

    async def reply(self, reply: ProviderReply) -> None:
        """To ``replies.v1``."""
        ...
