"""The intake process: topic → batch → decode → ``receive()`` → acknowledged after the commit.

Next: services/intake/receive.py
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from time import perf_counter

from services.adapters.checks import database_answers, database_check, topics_check
from services.adapters.clock import SystemClock
from services.adapters.contracts import Decoder, Schemas
from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.members import joined_check, members_of
from services.adapters.kafka.topics import TopicChanges, load_topics, read_by
from services.adapters.phones import parse_phone
from services.adapters.policy import SHIPPED, load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.channels.addresses import normalise
from services.core.ports.streams import Record
from services.intake.handlers import Handling
from services.intake.receive import Received, receive
from services.runtime.changes_log import log_changes
from services.runtime.consume import consume_all
from services.runtime.dead_letters import LimitedDecode
from services.runtime.fuse import fuse_of
from services.runtime.metrics import Metrics
from services.runtime.surroundings import Surroundings
from services.runtime.waiting import Waiting


async def run(surroundings: Surroundings) -> None:
    """Read the incoming topics until cancelled. Raises ``MissingTopics``, ``TooManyDeadLetters``, ``Stalled``."""
    settings, metrics, health = surroundings.settings, surroundings.metrics, surroundings.health
    clock, seals = SystemClock(), Seals(surroundings.service_key)
    connection = KafkaConnection(**asdict(surroundings.servers.kafka))
    topics = load_topics(changes=TopicChanges(readers=settings.topics.readers))
    mine = {name: topics[name] for name in read_by(topics, "intake")}
    snapshot = Snapshots(policy=load_policy(settings.policy_file or SHIPPED))
    handling = Handling(
        numbers=parse_phone,
        hashes=seals.sender_hash,
        address_errors=lambda lines: normalise(lines).errors,
        residence=lambda postal_code: snapshot(clock.now()).residence(postal_code),
        policy=snapshot.policy,
    )
    decode = LimitedDecode(
        decode=Decoder(Schemas()),
        share=settings.dead_letter_share,
        unreadable=lambda topic: metrics.count("dead_letters", topic=topic),
    )
    fuse, waiting = fuse_of(settings, "intake"), Waiting()

    async with open_pool(surroundings.servers.database_url, connections=settings.database_connections) as pool:
        store = PostgresStore(pool, told=log_changes)
        health.ready_when("database", database_check(pool))
        health.ready_when("kafka", topics_check(KafkaAdmin(connection), mine))
        health.ready_when("storing", waiting.check)

        async def step(batch: Sequence[Record]) -> None:
            started = perf_counter()
            received = await receive(batch, store=store, decode=decode, handling=handling, now=clock.now())
            _count(metrics, batch, received, perf_counter() - started)
            fuse("before_acknowledge", clock.now())

        members = members_of(
            "intake",
            mine,
            connection,
            instance=surroundings.instance,
            store_answers=partial(database_answers, pool),
            tell_lag=lambda topic, records: metrics.set("consumer_lag", records, topic=topic),
        )
        health.ready_when("group", joined_check(members))
        await consume_all(members, step, waiting=waiting)


def _count(metrics: Metrics, batch: Sequence[Record], received: Received, seconds: float) -> None:
    for topic, records in Counter(record.topic for record in batch).items():
        metrics.count("events_received", records, topic=topic)
    metrics.count("events_repeated", received.duplicates, reason="duplicate")
    metrics.count("events_repeated", received.stale, reason="stale")
    metrics.count("events_repeated", received.refused, reason="erased")
    metrics.observe("batch_seconds", seconds, topic=batch[0].topic)
