"""The key figures of the service, split as people live and as they were reached (§10.8); never an advisor's (R16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Split(StrEnum):
    """Along what the duties are split."""

    ALL = "all"
    #: ease with digital tools
    SEGMENT = "segment"
    #: of the first message
    CHANNEL = "channel"
    DEPARTMENT = "department"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """Duties whose date came in the 30 days before."""

    split: Split
    #: empty for all, and for duties about which no message left
    value: str
    due: int
    #: evidence E3 or more before the date
    proved: int
    #: missed, or an actualisation not done, below E3, and no advisor was told before the date: must tend to none
    unflagged: int
    #: how long before the date an advisor was first told, over the duties of which one was told: median and ninth decile
    margin_p50: timedelta | None
    margin_p90: timedelta | None
    #: alerts raised before the date, and those that somebody claimed or settled before it
    alerts: int
    acted: int
    #: meetings of which the outcome is known, where the last answer before the date was "I come"; and those of them that were missed all
    #: the same: somebody or something else may have answered
    said_come: int = 0
    false_acks: int = 0


class Figures(Protocol):
    """Answered by the database. Raises ``StoreUnavailable``."""

    async def key_figures(self, now: datetime) -> Sequence[KeyFigures]:
        """In the order of ``Split``, then by value; "all" is there also when nothing was due."""
        ...
