"""The machine's clock: the only place that reads it."""

from datetime import UTC, datetime


class SystemClock:
    """The present instant of this machine."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC)
