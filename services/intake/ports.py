"""What intake needs from the world beside the store."""

from typing import Protocol

from services.core.events import Event, Problem
from services.core.phones import Phone


class Decode(Protocol):
    """The contracts: a record's bytes in, a fact or every mistake out."""

    def __call__(self, topic: str, value: bytes | None, key: str | None) -> Event | list[Problem]:
        """Decode one record."""
        ...


class Numbers(Protocol):
    """The numbering plan."""

    def __call__(self, value: str, postal_code: str) -> Phone:
        """Parse a number as somebody of this postal code would dial it."""
        ...


class Hashes(Protocol):
    """Keyed hash of a contact value."""

    def __call__(self, value: str) -> str:
        """The hash that replies carry (contracts §3)."""
        ...
