"""All rows about one person, however old, for who asks what we hold about them."""

import msgspec

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.statements import SQL
from services.core.explaining.access_request import Holdings
from services.core.model import PersonId

_holdings = msgspec.json.Decoder(Holdings)


class PostgresArchive:
    """Implements ``services.core.explaining.access_request.Archive``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def holdings(self, person_id: PersonId) -> Holdings | None:
        """See ``Archive.holdings``."""
        with database_errors():
            found = await self._pool.fetchval(SQL["holdings"], person_id)
        return None if found is None else _holdings.decode(found)
