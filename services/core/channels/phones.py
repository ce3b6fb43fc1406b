"""A telephone number as a numbering-plan library understood it (§4.1)."""

from dataclasses import dataclass

from services.core.words import LineType


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A parsed number; ``problem`` is a bounded code when it cannot be used."""

    e164: str | None
    line_type: LineType
    valid: bool
    problem: str | None = None
