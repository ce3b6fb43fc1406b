"""Each alarm rings when it should, not before, and is over when it should be: the rules over the store in memory (§10.16)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.adapters.memory.readings import MemoryReadings
from services.core.changes import Changes, RefusedCallbacks, Wake
from services.core.model import PersonId
from services.core.ports.store import DeadLetter
from services.core.ports.watch import SmsReceipts
from services.core.words import AlarmType, AttemptState, Channel, Kind, ObligationState, ReceiptStatus
from services.watch.rules import RULES
from services.watch.watch import Watched
from tests.fixtures.facts import obligation
from tests.fixtures.tower import MORNING, Tower
from tests.unit.core.scene import paris

QUARTER = timedelta(minutes=15)
DELIVERED: dict[str, Any] = {"state": AttemptState.DELIVERED, "delivered_at": MORNING + timedelta(minutes=1)}
REFUSED: dict[str, Any] = {"state": AttemptState.FAILED, "last_status": ReceiptStatus.FAILED_POLICY, "closed_at": MORNING}


@pytest.fixture
def tower() -> Tower:
    """Nothing has happened."""
    return Tower()


def rung(watched: Watched) -> list[tuple[AlarmType, str]]:
    """Type and scope of what was raised."""
    return [(alarm.type, alarm.scope) for alarm in watched.raised]


# ---- RECEIPTS_LOW


@pytest.mark.parametrize(
    ("delivered", "lost", "rings"),
    [(119, 81, True), (120, 80, False), (0, 199, False), (0, 200, True), (300, 199, False), (299, 201, True)],
)
async def test_receipts_below_the_share_ring(tower: Tower, delivered: int, lost: int, rings: bool) -> None:
    """Below 60 % of at least 200 messages of one quarter of an hour (SC-23)."""
    await tower.sent(delivered, **DELIVERED)
    await tower.sent(lost)
    watched = await tower.look(MORNING + QUARTER + timedelta(minutes=8))
    assert rung(watched) == ([(AlarmType.RECEIPTS_LOW, "a/SFR")] if rings else [])


async def test_receipts_are_judged_within_ten_minutes_of_the_window(tower: Tower) -> None:
    """Not before they had their time; the clock is told when; each window once."""
    await tower.sent(250, MORNING + timedelta(minutes=14, seconds=59))
    judged = MORNING + QUARTER + timedelta(minutes=8)
    assert tower.agenda.next() == judged
    assert not (await tower.look(judged - timedelta(seconds=1))).raised
    (alarm,) = (await tower.look(judged)).raised
    assert alarm.figures == {"messages": 250, "share": 0.0, "usual": 0.92}
    assert (alarm.since, alarm.raised_at, alarm.channel) == (MORNING, judged, Channel.SMS)
    assert judged - (MORNING + QUARTER) <= timedelta(minutes=10)
    assert not (await tower.look(judged + timedelta(minutes=1))).raised
    assert tower.told == ["alarm.raised"]


async def test_networks_and_providers_are_judged_apart(tower: Tower) -> None:
    """One network's silence says nothing of another's; a network that nobody named is one too."""
    await tower.sent(200, carrier="SFR")
    await tower.sent(200, carrier="Orange", **DELIVERED)
    await tower.sent(200, carrier=None, provider="b")
    watched = await tower.look(MORNING + QUARTER + timedelta(minutes=8))
    assert rung(watched) == [(AlarmType.RECEIPTS_LOW, "a/SFR"), (AlarmType.RECEIPTS_LOW, "b/unknown")]


async def test_windows_are_not_added_up(tower: Tower) -> None:
    """150 in each of two windows are too few to say anything."""
    await tower.sent(150, MORNING + timedelta(minutes=14))
    await tower.sent(150, MORNING + timedelta(minutes=16))
    assert not (await tower.look(MORNING + timedelta(hours=1))).raised


async def test_the_circuit_stays_open_until_the_end_of_the_day(tower: Tower) -> None:
    """Then the provider is tried again; what became of the people is told."""
    await tower.sent(200)
    await tower.sent(60, **{**DELIVERED, "delivered_at": MORNING + timedelta(hours=2)})
    await tower.look(MORNING + timedelta(minutes=23))
    midnight = paris("2026-12-11")
    assert (await tower.open())[0].until == midnight
    assert tower.agenda.next() == midnight
    assert not (await tower.look(midnight - timedelta(seconds=1))).cleared
    (alarm,) = (await tower.look(midnight)).cleared
    assert alarm.figures["messages"] == 260
    assert {name: alarm.figures[name] for name in ("persons", "recovered", "unknown")} == {"persons": 260, "recovered": 60, "unknown": 200}
    assert await tower.open() == []
    assert tower.told == ["alarm.raised", "alarm.cleared"]


async def test_agencies_are_to_be_told_when_the_end_is_near(tower: Tower) -> None:
    """Less than five days before the closing day the alarm says how many are left."""
    friday = MORNING + timedelta(days=1)
    await tower.sent(200, friday)
    (alarm,) = (await tower.look(friday + timedelta(minutes=23))).raised
    assert alarm.figures["closing_in_days"] == 4


async def test_a_process_that_was_away_judges_what_it_missed(tower: Tower) -> None:
    """Windows of the last hour; a window that an earlier process judged rings no second time."""
    await tower.sent(200)
    tower.restarted()
    assert len((await tower.look(MORNING + timedelta(minutes=70))).raised) == 1
    tower.restarted()
    assert not (await tower.look(MORNING + timedelta(minutes=71))).raised
    assert len(await tower.open()) == 1


async def test_weeks_without_much_are_read_once(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch that was kept from looking for weeks judges every window, and asks only about times in which enough was sent."""
    asked: list[datetime] = []
    receipts = MemoryReadings.receipts

    async def counted(self: MemoryReadings, since: datetime, until: datetime) -> Sequence[SmsReceipts]:
        asked.append(since)
        return await receipts(self, since, until)

    monkeypatch.setattr(MemoryReadings, "receipts", counted)
    await tower.look()
    asked.clear()
    assert not (await tower.look(MORNING + timedelta(days=21))).raised
    assert len(asked) == 1
    low = MORNING + timedelta(days=30, minutes=3)
    await tower.sent(200, low)
    (alarm,) = (await tower.look(MORNING + timedelta(days=42))).raised
    assert alarm.since == MORNING + timedelta(days=30)
    # 21 days are 2,016 windows: halved eleven times, each half read
    assert len(asked) < 30


