"""What waits to be e-mailed to staff, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.statements import SQL
from services.core.model import Alert
from services.core.ports.mailbox import Crowd, Unpushed

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
