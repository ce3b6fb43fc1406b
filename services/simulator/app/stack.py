"""Wiring of a play on the real thing: Kafka, PostgreSQL, provider adapters over sockets and callbacks over HTTP, in one loop.

Only the clock is the scenario's. Every play has topics, groups and a database of its own in the servers that it is given, so that plays
know nothing of each other and touch nothing of anybody else's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final

import httpx

from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.feedback import KafkaFeedback, KafkaOutlet
from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.opening import CountedStream, group_of, open_stream
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import Topic, by_reader, load_topics
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.pages import PostgresPages
from services.adapters.postgres.readings import PostgresReadings
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.texts import JinjaTexts
from services.core.ports.store import Store
from services.core.words import Channel
from services.delivery.claim import Clerk
from services.delivery.claims import CallScripts, Leases
from services.runtime.consume import consume
from services.simulator.actors import Actors
from services.simulator.app.counted import CountedFeedback, CountedProvider
from services.simulator.app.databases import Databases, open_databases
from services.simulator.app.gate import gateway, knock
from services.simulator.app.lines import Servers, open_servers
from services.simulator.app.listener import Behind, Listener
from services.simulator.app.pairs import SILENCE, Pair, PromptTown, Surroundings, open_pair
from services.simulator.app.parts import SENDERS, Parts, parts_of
from services.simulator.app.traffic import Traffic
from services.simulator.conductor import SOURCE, Conductor, Pace
from services.simulator.own_topics import OwnPublisher, OwnStream
from services.simulator.scenario.file import Scenario
from services.simulator.stage import Forgery, Member, Stage
from services.simulator.visitors import Visitors, over_a_socket
from services.web.forgery import Refusals

#: of the machine's clock: how long an adapter waits for a server on the same machine …
_PATIENT: Final = timedelta(seconds=30)
#: … and in a story in which a provider is silent on purpose
_IMPATIENT: Final = timedelta(seconds=3)
#: a message is handed to the broker at once: nobody else comes who could share its journey
_LINGER: Final = timedelta(0)
#: partitions of a play's topics at most: as good as twelve for a handful of people, and a quarter of the broker's work
_PARTITIONS: Final = 3


#: something that looks at a play while it stands, such as the staff's pages
Beside = Callable[[Conductor, PostgresPages], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playground:
    """Servers on which plays take place, one after the other or side by side."""

    kafka: KafkaConnection
    databases: Databases
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @asynccontextmanager
    async def play(
        self, scenario: Scenario, texts: JinjaTexts, pace: Pace | None = None, *, folder: Path | None = None, beside: Beside | None = None
    ) -> AsyncIterator[Conductor]:
        """A play, ready to begin; its topics and its database are gone when the block ends.

        ``folder`` is where the print shop's letters and the mail server's e-mails go; ``beside`` runs as long as the play stands.

        Raises ``PolicyError`` when the scenario overrides what is not there, ``CannotHappen`` when it takes away what cannot be taken
        away here, ``KafkaUnavailable`` and ``StoreUnavailable``.
        """
        parts = parts_of(scenario)
        name = f"{self.databases.session}-{next(self._numbers)}"
        async with AsyncExitStack() as stack:
            topics = await stack.enter_async_context(_topics(KafkaAdmin(self.kafka), f"{name}."))
            database = await stack.enter_async_context(self.databases.fresh(name))
            servers = await stack.enter_async_context(open_servers(scenario, self.kafka, database))
            pool = await stack.enter_async_context(open_pool(servers.database))
            store = PostgresStore(pool, journal=True, told=parts.agenda.heard)
            readers = Readers(servers=servers, topics=topics, play=name)
            pages = PostgresPages(pool, owed_after=parts.policy.watch.late_after_outage.after_date)
            kept = Kept(store=store, pages=pages, readings=PostgresReadings(pool))
            conductor = await _conductor(parts, texts, pace, kept, readers, stack, folder)
            if beside is not None:
                await stack.enter_async_context(beside(conductor, pages))
            yield conductor


@asynccontextmanager
async def open_playground(kafka: KafkaConnection, database_url: str) -> AsyncIterator[Playground]:
    """Prepare servers for plays. ``database_url`` must be of a role that may create databases; raises ``StoreUnavailable``."""
    async with open_databases(database_url) as databases:
        yield Playground(kafka=kafka, databases=databases)


@asynccontextmanager
async def _topics(admin: KafkaAdmin, prefix: str) -> AsyncIterator[Mapping[str, Topic]]:
    """All topics of the contracts behind a prefix, by the name that the steps know."""
    topics = load_topics()
    own = [replace(topic, name=prefix + name, partitions=min(topic.partitions, _PARTITIONS)) for name, topic in topics.items()]
    await admin.ensure_topics(own)
    try:
        yield topics
    finally:
        await admin.delete([topic.name for topic in own])


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Opens the streams of one play."""

    servers: Servers
    topics: Mapping[str, Topic]
    play: str

    @property
    def prefix(self) -> str:
        """What stands before the names of this play's topics."""
        return f"{self.play}."

    async def open(self, topics: Sequence[str], process: str, traffic: Traffic) -> Sequence[Member]:
        """One member for each kind of reader; together they read these topics."""
        group = f"{self.play}.{process}"
        members: dict[frozenset[str], CountedStream] = {}
        for reader, names in by_reader(self.topics, topics).items():
            own = frozenset(self.prefix + name for name in names)
            # named the same after a crash: the group does not wait for a session to end
            called = group_of(group, reader)
            members[own] = open_stream(own, called, self.servers.kafka, reader, member=called, on_progress=traffic.moved)
        await asyncio.gather(*(member.start() for member in members.values()))
        for own, member in members.items():
            traffic.joined(own, member.progress)
        return [
            OwnStream(stream=member, prefix=self.prefix, topics=frozenset(name.removeprefix(self.prefix) for name in own))
            for own, member in members.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One play's database, as the steps, the pages and the watch see it."""

    store: Store
    pages: PostgresPages
    readings: PostgresReadings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """What runs between the steps of one play, counted where it passes."""

    traffic: Traffic
    publisher: OwnPublisher
    outlet: KafkaOutlet
    feedback: CountedFeedback


async def _wires(parts: Parts, readers: Readers, stack: AsyncExitStack) -> Wires:
    kafka = await stack.enter_async_context(KafkaPublisher(readers.servers.kafka, patience=readers.servers.patience, linger=_LINGER))
    traffic = Traffic(ends=kafka.progress.ends, prefix=readers.prefix)
    kafka.progress.on_change = traffic.moved
    publisher = OwnPublisher(publisher=kafka, prefix=readers.prefix)
    decode = Decoder(Schemas())
    feedback = KafkaFeedback(publisher=publisher, encode=encode, decode=decode, seals=parts.seals, clock=parts.clock, source=SOURCE)
    return Wires(
        traffic=traffic,
        publisher=publisher,
        outlet=KafkaOutlet(publisher=publisher, encode=encode, source=SOURCE),
        feedback=CountedFeedback(feedback=feedback, traffic=traffic),
    )


async def _conductor(
    parts: Parts,
    texts: JinjaTexts,
    pace: Pace | None,
    kept: Kept,
    readers: Readers,
    stack: AsyncExitStack,
    folder: Path | None,
) -> Conductor:
    wires, listener = await _wires(parts, readers, stack), Listener()
    clerk = Clerk(texts=texts, seals=parts.seals, senders=SENDERS)
    pairs = await _served_pairs(parts, wires, clerk, kept, listener, stack, folder)
    stage = _stage(parts, texts, kept, readers, wires, pairs, listener)
    return Conductor(
        scenario=parts.scenario,
        stage=stage,
        clock=parts.clock,
        timeline=parts.timeline,
        town=parts.town,
        producers=parts.producers,
        actors=Actors(stage=stage, town=parts.town, producers=parts.producers, clock=parts.clock),
        pace=pace,
    )


async def _served_pairs(
    parts: Parts, wires: Wires, clerk: Clerk, kept: Kept, listener: Listener, stack: AsyncExitStack, folder: Path | None
) -> Mapping[Channel, Sequence[Pair]]:
    """The providers, and the listener at which they call back."""
    store = kept.store
    around = Surroundings(
        town=PromptTown(town=parts.town),
        clock=parts.clock,
        feedback=wires.feedback,
        scripts=CallScripts(store=store, clerk=clerk, snapshot=parts.snapshot, clock=parts.clock),
        public_url=listener.public_url,
        patience=_patience(parts.scenario),
        folder=folder,
    )
    pairs = await _pairs(parts, around, stack)
    behind = Behind(
        pages=kept.pages,
        outlet=wires.outlet,
        feedback=wires.feedback,
        claims=Leases(store=store, clerk=clerk, snapshot=parts.snapshot),
        clock=parts.clock,
        link=parts.policy.link,
        refused=Refusals(store=store, clock=parts.clock).add_now,
    )
    # a provider without callbacks of its own over HTTP has a gateway's: somebody may knock there in its name
    sources = {channel: [pair.source or gateway(pair.provider.name, parts.clock) for pair in ones] for channel, ones in pairs.items()}
    await stack.enter_async_context(listener.serving(sources, behind))
    return pairs


def _stage(
    parts: Parts,
    texts: JinjaTexts,
    kept: Kept,
    readers: Readers,
    wires: Wires,
    pairs: Mapping[Channel, Sequence[Pair]],
    listener: Listener,
) -> Stage:
    everybody = [pair for ones in pairs.values() for pair in ones]
    traffic = wires.traffic

    async def switch_provider(name: str, down: bool) -> None:
        await asyncio.gather(*(pair.switch(down=down) for pair in everybody if pair.provider.name == name))

    async def open_streams(topics: Sequence[str], process: str) -> Sequence[Member]:
        return await readers.open(topics, process, traffic)

    async def forge(forgery: Forgery) -> int:
        with traffic.request():
            async with httpx.AsyncClient(trust_env=False) as client:
                url = f"{listener.public_url(forgery.channel)}/callbacks/{forgery.provider}"
                return await knock(client, url, forgery, parts.clock)

    return Stage(
        store=kept.store,
        publisher=wires.publisher,
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
        feedback=wires.feedback,
        outlet=wires.outlet,
        providers={channel: [CountedProvider(provider=pair.provider, traffic=traffic) for pair in ones] for channel, ones in pairs.items()},
        networks={(channel, pair.provider.name): pair.server for channel, ones in pairs.items() for pair in ones},
        switch_provider=switch_provider,
        switch_server=readers.servers.switch,
        visit=Visitors(client=over_a_socket(listener.url)).visit,
        forge=forge,
        readings=kept.readings,
        agenda=parts.agenda,
        busy=lambda: traffic.requests,
    )


async def _pairs(parts: Parts, around: Surroundings, stack: AsyncExitStack) -> Mapping[Channel, Sequence[Pair]]:
    """The scenario's providers, each known to the town."""
    pairs = {
        channel: [await open_pair(channel, name, around, stack) for name in names] for channel, names in parts.scenario.providers.items()
    }
    for channel, ones in pairs.items():
        for pair in ones:
            parts.town.connect(channel, pair.provider.name, pair.server)
    return pairs


def _patience(scenario: Scenario) -> timedelta:
    """Adapters wait by the machine's clock, so a silence that the story wants must not cost its whole length."""
    silent = any(reaction.hang is not None and reaction.hang >= SILENCE for rule in scenario.world for reaction in rule.then)
    return _IMPATIENT if silent else _PATIENT
