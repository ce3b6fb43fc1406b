"""Wiring of a play in memory: every port has its memory twin; the steps are the product's own."""

from collections.abc import Sequence

from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.feedback import KafkaFeedback, KafkaOutlet
from services.adapters.kafka.topics import load_topics
from services.adapters.memory.providers import MemoryProvider
from services.adapters.memory.readings import MemoryReadings
from services.adapters.memory.store import MemoryStore
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher, MemoryStream
from services.adapters.rendering.texts import JinjaTexts
from services.core.ports.store import Store
from services.runtime.consume import consume
from services.simulator.actors import Actors
from services.simulator.app.gate import Gate
from services.simulator.app.parts import SENDERS, parts_of, templates
from services.simulator.app.traffic import Traffic
from services.simulator.conductor import SOURCE, Conductor, Pace
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.words import Server
from services.simulator.stage import Member, Stage
from services.simulator.visitors import LinksOf, Visitors, in_this_process
from services.web.acknowledge import LinkPages
from services.web.forgery import Refusals
from services.web.render import Renderer


def memory_play(scenario: Scenario, texts: JinjaTexts, pace: Pace | None = None, store: Store | None = None) -> Conductor:
    """A play on memory, or on a store of the caller's. Raises ``PolicyError`` when the scenario overrides what is not there."""
    parts = parts_of(scenario)
    clock, town = parts.clock, parts.town
    broker = MemoryBroker(clock, {topic.name: topic.partitions for topic in load_topics().values()})
    publisher = MemoryPublisher(broker)
    traffic = Traffic(ends=publisher.progress.ends)
    publisher.progress.on_change = traffic.moved
    feedback = KafkaFeedback(publisher=publisher, encode=encode, decode=Decoder(Schemas()), seals=parts.seals, clock=clock, source=SOURCE)
    outlet = KafkaOutlet(publisher=publisher, encode=encode, source=SOURCE)
    providers = {
        channel: [MemoryProvider(name=name, channel=channel, town=town, feedback=feedback, clock=clock) for name in names]
        for channel, names in scenario.providers.items()
    }
    for channel, ones in providers.items():
        for one in ones:
            town.connect(channel, one.name, one)

    async def switch_provider(name: str, down: bool) -> None:
        for one in (one for ones in providers.values() for one in ones if one.name == name):
            one.down = down
            await one.resend()

    async def open_streams(topics: Sequence[str], group: str) -> Sequence[Member]:
        stream = MemoryStream(broker, topics=topics, group=group, on_progress=traffic.moved)
        await stream.start()
        traffic.joined(stream.topics, stream.progress)
        return [stream]

    own = MemoryStore(journal=True, told=parts.agenda.heard)
    refusals = Refusals(store=own, clock=clock)

    async def switch_server(server: Server, down: bool) -> None:
        if server is Server.KAFKA:
            broker.available = not down
        else:
            own.available = not down

    def links() -> LinkPages:
        pages = LinksOf(store=store or own)
        return LinkPages(pages=pages, outlet=outlet, clock=clock, policy=parts.policy.link, render=Renderer(templates() / "pages"))

    stage = Stage(
        store=store or own,
        publisher=publisher,
        open_streams=open_streams,
        consume=consume,
        traffic=traffic,
        decode=Decoder(Schemas()),
        encode=encode,
        texts=texts,
        seals=parts.seals,
        senders=SENDERS,
        policy=parts.policy,
        snapshot=parts.snapshot,
        handling=parts.handling,
        feedback=feedback,
        outlet=outlet,
        providers=providers,
        networks={(channel, one.name): one for channel, ones in providers.items() for one in ones},
        switch_provider=switch_provider,
        switch_server=switch_server,
        visit=Visitors(client=in_this_process(links)).visit,
        forge=Gate(clock=clock, feedback=feedback, refused=refusals.add_now).knocked,
        readings=MemoryReadings(own) if store is None else None,
        agenda=parts.agenda,
        busy=lambda: sum(one.busy for ones in providers.values() for one in ones),
    )
    actors = Actors(stage=stage, town=town, producers=parts.producers, clock=clock)
    return Conductor(
        scenario=scenario,
        stage=stage,
        clock=clock,
        timeline=parts.timeline,
        town=town,
        producers=parts.producers,
        actors=actors,
        pace=pace,
    )
