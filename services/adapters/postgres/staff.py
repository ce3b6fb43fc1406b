"""Advisors and agencies, remembered between units: there are tens of thousands, and they change some times a day."""

import msgspec

from services.adapters.postgres.connection import Connection
from services.adapters.postgres.statements import SQL
from services.core.model import Advisor, Agency
from services.core.ports.store import Staff

_advisors = msgspec.json.Decoder(list[Advisor])
_agencies = msgspec.json.Decoder(list[Agency])


class StaffMemory:
    """The last staff read, and the transaction that had written it; one for a store."""

    def __init__(self) -> None:
        self._written_by: str | None = None
        self._staff = Staff(advisors={}, agencies={})

    async def read(self, connection: Connection, *, remember: bool) -> Staff:
        """The staff as this connection sees it; ``remember`` is false in a unit that wrote staff itself and may yet be rolled back."""
        written_by = await connection.fetchval(SQL["staff_version"])
        if written_by == self._written_by:
            return self._staff
        # Read after the version: what is remembered is at least as new as the version says.
        rows = await connection.fetch(SQL["staff"])
        staff = Staff(
            advisors={each.advisor_id: each for each in _advisors.decode(rows[0]["advisors"])},
            agencies={each.agency_id: each for each in _agencies.decode(rows[0]["agencies"])},
        )
        if remember:
            self._written_by, self._staff = written_by, staff
        return staff
