"""Plays a scenario: moves the clock, lets things happen, and waits until everything is quiet before time goes on.

The clock jumps to the next due instant only when the outbox is empty, everything produced has been acknowledged by its readers,
providers have answered and no timer is earlier (a discrete-event clock): a fortnight takes as long as its work.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from services.core.changes import JournalLine
from services.core.ports.streams import Record
from services.core.words import Channel, Lane
from services.delivery.claim import Clerk
from services.delivery.deliver import Delivery
from services.evidence.apply import apply
from services.intake.receive import receive
from services.planner.wake import Planner
from services.relay.relay import Relay
from services.simulator.actors import Actors
from services.simulator.crew import Consumer, Fuses, ProcessDied
from services.simulator.scenario.file import Crash, Event, Outage, Scenario
from services.simulator.scenario.incoming import Incoming, Producers
from services.simulator.stage import Stage
from services.simulator.timeline import ScenarioClock, Timeline
from services.simulator.town import Town
from services.simulator.witness import Witness

SOURCE = "sans-faute"
INCOMING = ("appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1")
DISPATCH = tuple(f"dispatch.{channel}.v1" for channel in Channel)
COMING_BACK = ("receipts.v1", "replies.v1")

_BATCH = 500

#: told of every instant that the clock reaches; a demo slows down here
Pace = Callable[[datetime], Awaitable[None]]


#: of the machine's clock, not of the scenario's: when nothing has moved for so long, nothing will
_PATIENCE = timedelta(seconds=60)


class StuckError(Exception):
    """A process of the play ended by itself, or something never became quiet: a bug. Says which, or what is waiting."""


@dataclass(slots=True, kw_only=True)
class Conductor:
    """One play on one stage."""

    scenario: Scenario
    stage: Stage
    clock: ScenarioClock
    timeline: Timeline
    town: Town
    producers: Producers
    actors: Actors
    pace: Pace | None = None
    patience: timedelta = _PATIENCE
    fuses: Fuses = field(default_factory=Fuses)
    #: processes that a scenario has switched off
    away: set[str] = field(default_factory=set)
    _consumers: list[Consumer] = field(default_factory=list)
    _restart_after: dict[str, timedelta] = field(default_factory=dict)
    _planner: Planner = field(init=False)
    _relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        stage = self.stage
        self._planner = Planner(store=stage.store, texts=stage.texts, snapshot=stage.snapshot, fuse=partial(self.fuses.burn, "planner"))
        self._relay = Relay(store=stage.store, publisher=stage.publisher, encode=stage.encode, source=SOURCE)
        delivery = Delivery(
            store=stage.store,
            clerk=Clerk(texts=stage.texts, seals=stage.seals, senders=stage.senders),
            providers={
                channel: [Witness(provider=one, town=self.town, store=stage.store) for one in ones]
                for channel, ones in stage.providers.items()
            },
            snapshot=stage.snapshot,
            decode=stage.decode,
            clock=self.clock,
            fuse=partial(self.fuses.burn, "delivery"),
        )

        async def deliver(batch: Sequence[Record]) -> None:
            await delivery.deliver(batch)

        self._consumers = [
            Consumer(name="intake", topics=INCOMING, step=self._receive, stage=stage),
            Consumer(name="delivery", topics=DISPATCH, step=deliver, stage=stage),
            Consumer(name="evidence", topics=COMING_BACK, step=self._apply, stage=stage),
        ]

    # ---- the play

    async def play(self) -> Sequence[JournalLine]:
        """From the directory's first load to the scenario's end; the journal. Raises ``StuckError`` when a process fails by itself."""
        try:
            await asyncio.gather(*(consumer.start() for consumer in self._consumers))
            await self.publish(self.producers.directory())
            await self.settle()
            for at, person in self.producers.newcomers():
                self.timeline.schedule(at, partial(self.publish, (self.producers.introduce(person),)))
            for event in self.scenario.events:
                self.timeline.schedule(event.at, partial(self.happen, event))
            while (reached := await self._next_instant()) is not None and reached <= self.scenario.until:
                at = reached
                self.clock.set(at)
                if self.pace is not None:
                    await self.pace(at)
                while (happening := self.timeline.take(at)) is not None:
                    await happening()
                    await self.settle()
                await self.settle()
            self.clock.set(self.scenario.until)
            return await self.stage.store.journal()
        finally:
            await asyncio.gather(*(consumer.stop() for consumer in self._consumers))

    async def _next_instant(self) -> datetime | None:
        wake = await self.stage.store.next_wake() if "planner" not in self.away else None
        return min((at for at in (self.timeline.next(), wake) if at is not None), default=None)

    async def happen(self, event: Event) -> None:
        """One line of the story."""
        if isinstance(event, Crash):
            self.fuses.arm(event.process, event.when, event.at)
            self._restart_after[event.process] = event.restart_after
        elif isinstance(event, Outage):
            await self._away(event.of)
            self.timeline.schedule(event.until, partial(self._back, event.of))
        else:
            await self.actors.act(event)

    async def publish(self, messages: Iterable[Incoming]) -> None:
        """Through the front door, as producers do."""
        await self.actors.publish(messages)

    # ---- quiet

    async def settle(self) -> None:
        """Run every step until nothing moves any more at this instant.

        Decisions are taken only when everything has arrived: so they see the same facts, however fast the messages travel.
        """
        while True:
            await self._arrived()
            if await self._plan() + await self._relayed():
                continue
            if not self._unread() and not self.stage.busy():
                return

    async def _arrived(self) -> None:
        """Wait until all that was published is acknowledged, and every request is answered."""
        while True:
            self._bury_the_dead()
            if not self._unread() and not self.stage.busy():
                return
            try:
                await asyncio.wait_for(self.stage.traffic.changed(), self.patience.total_seconds())
            except TimeoutError:
                raise StuckError(f"nothing has moved for {self.patience.total_seconds():.0f} s; {self._waiting()}") from None

    def _waiting(self) -> str:
        unread = ", ".join(f"{topic}: {count}" for topic, count in sorted(self._unread().items())) or "none"
        ended = ", ".join(consumer.name for consumer in self._consumers if not consumer.alive) or "none"
        return f"messages not acknowledged: {unread}; requests not answered: {self.stage.busy()}; processes away: {ended}"

    async def _relayed(self) -> int:
        """Most of the time there is nothing to relay, and asking every shard costs a transaction each."""
        if not await self.stage.store.outbox_size():
            return 0
        return await self._relay.round(self.clock.now())

    async def _plan(self) -> int:
        if "planner" in self.away:
            return 0
        try:
            return sum([(await self._planner.round(lane, _BATCH, self.clock.now())).people for lane in Lane])
        except ProcessDied:
            await self._died("planner")
            return 0

    def _unread(self) -> Mapping[str, int]:
        """By topic, what processes that are not away have still to read."""
        unread: Counter[str] = Counter()
        for consumer in self._consumers:
            if consumer.name not in self.away:
                unread.update(self.stage.traffic.unread(consumer.topics))
        return unread

    def _bury_the_dead(self) -> None:
        for consumer in self._consumers:
            trouble = consumer.trouble()
            if trouble is not None:
                raise StuckError(f"{consumer.name} ended by itself: {type(trouble).__name__}") from trouble
            if consumer.name in self.fuses.burnt and consumer.name not in self.away:
                self.away.add(consumer.name)
                self._come_back_later(consumer.name)
        self.fuses.burnt.clear()

    # ---- away and back

    async def _died(self, process: str) -> None:
        self.away.add(process)
        self._come_back_later(process)

    def _come_back_later(self, process: str) -> None:
        self.timeline.schedule(self.clock.now() + self._restart_after[process], partial(self._back, process))

    async def _away(self, what: str) -> None:
        if what.startswith("provider:"):
            await self.stage.switch_provider(what.removeprefix("provider:"), True)
            return
        self.away.add(what)
        for consumer in self._consumers:
            if consumer.name == what:
                await consumer.stop()

    async def _back(self, what: str) -> None:
        if what.startswith("provider:"):
            await self.stage.switch_provider(what.removeprefix("provider:"), False)
            return
        self.away.discard(what)
        for consumer in self._consumers:
            if consumer.name == what:
                await consumer.stop()
                await consumer.start()

    # ---- steps

    async def _receive(self, batch: Sequence[Record]) -> None:
        await receive(batch, store=self.stage.store, decode=self.stage.decode, handling=self.stage.handling, now=self.clock.now())

    async def _apply(self, batch: Sequence[Record]) -> None:
        await apply(batch, store=self.stage.store, decode=self.stage.decode, link=self.stage.policy.link, now=self.clock.now())
