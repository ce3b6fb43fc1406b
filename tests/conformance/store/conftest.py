"""Both stores under one suite: what a step may rely on, whichever is there."""

from typing import cast

import pytest

from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore

AnyStore = MemoryStore | PostgresStore


@pytest.fixture
def memory_store() -> MemoryStore:
    """An empty one that keeps a journal."""
    return MemoryStore()


@pytest.fixture
def postgres_store(pool: Pool) -> PostgresStore:
    """An empty one that keeps a journal."""
    return PostgresStore(pool, journal=True)


@pytest.fixture(params=["memory_store", pytest.param("postgres_store", marks=pytest.mark.stack)])
def store(request: pytest.FixtureRequest) -> AnyStore:
    """An empty store: the test runs on each."""
    return cast("AnyStore", request.getfixturevalue(request.param))
