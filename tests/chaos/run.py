"""One run: a town publishes its duties while a script of faults is played over two copies of everything; then calm, then the count."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from services.adapters.kafka.publisher import KafkaPublisher
from services.core.ports.streams import Message, NotPublished
from tests.chaos.behind import Arrival
from tests.chaos.calm import Unrest, calm
from tests.chaos.facts import Facts, rows_of, topics_of
from tests.chaos.faults import Havoc
from tests.chaos.hours import Hours, hours_of
from tests.chaos.judge import Verdict, judge
from tests.chaos.people import Duty, directory, town
from tests.chaos.script import Fault, Trouble, script
from tests.chaos.servers import servers
from tests.chaos.stage import Stage, stage

#: a calm that does not come within these seconds is a finding
_PATIENCE: Final = 480.0
_SLICE: Final = 1.0
#: seconds before a broker that is away is tried again
_AGAIN: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is: the same plan plays the same script over the same town."""

    seed: int
    obligations: int = 20_000
    faults: int = 210
    #: seconds from one fault to the next: time for what died to come back and be hit again
    pace: float = 3.5

    @property
    def seconds(self) -> float:
        """How long faults are played and duties published."""
        return self.faults * self.pace


class Teller(Protocol):
    """Is told how it goes."""

    def stage(self, what: str) -> None:
        """A part begins."""
        ...

    def fault(self, fault: Fault, number: int) -> None:
        """One more has happened."""
        ...

    def published(self, duties: int, messages: int) -> None:
        """So many duties have been published, and so many messages are at providers; told every second, until the last fault is over."""
        ...

    def unrest(self, unrest: Unrest) -> None:
        """What is still under way."""
        ...


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a run found."""

    plan: Plan
    began: datetime
    seconds: float
    verdict: Verdict
    hours: Hours
    done: Counter[Trouble]
    in_vain: Counter[Trouble]
    #: faults as they were played
    faults: list[Fault]
    #: faults after which what was hit could not be brought back
    failed: list[str]
    #: arrivals per channel, and every instant of one, in seconds after the beginning
    arrivals: dict[str, list[float]] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    #: lives of all copies; exits that nobody outside asked for, by process and status
    lives: int = 0
    ended_in_order: int = 0
    too_slow_to_end: int = 0
    ended_by_themselves: Counter[str] = field(default_factory=Counter)
    #: seconds by which it began later than its hours were made for, and from the last fault until all was calm
    late: float = 0.0
    calm_after: float = 0.0
    #: seconds after its time at which a fault was performed, at most
    latest_fault: float = 0.0
    #: seconds that it took over all faults until a server was back
    away: Counter[str] = field(default_factory=Counter)
    unrest: str = "calm"
    full_disk: bool = True
    #: where the logs are, when something was found
    logs: Path | None = None

    @property
    def good(self) -> bool:
        """Calm came, and nothing happened that may never happen."""
        return self.verdict.good and self.unrest == "calm" and not self.failed


async def play(plan: Plan, tell: Teller) -> Outcome:
    """Raises ``NotThere`` when a server cannot be started at all."""
    faults = script(plan.seed, plan.faults, plan.seconds)
    logs = Path(tempfile.mkdtemp(prefix="sans-faute-chaos-logs-"))
    tell.stage(f"Starting servers, providers and two copies of each process; their logs are in {logs}")
    try:
        outcome = await _played(plan, faults, logs, tell)
    except asyncio.CancelledError:
        shutil.rmtree(logs, ignore_errors=True)
        raise
    if outcome.good:
        shutil.rmtree(logs, ignore_errors=True)
    else:
        outcome.logs = logs
    return outcome


async def _played(plan: Plan, faults: list[Fault], logs: Path, tell: Teller) -> Outcome:
    async with servers() as real, AsyncExitStack() as stack:
        start = _now() + timedelta(seconds=_STARTING)
        duties = town(plan.seed, plan.obligations, start, plan.seconds)
        hours = hours_of(start, plan.seconds)
        world = await stack.enter_async_context(stage(plan.seed, real, start, plan.seconds, hours, logs))
        havoc = Havoc(world)
        async with KafkaPublisher(real.kafka.connection) as publisher:
            await _publish(publisher, list(directory(duties, start)))
            await asyncio.sleep(max(0.0, (start - _now()).total_seconds()))
            began = _now()
            late = (began - start).total_seconds()
            if late > _LATE:
                tell.stage(f"The machine is busy: it began {late:.0f} s later than its hours were made for")
            tell.stage(f"{plan.faults} faults while {plan.obligations} duties are published")
            clock = asyncio.get_running_loop().time
            zero = clock()

            def elapsed() -> float:
                return clock() - zero

            numbers = iter(range(1, len(faults) + 1))
            producer = _Producer(publisher)
            telling = asyncio.create_task(_keep_telling(tell, producer, world))
            try:
                await asyncio.gather(
                    producer.publish(duties, elapsed), havoc.play(faults, elapsed, lambda fault: tell.fault(fault, next(numbers)))
                )
            finally:
                telling.cancel()
                await havoc.stop()
        tell.stage("All is well again: waiting for calm")
        storm = elapsed()
        unrest = await calm(world, _PATIENCE, tell.unrest)
        calm_after = elapsed() - storm
        # the last look was before this, and everything due by then had been done
        at = _now() - timedelta(seconds=_SLICE)
        if str(unrest) == "calm":
            unrest = await _still(world, tell)
        facts = await _facts(world, duties, at)
        verdict = judge(facts, duties, hours, lambda arrival: _wrong_by(faults, arrival, began))
        outcome = Outcome(
            plan=plan, began=began, seconds=elapsed(), verdict=verdict, hours=hours, done=havoc.done, in_vain=havoc.in_vain,
            faults=faults, failed=havoc.failed, unrest=str(unrest), full_disk=real.disk.can_be_full, late=late, calm_after=calm_after,
            latest_fault=havoc.latest, away=havoc.away,
        )  # fmt: skip
        tell.stage("Counted; everything is asked to stop")
    _figures(outcome, facts, world)
    return outcome


#: seconds after which the storm begins: what is started, once the servers are there, needs so long
_STARTING: Final = 25.0
_LATE: Final = 1.0


@dataclass(slots=True)
class _Producer:
    """Publishes every event at its second; a broker that is away is tried again, as producers do."""

    publisher: KafkaPublisher
    #: so many have been told of
    duties: int = 0

    async def publish(self, duties: Sequence[Duty], elapsed: Callable[[], float]) -> None:
        """Return when the last event has been published."""
        waiting = sorted(((event.at, event, event is duty.events[0]) for duty in duties for event in duty.events), key=lambda one: one[0])
        done = 0
        while done < len(waiting):
            await asyncio.sleep(_SLICE)
            until = elapsed()
            due = [one for one in waiting[done:] if one[0] <= until]
            await _publish(self.publisher, [event.message() for _, event, _ in due])
            done += len(due)
            self.duties += sum(first for _, _, first in due)


async def _keep_telling(tell: Teller, producer: _Producer, world: Stage) -> None:
    while True:
        await asyncio.sleep(_SLICE)
        tell.published(producer.duties, len(world.crowd.arrivals))


async def _publish(publisher: KafkaPublisher, messages: list[Message]) -> None:
    while messages:
        try:
            await publisher.publish(messages)
        except NotPublished as trouble:
            messages = [messages[index] for index in trouble.indexes]
            await asyncio.sleep(_AGAIN)
        else:
            return


async def _still(world: Stage, tell: Teller) -> Unrest:
    """Nobody plans any more and what was planned is done: timers fire for ever, and topics and rows are not read in one instant."""
    tell.stage("Calm: the planners are stopped, so that nothing moves while it is counted")
    await asyncio.gather(*(copy.end() for copy in world.copies.values() if copy.process == "planner"))
    return await calm(world, _PATIENCE, tell.unrest, planned=False)


async def _facts(world: Stage, duties: Sequence[Duty], at: datetime) -> Facts:
    crowd = world.crowd
    owners = {value: duty.owner.id for duty in duties for value in (duty.owner.phone, duty.owner.email)}
    topics = await asyncio.to_thread(topics_of, world.servers.kafka.connection)
    return Facts(
        at=at,
        **await rows_of(world.servers.postgres.url),
        topics=topics,
        arrivals=list(crowd.arrivals),
        reported=dict(crowd.reported),
        answered=frozenset(owners[number] for number in crowd.answered),
        owners=owners,
    )


def _wrong_by(faults: Sequence[Fault], arrival: Arrival, began: datetime) -> float:
    """By how many seconds the clock of some delivery was wrong just then."""
    at = (arrival.at - began).total_seconds()
    shifts = [
        abs(fault.shift)
        for fault in faults
        if fault.trouble is Trouble.CLOCK and fault.target.startswith("delivery") and fault.at - 1 <= at <= fault.until + 2
    ]
    return max(shifts, default=0.0)


def _figures(outcome: Outcome, facts: Facts, world: Stage) -> None:
    for arrival in facts.arrivals:
        outcome.arrivals.setdefault(str(arrival.channel), []).append((arrival.at - outcome.began).total_seconds())
    outcome.attempts = dict(Counter(one.state for one in facts.attempts))
    for copy in world.copies.values():
        outcome.lives += copy.lives
        outcome.ended_in_order += copy.in_order
        outcome.too_slow_to_end += copy.too_slow
        for status, times in copy.by_itself.items():
            outcome.ended_by_themselves[f"{copy.process} with status {status}"] += times


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the processes under test have the machine's clock
