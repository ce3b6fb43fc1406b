"""What waits to be e-mailed to staff, whichever store is there (§10.8, §10.13)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.adapters.memory.pushes import MemoryPushes
from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.pushes import PostgresPushes
from services.adapters.postgres.store import PostgresStore
from services.core.alarms import Alarm, alarm_id
from services.core.changes import Changes
from services.core.model import Alert, Attempt, PersonId
from services.core.ports.mailbox import Crowd, Lost, PushList, Unpushed
from services.core.words import AlarmType, AlertType, AttemptState, Channel, Severity
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, item, obligation, person

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


def _sms(name: str, who: PersonId, **changed: Any) -> Attempt:
    row = attempt(name, who, state=AttemptState.ACCEPTED, provider="a", provider_ref=f"ref-{name}", items=(item(f"rdv:{name}"),))
    return replace(row, release_at=LOW, accepted_at=LOW + MINUTE, submitted_at=LOW, claimed_at=LOW, **changed)


#: the 10th: five days are left
LOW = datetime(2026, 12, 10, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def _a_bad_day(store: AnyStore, **figures: float) -> None:
    """Provider a lost SMS for one network: two people of Lille, one of Roubaix who was reached since."""
    people = [person(LUC), person(ANNIE), person(PersonId("zoe"), agency_id="roubaix")]
    contacts = [contact(row.person_id, carrier="SFR") for row in people]
    sms = [_sms("lost-luc", LUC), _sms("lost-annie", ANNIE), _sms("lost-zoe", PersonId("zoe"))]
    again = replace(_sms("again", PersonId("zoe")), provider="b", state=AttemptState.DELIVERED)
    again = replace(again, accepted_at=LOW + 2 * HOUR, delivered_at=LOW + 3 * HOUR)
    alarm = Alarm(
        alarm_id=alarm_id(AlarmType.RECEIPTS_LOW, "a/SFR", LOW),
        type=AlarmType.RECEIPTS_LOW,
        scope="a/SFR",
        channel=Channel.SMS,
        figures={"messages": 200, "share": 0.1, **figures},
        since=LOW,
        raised_at=LOW + HOUR,
        cleared_at=LOW + 5 * HOUR,
    )
    async with store.unit() as unit:
        await unit.lock({row.person_id for row in people})
        duties = [obligation(f"rdv:{row.attempt_id}", row.person_id) for row in (*sms, again)]
        await unit.write(Changes(profiles=people, contacts=contacts, obligations=duties, attempts=[*sms, again], alarms=[alarm]))


async def test_agencies_whose_people_were_lost(store: AnyStore, pushes: PushList) -> None:
    """Near a closing day, by agency, until everybody was reached; once a day by the day of Paris (SC-23)."""
    await _a_bad_day(store, closing_in_days=5)
    now = LOW + 6 * HOUR
    closes = datetime(2026, 12, 15, 22, 59, 59, tzinfo=UTC)
    lille = Lost(agency_id="lille", people=2, reached=0, closes_at=closes)
    assert list(await pushes.lost(now)) == [lille]
    await pushes.lost_told("lille", now)
    assert not await pushes.lost(now + 7 * HOUR)
    assert list(await pushes.lost(now + 9 * HOUR)) == [lille]
    assert not await pushes.lost(closes)


async def test_far_from_a_closing_day_agencies_are_left_alone(store: AnyStore, pushes: PushList) -> None:
    """The alarm is for operations (§10.16)."""
    await _a_bad_day(store)
    assert not await pushes.lost(LOW + 6 * HOUR)
