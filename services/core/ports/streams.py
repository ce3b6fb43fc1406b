"""Kafka as the steps see it: give me the next batch; I acknowledge it when it is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One message as it was read."""

    topic: str
    partition: int
    offset: int
    key: str | None
    #: none is a tombstone
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: the broker's timestamp
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to publish; ``value`` none is a tombstone."""

    topic: str
    key: str
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)


class Stream(Protocol):
    """A consumer of one or more topics in one group."""

    async def start(self) -> None:
        """Join the group; raises ``MissingTopics`` when a topic does not exist."""
        ...

    async def next_batch(self) -> Sequence[Record]:
        """Wait for at least one record; records of one partition come in order. Never returns a record twice in one process life
        unless the partition was taken away and given back.
        """
        ...

    async def acknowledge(self, batch: Sequence[Record]) -> None:
        """The batch is stored: never give it to anybody of this group again."""
        ...

    async def stop(self) -> None:
        """Leave the group; what was acknowledged is committed, what was not comes again."""
        ...


class Publisher(Protocol):
    """A producer."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once the broker has every message on disk; raise ``NotPublished`` with the ones it has not."""
        ...


class MissingTopics(Exception):
    """Topics that are not there; says which, and that ``sans-faute topics`` creates them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"missing topics: {', '.join(self.names)}; create them with: sans-faute topics")


class NotPublished(Exception):
    """The broker did not confirm these messages (indexes into what was given)."""

    def __init__(self, indexes: Sequence[int], why: str) -> None:
        self.indexes = tuple(indexes)
        super().__init__(f"{len(self.indexes)} messages not confirmed by the broker: {why}")
