"""Plays a scenario: moves the clock, lets things happen, and waits until everything is quiet before time goes on.

The clock jumps to the next due instant only when the outbox is empty, everything produced has been acknowledged by its readers,
providers have answered and no timer is earlier (a discrete-event clock): a fortnight takes as long as its work.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from services.core.changes import JournalLine
from services.core.ports.store import Store, StoreUnavailable
from services.core.ports.streams import NotPublished, Record
from services.core.words import Channel, Lane
from services.delivery.claim import Clerk
from services.delivery.deliver import Delivery
from services.evidence.apply import apply
from services.intake.receive import receive
from services.planner.wake import Planner
from services.relay.relay import Relay
from services.simulator.actors import Actors
from services.simulator.crew import Consumer, Fuses, MortalStore, ProcessDied
from services.simulator.patience import PATIENCE, Patience, StuckError
from services.simulator.scenario.file import Crash, Event, OpenLink, Outage, ReceiptEvent, ReplyEvent, Scenario
from services.simulator.scenario.incoming import Incoming, Producers
from services.simulator.scenario.words import Server
from services.simulator.stage import Stage
from services.simulator.timeline import ScenarioClock, Timeline
from services.simulator.town import Town
from services.simulator.witness import Witness
from services.watch.watch import Watch

_log = structlog.get_logger()
T = TypeVar("T")

SOURCE = "sans-faute"
INCOMING = ("appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1")
DISPATCH = tuple(f"dispatch.{channel}.v1" for channel in Channel)
COMING_BACK = ("receipts.v1", "replies.v1")

_BATCH = 500

#: told of every instant that the clock reaches; a demo slows down here
Pace = Callable[[datetime], Awaitable[None]]

#: seconds until a server that is back is asked again: its clients are still finding it
_LOOK_AGAIN = 0.05
#: so often nothing must have moved, at equal distances, until patience ends
_LOOKS = 6
#: no instant has so much work that it is not done after so many rounds of all processes
_MOST_ROUNDS = 1000


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
    #: of the machine's clock, not of the scenario's
    patience: timedelta = PATIENCE
    fuses: Fuses = field(default_factory=Fuses)
    #: processes and servers that a scenario has switched off
    away: set[str] = field(default_factory=set)
    #: what nobody could do while a server was away, in order
    _put_off: list[Event] = field(default_factory=list)
    #: what a server that is there has answered last, when it refused
    _refusal: str = ""
    #: the broker has refused the relay, which tries again when it is back
    _relay_rests: bool = False
    _consumers: list[Consumer] = field(default_factory=list)
    _restart_after: dict[str, timedelta] = field(default_factory=dict)
    _planner: Planner = field(init=False)
    _relay: Relay = field(init=False)
    _watch: Watch | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        stage = self.stage
        self._planner = Planner(store=stage.store, texts=stage.texts, snapshot=stage.snapshot, fuse=partial(self.fuses.burn, "planner"))
        readings = stage.readings
        if readings is not None:
            self._watch = Watch(store=stage.store, readings=readings, snapshot=stage.snapshot, clock=self.clock)
        self._relay = Relay(store=self._mortal("relay"), publisher=stage.publisher, encode=stage.encode, source=SOURCE)
        delivery = Delivery(
            store=self._mortal("delivery"),
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

    def _mortal(self, process: str) -> Store:
        """The store of a process that may die before it commits; the planner and delivery have a fuse at their other points."""
        return MortalStore(store=self.stage.store, clock=self.clock, fuse=partial(self.fuses.burn, process))

    # ---- the play

    async def play(self) -> Sequence[JournalLine]:
        """From the directory's first load to the scenario's end; the journal. Raises ``StuckError`` when a process fails by itself."""
        try:
            await self._in_time("joining the groups", asyncio.gather(*(consumer.start() for consumer in self._consumers)))
            await self._from_the_beginning()
        except BaseException:
            # what went wrong first is what the caller must hear of
            with suppress(StuckError):
                await self._leave()
            raise
        await self._leave()
        # whoever reads the story afterwards reads it on a database that is there
        await self.stage.switch_server(Server.POSTGRES, False)
        return await self.stage.store.journal()

    async def _leave(self) -> None:
        await self._in_time("leaving the groups", asyncio.gather(*(consumer.stop() for consumer in self._consumers)))

    async def _from_the_beginning(self) -> None:
        await self.publish(self.producers.directory())
        await self.settle()
        for at, person in self.producers.newcomers():
            self.timeline.schedule(at, partial(self.publish, (self.producers.introduce(person),)))
        for event in self.scenario.events:
            self.timeline.schedule(event.at, partial(self.happen, event))
        await self._until_the_end()
        self.clock.set(self.scenario.until)

    async def _until_the_end(self) -> None:
        """From instant to instant."""
        rounds = 0
        while (at := await self._next_instant()) is not None and at <= self.scenario.until:
            rounds = 0 if at > self.clock.now() else rounds + 1
            if rounds > _MOST_ROUNDS:
                raise self._patience.stuck(f"time does not go on: something is due at {at} and nobody does it")
            self.clock.set(at)
            if self.pace is not None:
                await self.pace(at)
            happening = self.timeline.take(at)
            while True:
                if happening is not None:
                    await self._in_time(f"what happens at {at}", happening())
                await self.settle()
                if (happening := self.timeline.take(at)) is None:
                    break

    async def _next_instant(self) -> datetime | None:
        wake = await self._on_servers("reading the next instant", self.stage.store.next_wake, None) if "planner" not in self.away else None
        look = self.stage.agenda.next() if self._watch is not None else None
        return min((at for at in (self.timeline.next(), wake, look) if at is not None), default=None)

    async def happen(self, event: Event) -> None:
        """One line of the story."""
        if isinstance(event, Crash):
            self.fuses.arm(event.process, event.when, event.at)
            self._restart_after[event.process] = event.restart_after
        elif isinstance(event, Outage):
            await self._away(event.of)
            self.timeline.schedule(event.until, partial(self._back, event.of))
        else:
            for one in self._each(event):
                if not await self._on_servers("an act", partial(self._acted, one), False):
                    self._put_off.append(one)

    def _each(self, event: Event) -> Iterator[Event]:
        """What happens to a crowd happens to each of its members; producers see to it themselves."""
        if isinstance(event, ReplyEvent | ReceiptEvent | OpenLink) and (crowd := self.scenario.crowds.get(event.person or "")):
            yield from (replace(event, person=member.name) for member in crowd.members())
        else:
            yield event

    async def _acted(self, event: Event) -> bool:
        await self.actors.act(event)
        return True

    async def publish(self, messages: Iterable[Incoming]) -> None:
        """Through the front door, as producers do."""
        await self.actors.publish(messages)

    # ---- quiet

    async def settle(self) -> None:
        """Run every step until nothing moves any more at this instant.

        Decisions are taken only when everything has arrived: so they see the same facts, however fast the messages travel.
        """
        if Server.KAFKA not in self.away:
            await self._on_servers("publishing", self.actors.publish_kept, None)
        for _ in range(_MOST_ROUNDS):
            await self._arrived()
            if await self._plan() + await self._relayed():
                continue
            if not self._unread() and not self.stage.busy() and not await self._watched():
                return
        raise self._patience.stuck(f"after {_MOST_ROUNDS} rounds somebody still has something to do")

    async def _arrived(self) -> None:
        """Wait until all that was published is acknowledged, and every request is answered; nobody waits when nothing moves."""
        loop, traffic, look = asyncio.get_running_loop(), self.stage.traffic, self.patience.total_seconds() / _LOOKS
        still, end, moves = 0, loop.time() + look, traffic.moves()
        while True:
            self._bury_the_dead()
            if not self._unread() and not self.stage.busy():
                return
            if loop.time() >= end:
                still = still + 1 if traffic.moves() == moves else 0
                if still == 1:
                    await self._start_again_who_sleeps()
                elif still == _LOOKS:
                    raise self._patience.stuck(f"nothing has moved for {self.patience.total_seconds():.0f} s")
                end, moves = loop.time() + look, traffic.moves()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await traffic.changed()

    async def _start_again_who_sleeps(self) -> None:
        """A client that was cut off may stand still without a word: a process that has nothing in hand and much to read is started again.

        The watchdog and the supervisor of a real process do the same (``services/adapters/kafka/watchdog.py``).
        """
        unread = self._unread()
        for consumer in self._consumers:
            if consumer.idle and consumer.name not in self.away and any(topic in unread for topic in consumer.topics):
                _log.warning("reader stands still", process=consumer.name, count=unread.total())
                await self._in_time(f"starting {consumer.name} again", consumer.restart())

    @property
    def _patience(self) -> Patience:
        return Patience(limit=self.patience, waiting=self._waiting)

    def _waiting(self) -> str:
        unread = ", ".join(f"{topic}: {count}" for topic, count in sorted(self._unread().items())) or "none"
        ended = ", ".join(consumer.name for consumer in self._consumers if not consumer.alive) or "none"
        refused = f"; a server that is there refuses: {self._refusal}" if self._refusal else ""
        return f"messages not acknowledged: {unread}; requests not answered: {self.stage.busy()}; processes away: {ended}{refused}"

    async def _relayed(self) -> int:
        """Most of the time there is nothing to relay, and asking every shard costs a transaction each."""
        if "relay" in self.away or self._relay_rests or not await self._on_servers("reading the outbox", self.stage.store.outbox_size, 0):
            return 0
        published = await self._alive("relay", partial(self._relay.round, self.clock.now()))
        self._relay_rests = not published and Server.KAFKA in self.away
        return published

    async def _plan(self) -> int:
        return 0 if "planner" in self.away else await self._alive("planner", self._planned)

    async def _planned(self) -> int:
        """Most of the time nobody is due, and asking each lane costs a transaction."""
        wake = await self.stage.store.next_wake()
        if wake is None or wake > self.clock.now():
            return 0
        return sum([(await self._planner.round(lane, _BATCH, self.clock.now())).people for lane in Lane])

    async def _watched(self) -> bool:
        """The watch looks once all is quiet, when something may have to be judged; true when it has looked."""
        if self._watch is None or not self.stage.agenda.take(self.clock.now()):
            return False
        watched = await self._on_servers("a round of the watch", partial(self._watch.round, self.clock.now()), None)
        if watched is not None:
            self.stage.agenda.add(watched.look_at)
        return True

    async def _alive(self, process: str, round_: Callable[[], Awaitable[int]]) -> int:
        """A round of a process without a reader of its own; nothing when it dies in it, or a server refuses it."""
        try:
            return await self._on_servers(f"a round of the {process}", round_, 0)
        except ProcessDied:
            self.away.add(process)
            self._come_back_later(process)
            return 0

    async def _on_servers(self, what: str, work: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """What came of it; ``otherwise`` when a server refused that the story has taken away. One that is just back is asked again."""
        return await self._in_time(what, self._asked(work, otherwise))

    async def _asked(self, work: Callable[[], Awaitable[T]], otherwise: T) -> T:
        while True:
            try:
                answer = await work()
            except (StoreUnavailable, NotPublished) as trouble:
                if not self.away.isdisjoint(Server):
                    return otherwise
                self._refusal = str(trouble)
            else:
                self._refusal = ""
                return answer
            await asyncio.sleep(_LOOK_AGAIN)

    async def _in_time(self, what: str, work: Awaitable[T]) -> T:
        return await self._patience.with_(what, work)

    def _unread(self) -> Counter[str]:
        """By topic, what processes that are not away have still to read."""
        unread: Counter[str] = Counter()
        for consumer in self._consumers:
            if consumer.name not in self.away:
                stuck = consumer.waiting if Server.POSTGRES in self.away else ()
                unread.update(self.stage.traffic.unread([topic for topic in consumer.topics if topic not in stuck]))
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

    def _come_back_later(self, process: str) -> None:
        self.timeline.schedule(self.clock.now() + self._restart_after[process], partial(self._back, process))

    async def _away(self, what: str) -> None:
        if what.startswith("provider:"):
            await self.stage.switch_provider(what.removeprefix("provider:"), True)
            return
        self.away.add(what)
        if what in set(Server):
            await self.stage.switch_server(Server(what), True)
        for consumer in self._consumers:
            if consumer.name == what:
                await consumer.stop()

    async def _back(self, what: str) -> None:
        if what.startswith("provider:"):
            await self.stage.switch_provider(what.removeprefix("provider:"), False)
            return
        self.away.discard(what)
        if what in set(Server):
            await self.stage.switch_server(Server(what), False)
            await self._make_up_for()
        for consumer in self._consumers:
            if consumer.name == what:
                await consumer.restart()

    async def _make_up_for(self) -> None:
        """A server is back: producers publish what they kept, the relay goes on, people do what they could not."""
        self._relay_rests = False
        await self._on_servers("publishing", self.actors.publish_kept, None)
        put_off, self._put_off = self._put_off, []
        for event in put_off:
            await self.happen(event)

    # ---- steps

    async def _receive(self, batch: Sequence[Record]) -> None:
        await receive(batch, store=self._mortal("intake"), decode=self.stage.decode, handling=self.stage.handling, now=self.clock.now())

    async def _apply(self, batch: Sequence[Record]) -> None:
        await apply(batch, store=self._mortal("evidence"), decode=self.stage.decode, link=self.stage.policy.link, now=self.clock.now())
