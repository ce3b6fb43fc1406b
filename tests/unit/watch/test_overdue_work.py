"""OVERDUE_WORK rings for whatever waits too long, or would wait for ever, and is over when it does not (§10.16)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.adapters.memory.readings import MemoryReadings
from services.core.changes import Changes, Outgoing, Wake
from services.core.model import PersonId
from services.core.ports.watch import Overdue
from services.core.words import AlarmType, AttemptState, ObligationState
from services.watch.watch import Watched
from tests.fixtures.facts import ANNIE, LUC, alert, obligation
from tests.fixtures.tower import MORNING, Tower
from tests.unit.core.scene import paris

#: a duty of three days ahead at which nobody would ever look again
ADRIFT = obligation("rdv:1", LUC, due_at=MORNING + timedelta(days=3), next_at=None, changed_at=MORNING)


@pytest.fixture
def tower() -> Tower:
    """Nothing has happened."""
    return Tower()


def rung(watched: Watched) -> list[tuple[AlarmType, str]]:
    """Type and scope of what was raised."""
    return [(alarm.type, alarm.scope) for alarm in watched.raised]


async def test_overdue_work_rings_by_queue(tower: Tower) -> None:
    """Somebody waits for a decision for more than five minutes, a message for Kafka for more than two; over once it moves."""
    luc = PersonId("luc")
    message = Outgoing(topic="alerts.v1", key="k", type="alert.raised", subject="s", data={}, shard_key="k", at=MORNING)
    await tower.put(Changes(wakes=[Wake(person_id=luc, live_at=MORNING, campaign_at=None)], outbox=[message]), luc)
    assert not (await tower.look(MORNING + timedelta(minutes=2))).raised
    assert rung(await tower.look(MORNING + timedelta(minutes=5))) == [(AlarmType.OVERDUE_WORK, "outbox")]
    assert rung(await tower.look(MORNING + timedelta(minutes=6))) == [(AlarmType.OVERDUE_WORK, "wakes")]
    await tower.put(Changes(wakes=[Wake(person_id=luc, live_at=None, campaign_at=None, only_earlier=False)]), luc)
    assert [alarm.scope for alarm in (await tower.look()).cleared] == ["wakes"]


@pytest.mark.parametrize(
    ("since", "minutes"),
    [
        (paris("2026-11-28", "00:30"), 60),
        (paris("2026-12-05", "10:00"), 60),
        (paris("2026-12-09", "20:00"), 60),
        (paris("2026-12-10", "10:00"), 5),
        (paris("2026-12-15", "18:00"), 5),
        (paris("2026-12-16", "10:00"), 60),
    ],
    ids=["the month opens", "days ahead of the closing", "the evening before the campaign", "the campaign", "the last day", "closed"],
)
async def test_millions_of_a_campaign_may_take_an_hour_until_the_closing_is_near(tower: Tower, since: datetime, minutes: int) -> None:
    """A month that opens is half an hour's work and harms nobody; from the sixth day before the closing on it rings as for anybody."""
    await tower.put(Changes(wakes=[Wake(person_id=LUC, live_at=since + timedelta(days=30), campaign_at=since)]), LUC)
    limit = since + timedelta(minutes=minutes)
    assert not (await tower.look(limit)).raised
    (alarm,) = (await tower.look(limit + timedelta(seconds=1))).raised
    assert (alarm.type, alarm.scope, alarm.figures) == (AlarmType.OVERDUE_WORK, "campaign", {"waiting": 1, "oldest_minutes": minutes})


async def test_a_campaign_hides_nobody_who_waits_in_the_live_lane(tower: Tower) -> None:
    """Somebody with a meeting rings after five minutes, among people of a campaign who wait for longer; over by themselves."""
    opened = paris("2026-11-30", "09:00")
    await tower.put(Changes(wakes=[Wake(person_id=ANNIE, live_at=None, campaign_at=opened)]), ANNIE)
    await tower.put(Changes(wakes=[Wake(person_id=LUC, live_at=opened + timedelta(minutes=20), campaign_at=None)]), LUC)
    assert not (await tower.look(opened + timedelta(minutes=25))).raised
    assert rung(await tower.look(opened + timedelta(minutes=26))) == [(AlarmType.OVERDUE_WORK, "wakes")]
    await tower.put(Changes(wakes=[Wake(person_id=LUC, live_at=None, campaign_at=None, only_earlier=False)]), LUC)
    assert [alarm.scope for alarm in (await tower.look()).cleared] == ["wakes"]


async def ringing_at(tower: Tower, minutes: float) -> list[tuple[AlarmType, str]]:
    """What rings so long after the morning, for the first time."""
    return rung(await tower.look(MORNING + timedelta(minutes=minutes)))


