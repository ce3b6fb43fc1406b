"""What a provider says, as plain values: whatever its octets are, they are one or a ``ValueError``, and nothing else is raised."""

import json
from datetime import UTC, datetime


def object_of(octets: bytes) -> dict[str, object]:
    """A JSON object by its fields; raises ``ValueError`` for anything else, one nested without end included."""
    try:
        found: object = json.loads(octets)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 -- octets that cannot be read, whatever they are
    return found


def words_of(octets: bytes) -> dict[str, str]:
    """The fields that are there, as text; raises ``ValueError``."""
    return {name: str(value) for name, value in object_of(octets).items() if value is not None}


def number_of(text: str) -> int | None:
    """Plain digits as a number; none for anything else, or for more digits than anybody means."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def instant_of(text: str) -> datetime:
    """An instant with its zone, in UTC; raises ``ValueError``."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant without a zone")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("before or after all years") from None
