"""Who is looked at when: wake instants, claims, lanes, quarantine."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.core.changes import Changes, Wake, WakeAlerted
from services.core.model import PersonId
from services.core.words import Lane, ObligationState, Routed
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, obligation

HOUR = timedelta(hours=1)


def wake(person: PersonId, live: datetime | None, campaign: datetime | None = None, *, only_earlier: bool = True) -> Wake:
    """Shorter to read."""
    return Wake(person_id=person, live_at=live, campaign_at=campaign, only_earlier=only_earlier)


async def write(store: AnyStore, *wakes: Wake) -> None:
    """All in one write of one unit."""
    async with store.unit() as unit:
        await unit.lock({each.person_id for each in wakes})
        await unit.write(Changes(wakes=list(wakes)))


async def due(store: AnyStore, now: datetime, lane: Lane = Lane.LIVE, limit: int = 10) -> list[PersonId]:
    """Who would be claimed; nothing is changed."""
    async with store.unit() as unit:
        return list(await unit.claim_due(now, lane, limit))


async def test_nobody_is_due_in_an_empty_store(store: AnyStore) -> None:
    """Neither is there a next instant, nor for people without one."""
    async with store.unit() as unit:
        await unit.lock([LUC])
    assert await store.next_wake() is None
    assert await due(store, NOW) == []


async def test_a_fact_only_wakes_earlier(store: AnyStore) -> None:
    """What is stored stays when it is earlier; ``None`` leaves a lane as it is."""
    await write(store, wake(LUC, NOW, NOW + HOUR))
    await write(store, wake(LUC, NOW + HOUR, None))
    assert await store.next_wake() == NOW
    assert await due(store, NOW) == [LUC]
    await write(store, wake(LUC, NOW - HOUR))
    assert await due(store, NOW - HOUR) == [LUC]
    assert await due(store, NOW + HOUR, Lane.CAMPAIGN) == [LUC]


async def test_each_lane_has_its_own_next_instant(store: AnyStore) -> None:
    """A backlog of a campaign is not what the lane of meetings waits for."""
    await write(store, wake(LUC, NOW + HOUR, NOW), wake(ANNIE, None, NOW - HOUR))
    assert await store.next_wake(Lane.LIVE) == NOW + HOUR
    assert await store.next_wake(Lane.CAMPAIGN) == NOW - HOUR
    assert await store.next_wake() == NOW - HOUR


async def test_a_decision_replaces(store: AnyStore) -> None:
    """Later instants too; ``None`` clears the lane."""
    await write(store, wake(LUC, NOW, NOW))
    await write(store, wake(LUC, NOW + HOUR, None, only_earlier=False))
    assert await store.next_wake() == NOW + HOUR
    assert await due(store, NOW) == []
    assert await due(store, NOW + HOUR, Lane.CAMPAIGN) == []
    await write(store, wake(LUC, None, None, only_earlier=False))
    assert await store.next_wake() is None


@pytest.mark.parametrize(
    ("wakes", "expected"),
    [
        ([wake(LUC, NOW + HOUR), wake(LUC, NOW)], NOW),
        ([wake(LUC, NOW + 3 * HOUR, only_earlier=False), wake(LUC, NOW + HOUR)], NOW + HOUR),
        ([wake(LUC, NOW), wake(LUC, NOW + 2 * HOUR, only_earlier=False)], NOW + 2 * HOUR),
        ([wake(LUC, None, only_earlier=False), wake(LUC, None)], None),
    ],
)
async def test_wakes_of_one_write_count_one_after_the_other(store: AnyStore, wakes: list[Wake], expected: datetime | None) -> None:
    """As if each had been written alone."""
    await write(store, wake(LUC, NOW + 5 * HOUR))
    await write(store, *wakes)
    assert await store.next_wake() == expected


async def test_who_leaves_wakes_everybody_on_the_list(store: AnyStore) -> None:
    """In one write: who has an open alert with them or taken by them; closed ones and other lists wake nobody (§10.8)."""
    gilles, nouria = PersonId("gilles"), PersonId("nouria")
    async with store.unit() as unit:
        await unit.lock([LUC, ANNIE, gilles, nouria])
        rows = [
            alert("al1", LUC),
            alert("al2", ANNIE, advisor_id=None, routed=Routed.AGENCY, claimed_by="mme_durand"),
            alert("al3", gilles, closed_at=NOW, close_reason="handled"),
            alert("al4", nouria, advisor_id="m_petit"),
        ]
        await unit.write(Changes(alerts=rows, wakes=[wake(LUC, NOW - HOUR)]))
    async with store.unit() as unit:
        await unit.write(Changes(alerted=[WakeAlerted(advisor_id="mme_durand", at=NOW)]))
    assert await store.next_wake() == NOW - HOUR
    assert await due(store, NOW) == [LUC, ANNIE]


async def test_claims_take_the_oldest_first_up_to_the_limit(store: AnyStore) -> None:
    """People whose instant has not come are left alone; equal instants go by identifier."""
    await write(store, wake(LUC, NOW), wake(ANNIE, NOW - HOUR), wake(PersonId("gilles"), NOW), wake(PersonId("late"), NOW + HOUR))
    assert await due(store, NOW) == [ANNIE, PersonId("gilles"), LUC]
    assert await due(store, NOW, limit=2) == [ANNIE, PersonId("gilles")]
    assert await due(store, NOW - 2 * HOUR) == []


async def test_lanes_are_separate(store: AnyStore) -> None:
    """Who is due in the campaign lane does not stand before the live one."""
    await write(store, wake(LUC, None, NOW), wake(ANNIE, NOW))
    assert await due(store, NOW, Lane.LIVE) == [ANNIE]
    assert await due(store, NOW, Lane.CAMPAIGN) == [LUC]


async def test_a_claim_brings_the_case(store: AnyStore) -> None:
    """Locked and loaded: what a decision needs, and may write."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(Changes(obligations=[obligation()], wakes=[wake(LUC, NOW)]))
    async with store.unit() as unit:
        cases = await unit.claim_due(NOW, Lane.LIVE, 10)
        assert cases[LUC].obligations == (obligation(),)
        await unit.write(Changes(wakes=[wake(LUC, None, only_earlier=False)]))
    assert await store.next_wake() is None


