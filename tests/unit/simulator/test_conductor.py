"""The conductor: when the clock moves, what dies and comes back, and what it says when nothing moves any more."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.core.changes import JournalLine
from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import Record, Stream
from services.core.words import Lane
from services.planner.wake import Planner, Woken
from services.runtime.consume import consume
from services.simulator.actors import CannotHappen
from services.simulator.app import memory_play, templates
from services.simulator.conductor import Conductor
from services.simulator.crew import Fuses, ProcessDied
from services.simulator.patience import StuckError
from services.simulator.report import comparable
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse_text
from services.simulator.stage import Handle

LUC = """
scenario: luc
people:
  luc: {first_name: Luc, postal_code: "59000", preferred: sms, phone: "06 12 34 56 78"}
until: 2026-11-26T12:00
"""
TEN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
INVITED = "{at: 2026-11-25T10:00, event: convocation.issued, id: cv1, person: luc, starts: 2026-12-03T14:00}"


@pytest.fixture(scope="session")
def texts() -> JinjaTexts:
    """Templates are compiled once."""
    return JinjaTexts(templates())


def story(*events: str, more: str = "") -> Scenario:
    """Luc, and what happens."""
    text = LUC + more + "events:\n" + "".join(f"  - {event}\n" for event in events) + "expect: []\n"
    scenario = parse_text(text, "luc.yaml")
    assert isinstance(scenario, Scenario), scenario
    return scenario


def lines(journal: Sequence[JournalLine], what: str) -> list[JournalLine]:
    """Lines of one kind."""
    return [line for line in journal if line.what == what]


def with_step(play: Conductor, process: str, step: Handle) -> Conductor:
    """The same play in which one process does something else."""
    next(consumer for consumer in play._consumers if consumer.name == process).step = step
    return play


async def test_the_clock_stands_at_every_instant_that_matters(texts: JinjaTexts) -> None:
    """It jumps from instant to instant, never backwards: the event, the send of the same instant, the receipt five seconds later."""
    seen: list[datetime] = []

    async def pace(at: datetime) -> None:
        seen.append(at)

    journal = await memory_play(story(INVITED), texts, pace).play()
    assert seen == sorted(seen)
    assert TEN in seen
    assert TEN + timedelta(seconds=5) in seen
    assert [line.at for line in lines(journal, "sent")] == [TEN]
    assert [line.at for line in lines(journal, "receipt")] == [TEN + timedelta(seconds=5)]


async def test_a_story_is_played_the_same_way_twice(texts: JinjaTexts) -> None:
    """Nothing hangs on chance or on the machine's clock."""
    scenario = story(INVITED)
    first, second = [await memory_play(scenario, texts).play() for _ in range(2)]
    assert first == second
    assert comparable(first, scenario) == comparable(second, scenario)


async def test_a_process_that_dies_comes_back_and_goes_on(texts: JinjaTexts) -> None:
    """Delivery dies after the provider has accepted: one message reaches Luc, and it is recorded once."""
    crash = "{at: 2026-11-25T09:59, event: crash, process: delivery, when: after_provider_accepts, restart_after: 2m}"
    play = memory_play(story(crash, INVITED), texts)
    journal = await play.play()
    assert len(play.town.messages("luc")) == 1
    assert [line.at for line in lines(journal, "sent")] == [TEN + timedelta(minutes=2)]
    assert not play.away


async def test_nothing_is_read_while_a_process_is_away(texts: JinjaTexts) -> None:
    """During an outage of delivery time goes on; afterwards the message goes out."""
    outage = "{event: outage, of: delivery, from: 2026-11-25T09:50, to: 2026-11-25T11:00}"
    journal = await memory_play(story(outage, INVITED), texts).play()
    assert [line.at for line in lines(journal, "sent")] == [TEN + timedelta(hours=1)]


async def test_a_provider_that_is_away_is_tried_again(texts: JinjaTexts) -> None:
    """Nothing was handed over, so nothing is lost: the message goes out within the policy's minute of its return."""
    outage = "{event: outage, of: 'provider:a', from: 2026-11-25T09:50, to: 2026-11-25T10:10}"
    journal = await memory_play(story(outage, INVITED), texts).play()
    (sent,) = lines(journal, "sent")
    assert TEN + timedelta(minutes=10) <= sent.at <= TEN + timedelta(minutes=11)


async def test_a_process_that_fails_by_itself_ends_the_play(texts: JinjaTexts) -> None:
    """A bug in a step is told at once, with the process and the class of the error, never hidden by waiting."""

    async def broken(_batch: Sequence[Record]) -> None:
        raise ZeroDivisionError

    play = with_step(memory_play(story(INVITED), texts), "intake", broken)
    with pytest.raises(StuckError, match="intake ended by itself: ZeroDivisionError") as told:
        await play.play()
    assert isinstance(told.value.__cause__, ZeroDivisionError)


