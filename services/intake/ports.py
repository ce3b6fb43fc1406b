"""What intake needs from the world beside the store."""

from collections.abc import Callable
from typing import Protocol

from services.core.channels.phones import Phone
from services.core.events import Event, Problem

#: the contracts: topic, bytes and key of a record in; a fact, or every mistake out
Decode = Callable[[str, bytes | None, str | None], Event | list[Problem]]


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
