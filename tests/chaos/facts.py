"""What can be known of a run from outside: what the database says, and what the topics hold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import asyncpg
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from services.adapters.kafka.connection import KafkaConnection
from services.core.words import Channel
from tests.chaos.behind import Arrival

#: what others read of us, and what producers have said to us
COMING_IN = ("appointments.v1", "convocations.v1", "actualisations.v1")
READ = ("obligations.v1", "alerts.v1", *COMING_IN, "dead-letters.v1")
_TOGETHER = 1000
#: seconds for a handful of records to come together, and after which a broker is silent
_WAIT, _PATIENCE = 0.2, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSeen:
    """A row."""

    attempt_id: str
    person_id: str
    channel: Channel
    contact_id: str
    #: duty, revision, step, occurrence
    items: tuple[tuple[str, int, str, int], ...]
    state: str
    reason: str | None
    tries: int
    not_after: datetime
    provider_ref: str | None
    token: str | None
    claimed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutySeen:
    """A row."""

    obligation_id: str
    person_id: str
    state: str
    evidence: str
    revision: int
    version: int
    due_at: datetime
    next_at: datetime | None
    non_receipt: bool
    verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSeen:
    """A row."""

    alert_id: str
    person_id: str
    obligation_id: str | None
    type: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that is judged."""

    #: until when everything that was due has had its time
    at: datetime
    duties: Sequence[DutySeen]
    attempts: Sequence[AttemptSeen]
    alerts: Sequence[AlertSeen]
    #: words that were handed over, by attempt
    words: Sequence[tuple[str, str]]
    outbox: int
    #: records of the outbox that the broker has, as far as they are still kept
    published: int
    quarantined: int
    #: people from whom a reply is known
    replied: frozenset[str]
    #: events by topic, in order within a key
    topics: dict[str, list[dict[str, Any]]]
    arrivals: Sequence[Arrival]
    #: what providers reported of what they have, by channel and reference
    reported: dict[tuple[Channel, str], str]
    #: people who answered by SMS
    answered: frozenset[str]
    #: number or address → person
    owners: dict[str, str]


async def rows_of(url: str) -> dict[str, Any]:
    """What the database says, in one snapshot."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return {
                "duties": [
                    DutySeen(**dict(row))
                    for row in await connection.fetch(
                        "SELECT obligation_id, person_id, state, evidence, greatest(revision, last_revision) AS revision, version, due_at,"
                        " next_at, non_receipt, verdict FROM obligations WHERE kind <> 'contact'"
                    )
                ],
                "attempts": [_attempt(row) for row in await connection.fetch("SELECT * FROM attempts")],
                "alerts": [
                    AlertSeen(**dict(row))
                    for row in await connection.fetch(
                        "SELECT alert_id, person_id, obligation_id, type, closed_at IS NULL AS open FROM alerts"
                    )
                ],
                "words": [(row["attempt_id"], row["text"]) for row in await connection.fetch("SELECT attempt_id, text FROM messages")],
                "outbox": await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"),
                "published": await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"),
                "quarantined": await connection.fetchval("SELECT count(*) FROM people WHERE quarantined_at IS NOT NULL"),
                "replied": frozenset(
                    row["person_id"] for row in await connection.fetch("SELECT DISTINCT person_id FROM replies WHERE person_id IS NOT NULL")
                ),
            }
    finally:
        await connection.close()


def _attempt(row: asyncpg.Record) -> AttemptSeen:
    items = tuple((item["obligation_id"], item["revision"], item["step"], item["occurrence"]) for item in json.loads(row["items"]))
    names = ("attempt_id", "person_id", "contact_id", "state", "reason", "tries", "not_after", "provider_ref", "token", "claimed_at")
    return AttemptSeen(channel=Channel(row["channel"]), items=items, **{name: row[name] for name in names})


def topics_of(kafka: KafkaConnection) -> dict[str, list[dict[str, Any]]]:
    """Every event that the topics hold, without any group of ours."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": "chaos-outside",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    try:
        return {topic: _read(consumer, topic) for topic in READ}
    finally:
        consumer.close()


def _read(consumer: Any, topic: str) -> list[dict[str, Any]]:
    """All of a topic, from its beginning to where it ends now; raises ``TimeoutError`` when it says nothing."""
    ends: dict[int, int] = {}
    for number in consumer.list_topics(topic, timeout=_PATIENCE).topics[topic].partitions:
        first, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_PATIENCE)
        if first < end:
            ends[number] = end
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
    events: list[dict[str, Any]] = []
    silent_since = monotonic()
    while ends:
        found = consumer.consume(_TOGETHER, timeout=_WAIT)
        if found:
            silent_since = monotonic()
        elif monotonic() - silent_since > _PATIENCE:
            raise TimeoutError(f"{topic} says nothing")
        events += [json.loads(message.value()) for message in found if message.error() is None and message.value() is not None]
        for position in consumer.position([TopicPartition(topic, number) for number in ends]):
            if position.offset >= ends[position.partition]:
                del ends[position.partition]
    return events
