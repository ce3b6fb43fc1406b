"""When a silent feed speaks again, everybody who waited is woken once, a portion at a time, whatever happens to the watch (§10.16)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from services.adapters.memory.unit import MemoryUnit
from services.core.changes import Changes, Wake
from services.core.model import PersonId
from services.core.ports.store import StoreUnavailable
from services.core.words import AlarmType, Kind, Lane, ObligationState
from services.runtime.metrics import Metrics
from services.runtime.waiting import Waiting
from services.watch.app import _watch
from tests.fixtures.facts import obligation
from tests.fixtures.tower import MORNING, Tower

HOUR = timedelta(hours=1)
WAITING = [PersonId(f"w{number}") for number in range(5)]


@dataclass(slots=True)
class Slow:
    """A clock by which each portion takes two seconds."""

    at: datetime

    def now(self) -> datetime:
        """See ``Clock.now``."""
        self.at += timedelta(seconds=2)
        return self.at


async def done(tower: Tower, at: datetime) -> None:
    """Somebody's actualisation is done."""
    tower.at = at
    row = obligation("act:zoe", PersonId("zoe"), kind=Kind.ACTUALISATION, state=ObligationState.DONE, changed_at=at)
    await tower.put(Changes(obligations=[row]), PersonId("zoe"))


async def planned(tower: Tower) -> None:
    """A planner has looked at everybody, who waits for tomorrow."""
    tomorrow, closing = MORNING + timedelta(days=1), MORNING + timedelta(days=5)
    rows = [obligation(f"act:{each}", each, kind=Kind.ACTUALISATION, due_at=closing, next_at=tomorrow) for each in WAITING]
    wakes = [Wake(person_id=each, live_at=None, campaign_at=tomorrow, only_earlier=False) for each in WAITING]
    await tower.put(Changes(obligations=rows, wakes=wakes), *WAITING)


async def due(tower: Tower) -> list[PersonId]:
    """Whom the campaign looks at today."""
    async with tower.store.unit() as unit:
        return list(await unit.claim_due(MORNING + timedelta(hours=12), Lane.CAMPAIGN, 100))


@pytest.fixture
async def tower() -> Tower:
    """Nobody was heard of for two hours, and five people wait; then somebody is done. Two people are a portion."""
    tower = Tower()
    await done(tower, MORNING)
    assert [alarm.type for alarm in (await tower.look(MORNING + 2 * HOUR)).raised] == [AlarmType.FEED_SILENT]
    await planned(tower)
    await done(tower, MORNING + 3 * HOUR)
    tower.watch.portion = 2
    return tower


async def test_everybody_is_woken_once(tower: Tower) -> None:
    """In the round that clears the alarm when there is time; the rounds after it leave them alone."""
    watched = await tower.look()
    assert (len(watched.cleared), watched.woken, watched.more) == (1, 5, False)
    assert await due(tower) == WAITING
    await planned(tower)
    assert (await tower.look(MORNING + 4 * HOUR)).woken == 0
    assert await due(tower) == []