async def test_what_never_becomes_quiet_says_what_is_waiting(texts: JinjaTexts) -> None:
    """When nothing moves for the patience of the play, the error names the topics and how many messages they hold."""

    async def idle(stream: Stream, step: Handle) -> None:
        """Read nothing, for ever: a silent stall."""
        await never.wait()

    never = asyncio.Event()
    play = memory_play(story(INVITED), texts)
    play.patience = timedelta(milliseconds=50)
    for consumer in play._consumers:
        consumer.stage = replace(play.stage, consume=idle)
    with pytest.raises(StuckError, match=r"nothing has moved for 0 s; messages not acknowledged: .*people\.v1: 1"):
        await play.play()


async def test_a_reader_that_sleeps_is_started_again(texts: JinjaTexts) -> None:
    """As a watchdog ends a process that stands still and its supervisor starts it again: the story goes on as if nothing had been."""
    scenario, naps = story(INVITED), 0
    expected = comparable(await memory_play(scenario, texts).play(), scenario)

    async def sleepy(stream: Stream, step: Handle) -> None:
        """The first reader never reads."""
        nonlocal naps
        naps += 1
        await (asyncio.Event().wait() if naps == 1 else consume(stream, step))

    play = memory_play(scenario, texts)
    play.patience = timedelta(seconds=3)
    intake = next(consumer for consumer in play._consumers if consumer.name == "intake")
    intake.stage = replace(play.stage, consume=sleepy)
    assert comparable(await play.play(), scenario) == expected
    assert naps == 2


async def test_trying_again_for_ever_is_not_getting_on(texts: JinjaTexts) -> None:
    """A database that is there and refuses the same batch again and again ends the play, however often it is tried."""
    tries = 0

    async def refused(_batch: Sequence[Record]) -> None:
        nonlocal tries
        tries += 1
        raise StoreUnavailable("too many connections")

    play = with_step(memory_play(story(INVITED), texts), "intake", refused)
    play.patience = timedelta(milliseconds=400)
    with pytest.raises(StuckError, match=r"nothing has moved for 0 s; messages not acknowledged: .*people\.v1: 1"):
        await play.play()
    assert tries > 1


async def test_what_happens_and_does_not_end_is_said(texts: JinjaTexts) -> None:
    """Somebody who waits for an answer that never comes: the error names the instant."""

    async def waits() -> None:
        """Wait for nobody."""
        await asyncio.Event().wait()

    play = memory_play(story(INVITED), texts)
    play.patience = timedelta(milliseconds=300)
    play.timeline.schedule(TEN, waits)
    with pytest.raises(StuckError, match=r"what happens at 2026-11-25 09:00:00\+00:00 takes more than 0 s; messages not .*: none"):
        await play.play()


async def test_somebody_who_is_never_done_is_said(texts: JinjaTexts) -> None:
    """A planner that finds work at each look, without doing any, does not keep the play for ever."""

    class Busy(Planner):
        """Says that it has decided."""

        async def round(self, lane: Lane, limit: int, now: datetime) -> Woken:
            """Nothing is decided."""
            return Woken(people=1)

    play = memory_play(story(INVITED), texts)
    play._planner = Busy(store=play.stage.store, texts=texts, snapshot=play.stage.snapshot)
    with pytest.raises(StuckError, match="somebody still has something to do"):
        await play.play()


async def test_time_that_does_not_go_on_is_said(texts: JinjaTexts) -> None:
    """Somebody is due and nobody looks: the clock would stand at that instant for ever."""

    class Blind(Planner):
        """Sees nobody."""

        async def round(self, lane: Lane, limit: int, now: datetime) -> Woken:
            """Nobody is due."""
            return Woken()

    play = memory_play(story(INVITED), texts)
    play._planner = Blind(store=play.stage.store, texts=texts, snapshot=play.stage.snapshot)
    with pytest.raises(StuckError, match="time does not go on: something is due at 2026"):
        await play.play()


async def test_what_cannot_happen_is_said(texts: JinjaTexts) -> None:
    """Nobody opens a link that nobody sent."""
    with pytest.raises(CannotHappen, match="luc holds no message with a link"):
        await memory_play(story("{at: 2026-11-25T10:00, event: open_link, person: luc, method: GET}"), texts).play()


def test_a_fuse_burns_once_and_not_before_its_hour() -> None:
    """The first time that the point is reached from the instant on, and never again."""
    fuses = Fuses()
    fuses.arm("delivery", "after_provider_accepts", TEN)
    fuses.burn("delivery", "after_provider_accepts", TEN - timedelta(seconds=1))
    fuses.burn("planner", "after_provider_accepts", TEN)
    with pytest.raises(ProcessDied):
        fuses.burn("delivery", "after_provider_accepts", TEN)
    fuses.burn("delivery", "after_provider_accepts", TEN)
    assert fuses.burnt == ["delivery"]
