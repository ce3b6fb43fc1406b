"""The database as the steps see it: one transaction, people locked in order of id, changes written at once."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.core.alarms import Alarm
from services.core.changes import Changes, JournalLine, Outgoing
from services.core.model import Advisor, Agency, Alert, AttemptId, Case, PersonId, Receipt
from services.core.words import Lane


class StoreUnavailable(Exception):
    """The database is away or restarting: wait and try the same unit again. Nothing of it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A message that waits for the relay; ``id`` grows within a shard and becomes the CloudEvent's id."""

    id: int
    shard: int
    message: Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Advisors and agencies, by id."""

    advisors: Mapping[str, Advisor]
    agencies: Mapping[str, Agency]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Somebody published the record again, through the front door."""

    at: datetime
    by: str
    reason: str


#: topic, partition and offset of a record
LetterPlace = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that could not be read, as operations lists it: error paths and messages, never a value."""

    topic: str
    partition: int
    offset: int
    errors: tuple[tuple[str, str], ...]
    at: datetime
    #: the letter whose replay this record was (``letter_id``); none for what its producer published
    ancestor: str | None = None
    #: oldest first
    replays: tuple[Replay, ...] = ()

    @property
    def place(self) -> LetterPlace:
        """Where the record is."""
        return self.topic, self.partition, self.offset

    @property
    def letter_id(self) -> str:
        """``topic/partition/offset``, as people name it."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Unit(Protocol):
    """One open transaction; leaves nothing behind when it raises."""

    async def seen(self, events: Collection[tuple[str, str]], at: datetime) -> set[tuple[str, str]]:
        """Remember these ``(source, id)`` pairs; return those that were known before this call."""
        ...

    async def lock(self, people: Collection[PersonId], also: Collection[str] = ()) -> dict[PersonId, Case]:
        """Lock these people in order of id and load their cases; a person nobody mentioned before gets a row and an empty case.

        Obligations named in ``also`` are in their case however old they are.
        """
        ...

    async def claim_due(self, now: datetime, lane: Lane, limit: int, among: Collection[PersonId] | None = None) -> dict[PersonId, Case]:
        """Lock and load up to ``limit`` people of the lane whose wake instant has come, oldest first.

        Locked and quarantined ones are skipped. ``among``: only these.
        """
        ...

    async def load(self, people: Collection[PersonId]) -> dict[PersonId, Case]:
        """Cases without a lock, for pages; unknown people are left out."""
        ...

    async def write(self, changes: Changes) -> None:
        """Write everything collected; calls add up within the unit."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """What is written inside is undone when the block raises; the unit goes on."""
        ...

    async def quarantine(self, person: PersonId, at: datetime, error: str) -> None:
        """Nobody decides about this person until released; ``error`` is a class name, never a message."""
        ...

    async def erased(self, people: Collection[PersonId]) -> set[PersonId]:
        """Those of these people who were erased: events about them are refused and never revive them (contracts §2)."""
        ...

    async def staff(self) -> Staff:
        """All advisors and agencies."""
        ...

    async def alarms(self, now: datetime) -> list[Alarm]:
        """Open alarms, and of the silences of feeds those that ended lately as well; oldest first."""
        ...

    async def hold_alarms(self) -> list[Alarm]:
        """Open alarms, oldest first; nobody else raises or clears any until the unit ends."""
        ...

    async def begin_waking(self) -> None:
        """From the first person on, everybody with an open actualisation is to be woken: what waited may go on (rules §10.16)."""
        ...

    async def end_waking(self) -> None:
        """Nobody is to be woken any more, however far it came."""
        ...

    async def wake_actualisations(self, at: datetime, limit: int) -> int | None:
        """Of the next ``limit`` people in order of id, wake those with an open actualisation in the campaign's lane; how many were woken.

        None when nobody is left to wake, or another unit has it under way. How far it came is stored with the unit.
        Whoever is due already is left as they are.
        """
        ...

    async def attempts_by_reference(self, references: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[AttemptId, PersonId]]:
        """Who was written to under these ``(provider, provider_ref)``. Locks the references until the unit ends (call before ``lock``)."""
        ...

    async def waiting_receipts(self, references: Collection[tuple[str, str]]) -> list[Receipt]:
        """Receipts that came before their reference was known. Locks the references until the unit ends (call before ``lock``)."""
        ...

    async def people_of_attempts(self, attempts: Collection[AttemptId]) -> dict[AttemptId, PersonId]:
        """Whose attempts these are; unknown ones are left out."""
        ...

    async def attempt_by_token(self, token: str) -> tuple[AttemptId, PersonId] | None:
        """Whose link this is."""
        ...

    async def people_by_sender(self, sender_hash: str) -> list[PersonId]:
        """People with a contact point of this ``sender_hash``, sorted."""
        ...

    async def disowned(self, sender_hashes: Collection[str]) -> dict[str, datetime]:
        """Those of these values of which somebody said that they are not the person's whom we asked for, with the last time."""
        ...

    async def people_of_obligations(self, obligations: Collection[str]) -> dict[str, PersonId]:
        """Whose obligations these are; unknown ones are left out."""
        ...

    async def open_alerts(self, advisor_id: str | None = None, agency_id: str | None = None) -> list[Alert]:
        """Open alerts of an advisor, of an agency, or all; soonest ``act_by`` first."""
        ...

    async def claim_outbox(self, shards: Collection[int], limit: int) -> list[OutboxRow]:
        """The oldest unpublished rows of these shards, ``limit`` of each at most, in the order in which they were written.

        The shards stay locked until the unit ends; those that somebody else has are left out.
        """
        ...

    async def mark_published(self, ids: Sequence[int], at: datetime) -> None:
        """The broker has these rows."""
        ...

    async def record_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Keep for the operations page what could not be read; a record that comes again keeps its replays."""
        ...

    async def hold_dead_letters(self, places: Collection[LetterPlace]) -> list[DeadLetter]:
        """These letters, in order of place, locked until the unit ends: replays of one wait for each other. Unknown ones are left out."""
        ...

    async def mark_replayed(self, places: Collection[LetterPlace], replay: Replay) -> None:
        """Remember that, when, by whom and why these records were published again."""
        ...


class Store(Protocol):
    """A database."""

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        """Open a transaction: committed when the block ends, rolled back when it raises. Raises ``StoreUnavailable``."""
        ...

    async def next_wake(self, lane: Lane | None = None) -> datetime | None:
        """The earliest instant at which somebody not quarantined wants to be looked at, in this lane or over both."""
        ...

    async def most_urgent(self, now: datetime, lane: Lane, limit: int) -> list[PersonId]:
        """The ``limit`` people who wait longest in this lane, the soonest date of what they owe first; nobody is locked.

        Quarantined ones are left out; who owes nothing that is still ahead comes last.
        """
        ...

    async def waiting_shards(self) -> list[int]:
        """Shards of the outbox in which rows are not yet published, lowest first."""
        ...

    async def outbox_size(self) -> int:
        """Rows not yet published."""
        ...

    async def journal(self) -> list[JournalLine]:
        """Journal lines in order of instant and writing; empty when no journal was asked for."""
        ...