async def test_nobody_is_woken_before_the_alarm_is_cleared(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planner that looked at them earlier would let them wait again."""
    wake, open_alarms = MemoryUnit.wake_actualisations, []

    async def looked(self: MemoryUnit, at: datetime, limit: int) -> int | None:
        rows = tower.store.committed.alarms.all()
        open_alarms.append([row for row in rows if row.type is AlarmType.FEED_SILENT and row.cleared_at is None])
        return await wake(self, at, limit)

    monkeypatch.setattr(MemoryUnit, "wake_actualisations", looked)
    assert (await tower.look()).woken == 5
    assert open_alarms == [[]] * 5


async def test_a_round_does_not_stay_away_for_long(tower: Tower) -> None:
    """After some seconds somebody has to look again, at once, and goes on with those who are left; each alarm is told once."""
    tower.watch.clock = Slow(tower.at)
    first = await tower.look()
    assert (len(first.cleared), first.woken, first.more) == (1, 4, True)
    assert await due(tower) == WAITING[:4]
    second = await tower.look(tower.at + timedelta(seconds=8))
    assert (second.cleared, second.woken) == ([], 1)
    assert await due(tower) == WAITING
    third = await tower.look(tower.at + timedelta(seconds=8))
    assert (third.woken, third.more) == (0, False)
    assert tower.told == ["alarm.raised", "alarm.cleared"]


async def test_a_watch_that_was_killed_goes_on_where_it_was(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a portion: that portion is woken by the next watch with all that follow, earlier ones are not."""
    wake, portions = MemoryUnit.wake_actualisations, []

    async def killed(self: MemoryUnit, at: datetime, limit: int) -> int | None:
        portions.append(await wake(self, at, limit))
        if len(portions) == 2:
            raise asyncio.CancelledError
        return portions[-1]

    monkeypatch.setattr(MemoryUnit, "wake_actualisations", killed)
    with pytest.raises(asyncio.CancelledError):
        await tower.look()
    assert await due(tower) == WAITING[:2]
    tower.restarted()
    assert (await tower.look()).woken == 3
    assert await due(tower) == WAITING


async def test_a_database_that_goes_away_takes_no_alarm_with_it(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the round has cleared is stored, so it is told; the next look, which is now, wakes the rest."""
    wake, portions = MemoryUnit.wake_actualisations, []

    async def away(self: MemoryUnit, at: datetime, limit: int) -> int | None:
        portions.append(await wake(self, at, limit))
        if len(portions) == 2:
            raise StoreUnavailable("PostgreSQL ended the connection")
        return portions[-1]

    monkeypatch.setattr(MemoryUnit, "wake_actualisations", away)
    watched = await tower.look()
    assert (len(watched.cleared), watched.woken, watched.more) == (1, 2, False)
    assert tower.agenda.next() == tower.at
    assert (await tower.look()).woken == 3
    assert await due(tower) == WAITING


async def test_a_new_silence_ends_the_waking(tower: Tower) -> None:
    """Who was not woken waits for its end, when everybody is woken from the first on: the others may have waited in it as well."""
    tower.watch.clock = Slow(tower.at)
    assert (await tower.look()).more
    await planned(tower)
    watched = await tower.look(MORNING + 5 * HOUR)
    assert ([alarm.type for alarm in watched.raised], watched.woken, watched.more) == ([AlarmType.FEED_SILENT], 0, False)
    assert (await tower.look(MORNING + 5 * HOUR + timedelta(minutes=1))).woken == 0
    assert await due(tower) == []
    await done(tower, MORNING + 6 * HOUR)
    tower.watch.clock = tower
    watched = await tower.look()
    assert (len(watched.cleared), watched.woken) == (1, 5)
    assert await due(tower) == WAITING


async def test_two_copies_wake_everybody_once(tower: Tower) -> None:
    """Side by side they share the portions, or one of them has them all."""
    one = tower.watch
    tower.restarted()
    other = tower.watch
    other.portion = 2
    rounds = await asyncio.gather(one.round(tower.at), other.round(tower.at))
    assert sorted(len(watched.cleared) for watched in rounds) == [0, 1]
    assert sum(watched.woken for watched in rounds) == 5
    assert await due(tower) == WAITING


async def test_the_process_looks_again_at_once_while_people_are_left(tower: Tower) -> None:
    """It does not rest until the next regular look, which is an hour away here."""
    tower.watch.clock = Slow(tower.at)
    async with tower.store.unit() as unit:
        await unit.begin_waking()
    process = asyncio.create_task(_watch(tower.watch, HOUR, Metrics(), Waiting()))
    try:
        async with asyncio.timeout(5):
            while await due(tower) != WAITING:  # noqa: ASYNC110 - the store in memory tells nobody
                await asyncio.sleep(0.01)
    finally:
        process.cancel()
        with suppress(asyncio.CancelledError):
            await process