# ---- POLICY_REJECTIONS


@pytest.mark.parametrize(("fine", "refused", "rings"), [(49, 1, False), (48, 2, True), (47, 2, False), (98, 2, False), (97, 3, True)])
async def test_refusals_above_the_share_ring(tower: Tower, fine: int, refused: int, rings: bool) -> None:
    """More than 2 % of at least 50 messages within a quarter of an hour (§10.16)."""
    await tower.sent(fine, channel=Channel.EMAIL, provider="m")
    await tower.sent(refused, channel=Channel.EMAIL, provider="m", **REFUSED)
    assert tower.agenda.next() == MORNING
    assert rung(await tower.look()) == ([(AlarmType.POLICY_REJECTIONS, "laposte.net")] if rings else [])


async def test_a_domain_is_paused_for_half_an_hour(tower: Tower) -> None:
    """A refusal meanwhile makes it longer without a second alarm; then it is over."""
    await tower.sent(60, channel=Channel.EMAIL, **REFUSED)
    (alarm,) = (await tower.look()).raised
    assert (alarm.channel, alarm.until) == (Channel.EMAIL, MORNING + timedelta(minutes=30))
    later = MORNING + timedelta(minutes=10)
    await tower.sent(1, later, channel=Channel.EMAIL, **{**REFUSED, "closed_at": later})
    assert not (await tower.look(later)).raised
    assert (await tower.open())[0].until == MORNING + timedelta(minutes=40)
    assert not (await tower.look(MORNING + timedelta(minutes=39))).cleared
    assert len((await tower.look(MORNING + timedelta(minutes=40))).cleared) == 1


async def test_an_sms_provider_that_refuses_us_rings_too(tower: Tower) -> None:
    """By provider: a carrier filters the text, or the sender."""
    await tower.sent(50, **REFUSED)
    assert rung(await tower.look()) == [(AlarmType.POLICY_REJECTIONS, "a")]


# ---- FEED_SILENT