async def test_two_claims_at_once_share_the_work(store: AnyStore) -> None:
    """What somebody else has claimed or locked is skipped, and never waited for; it is there again when they fail."""
    await write(store, wake(LUC, NOW), wake(ANNIE, NOW), wake(PersonId("gilles"), NOW))
    with suppress(RuntimeError):
        async with store.unit() as one, store.unit() as other, store.unit() as third:
            assert list(await one.claim_due(NOW, Lane.LIVE, 1)) == [ANNIE]
            await third.lock([PersonId("gilles")])
            assert list(await other.claim_due(NOW, Lane.LIVE, 10)) == [LUC]
            raise RuntimeError
    assert len(await due(store, NOW)) == 3


async def test_a_unit_sees_its_own_wakes(store: AnyStore) -> None:
    """Claims look at what the unit itself has written."""
    async with store.unit() as unit:
        await unit.lock([LUC, ANNIE])
        await unit.write(Changes(wakes=[wake(LUC, NOW), wake(ANNIE, NOW + HOUR)]))
        assert list(await unit.claim_due(NOW, Lane.LIVE, 10)) == [LUC]


async def test_nobody_decides_about_the_quarantined(store: AnyStore) -> None:
    """They are not claimed and do not count for the next instant, until released; facts about them are still written."""
    await write(store, wake(LUC, NOW), wake(ANNIE, NOW + HOUR))
    async with store.unit() as unit:
        await unit.quarantine(LUC, NOW, "ZeroDivisionError")
    await write(store, wake(LUC, NOW - HOUR))
    assert await due(store, NOW) == []
    assert await store.next_wake() == NOW + HOUR
    await store.release([LUC, PersonId("unknown")])
    assert await due(store, NOW) == [LUC]
    assert await store.next_wake() == NOW - HOUR


async def test_quarantine_survives_the_savepoint_of_the_decision(store: AnyStore) -> None:
    """What raised is undone, that person is set aside, the others' decisions are kept."""
    await write(store, wake(LUC, NOW), wake(ANNIE, NOW))
    async with store.unit() as unit:
        for person in await unit.claim_due(NOW, Lane.LIVE, 10):
            try:
                async with unit.savepoint():
                    decided = Changes(
                        obligations=[obligation(f"rdv:{person}", person)], wakes=[wake(person, NOW + HOUR, only_earlier=False)]
                    )
                    await unit.write(decided)
                    _ = 1 // (person != ANNIE)
            except ZeroDivisionError as error:
                await unit.quarantine(person, NOW, type(error).__name__)
    assert await store.next_wake() == NOW + HOUR
    async with store.unit() as unit:
        cases = await unit.load([LUC, ANNIE])
    assert cases[ANNIE].obligations == ()
    assert len(cases[LUC].obligations) == 1


async def test_only_those_who_are_asked_for(store: AnyStore) -> None:
    """A backlog is worked off in an order of its own; who is not due, or set aside, is left out."""
    people = [PersonId(f"p{number}") for number in range(5)]
    await write(store, *(wake(person, NOW + HOUR * (number - 2)) for number, person in enumerate(people)))
    async with store.unit() as unit:
        await unit.lock(people)
        await unit.quarantine(people[0], NOW, "ValueError")
    async with store.unit() as unit:
        assert list(await unit.claim_due(NOW, Lane.LIVE, 10, [people[3], people[2], people[1], people[0]])) == [people[1], people[2]]
    async with store.unit() as unit:
        assert list(await unit.claim_due(NOW, Lane.LIVE, 1, people)) == [people[1]]
        assert not await unit.claim_due(NOW, Lane.LIVE, 10, [])


@pytest.mark.parametrize("lane", list(Lane))
async def test_the_order_of_a_backlog(store: AnyStore, lane: Lane) -> None:
    """Of those who wait longest, the soonest date ahead first, whatever else somebody owes; who owes nothing ahead comes last."""
    dates = {"far": 9, "near": 2, "both": 1, "past": -1, "done": 3, "nothing": None, "later": 1}
    people = {name: PersonId(name) for name in dates}
    rows = [obligation(f"rdv:{name}", people[name], due_at=NOW + days * 24 * HOUR) for name, days in dates.items() if days is not None]
    rows = [replace(row, state=ObligationState.DONE) if row.person_id == people["done"] else row for row in rows]
    rows.append(obligation("rdv:other", people["both"], due_at=NOW + 30 * 24 * HOUR))
    at = {name: NOW - HOUR * number for number, name in enumerate(dates)} | {"later": NOW + HOUR}
    wakes = [wake(people[name], at[name] if lane is Lane.LIVE else None, at[name] if lane is Lane.CAMPAIGN else None) for name in dates]
    async with store.unit() as unit:
        await unit.lock(list(people.values()))
        await unit.write(Changes(obligations=rows, wakes=wakes))
    assert await store.most_urgent(NOW, lane, 10) == ["both", "near", "far", "nothing", "done", "past"]
    assert await store.most_urgent(NOW, lane, 4) == ["both", "nothing", "done", "past"]
