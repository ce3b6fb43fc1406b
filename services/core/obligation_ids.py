"""Names of obligations: derived from what the source calls its meeting, never invented (contracts §2)."""

from typing import Literal

from services.core.model import ObligationId
from services.core.words import Kind

Meeting = Literal[Kind.APPOINTMENT, Kind.CONVOCATION]

_PREFIXES: dict[Meeting, str] = {Kind.APPOINTMENT: "rdv", Kind.CONVOCATION: "cv"}


def meeting_id(kind: Meeting, source_id: str) -> ObligationId:
    """``rdv:<appointment_id>`` or ``cv:<convocation_id>``."""
    return ObligationId(f"{_PREFIXES[kind]}:{source_id}")


def actualisation_id(period: str, person_id: str) -> ObligationId:
    """``act:<period>:<person_id>``, for example ``act:2026-11:luc``."""
    return ObligationId(f"act:{period}:{person_id}")
