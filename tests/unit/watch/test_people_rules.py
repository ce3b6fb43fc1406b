"""The alarms about people: whom we owe something after an outage (§10.5), and who reads whose file (§8.4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.changes import Changes, FileAccess
from services.core.words import AlarmType, Evidence, ObligationState
from tests.fixtures.facts import LUC, alert, obligation
from tests.fixtures.tower import MORNING, Tower

#: somebody will look at it again
AHEAD: dict[str, Any] = {"next_at": MORNING + timedelta(days=9)}


async def test_a_message_lost_to_an_outage_rings_until_nobody_is_owed_anything(tower: Tower) -> None:
    """One alarm for all of them; over when the last was reached, or answered (§10.5)."""
    lost = obligation("rdv:1", LUC, due_at=MORNING + timedelta(hours=5), outage_at=MORNING - timedelta(hours=60), **AHEAD)
    other = obligation("rdv:2", LUC, due_at=MORNING - timedelta(hours=1), outage_at=MORNING - timedelta(hours=50), **AHEAD)
    await tower.put(Changes(obligations=[lost, other], alerts=[alert(obligation_id="rdv:2")]), LUC)
    assert tower.agenda.next() == MORNING
    (alarm,) = (await tower.look()).raised
    assert (alarm.type, alarm.scope, alarm.since) == (AlarmType.LATE_AFTER_OUTAGE, "duties", lost.outage_at)
    assert alarm.figures == {"duties": 2, "past": 1, "untold": 1}
    noon = tower.at = MORNING + timedelta(hours=2)
    await tower.put(Changes(obligations=[replace(lost, state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3)]), LUC)
    assert tower.agenda.next() == noon
    assert not (await tower.look()).cleared
    await tower.put(Changes(obligations=[replace(other, state=ObligationState.DONE)]), LUC)
    assert [each.type for each in (await tower.look()).cleared] == [AlarmType.LATE_AFTER_OUTAGE]
    assert tower.told == ["alarm.raised", "alarm.cleared"]


async def test_nothing_is_owed_for_ever(tower: Tower) -> None:
    """A week after the date it is over by itself; the clock is told when."""
    lost = obligation("rdv:1", LUC, due_at=MORNING + timedelta(hours=5), outage_at=MORNING, **AHEAD)
    await tower.put(Changes(obligations=[lost]), LUC)
    await tower.look()
    end = lost.due_at + timedelta(days=7)
    assert tower.agenda.next() == end
    assert not (await tower.look(end - timedelta(seconds=1))).cleared
    assert len((await tower.look(end)).cleared) == 1


@pytest.fixture
def tower() -> Tower:
    """Nothing has happened."""
    return Tower()


async def looked(tower: Tower, people: range, at: datetime, actor: str = "durand", *, granted: bool = True) -> None:
    """Somebody asks for the files of these people."""
    tower.at = at
    rows = [FileAccess(at=at, actor=actor, person_id=f"p{each}", purpose="read_file", granted=granted) for each in people]
    await tower.put(Changes(accesses=rows))


async def test_more_files_than_work_can_need_ring(tower: Tower) -> None:
    """More than fifty people's within an hour, shown or refused; over when there are not so many any more (§8.4)."""
    await looked(tower, range(40), MORNING)
    half = MORNING + timedelta(minutes=30)
    await looked(tower, range(40, 50), half, granted=False)
    assert not (await tower.look()).raised
    late = MORNING + timedelta(minutes=59)
    await looked(tower, range(50, 51), late)
    assert tower.agenda.next() == late
    (alarm,) = (await tower.look()).raised
    assert (alarm.type, alarm.scope, alarm.since) == (AlarmType.UNUSUAL_ACCESS, "durand", MORNING)
    assert alarm.figures == {"files": 51, "denied": 10}
    assert not (await tower.look(MORNING + timedelta(hours=1))).cleared
    assert tower.agenda.next() == late + timedelta(hours=1)
    assert [each.scope for each in (await tower.look(MORNING + timedelta(minutes=61))).cleared] == ["durand"]
    assert tower.told == ["alarm.raised", "alarm.cleared"]


async def test_the_same_file_many_times_is_one_file(tower: Tower) -> None:
    """Who works on fifty people all day long does not ring, nor do two who share the work."""
    for minute in range(20):
        await looked(tower, range(50), MORNING + timedelta(minutes=minute))
        await looked(tower, range(50, 100), MORNING + timedelta(minutes=minute), "morel")
    assert not (await tower.look()).raised


async def test_the_sanction_procedure_may_read_many(tower: Tower) -> None:
    """A system that asks for every verdict's proof is not somebody who is curious."""
    await looked(tower, range(500), MORNING, "procedure")
    assert not (await tower.look()).raised
