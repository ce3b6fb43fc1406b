"""What listing and replaying dead letters needs: which there are, and the records as they came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.core.ports.store import DeadLetter, LetterPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which letters are wanted; what is none does not matter."""

    topic: str | None = None
    #: with a topic: the one letter there
    partition: int | None = None
    offset: int | None = None
    since: datetime | None = None
    #: true: only those that were replayed; false: only the others
    replayed: bool | None = None
    #: path of one of the errors
    error: str | None = None
    #: at most so many
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A record as its producer published it, byte for byte."""

    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Letters(Protocol):
    """Dead letters, read only. Raises ``StoreUnavailable``."""

    async def dead_letters(self, sought: Sought) -> Sequence[DeadLetter]:
        """Those that are sought, newest first."""
        ...


class Originals(Protocol):
    """The records behind dead letters. Raises ``ConnectionError`` when Kafka does not answer."""

    async def originals(self, letters: Sequence[DeadLetter]) -> Mapping[LetterPlace, Original]:
        """Those that Kafka still has: from the dead letter's own copy, or from where the record was; the others are left out."""
        ...