async def test_a_dispatch_that_nobody_claims_rings(tower: Tower) -> None:
    """After half an hour; over once somebody has it."""
    await tower.sent(1, state=AttemptState.RELEASED, claimed_at=None, accepted_at=None, provider=None, provider_ref=None, tries=0)
    assert not await ringing_at(tower, 30)
    assert await ringing_at(tower, 31) == [(AlarmType.OVERDUE_WORK, "released")]
    (row,) = tower.store.committed.attempts.all()
    await tower.put(Changes(attempts=[replace(row, state=AttemptState.ACCEPTED)]), row.person_id)
    assert [alarm.scope for alarm in (await tower.look()).cleared] == ["released"]


async def test_a_message_that_is_submitted_for_ever_rings(tower: Tower) -> None:
    """Nobody says what became of it for a quarter of an hour: whoever had it died, and nobody asks."""
    await tower.sent(1, state=AttemptState.SUBMITTING, accepted_at=None, provider_ref=None)
    assert not await ringing_at(tower, 15)
    assert await ringing_at(tower, 16) == [(AlarmType.OVERDUE_WORK, "submitting")]
    (row,) = tower.store.committed.attempts.all()
    await tower.put(Changes(attempts=[replace(row, state=AttemptState.ACCEPTED)]), row.person_id)
    assert [alarm.scope for alarm in (await tower.look()).cleared] == ["submitting"]


async def test_a_quarantined_person_rings_at_once(tower: Tower) -> None:
    """Nothing is sent to them until somebody acts; over when they are released."""
    await tower.put(Changes(), LUC)
    async with tower.store.unit() as unit:
        await unit.lock([LUC])
        await unit.quarantine(LUC, MORNING, "ValueError")
    assert await ringing_at(tower, 1) == [(AlarmType.OVERDUE_WORK, "quarantined")]
    await tower.store.release([LUC])
    assert [alarm.scope for alarm in (await tower.look()).cleared] == ["quarantined"]


@pytest.mark.parametrize("next_at", [None, MORNING])
async def test_a_duty_without_a_future_rings(tower: Tower, next_at: datetime | None) -> None:
    """Ahead, no next instant or one long past, nobody about to look, nobody told; over when there is a future again."""
    duty = replace(ADRIFT, next_at=next_at)
    await tower.put(Changes(obligations=[duty]), LUC)
    assert not await ringing_at(tower, 15)
    assert await ringing_at(tower, 16) == [(AlarmType.OVERDUE_WORK, "adrift")]
    await tower.put(Changes(obligations=[replace(duty, next_at=MORNING + timedelta(days=1))]), LUC)
    assert [alarm.scope for alarm in (await tower.look()).cleared] == ["adrift"]


@pytest.mark.parametrize(
    "changes",
    [
        Changes(wakes=[Wake(person_id=LUC, live_at=MORNING + timedelta(minutes=59), campaign_at=None)]),
        Changes(alerts=[alert(person_id=LUC, obligation_id="rdv:1")]),
        Changes(obligations=[replace(ADRIFT, due_at=MORNING + timedelta(minutes=10))]),
        Changes(obligations=[replace(ADRIFT, state=ObligationState.DONE)]),
        Changes(obligations=[replace(ADRIFT, next_at=MORNING + timedelta(hours=2))]),
    ],
    ids=["about to be looked at", "an advisor was told", "its date has come", "settled", "has a future"],
)
async def test_a_duty_that_somebody_looks_after_does_not_ring(tower: Tower, changes: Changes) -> None:
    """Whoever waits for the planner is another queue; an open alert, a date that has come or a next instant is a future."""
    await tower.put(Changes(obligations=[ADRIFT]), LUC)
    await tower.put(changes, LUC)
    (queue,) = [one for one in await MemoryReadings(tower.store).overdue(MORNING + timedelta(hours=1)) if one.what == "adrift"]
    assert queue.count == 0
    assert (AlarmType.OVERDUE_WORK, "adrift") not in await ringing_at(tower, 60)


class Slow:
    """Implements ``Readers``: what the test says."""

    def __init__(self) -> None:
        self.waiting: list[Overdue] = []

    def overdue(self, now: datetime) -> list[Overdue]:
        """See ``Readers.overdue``."""
        return self.waiting


@pytest.mark.parametrize(
    ("what", "where", "minutes", "scope"),
    [("kafka", "", 2, "kafka"), ("stalled", "receipts.v1", 5, "stalled/receipts.v1"), ("behind", "people.v1", 60, "behind/people.v1")],
)
async def test_readers_that_do_not_get_on_ring(tower: Tower, what: str, where: str, minutes: int, scope: str) -> None:
    """No broker for two minutes, nothing acknowledged for five, unread records for an hour; over when they are gone."""
    slow = Slow()
    tower.watch.readers = slow
    slow.waiting = [Overdue(what=what, where=where, count=3, since=MORNING)]
    assert not await ringing_at(tower, minutes)
    (alarm,) = (await tower.look(MORNING + timedelta(minutes=minutes, seconds=1))).raised
    assert (alarm.type, alarm.scope, alarm.figures) == (AlarmType.OVERDUE_WORK, scope, {"waiting": 3, "oldest_minutes": minutes})
    slow.waiting = [Overdue(what=what, where=where, count=0, since=None)]
    assert [alarm.scope for alarm in (await tower.look()).cleared] == [scope]
