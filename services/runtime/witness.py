"""Tells logs and metrics what the supervisor sees."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.runtime.metrics import Metrics

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWitness:
    """One line and one count for each thing that happens to a process."""

    metrics: Metrics

    def started(self, name: str) -> None:
        """It starts."""
        _log.info("process started", process=name)

    def died(self, name: str, problem: Exception | None, again_in: timedelta | None) -> None:
        """It raised or returned."""
        fields = {"exc_info": problem} if problem is not None else {"error": "ended by itself"}
        if again_in is None:
            _log.error("process died too often", process=name, **fields)
            return
        self.metrics.count("process_restarts", process=name)
        _log.warning("process died and will be started again", process=name, delay_seconds=again_in.total_seconds(), **fields)

    def stopped(self, name: str, *, in_time: bool) -> None:
        """It was asked to stop."""
        if in_time:
            _log.info("process stopped", process=name)
        else:
            _log.error("process did not stop in time", process=name)
