"""Wiring of a play in memory: every port has its memory twin; the steps are the product's own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.feedback import KafkaFeedback, KafkaOutlet
from services.adapters.kafka.progress import StreamProgress, unread
from services.adapters.kafka.topics import load_topics
from services.adapters.memory.providers import MemoryProvider
from services.adapters.memory.store import MemoryStore
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher, MemoryStream
from services.adapters.phones import parse_phone
from services.adapters.policy import load_policy
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.addresses import normalise
from services.core.environment import METROPOLE
from services.core.leadtime import produces_on
from services.core.ports.streams import Stream
from services.delivery.ports import Senders
from services.intake.handlers import Handling
from services.runtime.consume import consume
from services.runtime.settings import home_of_the_code
from services.simulator.actors import Actors
from services.simulator.conductor import SOURCE, Conductor, Pace
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.incoming import Producers
from services.simulator.stage import Stage
from services.simulator.timeline import ScenarioClock, Timeline
from services.simulator.town import Town

#: a play's links and hashes hang on no secret
PLAY_KEY = b"a key for plays: nothing in a play is secret"
SENDERS = Senders(sms_sender="38123", sms_two_way=True, calling_number="09 48 12 34 56", public_url="https://rdv.sans-faute.example")


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Implements ``services.simulator.stage.Traffic`` over the counters of publishers and streams."""

    ends: Mapping[tuple[str, int], int]
    members: list[tuple[frozenset[str], StreamProgress]] = field(default_factory=list)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def unread(self, topics: Sequence[str]) -> int:
        """Published and not acknowledged by the readers of these topics."""
        mine = [(names, progress) for names, progress in self.members if names & set(topics)]
        latest: dict[frozenset[str], StreamProgress] = dict(mine)
        return sum(unread(self.ends, progress, names) for names, progress in latest.items())

    async def changed(self) -> None:
        """Wait until something of it changes."""
        await self._moved.wait()
        self._moved.clear()

    def moved(self) -> None:
        """Something changed."""
        self._moved.set()


def templates() -> Path:
    """The folder of texts."""
    return home_of_the_code() / "templates"


def handling_of(seals: Seals, snapshot: Snapshots, clock: ScenarioClock) -> Handling:
    """What intake's handlers may ask."""
    return Handling(
        numbers=parse_phone,
        hashes=seals.sender_hash,
        address_errors=lambda lines: normalise(lines).errors,
        residence=lambda postal_code: snapshot(clock.now()).residence(postal_code),
    )


def memory_play(scenario: Scenario, texts: JinjaTexts, pace: Pace | None = None) -> Conductor:
    """A play on memory. Raises ``PolicyError`` when the scenario overrides what is not there."""
    clock, timeline = ScenarioClock(scenario.start), Timeline()
    policy = load_policy(overrides=scenario.policy)
    snapshot = Snapshots(policy=policy)
    producers = Producers(scenario)
    town = Town(
        scenario=scenario,
        clock=clock,
        schedule=timeline.schedule,
        prints_on=partial(produces_on, snapshot(scenario.start).residence(METROPOLE)),
        carrier_of=lambda person: producers.person(person).carrier(),
    )
    broker = MemoryBroker(clock, {topic.name: topic.partitions for topic in load_topics().values()})
    publisher = MemoryPublisher(broker)
    traffic = Traffic(ends=publisher.progress.ends)
    publisher.progress.on_change = traffic.moved
    seals = Seals(PLAY_KEY)
    feedback = KafkaFeedback(publisher=publisher, encode=encode, seals=seals, clock=clock, source=SOURCE)
    providers = {
        channel: [MemoryProvider(name=name, channel=channel, town=town, feedback=feedback, clock=clock) for name in names]
        for channel, names in scenario.providers.items()
    }
    for channel, ones in providers.items():
        for one in ones:
            town.connect(channel, one.name, one)

    def switch_provider(name: str, down: bool) -> None:
        for ones in providers.values():
            for one in ones:
                one.down = down if one.name == name else one.down

    async def open_streams(topics: Sequence[str], group: str) -> Sequence[Stream]:
        stream = MemoryStream(broker, topics=topics, group=group, on_progress=traffic.moved)
        await stream.start()
        traffic.members.append((stream.topics, stream.progress))
        return [stream]

    stage = Stage(
        store=MemoryStore(journal=True),
        publisher=publisher,
        open_streams=open_streams,
        consume=consume,
        traffic=traffic,
        decode=Decoder(Schemas()),
        encode=encode,
        texts=texts,
        seals=seals,
        senders=SENDERS,
        policy=policy,
        snapshot=snapshot,
        handling=handling_of(seals, snapshot, clock),
        feedback=feedback,
        outlet=KafkaOutlet(publisher=publisher, encode=encode, source=SOURCE),
        providers=providers,
        networks={(channel, one.name): one for channel, ones in providers.items() for one in ones},
        switch_provider=switch_provider,
        busy=lambda: sum(one.busy for ones in providers.values() for one in ones),
    )
    actors = Actors(stage=stage, town=town, producers=producers, clock=clock)
    return Conductor(
        scenario=scenario, stage=stage, clock=clock, timeline=timeline, town=town, producers=producers, actors=actors, pace=pace
    )
