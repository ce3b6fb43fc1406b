"""When the watch has to look, on a clock that does not tick by itself: nothing to do costs nothing."""

from dataclasses import dataclass, field
from datetime import datetime

from services.core.changes import Changes
from services.core.ports.clock import Clock
from services.core.surroundings import Snapshot
from services.watch.rules import RULES


@dataclass(slots=True, kw_only=True)
class Agenda:
    """Instants at which something may have to be judged; told of every change that is committed."""

    snapshot: Snapshot
    clock: Clock
    _instants: set[datetime] = field(default_factory=set)

    def heard(self, changes: Changes) -> None:
        """Something was committed now."""
        now = self.clock.now()
        environment = self.snapshot(now)
        for rule in RULES.values():
            self._instants.update(rule.due(changes, now, environment))

    def add(self, instants: set[datetime]) -> None:
        """Look at these instants as well."""
        self._instants |= instants

    def next(self) -> datetime | None:
        """The earliest one; none when nothing has to be looked at."""
        return min(self._instants, default=None)

    def take(self, now: datetime) -> bool:
        """Is an instant due? Those that are, are taken off."""
        due = {at for at in self._instants if at <= now}
        self._instants -= due
        return bool(due)
