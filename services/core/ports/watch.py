"""What the watch counts, answered by the database: read only, never a lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.core.alarms import Alarm, circuit_of
from services.core.model import PersonId
from services.core.ports.owed import Owing
from services.core.words import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsReceipts:
    """SMS that one provider accepted for one network in a span, and of how many something came back."""

    provider: str
    #: none when nobody named the network
    carrier: str | None
    accepted: int
    told: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Messages to one mail domain, or through one SMS provider, and how many were refused because of us."""

    channel: Channel
    scope: str
    messages: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterCount:
    """Records of one topic that could not be read."""

    topic: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRead:
    """How many people's files somebody asked for."""

    actor: str
    #: people, each counted once
    files: int
    #: those of them whose file was never shown
    denied: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What stands somewhere.

    ``what`` is of the database: ``wakes`` and ``campaign`` (people who are due, by lane), ``outbox``, ``released`` (nobody claims it),
    ``submitting``, ``adrift`` (duties that nobody would ever look at again), ``quarantined``; or of Kafka: ``kafka`` (away), ``stalled``
    and ``behind`` (readers).
    """

    what: str
    count: int
    #: the oldest one's instant; none when nothing waits
    since: datetime | None
    #: the topic
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the reader of one partition is; offsets are the next to be read."""

    committed: int
    end: int

    @property
    def unread(self) -> int:
        """Records that nobody has acknowledged."""
        return max(0, self.end - self.committed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTrouble:
    """Messages that a provider took, and those that it did not take or did not answer."""

    channel: Channel
    provider: str
    taken: int
    troubled: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMessages:
    """A circuit's silence: whose SMS were accepted and never told to have arrived in time."""

    provider: str
    carrier: str | None
    since: datetime
    until: datetime
    #: when it was noticed: receipts that came later are late
    noticed_at: datetime


def lost_by(alarm: Alarm, now: datetime) -> LostMessages:
    """What an alarm RECEIPTS_LOW is about, until it was cleared or until now."""
    provider, carrier = circuit_of(alarm.scope)
    return LostMessages(provider=provider, carrier=carrier, since=alarm.since, until=alarm.cleared_at or now, noticed_at=alarm.raised_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """Somebody whose message was lost; ``recovered``: reached since, or answered."""

    person_id: PersonId
    recovered: bool


class Readings(Protocol):
    """Raises ``StoreUnavailable``. Spans include their beginning and not their end."""

    async def receipts(self, since: datetime, until: datetime) -> Sequence[SmsReceipts]:
        """SMS accepted in the span, by provider and network."""
        ...

    async def refusals(self, since: datetime) -> Sequence[Refusals]:
        """Messages handed over since then and refusals since then, by mail domain and by SMS provider."""
        ...

    async def last_completion(self) -> datetime | None:
        """When an actualisation was last told to be done."""
        ...

    async def refused_callbacks(self, since: datetime) -> Sequence[tuple[str, datetime, int]]:
        """Provider, second and count, in this order."""
        ...

    async def dead_letters(self, since: datetime) -> Sequence[DeadLetterCount]:
        """By topic."""
        ...

    async def overdue(self, now: datetime) -> Sequence[Overdue]:
        """What waits in the database at this instant; what takes long to count was counted some minutes ago at most."""
        ...

    async def accesses(self, since: datetime) -> Sequence[FilesRead]:
        """By actor, since then."""
        ...

    async def owing(self, now: datetime, after: timedelta, limit: int) -> Owing:
        """Whom we owe what, until ``after`` after the date; at most ``limit`` of them in full."""
        ...

    async def providers(self, since: datetime) -> Sequence[ProviderTrouble]:
        """By channel and provider, of what was handed over since then."""
        ...

    async def affected(self, lost: LostMessages) -> Sequence[Affected]:
        """People whose messages were lost, in order of id."""
        ...


class Readers(Protocol):
    """Those who read topics, as they were when somebody last asked the broker: answering costs nothing."""

    def overdue(self, now: datetime) -> Sequence[Overdue]:
        """What waits in Kafka."""
        ...
