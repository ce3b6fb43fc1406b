"""The supervisor: starts again what dies, with a limit; stops in order."""

import asyncio
import os
import signal
from dataclasses import dataclass, field
from datetime import timedelta

from services.runtime.errors import Gone, Mistake, WrongSettings
from services.runtime.supervisor import Body, Outcome, RestartPolicy, Supervisor, on_stop_signals


@dataclass
class Diary:
    """A witness that writes everything down, and can be waited for."""

    lines: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def started(self, name: str) -> None:
        """Written down."""
        self._write(f"{name} started")

    def died(self, name: str, problem: Exception | None, again_in: timedelta | None) -> None:
        """Written down."""
        self._write(f"{name} died of {type(problem).__name__}, again in {again_in.total_seconds() if again_in else 'never'}")

    def stopped(self, name: str, *, in_time: bool) -> None:
        """Written down."""
        self._write(f"{name} stopped {'in time' if in_time else 'late'}")

    async def until(self, line: str) -> None:
        """Return when the line is there."""
        while line not in self.lines:
            self.changed.clear()
            await self.changed.wait()

    def _write(self, line: str) -> None:
        self.lines.append(line)
        self.changed.set()


async def _forever() -> None:
    await asyncio.Event().wait()


async def _dies() -> None:
    raise OSError("a secret")


async def _ends() -> None:
    return


@dataclass
class FakeTime:
    """A clock that only pausing moves."""

    now: float = 0.0

    async def pause(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds
        await asyncio.sleep(0)

    def seconds(self) -> float:
        """The present."""
        return self.now


def _supervisor(bodies: dict[str, Body], diary: Diary, time: FakeTime | None = None, **policy: object) -> Supervisor:
    time = time or FakeTime()
    return Supervisor(
        bodies=bodies,
        witness=diary,
        policy=RestartPolicy(**policy),  # type: ignore[arg-type]
        pause=time.pause,
        seconds=time.seconds,
    )


async def test_what_dies_is_started_again_after_longer_and_longer_pauses() -> None:
    """The delay doubles up to its cap; nothing about it is random."""
    diary = Diary()
    await _supervisor({"relay": _dies}, diary, limit=4, first_delay=timedelta(seconds=1), longest_delay=timedelta(seconds=4)).run()
    deaths = [line for line in diary.lines if "died" in line]
    assert [line.rpartition(" ")[2] for line in deaths] == ["1.0", "2.0", "4.0", "4.0", "never"]


async def test_too_many_deaths_stop_everything_with_one_sentence() -> None:
    """The others are stopped, the exit code is 1, and an exception's own words are not repeated."""
    diary = Diary()
    outcome = await _supervisor({"intake": _forever, "relay": _dies}, diary, limit=2).run()
    assert outcome == Outcome(
        code=1, sentence="relay died 3 times within 10 minutes, the last time because of: OSError; everything was stopped"
    )
    assert "intake stopped in time" in diary.lines


async def test_deaths_long_ago_do_not_count() -> None:
    """The limit is for a stretch of time: one death a day never stops the service."""
    diary, time = Diary(), FakeTime()
    starts = 0

    async def dies_daily() -> None:
        nonlocal starts
        starts += 1
        if starts == 10:
            supervisor.stop()
            await _forever()
        time.now += 86_400
        raise OSError

    supervisor = _supervisor({"watch": dies_daily}, diary, time, limit=1)
    assert await supervisor.run() == Outcome(code=0)
    assert starts == 10


async def test_returning_is_dying() -> None:
    """A process that simply ends is started again like one that raised."""
    diary = Diary()
    outcome = await _supervisor({"planner": _ends}, diary, limit=1).run()
    assert outcome.sentence is not None
    assert "it ended by itself" in outcome.sentence


async def test_an_orchestrators_policy_ends_at_the_first_death() -> None:
    """With a limit of 0 nothing is started again: who started us will."""
    diary = Diary()
    outcome = await _supervisor({"planner": _dies}, diary, limit=0).run()
    assert outcome.code == 1
    assert diary.lines.count("planner started") == 1


async def test_what_cannot_get_better_is_not_tried_again() -> None:
    """Wrong settings and a lost server stop everything at once, with their own words."""

    async def wrong() -> None:
        raise WrongSettings([Mistake(name="SMTP_URL", problem="must be an address")])

    async def gone() -> None:
        raise Gone("Kafka ended with status 1")

    for body, words in ((wrong, "SMTP_URL: must be an address"), (gone, "Kafka ended with status 1")):
        diary = Diary()
        outcome = await _supervisor({"delivery": body}, diary).run()
        assert outcome == Outcome(code=1, sentence=f"delivery cannot run: {words}")
        assert diary.lines.count("delivery started") == 1


async def test_a_body_that_cancels_itself_is_a_death_like_others() -> None:
    """A library's cancellation is not mistaken for ours."""

    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    outcome = await _supervisor({"web": cancels_itself}, Diary(), limit=0).run()
    assert outcome.code == 1


async def test_stopping_goes_backwards() -> None:
    """Last started, first stopped; each has ended before the next is asked."""
    diary = Diary()
    supervisor = _supervisor({"relay": _forever, "intake": _forever, "web": _forever}, diary)
    running = asyncio.create_task(supervisor.run())
    await diary.until("web started")
    supervisor.stop()
    assert await running == Outcome(code=0)
    assert diary.lines[3:] == ["web stopped in time", "intake stopped in time", "relay stopped in time"]


async def test_what_does_not_stop_is_named() -> None:
    """The grace is for all together; who is still there is said, and the exit code is 1."""
    diary, release = Diary(), asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    supervisor = Supervisor(bodies={"delivery": stubborn}, witness=diary, policy=RestartPolicy(stop_grace=timedelta(milliseconds=5)))
    running = asyncio.create_task(supervisor.run())
    await diary.until("delivery started")
    supervisor.stop()
    assert await running == Outcome(code=1, sentence="did not stop within 0.005 s: delivery")
    assert diary.lines[-1] == "delivery stopped late"
    release.set()


async def test_asked_twice_it_does_not_wait() -> None:
    """A second Ctrl-C ends the waiting."""
    diary, release = Diary(), asyncio.Event()

    async def slow() -> None:
        try:
            await _forever()
        finally:
            diary.started("cleaning")
            await release.wait()

    supervisor = Supervisor(bodies={"web": slow}, witness=diary, policy=RestartPolicy(stop_grace=timedelta(hours=1)))
    running = asyncio.create_task(supervisor.run())
    await diary.until("web started")
    supervisor.stop()
    await diary.until("cleaning started")
    supervisor.stop()
    assert (await running).code == 1
    release.set()


async def test_a_signal_stops_it() -> None:
    """SIGTERM asks it to stop."""
    diary = Diary()
    supervisor = _supervisor({"web": _forever}, diary)
    with on_stop_signals(supervisor.stop):
        running = asyncio.create_task(supervisor.run())
        await diary.until("web started")
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == Outcome(code=0)
