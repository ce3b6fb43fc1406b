"""People who owe something, a page at a time: for looking at what another policy would do to them."""

from collections.abc import AsyncIterator
from datetime import datetime

from services.adapters.postgres.connection import Pool, database_errors
from services.adapters.postgres.statements import SQL
from services.core.model import PersonId

#: people of one page: their cases are loaded together
_PAGE = 200


async def people_who_owe(pool: Pool, now: datetime, limit: int | None) -> AsyncIterator[list[PersonId]]:
    """Pages of people with a duty ahead of ``now``, in order of id; at most ``limit`` of them. Raises ``StoreUnavailable``."""
    last, left = "", limit
    while left is None or left > 0:
        wanted = _PAGE if left is None else min(_PAGE, left)
        with database_errors():
            rows = await pool.fetch(SQL["people_who_owe"], last, now, wanted)
        if not rows:
            return
        people = [PersonId(row["person_id"]) for row in rows]
        yield people
        last, left = people[-1], None if left is None else left - len(people)
