"""Time as the steps see it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of "now": the machine's clock, or the one a scenario owns."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...
