"""What waits to be e-mailed to staff, from the store in memory; ``postgres/sql/pushes.sql`` says the same in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.adapters.memory.store import MemoryStore
from services.core.changes import Changes
from services.core.model import Alert
from services.core.ports.mailbox import Crowd, Unpushed

_PARIS = ZoneInfo("Europe/Paris")


class MemoryPushes:
    """Implements ``services.core.ports.mailbox.PushList``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._told_on: dict[str, date] = {}

    async def unpushed(self) -> Sequence[Unpushed]:
        """See ``PushList.unpushed``."""
        rows = [row for row in self._open() if row.claimed_by is None and row.pushed_at is None]
        profiles = self._store.committed.profiles
        people = [profiles.get(row.person_id) for row in rows]
        return [Unpushed(alert=row, first_name=who.first_name if who else None) for row, who in zip(rows, people, strict=True)]

    async def pushed(self, alerts: Sequence[Alert], at: datetime) -> None:
        """See ``PushList.pushed``."""
        async with self._store.unit() as unit:
            await unit.lock({row.person_id for row in alerts})
            stored = {row.alert_id: row for row in self._store.committed.alerts.all()}
            now = [(row, stored.get(row.alert_id)) for row in alerts]
            same = [known for row, known in now if known and (known.routed_at, known.severity) == (row.routed_at, row.severity)]
            await unit.write(Changes(alerts=[replace(row, pushed_at=at) for row in same]))

    async def crowded(self, budget: int, now: datetime) -> Sequence[Crowd]:
        """See ``PushList.crowded``."""
        lists: dict[str, list[Alert]] = {}
        for row in self._open():
            if row.advisor_id is not None and self._told_on.get(row.advisor_id, date.min) < now.astimezone(_PARIS).date():
                lists.setdefault(row.advisor_id, []).append(row)
        return [
            Crowd(advisor_id=advisor, agency_id=min(rows, key=_newest_first).agency_id, open=len(rows))
            for advisor, rows in sorted(lists.items())
            if len(rows) > budget
        ]

    async def crowd_told(self, advisor_id: str, now: datetime) -> None:
        """See ``PushList.crowd_told``."""
        self._told_on[advisor_id] = now.astimezone(_PARIS).date()

    def _open(self) -> list[Alert]:
        return sorted(self._store.committed.alerts.tagged("open"), key=lambda row: (row.act_by, row.alert_id))


def _newest_first(row: Alert) -> tuple[float, str]:
    return -row.raised_at.timestamp(), row.alert_id