async def done(tower: Tower, at: datetime) -> None:
    """Somebody's actualisation is done."""
    tower.at = at
    row = obligation("act:1", PersonId("luc"), kind=Kind.ACTUALISATION, state=ObligationState.DONE, changed_at=at)
    await tower.put(Changes(obligations=[row]), PersonId("luc"))


@pytest.mark.parametrize(
    ("last", "look", "rings"),
    [
        ("2026-12-10T09:00", "2026-12-10T10:59", False),
        ("2026-12-10T09:00", "2026-12-10T11:00", True),
        # the hours before eight do not count
        ("2026-12-10T03:00", "2026-12-10T09:59", False),
        ("2026-12-10T03:00", "2026-12-10T10:00", True),
        # nor those after eight in the evening
        ("2026-12-10T19:00", "2026-12-10T21:00", False),
        ("2026-12-10T19:00", "2026-12-11T10:00", True),
        # nobody works on Saturday and Sunday; on Monday nothing was seen the day before
        ("2026-12-11T19:00", "2026-12-12T12:00", False),
        ("2026-12-11T19:00", "2026-12-14T12:00", False),
        # no period is open
        ("2026-12-16T09:00", "2026-12-16T12:00", False),
    ],
)
async def test_silence_of_completions_rings(tower: Tower, last: str, look: str, rings: bool) -> None:
    """Two hours within a working day's eight to eight, while a period is open (§10.16)."""
    await done(tower, paris(last[:10], last[11:]))
    await tower.look()
    watched = await tower.look(paris(look[:10], look[11:]))
    assert rung(watched) == ([(AlarmType.FEED_SILENT, "actualisations.v1")] if rings else [])


async def test_nothing_ever_seen_is_no_silence(tower: Tower) -> None:
    """Whoever never sent a completion is not silent."""
    assert not (await tower.look()).raised


async def test_the_clock_is_told_when_a_silence_would_begin(tower: Tower) -> None:
    """So that a story's clock looks then, and at no other instant."""
    await done(tower, MORNING)
    await tower.look(MORNING)
    assert tower.agenda.next() == MORNING + timedelta(hours=2)


async def test_the_first_completion_ends_the_silence(tower: Tower) -> None:
    """And whoever waited is looked at again, in the campaign's lane."""
    await done(tower, MORNING)
    await tower.look(MORNING + timedelta(hours=2))
    waiting = obligation("act:2", PersonId("zoe"), kind=Kind.ACTUALISATION, due_at=MORNING + timedelta(days=5))
    await tower.put(
        Changes(obligations=[waiting], wakes=[Wake(person_id=PersonId("zoe"), live_at=None, campaign_at=None)]), PersonId("zoe")
    )
    again = MORNING + timedelta(hours=3)
    assert not (await tower.look(again)).cleared
    await done(tower, again)
    assert tower.agenda.next() == again
    assert [alarm.type for alarm in (await tower.look(again)).cleared] == [AlarmType.FEED_SILENT]
    assert await tower.store.next_wake() == again


async def test_a_silence_ends_with_the_period(tower: Tower) -> None:
    """Nobody is expected to complete anything after the closing."""
    await done(tower, paris("2026-12-15", "12:00"))
    await tower.look(paris("2026-12-15", "14:00"))
    assert tower.agenda.next() == paris("2026-12-16")
    assert len((await tower.look(paris("2026-12-16"))).cleared) == 1


# ---- FORGED_CALLBACKS


async def forged(tower: Tower, number: int, at: datetime, provider: str = "a") -> None:
    """So many refused in this second."""
    tower.at = at
    await tower.put(Changes(refused_callbacks=[RefusedCallbacks(provider=provider, at=at, count=number)]))


@pytest.mark.parametrize(
    ("first", "second", "after", "rings"), [(10, 10, 59, True), (10, 10, 60, False), (10, 9, 1, False), (20, 0, 0, True)]
)
async def test_a_storm_of_forgeries_rings(tower: Tower, first: int, second: int, after: int, rings: bool) -> None:
    """Twenty within a minute, whichever minute (SC-54, §8.4)."""
    await forged(tower, first, MORNING)
    watched = await tower.look()
    if second:
        await forged(tower, second, MORNING + timedelta(seconds=after))
        watched = await tower.look()
    assert rung(watched) == ([(AlarmType.FORGED_CALLBACKS, "a")] if rings else [])


