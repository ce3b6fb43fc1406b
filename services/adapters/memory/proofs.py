"""The ledger of proofs in the store in memory."""

from services.adapters.memory.store import MemoryStore
from services.core.model import ObligationId
from services.core.proof import Proof


class MemoryProofs:
    """Implements ``services.core.ports.proofs.Proofs``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def proof(self, obligation_id: str) -> Proof | None:
        """See ``Proofs.proof``."""
        return max(self._store.committed.proofs.tagged(ObligationId(obligation_id)), key=lambda row: row.at, default=None)
