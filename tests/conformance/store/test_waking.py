"""Who waited for a silent feed is woken a portion at a time by both stores: once, in order of id, whoever is killed meanwhile (§10.16)."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.changes import Changes, Wake
from services.core.model import Obligation, PersonId
from services.core.words import Kind, Lane, ObligationState
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import NOW, obligation

HOUR = timedelta(hours=1)
#: more than anybody here
ALL = 100


def duty(person: str, **changed: Any) -> Obligation:
    """An open actualisation."""
    facts: dict[str, Any] = {"kind": Kind.ACTUALISATION, "period": "2026-11", "opens_at": NOW - HOUR, **changed}
    return obligation(f"act:{person}", PersonId(person), **facts)


async def put(store: AnyStore, *rows: Obligation, wake_at: datetime | None = NOW + HOUR) -> None:
    """In one unit; the campaign looks at everybody later."""
    people = [row.person_id for row in rows]
    async with store.unit() as unit:
        await unit.lock(people)
        wakes = [Wake(person_id=each, live_at=None, campaign_at=wake_at, only_earlier=False) for each in people]
        await unit.write(Changes(obligations=list(rows), wakes=wakes))


async def begin(store: AnyStore) -> None:
    """A silence is over."""
    async with store.unit() as unit:
        await unit.begin_waking()


async def wake(store: AnyStore, limit: int = ALL, at: datetime = NOW) -> int | None:
    """One portion."""
    async with store.unit() as unit:
        return await unit.wake_actualisations(at, limit)


async def cut_off(store: AnyStore) -> None:
    """A portion of which nothing is stored."""
    async with store.unit() as unit:
        assert await unit.wake_actualisations(NOW, ALL) == 2
        raise ZeroDivisionError


async def due(store: AnyStore, at: datetime = NOW) -> list[str]:
    """Whom the campaign would look at, in the order in which it would."""
    async with store.unit() as unit:
        return list(await unit.claim_due(at, Lane.CAMPAIGN, ALL))


async def test_portions_follow_the_order_of_ids(store: AnyStore) -> None:
    """Each begins where the one before ended; nobody is woken a second time; then nobody is left, until the next silence is over."""
    await put(store, *(duty(each) for each in ("e", "Z", "b", "é", "a")))
    assert await wake(store) is None
    await begin(store)
    seen = []
    for _ in range(3):
        assert await wake(store, 2) in (1, 2)
        seen.append(await due(store))
    assert seen == [["Z", "a"], ["Z", "a", "b", "e"], ["Z", "a", "b", "e", "é"]]
    await put(store, duty("a"), duty("b"))
    assert await wake(store, 2) is None
    assert await due(store) == ["Z", "e", "é"]


async def test_a_full_last_portion_is_followed_by_an_empty_one(store: AnyStore) -> None:
    """Nobody is left only when a portion is not full."""
    await put(store, duty("a"), duty("b"))
    await begin(store)
    assert [await wake(store, 2), await wake(store, 2), await wake(store, 2)] == [2, 0, None]


async def test_only_who_may_have_waited_is_woken(store: AnyStore) -> None:
    """Who is done, owes something else, is past the end or in quarantine is left alone; they count in a portion all the same."""
    await put(
        store,
        duty("a", state=ObligationState.DONE),
        obligation("rdv:b", PersonId("b")),
        duty("c", due_at=NOW),
        duty("d"),
        duty("e"),
    )
    async with store.unit() as unit:
        await unit.quarantine(PersonId("d"), NOW, "ValueError")
    await begin(store)
    assert await wake(store, 4) == 0
    assert await wake(store, 4) == 1
    assert await due(store) == ["e"]


async def test_who_is_due_already_is_left_as_they_are(store: AnyStore) -> None:
    """They keep their place in the queue, and whoever has no instant at all gets one."""
    await put(store, duty("b"))
    await put(store, duty("c"), wake_at=NOW - HOUR)
    await put(store, duty("a"), wake_at=None)
    await begin(store)
    assert await wake(store) == 2
    assert await due(store, NOW - HOUR) == ["c"]
    assert await due(store) == ["c", "a", "b"]


async def test_a_portion_that_was_not_stored_is_woken_again(store: AnyStore) -> None:
    """How far it came is stored with those whom it woke, or not at all."""
    await put(store, *(duty(each) for each in "abc"))
    await begin(store)
    assert await wake(store, 1) == 1
    with pytest.raises(ZeroDivisionError):
        await cut_off(store)
    assert await due(store) == ["a"]
    assert await wake(store) == 2
    assert await due(store) == ["a", "b", "c"]


async def test_a_waking_is_begun_again_and_ended_early(store: AnyStore) -> None:
    """The next silence ends it where it stands; the end of that one begins with the first person."""
    await put(store, *(duty(each) for each in "abc"))
    await begin(store)
    assert await wake(store, 1) == 1
    async with store.unit() as unit:
        await unit.end_waking()
    assert await wake(store, 1) is None
    assert await due(store) == ["a"]
    await put(store, duty("a"))
    await begin(store)
    assert await wake(store, 1) == 1
    await begin(store)
    assert await wake(store, 2) == 1
    assert await due(store) == ["a", "b"]


async def test_two_never_wake_the_same_portion(store: AnyStore) -> None:
    """The second does not wait for the first; when that one has stored its portion, anybody may go on with the next."""
    await put(store, *(duty(each) for each in "abc"))
    await begin(store)
    async with store.unit() as first:
        assert await first.wake_actualisations(NOW, 2) == 2
        assert await asyncio.wait_for(wake(store, 2), 5) is None
    assert await wake(store, 2) == 1
    assert await due(store) == ["a", "b", "c"]


async def holds(store: AnyStore, changes: Changes, people: Collection[str], woken: list[int | None]) -> None:
    """Somebody has these people when their portion begins, and stores this before it goes on."""
    async with store.unit() as planner:
        await planner.lock([PersonId(each) for each in people])

        async def portion() -> None:
            woken.append(await wake(store))

        task = asyncio.create_task(portion())
        await asyncio.sleep(0.1)
        assert woken == []
        await planner.write(changes)
    await task


async def test_whom_a_planner_has_is_woken_after_it(store: AnyStore) -> None:
    """It may have decided while the feed was silent: although the person was due before, what it decided is not the last word."""
    await put(store, duty("a"), wake_at=NOW - HOUR)
    await begin(store)
    woken: list[int | None] = []
    later = Wake(person_id=PersonId("a"), live_at=None, campaign_at=NOW + HOUR, only_earlier=False)
    await holds(store, Changes(wakes=[later]), "a", woken)
    assert woken == [1]
    assert await due(store) == ["a"]


async def test_who_is_done_at_that_moment_is_not_woken(store: AnyStore) -> None:
    """The intake had them first: their actualisation is settled when their turn comes."""
    await put(store, duty("a"), duty("b"))
    await begin(store)
    woken: list[int | None] = []
    await holds(store, Changes(obligations=[duty("a", state=ObligationState.DONE)]), "a", woken)
    assert woken == [1]
    assert await due(store) == ["b"]
