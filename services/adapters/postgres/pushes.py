"""What waits to be e-mailed to staff, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.readings import RELEASED
from services.adapters.postgres.statements import SQL
from services.core.alarms import Alarm, closing_soon
from services.core.model import Alert
from services.core.ports.mailbox import Crowd, Lost, Unpushed
from services.core.ports.watch import lost_by

#: a period is not open for longer after an alarm that spoke of its end
_LOOK_BACK = timedelta(days=31)
_alarms = msgspec.json.Decoder(list[Alarm])
_unpushed = msgspec.json.Decoder(list[Unpushed])


class PostgresPushes:
    """Implements ``services.core.ports.mailbox.PushList``; raises ``StoreUnavailable``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def unpushed(self) -> Sequence[Unpushed]:
        """See ``PushList.unpushed``."""
        with database_errors():
            return _unpushed.decode(await self._pool.fetchval(SQL["unpushed"]))

    async def pushed(self, alerts: Sequence[Alert], at: datetime) -> None:
        """See ``PushList.pushed``."""
        ids, routed, severities = [row.alert_id for row in alerts], [row.routed_at for row in alerts], [row.severity for row in alerts]
        with database_errors():
            await self._pool.execute(SQL["mark_pushed"], ids, routed, severities, at)

    async def crowded(self, budget: int, now: datetime) -> Sequence[Crowd]:
        """See ``PushList.crowded``."""
        with database_errors():
            return [Crowd(**row) for row in await self._pool.fetch(SQL["crowded"], budget, now)]

    async def crowd_told(self, advisor_id: str, now: datetime) -> None:
        """See ``PushList.crowd_told``."""
        with database_errors():
            await self._pool.execute(SQL["crowd_told"], advisor_id, now)

    async def lost(self, now: datetime) -> Sequence[Lost]:
        """See ``PushList.lost``."""
        reached: dict[str, bool] = {}
        closings: list[datetime] = []
        with database_errors():
            for alarm in _alarms.decode(await self._pool.fetchval(SQL["receipts_alarms"], now - _LOOK_BACK)):
                closes = closing_soon(alarm, now)
                if closes is None:
                    continue
                closings.append(closes)
                lost = lost_by(alarm, now)
                given = (lost.provider, lost.carrier, lost.since, lost.until, lost.noticed_at, lost.since - RELEASED)
                for row in await self._pool.fetch(SQL["watch_lost"], *given):
                    reached[row["person_id"]] = row["recovered"] and reached.get(row["person_id"], True)
            rows = await self._pool.fetch(SQL["agencies_of_lost"], list(reached), list(reached.values()), now) if reached else []
        return [Lost(**row, closes_at=min(closings)) for row in rows]

    async def lost_told(self, agency_id: str, now: datetime) -> None:
        """See ``PushList.lost_told``."""
        with database_errors():
            await self._pool.execute(SQL["lost_told"], agency_id, now)
