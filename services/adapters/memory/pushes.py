"""What waits to be e-mailed to staff, from the store in memory; ``postgres/sql/pushes.sql`` says the same in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.adapters.memory.readings import MemoryReadings
from services.adapters.memory.store import MemoryStore
from services.core.alarms import closing_soon
from services.core.changes import Changes
from services.core.model import Alert, PersonId
from services.core.ports.mailbox import Crowd, Lost, Unpushed
from services.core.ports.watch import lost_by

_PARIS = ZoneInfo("Europe/Paris")


class MemoryPushes:
    """Implements ``services.core.ports.mailbox.PushList``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._told_on: dict[str, date] = {}
        self._agency_told_on: dict[str, date] = {}

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

    async def lost(self, now: datetime) -> Sequence[Lost]:
        """See ``PushList.lost``."""
        reached: dict[str, bool] = {}
        closings: list[datetime] = []
        readings, profiles = MemoryReadings(self._store), self._store.committed.profiles
        for alarm in self._store.committed.alarms.all():
            closes = closing_soon(alarm, now)
            if closes is not None:
                closings.append(closes)
                for one in await readings.affected(lost_by(alarm, now)):
                    reached[one.person_id] = one.recovered and reached.get(one.person_id, True)
        agencies: dict[str, list[bool]] = {}
        for person_id, good in reached.items():
            profile = profiles.get(PersonId(person_id))
            if profile is not None and self._agency_told_on.get(profile.agency_id, date.min) < now.astimezone(_PARIS).date():
                agencies.setdefault(profile.agency_id, []).append(good)
        return [
            Lost(agency_id=agency, people=len(people), reached=sum(people), closes_at=min(closings))
            for agency, people in sorted(agencies.items())
            if not all(people)
        ]

    async def lost_told(self, agency_id: str, now: datetime) -> None:
        """See ``PushList.lost_told``."""
        self._agency_told_on[agency_id] = now.astimezone(_PARIS).date()

    def _open(self) -> list[Alert]:
        return sorted(self._store.committed.alerts.tagged("open"), key=lambda row: (row.act_by, row.alert_id))


def _newest_first(row: Alert) -> tuple[float, str]:
    return -row.raised_at.timestamp(), row.alert_id
