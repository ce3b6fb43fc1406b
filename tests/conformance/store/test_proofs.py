"""The ledger of proofs, whichever store is there: written once, never edited (SC-48)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.memory.proofs import MemoryProofs
from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.pages import PostgresPages
from services.core.changes import Changes
from services.core.model import Case, ObligationId
from services.core.ports.proofs import Proofs
from services.core.proof import Proof, digest_of, proof_of
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import LUC, NOW, alert, attempt, obligation, reply


@pytest.fixture
def proofs(store: AnyStore, request: pytest.FixtureRequest) -> Proofs:
    """The ledger over the same store."""
    if isinstance(store, MemoryStore):
        return MemoryProofs(store)
    pool: Pool = request.getfixturevalue("pool")
    return PostgresPages(pool)


def _proof() -> Proof:
    duty = obligation()
    case = Case(person_id=LUC, obligations=(duty,), attempts=(attempt(),), replies=(reply(),), alerts=(alert(),))
    return proof_of(case, duty, alert().known, ["Un SMS envoyé, « à temps »"], NOW)


async def _write(store: AnyStore, *rows: Proof) -> None:
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(Changes(proofs=list(rows)))


async def test_what_is_written_comes_back_letter_by_letter(store: AnyStore, proofs: Proofs) -> None:
    """The document is the one that was hashed; there is none of a duty without a verdict."""
    await _write(store, _proof())
    found = await proofs.proof("rdv:1")
    assert found == _proof()
    assert digest_of(found.document) == found.digest
    assert await proofs.proof("rdv:2") is None


async def test_the_newest_counts_and_nothing_is_edited(store: AnyStore, proofs: Proofs) -> None:
    """A second verdict is a second entry; the same instant again changes nothing."""
    later = replace(_proof(), at=NOW + timedelta(days=1), document="{}", digest=digest_of("{}"))
    await _write(store, later, _proof())
    await _write(store, replace(later, document="[]"))
    assert await proofs.proof(ObligationId("rdv:1")) == later
