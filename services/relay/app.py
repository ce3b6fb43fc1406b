"""The relay process: woken when messages are committed to the outbox, until Kafka has them.

Next: services/relay/relay.py
"""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import Final

import structlog

from services.adapters.checks import database_check, topics_check
from services.adapters.clock import SystemClock
from services.adapters.contracts import encode
from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import load_topics
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.notify import OUTBOX_CHANNEL, Signal, listen
from services.adapters.postgres.store import PostgresStore
from services.core.ports.streams import MissingTopics
from services.relay.relay import Relay
from services.runtime.consume import finished, retried
from services.runtime.fuse import fuse_of
from services.runtime.metrics import Metrics
from services.runtime.surroundings import Surroundings
from services.runtime.waiting import Waiting

_log = structlog.get_logger()

#: who we are in a CloudEvent's ``source``
SOURCE: Final = "/sans-faute"
DEAD_LETTERS: Final = "dead-letters.v1"
#: seconds between two counts of what waits, while there is work: counting a long queue takes longer than a round
_COUNT_EVERY: Final = 1.0
#: what waits has its shard taken by another relay; should that one die, nobody tells us
_TAKEN_ELSEWHERE: Final = timedelta(seconds=1)


async def run(surroundings: Surroundings) -> None:
    """Publish what waits until cancelled; raises ``MissingTopics``."""
    settings, metrics, health = surroundings.settings, surroundings.metrics, surroundings.health
    dsn, waiting = surroundings.servers.database_url, Waiting()
    connection = KafkaConnection(**asdict(surroundings.servers.kafka))
    admin = KafkaAdmin(connection)
    # a dead letter goes through the outbox as well
    written = [topic.name for topic in load_topics().values() if topic.written_by == "relay" or topic.name == DEAD_LETTERS]
    missing = await admin.missing_topics(written)
    if missing:
        raise MissingTopics(missing)

    async with (
        open_pool(dsn, connections=settings.database_connections) as pool,
        KafkaPublisher(connection) as publisher,
        listen(dsn, OUTBOX_CHANNEL) as signal,
    ):
        store = PostgresStore(pool)
        relay = Relay(store=store, publisher=publisher, encode=encode, source=SOURCE, fuse=fuse_of(settings, "relay"))
        health.ready_when("database", database_check(pool))
        health.ready_when("kafka", topics_check(admin, written))
        health.ready_when("publishing", waiting.check)
        await _publish(_Rounds(relay, store, publisher), signal, metrics, waiting)


async def _publish(rounds: "_Rounds", signal: Signal, metrics: Metrics, waiting: Waiting) -> None:
    while True:
        # before looking, so that whatever is committed while we look makes us look again
        signal.clear()
        await finished(retried(rounds.one, waiting=waiting))
        _count(metrics, rounds)
        if not rounds.published:
            await _until(signal, rounds.left)


class _Rounds:
    """One round after the other, with what each did."""

    def __init__(self, relay: Relay, store: PostgresStore, publisher: KafkaPublisher) -> None:
        self._relay = relay
        self._store = store
        self._now = SystemClock().now
        self._publisher = publisher
        self._told = dict(publisher.published)
        self.published = 0
        self.left = 0
        self._counted_at = 0.0

    async def one(self) -> None:
        """Raises ``StoreUnavailable`` and ``NotPublished``; can be done again."""
        self.published = await self._relay.round(self._now())
        at = asyncio.get_running_loop().time()
        if not self.published or at - self._counted_at > _COUNT_EVERY:
            self.left, self._counted_at = await self._store.outbox_size(), at

    def news(self) -> dict[str, int]:
        """Messages confirmed since the last call, per topic."""
        now = dict(self._publisher.published)
        fresh = {topic: count - self._told.get(topic, 0) for topic, count in now.items()}
        self._told = now
        return {topic: count for topic, count in fresh.items() if count}


async def _until(signal: Signal, left: int) -> None:
    """Wait for the next commit; not for ever while rows wait that another relay has taken."""
    with_limit = asyncio.wait_for(signal.wait(), _TAKEN_ELSEWHERE.total_seconds() if left else None)
    try:
        await with_limit
    except TimeoutError:
        return


def _count(metrics: Metrics, rounds: _Rounds) -> None:
    metrics.set("outbox_waiting", rounds.left)
    for topic, count in rounds.news().items():
        metrics.count("messages_published", count, topic=topic)
        _log.info("messages published", topic=topic, count=count)
