"""Kafka's records as the port's: keys and headers as text, values byte for byte."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

#: (name, value) pairs as both client libraries give them
RawHeaders = Iterable[tuple[str, bytes | str | None]]


def text(raw: bytes | str | None) -> str | None:
    """A key as text; bytes that are no UTF-8 are marked, not refused: the value decides whether a record is readable."""
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def headers(raw: RawHeaders | Mapping[str, bytes | str | None] | None) -> dict[str, str]:
    """Headers as text; the last of several with one name."""
    if not raw:
        return {}
    pairs = raw.items() if isinstance(raw, Mapping) else raw
    return {name: text(value) or "" for name, value in pairs}


def instant(milliseconds: int) -> datetime:
    """The broker's timestamp."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
