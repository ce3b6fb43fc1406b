"""The ledger of proofs, read only (contracts §4)."""

from typing import Protocol

from services.core.proof import Proof


class Proofs(Protocol):
    """Answered by the database. Raises ``StoreUnavailable``."""

    async def proof(self, obligation_id: str) -> Proof | None:
        """The newest proof about this duty; none while there is no verdict."""
        ...
