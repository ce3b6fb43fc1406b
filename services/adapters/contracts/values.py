"""Single values of an event: instants, words without control characters, whole numbers."""

import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime


def instant(text: str) -> datetime:
    """An RFC 3339 instant, in UTC; digits below the microsecond are dropped."""
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def maybe_instant(text: str | None) -> datetime | None:
    """The same, of an optional field."""
    return instant(text) if text is not None else None


def maybe_day(text: str | None) -> date | None:
    """An ISO date of an optional field."""
    return date.fromisoformat(text) if text is not None else None


def whole(number: float) -> int:
    """A whole number: to JSON Schema, 1.0 is one too."""
    return int(number)


def printable(text: str) -> str:
    """Without control characters (rules §10.18), in one normal form; a tab or a line's end is a space."""
    if text.isprintable() and unicodedata.is_normalized("NFC", text):  # nearly every text: ten times as fast
        return text.strip()
    spaced = "".join(" " if letter in "\t\n\r\v\f\x85\u2028\u2029" else letter for letter in unicodedata.normalize("NFC", text))
    return "".join(letter for letter in spaced if unicodedata.category(letter)[0] != "C").strip()


def controls(texts: Iterable[str | None]) -> int:
    """How many control characters ``printable`` takes out of these, or makes a space of."""
    odd = (text for text in texts if text is not None and not text.isprintable())
    return sum(unicodedata.category(letter)[0] == "C" for text in odd for letter in text)


def maybe_printable(text: str | None) -> str | None:
    """The same, of an optional field; nothing left is nothing said."""
    return (printable(text) or None) if text is not None else None
