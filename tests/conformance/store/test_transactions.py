"""All or nothing, one person at a time."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from services.core.changes import Changes, JournalLine, Outgoing, Wake
from services.core.model import Advisor, Case, ContactId, PersonId
from services.core.ports.store import DeadLetter, Staff
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, obligation, person, receipt, reply

ADVISOR = Advisor(advisor_id="mme_durand", name="Mme Durand", agency_id="lille", email="d@agence.example")
MESSAGE = Outgoing(topic="t", key=LUC, type="x", subject=LUC, data={}, shard_key=LUC, at=NOW)


def everything() -> Changes:
    """A row of each kind."""
    return Changes(
        profiles=[person()],
        contacts=[contact(sender_hash="h")],
        obligations=[obligation()],
        attempts=[attempt(provider="a", provider_ref="ref-1", token="t")],
        receipts=[receipt()],
        replies=[reply()],
        alerts=[alert()],
        advisors=[ADVISOR],
        wakes=[Wake(person_id=LUC, live_at=NOW, campaign_at=None)],
        outbox=[MESSAGE],
        journal=[JournalLine(at=NOW, what="sent", fields={})],
    )


async def is_empty(store: AnyStore) -> bool:
    """Whether nothing at all was left behind."""
    async with store.unit() as unit:
        return (
            await unit.load([LUC]) == {}
            and await unit.staff() == Staff(advisors={}, agencies={})
            and await unit.attempts_by_reference([("a", "ref-1")]) == {}
            and await unit.attempt_by_token("t") is None
            and await unit.people_by_sender("h") == []
            and await unit.open_alerts() == []
            and await unit.seen([("source", "1")], NOW) == set()
            and await store.next_wake() is None
            and await store.outbox_size() == 0
            and await store.journal() == []
        )


async def test_a_unit_that_raises_leaves_nothing(store: AnyStore) -> None:
    """Whatever was written, claimed or remembered."""
    with suppress(RuntimeError):
        async with store.unit() as unit:
            await unit.seen([("source", "1")], NOW)
            await unit.lock([LUC])
            await unit.write(everything())
            await unit.quarantine(LUC, NOW, "E")
            await unit.record_dead_letters([DeadLetter(topic="t", partition=0, offset=1, errors=(("a", "b"),), at=NOW)])
            raise RuntimeError
    assert await is_empty(store)


async def test_a_cancelled_unit_leaves_nothing(store: AnyStore) -> None:
    """A process that is told to stop in the middle."""
    written = asyncio.Event()

    async def never_ends() -> None:
        async with store.unit() as unit:
            await unit.lock([LUC])
            await unit.write(everything())
            written.set()
            await asyncio.Future()

    task = asyncio.create_task(never_ends())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await is_empty(store)


async def test_nobody_sees_what_is_not_committed(store: AnyStore) -> None:
    """Neither rows nor instants nor messages."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(everything())
        assert await is_empty(store)
    assert not await is_empty(store)


async def test_a_savepoint_that_raises_is_undone_and_the_unit_goes_on(store: AnyStore) -> None:
    """Also when it lies within another one; what was before and after is kept."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(Changes(profiles=[person(revision=1)]))
        async with unit.savepoint():
            await unit.write(Changes(contacts=[contact()]))
            with suppress(RuntimeError):
                async with unit.savepoint():
                    await unit.write(everything())
                    await unit.write(Changes(profiles=[person(revision=2)], removed_contacts=[(LUC, ContactId("tel"))]))
                    raise RuntimeError
        await unit.write(Changes(obligations=[obligation("rdv:2")]))
    async with store.unit() as unit:
        case = (await unit.load([LUC]))[LUC]
    assert case == Case(person_id=LUC, person=person(revision=1), contacts=(contact(),), obligations=(obligation("rdv:2"),))
    assert await store.next_wake() is None
    assert await store.outbox_size() == 0


async def test_a_broken_guard_inside_a_savepoint_does_not_spoil_the_unit(store: AnyStore) -> None:
    """One person's trouble stays that person's."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(Changes(attempts=[attempt("a1")]))
        with pytest.raises(Exception, match="an_item_is_sent_once"):
            async with unit.savepoint():
                await unit.write(Changes(attempts=[attempt("a2")]))
        await unit.write(Changes(obligations=[obligation()]))
    async with store.unit() as unit:
        case = (await unit.load([LUC]))[LUC]
    assert [each.attempt_id for each in case.attempts] == ["a1"]
    assert case.obligations == (obligation(),)


async def test_one_unit_at_a_time_has_a_person(store: AnyStore) -> None:
    """Twenty at once that each count one up: none is lost."""

    async def count_up() -> None:
        async with store.unit() as unit:
            known = (await unit.lock([LUC]))[LUC].person or person(revision=0)
            await unit.write(Changes(profiles=[replace(known, revision=known.revision + 1)]))

    await asyncio.gather(*(count_up() for _ in range(20)))
    async with store.unit() as unit:
        profile = (await unit.load([LUC]))[LUC].person
    assert profile is not None
    assert profile.revision == 20


async def test_units_that_lock_the_same_people_never_wait_in_a_circle(store: AnyStore) -> None:
    """Whatever the order in which they name them, new people or known ones."""
    people = [PersonId(str(number)) for number in range(30)]

    async def lock(turn: int) -> int:
        async with store.unit() as unit:
            return len(await unit.lock(people[turn:] + people[:turn] if turn % 2 else people[::-1]))

    assert await asyncio.gather(*(lock(turn) for turn in range(16))) == [30] * 16


async def test_locking_again_within_a_unit_is_harmless(store: AnyStore) -> None:
    """And shows what the unit has written meanwhile."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(Changes(profiles=[person()]))
        assert (await unit.lock([LUC, ANNIE]))[LUC].person == person()


async def test_an_event_is_seen_once(store: AnyStore) -> None:
    """Known before this call, in the same unit or another; the source counts."""
    async with store.unit() as unit:
        assert await unit.seen([("a", "1"), ("a", "2"), ("a", "1")], NOW) == set()
        assert await unit.seen([("a", "2"), ("b", "2")], NOW) == {("a", "2")}
    async with store.unit() as unit:
        assert await unit.seen([("a", "1"), ("a", "3"), ("b", "2")], NOW) == {("a", "1"), ("b", "2")}
        assert await unit.seen([], NOW) == set()


async def test_two_units_that_see_the_same_event_at_once_agree_whose_it_is(store: AnyStore) -> None:
    """The second waits for the first; when the first fails, the event is the second's."""
    first_has_it, second_asked = asyncio.Event(), asyncio.Event()

    async def first(*, fails: bool, event: tuple[str, str]) -> None:
        async with store.unit() as unit:
            await unit.seen([event], NOW)
            first_has_it.set()
            await second_asked.wait()
            if fails:
                raise RuntimeError

    async def second(event: tuple[str, str]) -> set[tuple[str, str]]:
        await first_has_it.wait()
        async with store.unit() as unit:
            second_asked.set()
            return await unit.seen([event], NOW)

    for fails, expected in ((False, {("s", "1")}), (True, set())):
        event = ("s", "1") if not fails else ("s", "2")
        first_has_it.clear()
        second_asked.clear()
        _, seen = await asyncio.gather(first(fails=fails, event=event), second(event), return_exceptions=True)
        assert seen == expected
