"""Dead letters out of the database, for the command line and the operations page."""

from collections.abc import Sequence

import msgspec

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.statements import SQL
from services.core.ports.dead_letters import Sought
from services.core.ports.store import DeadLetter

_letters = msgspec.json.Decoder(list[DeadLetter])


class PostgresLetters:
    """Implements ``services.core.ports.dead_letters.Letters``."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def dead_letters(self, sought: Sought) -> Sequence[DeadLetter]:
        """See ``Letters.dead_letters``."""
        given = (sought.topic, sought.since, sought.replayed, sought.error, sought.limit, sought.partition, sought.offset)
        with database_errors():
            return _letters.decode(await self._pool.fetchval(SQL["dead_letters"], *given))