async def test_a_storm_is_told_once_and_over_after_the_calm(tower: Tower) -> None:
    """Ten minutes after the last one; the next storm is told again."""
    for second in range(0, 50, 2):
        await forged(tower, 1, MORNING + timedelta(seconds=second))
        await tower.look()
    calm = MORNING + timedelta(minutes=10, seconds=48)
    assert len(await tower.open()) == 1
    assert not (await tower.look(calm - timedelta(seconds=1))).cleared
    assert tower.agenda.next() == calm
    assert len((await tower.look(calm)).cleared) == 1
    assert tower.agenda.next() is None
    await forged(tower, 20, calm + timedelta(minutes=1))
    assert len((await tower.look()).raised) == 1
    assert tower.told == ["alarm.raised", "alarm.cleared", "alarm.raised"]


async def test_forgeries_of_several_providers_are_not_added_up(tower: Tower) -> None:
    """Each provider's address is a storm of its own."""
    await forged(tower, 19, MORNING, "a")
    await forged(tower, 19, MORNING, "b")
    assert not (await tower.look()).raised


# ---- DEAD_LETTERS, PROVIDER_DOWN


async def test_dead_letters_ring_by_topic(tower: Tower) -> None:
    """Twenty of a topic within a quarter of an hour; over half an hour after the last."""
    async with tower.store.unit() as unit:
        letters = [DeadLetter(topic=f"t{n % 2}", partition=0, offset=n, errors=(), at=MORNING) for n in range(39)]
        await unit.record_dead_letters(letters)
    assert rung(await tower.look()) == [(AlarmType.DEAD_LETTERS, "t0")]
    assert not (await tower.look(MORNING + timedelta(minutes=29))).cleared
    assert len((await tower.look(MORNING + timedelta(minutes=30))).cleared) == 1


@pytest.mark.parametrize(("postponed", "taken", "rings"), [(20, 0, True), (19, 0, False), (40, 1, False)])
async def test_a_provider_that_takes_nothing_rings(tower: Tower, postponed: int, taken: int, rings: bool) -> None:
    """Twenty refused or unanswered within ten minutes, and none taken."""
    later: dict[str, Any] = {
        "state": AttemptState.RELEASED,
        "accepted_at": None,
        "provider_ref": None,
        "try_at": MORNING + timedelta(minutes=1),
    }
    await tower.sent(postponed, **later)
    await tower.sent(taken)
    assert tower.agenda.next() == MORNING
    assert rung(await tower.look()) == ([(AlarmType.PROVIDER_DOWN, "a")] if rings else [])


async def test_a_provider_is_tried_again_after_the_pause(tower: Tower) -> None:
    """A quarter of an hour; over when nothing is stuck with it any more."""
    later: dict[str, Any] = {
        "state": AttemptState.RELEASED,
        "accepted_at": None,
        "provider_ref": None,
        "try_at": MORNING + timedelta(minutes=1),
    }
    await tower.sent(20, **later)
    (alarm,) = (await tower.look()).raised
    assert alarm.until == MORNING + timedelta(minutes=15)
    assert tower.agenda.next() == alarm.until
    assert not (await tower.look(MORNING + timedelta(minutes=14))).cleared
    assert len((await tower.look(alarm.until)).cleared) == 1


# ---- all of them


async def test_open_alarms_are_counted_by_type(tower: Tower) -> None:
    """For the metric: every type that has a rule, also at nought."""
    await forged(tower, 20, MORNING)
    assert (await tower.look()).open == {type_: int(type_ is AlarmType.FORGED_CALLBACKS) for type_ in RULES}
    assert (await tower.look()).open[AlarmType.FORGED_CALLBACKS] == 1
    assert (await tower.look(MORNING + timedelta(hours=1))).open[AlarmType.FORGED_CALLBACKS] == 0


async def test_nothing_to_do_costs_nothing(tower: Tower) -> None:
    """Changes that no rule is about put nothing on the agenda."""
    await tower.put(Changes(obligations=[obligation(person_id=PersonId("luc"))]), PersonId("luc"))
    assert tower.agenda.next() is None


async def test_a_judged_window_is_not_looked_at_again(tower: Tower) -> None:
    """What is heard of a message later puts nothing on the agenda."""
    tower.at = MORNING + timedelta(hours=4)
    await tower.sent(3, state=AttemptState.UNKNOWN)
    assert tower.agenda.next() is None
