"""Tells health and logs that a loop cannot store what it has, and that it can again."""

import structlog

_log = structlog.get_logger()


class Waiting:
    """Given to ``consume`` as its ``waiting``; ``check`` is a health check."""

    def __init__(self) -> None:
        self._waits = False

    def __call__(self, waits: bool) -> None:
        """Said once when it begins and once when it ends, however often it is tried."""
        if waits and not self._waits:
            _log.warning("work waits: database or broker is away")
        elif self._waits and not waits:
            _log.info("work goes on: database and broker are back")
        self._waits = waits

    async def check(self) -> str | None:
        """A ``services.runtime.health.Check``."""
        return "a batch waits for the database or the broker" if self._waits else None
