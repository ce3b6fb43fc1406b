"""Records that nobody could read: which there are, and who published them again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.memory.letters import MemoryLetters
from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.letters import PostgresLetters
from services.core.ports.dead_letters import Letters, Sought
from services.core.ports.store import DeadLetter, Replay
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import NOW


@pytest.fixture
def found(store: AnyStore, request: pytest.FixtureRequest) -> Letters:
    """What operations read in this store."""
    if isinstance(store, MemoryStore):
        return MemoryLetters(store)
    pool: Pool = request.getfixturevalue("pool")
    return PostgresLetters(pool)


async def test_a_replay_stays_with_its_letter(store: AnyStore) -> None:
    """Who published a record again, when and why; the same record recorded once more keeps it, and unknown places are left out."""
    first, other = (DeadLetter(topic="receipts.v1", partition=0, offset=n, errors=(("/", "is no object"),), at=NOW) for n in (3, 4))
    replay = Replay(at=NOW + timedelta(hours=1), by="Mme Durand", reason="le fournisseur a corrigé")
    async with store.unit() as unit:
        await unit.record_dead_letters([first, other])
    async with store.unit() as unit:
        assert await unit.hold_dead_letters([("receipts.v1", 0, 99), other.place, first.place]) == [first, other]
        assert await unit.hold_dead_letters([]) == []
        await unit.mark_replayed([first.place], replay)
        await unit.mark_replayed([], replay)
    async with store.unit() as unit:
        await unit.record_dead_letters([replace(first, at=NOW + timedelta(hours=2))])
        await unit.mark_replayed([first.place, ("receipts.v1", 0, 99)], replay)
    async with store.unit() as unit:
        held = await unit.hold_dead_letters([first.place, other.place])
        assert [letter.replays for letter in held] == [(replay, replay), ()]


async def test_letters_are_found(store: AnyStore, found: Letters) -> None:
    """By topic, since when, by the path of an error, replayed or not, newest first, so many; an ancestor is remembered."""
    letters = [
        DeadLetter(topic=topic, partition=0, offset=n, errors=(("/a", "x"), (path, "y")), at=NOW + timedelta(minutes=n), ancestor=ancestor)
        for n, (topic, path, ancestor) in enumerate((("t.v1", "/b", None), ("t.v1", "/c", "t.v1/0/0"), ("u.v1", "/b", None)))
    ]
    async with store.unit() as unit:
        await unit.record_dead_letters(letters)
        await unit.mark_replayed([letters[0].place], Replay(at=NOW, by="x", reason="y"))

    async def numbers(sought: Sought) -> list[int]:
        return [letter.offset for letter in await found.dead_letters(sought)]

    assert await numbers(Sought()) == [2, 1, 0]
    assert await numbers(Sought(limit=2)) == [2, 1]
    assert await numbers(Sought(topic="t.v1")) == [1, 0]
    assert await numbers(Sought(since=NOW + timedelta(minutes=1))) == [2, 1]
    assert await numbers(Sought(error="/b")) == [2, 0]
    assert await numbers(Sought(error="/a", topic="u.v1")) == [2]
    assert await numbers(Sought(topic="t.v1", partition=0, offset=1)) == [1]
    assert await numbers(Sought(topic="t.v1", partition=3)) == []
    assert await numbers(Sought(replayed=True)) == [0]
    assert await numbers(Sought(replayed=False)) == [2, 1]
    assert (await found.dead_letters(Sought(error="/c")))[0].ancestor == "t.v1/0/0"
