"""What waits to be e-mailed to staff, whichever store is there (§10.8, §10.13)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.adapters.memory.pushes import MemoryPushes
from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.pushes import PostgresPushes
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes
from services.core.model import Alert, PersonId
from services.core.ports.mailbox import Crowd, PushList, Unpushed
from services.core.words import AlertType, Severity
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, obligation, person

HOUR = timedelta(hours=1)


@pytest.fixture
def pushes(store: AnyStore, request: pytest.FixtureRequest) -> PushList:
    """The list over the same store."""
    if isinstance(store, MemoryStore):
        return MemoryPushes(store)
    assert isinstance(store, PostgresStore)
    pool: Pool = request.getfixturevalue("pool")
    return PostgresPushes(pool)


async def _stored(store: AnyStore, *alerts: Alert) -> None:
    async with store.unit() as unit:
        people = {row.person_id for row in alerts}
        await unit.lock(people | {LUC})
        rows = [obligation(str(row.obligation_id), row.person_id) for row in alerts]
        await unit.write(Changes(profiles=[person(LUC)], obligations=rows, alerts=list(alerts)))


async def test_what_waits(store: AnyStore, pushes: PushList) -> None:
    """Open, unclaimed, not e-mailed; soonest first, with the first name where the directory told it."""
    first = alert("al1", LUC, act_by=NOW + HOUR)
    second = alert("al2", ANNIE, obligation_id="rdv:2", act_by=NOW + 2 * HOUR)
    await _stored(
        store,
        second,
        first,
        alert("al3", LUC, obligation_id="rdv:3", claimed_by="adv"),
        alert("al4", LUC, obligation_id="rdv:4", closed_at=NOW, close_reason="handled"),
        alert("al5", LUC, obligation_id="rdv:5", pushed_at=NOW),
    )
    assert list(await pushes.unpushed()) == [Unpushed(alert=first, first_name="Luc"), Unpushed(alert=second)]


async def test_what_was_sent_waits_no_more(store: AnyStore, pushes: PushList) -> None:
    """But for what moved to another list, or became more severe, while the e-mail was on its way."""
    same = alert("al1", LUC, routed_at=NOW)
    moved = alert("al2", LUC, obligation_id="rdv:2", routed_at=NOW)
    urgent = alert("al3", LUC, obligation_id="rdv:3", routed_at=None)
    await _stored(store, same, replace(moved, routed_at=NOW + HOUR), replace(urgent, severity=Severity.CRITICAL))
    await pushes.pushed([same, moved, urgent], NOW + HOUR)
    assert [line.alert.alert_id for line in await pushes.unpushed()] == ["al2", "al3"]
    async with store.unit() as unit:
        case = (await unit.lock([LUC]))[LUC]
    assert [row.pushed_at for row in case.alerts] == [NOW + HOUR, None, None]


async def test_crowded_lists(store: AnyStore, pushes: PushList) -> None:
    """More open ones than the budget, claimed or not; once a day, by the day of Paris."""
    many = [alert(f"al{n}", LUC, obligation_id=f"rdv:{n}", raised_at=NOW + n * HOUR) for n in range(3)]
    other = [alert("al8", LUC, obligation_id="rdv:8", advisor_id="m_petit"), alert("al9", LUC, obligation_id="rdv:9", closed_at=NOW)]
    moved = replace(many[2], agency_id="roubaix", claimed_by="mme_durand")
    await _stored(store, *many[:2], moved, *other)
    assert not await pushes.crowded(3, NOW)
    assert list(await pushes.crowded(2, NOW)) == [Crowd(advisor_id="mme_durand", agency_id="roubaix", open=3)]
    await pushes.crowd_told("mme_durand", NOW)
    assert not await pushes.crowded(2, NOW + 13 * HOUR)
    # Friday 10:00 in Paris; at 23:00 UTC it is Saturday there
    assert len(await pushes.crowded(2, NOW + 14 * HOUR)) == 1
    await pushes.crowd_told("mme_durand", NOW + 14 * HOUR)
    assert not await pushes.crowded(2, NOW + 14 * HOUR)


async def test_an_alert_of_another_type_is_another_line(store: AnyStore, pushes: PushList) -> None:
    """One person, one duty, two types (§10.8)."""
    await _stored(store, alert("al1", LUC), alert("al2", LUC, type=AlertType.CALLBACK_REQUESTED, act_by=NOW))
    assert [line.alert.alert_id for line in await pushes.unpushed()] == ["al2", "al1"]
    assert {line.alert.person_id for line in await pushes.unpushed()} == {PersonId("luc")}
