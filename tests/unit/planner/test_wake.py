"""A round of the planner on the store in memory: written at once, once, and one person's trouble stops nobody."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.core import decide as deciding
from services.core.changes import Changes, Wake
from services.core.decision import Plan
from services.core.model import Obligation, PersonId
from services.core.view import View
from services.core.words import AlertType, AttemptState, Lane, ObligationState
from services.planner.wake import Planner
from tests.fixtures.steps import House
from tests.unit.core.scene import LEILA, NOW, Words, case, meeting, mobile, person


async def _woken(house: House, *people: PersonId) -> None:
    async with house.store.unit() as unit:
        await unit.lock(people)
        await unit.write(Changes(wakes=[Wake(person_id=one, live_at=house.now, campaign_at=None) for one in people]))


async def _ready() -> House:
    house = House()
    await house.stored(case(meeting()))
    await _woken(house, LEILA)
    return house


async def test_a_due_person_is_written_to() -> None:
    """The message, its dispatch, the next instant of the duty and of the person, in one transaction."""
    house = await _ready()
    woken = await house.plan()
    assert (woken.people, woken.released) == (1, 1)
    stored = await house.case()
    assert stored.attempts[0].state is AttemptState.RELEASED
    assert stored.obligations[0].next_at is not None
    assert [message.topic for message in await house.outbox()] == ["dispatch.sms.v1"]
    assert await house.store.next_wake() == NOW + timedelta(minutes=10)


async def test_nobody_is_due_twice() -> None:
    """The next round at the same instant finds nobody; woken all the same, it finds nothing to do."""
    house = await _ready()
    await house.plan()
    assert (await house.plan()).people == 0
    await _woken(house, LEILA)
    again = await house.plan()
    assert (again.people, again.released) == (1, 0)
    assert len(await house.outbox()) == 1


async def test_the_campaigns_lane_is_its_own() -> None:
    """Millions of openings never stand before a convocation."""
    house = await _ready()
    assert (await house.plan(Lane.CAMPAIGN)).people == 0
    assert (await house.plan(Lane.LIVE)).people == 1


async def test_one_persons_trouble_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """She is put aside with the class of the error, her rows untouched; the others are written to."""
    luc = PersonId("luc")
    house = await _ready()
    other = replace(meeting("cv:2"), person_id=luc)
    await house.stored(replace(case(other), person_id=luc, person=person(person_id=luc), contacts=(mobile(person_id=luc),)))
    await _woken(house, LEILA, luc)
    real = deciding._plan

    def fails_for_leila(view: View, obligation: Obligation) -> Plan:
        if view.person.person_id == LEILA:
            raise LookupError
        return real(view, obligation)

    monkeypatch.setattr(deciding, "_plan", fails_for_leila)
    woken = await house.plan()
    assert woken.quarantined == [(LEILA, "LookupError")]
    assert woken.released == 1
    assert not (await house.case()).attempts
    assert (await house.case(luc)).attempts


async def test_an_alert_is_stored_published_and_closed() -> None:
    """Raised with its words; closed when its cause is gone; one row (§10.8)."""
    house = House()
    await house.stored(case(meeting(), contacts=()))
    await _woken(house, LEILA)
    assert AlertType.NO_CHANNEL in (await house.plan()).alerts
    async with house.store.unit() as unit:
        await unit.lock([LEILA])
        await unit.write(Changes(obligations=[meeting(state=ObligationState.HANDLED)]))
    house.later(minutes=1)
    await _woken(house, LEILA)
    await house.plan()
    assert [alert.close_reason for alert in (await house.case()).alerts] == ["handled"]
    types = [message.type for message in await house.outbox() if message.topic == "alerts.v1"]
    assert types == ["alert.raised", "alert.closed"]


async def test_a_missed_meeting_gets_its_dossier_and_its_verdict() -> None:
    """Once, with the level; the published duty says it (SC-48, §2.3)."""
    duty = meeting(state=ObligationState.MISSED, settled_at=NOW, due_at=NOW - timedelta(hours=1))
    house = House()
    await house.stored(case(duty))
    await _woken(house, LEILA)
    await house.plan()
    stored = (await house.case()).obligations[0]
    assert (stored.verdict, stored.non_receipt) == ("not_proved", True)
    assert [line["level"] for line in await house.lines("dossier")] == ["E0"]


@pytest.mark.parametrize(
    ("late", "order"), [(timedelta(minutes=15), ["far", "soon", "near"]), (timedelta(hours=60), ["soon", "near", "far"])]
)
async def test_after_an_outage_the_soonest_date_comes_first(late: timedelta, order: list[str]) -> None:
    """Whoever has waited longest, as long as nobody has for long; each is looked at once, in whatever batches (§10.5)."""
    house = House(now=NOW + late)
    dates = {"far": timedelta(days=20), "soon": timedelta(days=4), "near": timedelta(days=5)}
    for number, (name, days) in enumerate(dates.items()):
        who = PersonId(name)
        row = replace(meeting(f"cv:{name}"), person_id=who, due_at=house.now + days)
        async with house.store.unit() as unit:
            await unit.lock([who])
            wakes = [Wake(person_id=who, live_at=NOW + timedelta(seconds=number), campaign_at=None)]
            await unit.write(Changes(obligations=[row], wakes=wakes))
    planner = Planner(store=house.store, texts=Words(), snapshot=house.snapshot)
    seen: list[str] = []
    while (before := await _waiting(house, dates)) and (await planner.round(Lane.LIVE, 1, house.now)).people:
        seen += before - await _waiting(house, dates)
    assert seen == order


async def _waiting(house: House, people: Iterable[str]) -> set[str]:
    """Who is still due."""
    async with house.store.unit() as unit:
        return set(people) & {str(one) for one in await unit.claim_due(house.now, Lane.LIVE, 100)}


async def test_two_planners_share_a_backlog() -> None:
    """What the other one has locked is left to it, and what it has done is not done again."""
    house = House(now=NOW + timedelta(hours=60))
    people = [PersonId(f"p{number}") for number in range(5)]
    await _woken(House(now=NOW, store=house.store), *people)
    one, other = (Planner(store=house.store, texts=Words(), snapshot=house.snapshot) for _ in range(2))
    async with house.store.unit() as unit:
        assert len(await unit.claim_due(house.now, Lane.LIVE, 2)) == 2
        assert (await one.round(Lane.LIVE, 2, house.now)).people == 2
        assert (await other.round(Lane.LIVE, 2, house.now)).people == 1
        assert (await other.round(Lane.LIVE, 2, house.now)).people == 0
    assert [(await one.round(Lane.LIVE, 2, house.now)).people for _ in range(2)] == [2, 0]


async def test_two_rounds_of_one_planner_find_out_the_order_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one round waits for the database the other decides: each about its own people, from one list."""
    house = House(now=NOW + timedelta(hours=60))
    people = [PersonId(f"p{number}") for number in range(6)]
    await _woken(House(now=NOW, store=house.store), *people)
    asked = 0
    real = house.store.most_urgent

    async def counted(now: datetime, lane: Lane, limit: int) -> list[PersonId]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return await real(now, lane, limit)

    monkeypatch.setattr(house.store, "most_urgent", counted)
    planner = Planner(store=house.store, texts=Words(), snapshot=house.snapshot)
    both = await asyncio.gather(*(planner.round(Lane.LIVE, 3, house.now) for _ in range(2)))
    assert [woken.people for woken in both] == [3, 3]
    assert asked == 1
    assert await _waiting(house, people) == set()
