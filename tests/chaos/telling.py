"""How it goes, for whoever waits: bars on a terminal, a line now and then where there is none (a log, a pipeline)."""

from datetime import datetime
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import Progress, TaskID

from tests.chaos.calm import Unrest
from tests.chaos.run import Plan
from tests.chaos.script import Fault

#: seconds between two lines where there is no terminal
_EVERY: Final = 10.0


class Bars:
    """Implements ``tests.chaos.run.Teller`` on a terminal."""

    def __init__(self, progress: Progress, plan: Plan) -> None:
        self._progress = progress
        self._published: TaskID = progress.add_task("duties published", total=plan.obligations)
        self._faults: TaskID = progress.add_task("faults", total=plan.faults)

    def stage(self, what: str) -> None:
        """See ``Teller.stage``."""
        self._progress.console.print(f"{_time()} {what}")

    def fault(self, fault: Fault, number: int) -> None:
        """See ``Teller.fault``."""
        self._progress.update(self._faults, completed=number, description=f"{fault.trouble} {fault.target}")

    def published(self, duties: int, messages: int) -> None:
        """See ``Teller.published``."""
        self._progress.update(self._published, completed=duties, description=f"duties published, {messages} messages")

    def unrest(self, unrest: Unrest) -> None:
        """See ``Teller.unrest``."""
        self._progress.update(self._faults, description=str(unrest))


class Lines:
    """Implements ``tests.chaos.run.Teller`` where nothing can be painted over: every ten seconds where it is, and each part at once."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console = console
        self._plan = plan
        self._faults = self._duties = self._messages = 0
        self._last = "none yet"
        self._told_at = float("-inf")

    def stage(self, what: str) -> None:
        """See ``Teller.stage``."""
        self._console.print(f"{_time()} {what}")
        self._told_at = monotonic()

    def fault(self, fault: Fault, number: int) -> None:
        """See ``Teller.fault``."""
        self._faults, self._last = number, f"{fault.trouble} {fault.target}"

    def published(self, duties: int, messages: int) -> None:
        """See ``Teller.published``."""
        self._duties, self._messages = duties, messages
        plan = self._plan
        self._now_and_then(
            f"faults {self._faults}/{plan.faults} (last: {self._last}), duties {duties}/{plan.obligations}, messages {messages}"
        )

    def unrest(self, unrest: Unrest) -> None:
        """See ``Teller.unrest``."""
        self._now_and_then(f"still under way: {unrest}")

    def _now_and_then(self, what: str) -> None:
        if monotonic() - self._told_at >= _EVERY:
            self.stage(what)


def _time() -> str:
    return f"{datetime.now():%H:%M:%S}"  # noqa: DTZ005, TID251 - for who waits, in their own time
