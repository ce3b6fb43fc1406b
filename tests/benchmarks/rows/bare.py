"""The peers of flood and live: the least code that turns the same events into the same rows of every table, and decides nothing."""

import asyncio
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, NamedTuple

import asyncpg
import faust
import msgspec
from confluent_kafka import Consumer

from services.adapters.kafka.connection import KafkaConnection
from services.core.period import period
from services.core.words import Lane

_BATCH = 1000
#: seconds of one round
_WITHIN = 180
_SHARDS = 16


class Duty(NamedTuple):
    """One event as the rows that it becomes: what was seen, what is owed, when to look again."""

    source: str
    event_id: str
    obligation_id: str
    person_id: str
    kind: str
    known_at: datetime
    due_at: datetime
    opens_at: datetime | None
    period: str | None
    place: str | None
    purpose: str | None
    mandatory: bool


#: a decoded event and the instant at which it became known
ToDuty = Callable[[dict[str, Any], datetime], Duty]

_INBOX = """
INSERT INTO inbox (source, event_id, seen_at)
SELECT source, event_id, $3::timestamptz FROM unnest($1::text[], $2::text[]) AS given (source, event_id)
ON CONFLICT (source, event_id) DO NOTHING
"""
_OBLIGATIONS = """
INSERT INTO obligations (
    obligation_id, person_id, kind, known_at, due_at, opens_at, period, place, purpose, mandatory, changed_at, next_at,
    revision, last_revision, state, legal_value, evidence, non_receipt, version)
SELECT
    obligation_id, person_id, kind, known_at, due_at, opens_at, period, place, purpose, mandatory, known_at, due_at,
    1, 1, 'open', 'informative', 'E0', false, 0
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::jsonb[],
    $9::text[], $10::boolean[]) AS given (obligation_id, person_id, kind, known_at, due_at, opens_at, period, place, purpose, mandatory)
ON CONFLICT (obligation_id) DO UPDATE SET revision = excluded.revision, due_at = excluded.due_at
"""
_INSTANTS = {
    Lane.LIVE: "UPDATE people SET live_at = at FROM unnest($1::text[], $2::timestamptz[]) AS given (id, at) WHERE person_id = id",
    Lane.CAMPAIGN: "UPDATE people SET campaign_at = at FROM unnest($1::text[], $2::timestamptz[]) AS given (id, at) WHERE person_id = id",
}
_ATTEMPTS = """
INSERT INTO attempts (
    attempt_id, person_id, channel, contact_id, items, state, cause, chosen_by, excluded, release_at, not_after, tries, parts,
    dispatched_at)
SELECT attempt_id, person_id, 'sms', 'tel', items, 'released', 'first_notice', 'preferred', '{}', $4, not_after, 0, 1, $4
FROM unnest($1::text[], $2::text[], $3::jsonb[], $5::timestamptz[]) AS given (attempt_id, person_id, items, not_after)
ON CONFLICT (attempt_id) DO NOTHING
"""
_ITEMS = """
INSERT INTO attempt_items (obligation_id, attempt_id, revision, step, occurrence, channel, contact_id, never_sent)
SELECT obligation_id, attempt_id, 1, 'N0', 1, 'sms', 'tel', false
FROM unnest($1::text[], $2::text[]) AS given (obligation_id, attempt_id)
ON CONFLICT DO NOTHING
"""
_OUTBOX = """
INSERT INTO outbox (shard, topic, key, type, subject, data, shard_key, at)
SELECT shard, $6, key, $7, subject, data, person_id, $8
FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::json[]) AS given (shard, key, subject, person_id, data)
"""
_COUNTS = """
SELECT
    (SELECT count(*) FROM inbox) AS inbox,
    (SELECT count(*) FROM obligations WHERE next_at IS NOT NULL) AS obligations,
    (SELECT count(*) FROM people WHERE live_at IS NOT NULL OR campaign_at IS NOT NULL) AS people,
    (SELECT count(*) FROM attempts) AS attempts,
    (SELECT count(*) FROM attempt_items) AS items,
    (SELECT count(*) FROM outbox) AS outbox
"""


def opening(event: dict[str, Any], now: datetime) -> Duty:
    """``actualisation.opened``."""
    data = event["data"]
    span = period(data["period"])
    who = data["person_id"]
    due_at, named = span.closes_for("Europe/Paris"), f"act:{data['period']}:{who}"
    return Duty(
        event["source"], event["id"], named, who, "actualisation", now, due_at, span.opens_at, data["period"], None, None, True
    )  # fmt: skip


def meeting(event: dict[str, Any], now: datetime) -> Duty:
    """``appointment.scheduled``."""
    data = event["data"]
    starts_at, place = datetime.fromisoformat(data["starts_at"]), json.dumps(data["place"])
    named, who = f"rdv:{data['appointment_id']}", data["person_id"]
    return Duty(
        event["source"], event["id"], named, who, "appointment", now, starts_at, None, None, place, data["purpose"], data["mandatory"]
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that ours leaves in the database, written in as few statements as there are tables."""

    lane: Lane
    #: a new meeting is told to others: an ``obligation.changed`` in the outbox
    told: bool = False
    #: the first notice leaves at once: the message, its item and its dispatch are rows too
    released: bool = False

    async def write(self, database: "asyncpg.Connection[asyncpg.Record]", duties: Sequence[Duty]) -> None:
        """One transaction."""
        sources, events, *rows = (list(column) for column in zip(*duties, strict=True))
        people, due_at = rows[1], rows[4]
        async with database.transaction():
            await database.execute(_INBOX, sources, events, duties[0].known_at)
            await database.execute(_OBLIGATIONS, *rows)
            await database.execute(_INSTANTS[self.lane], people, due_at)
            if self.told:
                await _tell(database, duties)
            if self.released:
                await _release(database, duties)


async def _tell(database: "asyncpg.Connection[asyncpg.Record]", duties: Sequence[Duty]) -> None:
    named = [duty.obligation_id for duty in duties]
    said = [
        {
            "obligation_id": duty.obligation_id,
            "version": 1,
            "kind": duty.kind,
            "person_id": duty.person_id,
            "revision": 1,
            "state": "open",
            "evidence": "E0",
            "due_at": duty.due_at.isoformat(),
            "attempts": 0,
            "non_receipt": False,
            "changed_at": duty.known_at.isoformat(),
        }
        for duty in duties
    ]
    await _publish(database, duties, "obligations.v1", "obligation.changed", named, named, said)


async def _release(database: "asyncpg.Connection[asyncpg.Record]", duties: Sequence[Duty]) -> None:
    people, obligations = [duty.person_id for duty in duties], [duty.obligation_id for duty in duties]
    attempts, due_at = [f"at-{obligation}" for obligation in obligations], [duty.due_at for duty in duties]
    items = [[{"obligation_id": obligation, "revision": 1, "step": "N0", "occurrence": 1}] for obligation in obligations]
    said = [
        {
            "attempt_id": attempt,
            "person_id": duty.person_id,
            "channel": "sms",
            "contact_id": "tel",
            "items": about,
            "release_at": duty.known_at.isoformat(),
            "not_after": duty.due_at.isoformat(),
        }
        for attempt, duty, about in zip(attempts, duties, items, strict=True)
    ]
    await database.execute(_ATTEMPTS, attempts, people, [json.dumps(about) for about in items], duties[0].known_at, due_at)
    await database.execute(_ITEMS, obligations, attempts)
    await _publish(database, duties, "dispatch.sms.v1", "dispatch.requested", people, attempts, said)


async def _publish(
    database: "asyncpg.Connection[asyncpg.Record]",
    duties: Sequence[Duty],
    topic: str,
    type_: str,
    keys: Sequence[str],
    subjects: Sequence[str],
    said: Sequence[dict[str, Any]],
) -> None:
    people = [duty.person_id for duty in duties]
    shards = [zlib.crc32(who.encode()) % _SHARDS for who in people]
    data = [json.dumps(one) for one in said]
    await database.execute(_OUTBOX, shards, keys, subjects, people, data, topic, type_, duties[0].known_at)


class Left:
    """How many rows each round has left, table by table: both contestants must leave as many."""

    def __init__(self) -> None:
        self._first: dict[str, int] | None = None

    async def after(self, dsn: str, figure: float) -> float:
        """Count after a round, and pass its figure on; raises ``RuntimeError`` when an earlier round has left other rows."""
        database = await asyncpg.connect(dsn)
        try:
            rows = dict(await database.fetchrow(_COUNTS) or {})
        finally:
            await database.close()
        self._first = self._first or rows
        if rows != self._first:
            raise RuntimeError(f"not the same rows: {self._first}, then {rows}")
        return figure


async def confluent_loop(
    connection: KafkaConnection, topic: str, group: str, dsn: str, events: int, duty: ToDuty, now: datetime, rows: Rows
) -> float:
    """Obligation rows a second by consume(1000) in a thread, one transaction for each batch, commit after it."""
    settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**connection.librdkafka(), **settings})
    consumer.subscribe([topic])
    database = await asyncpg.connect(dsn)
    done, started = 0, 0.0
    try:
        while done < events:
            messages = await asyncio.to_thread(consumer.consume, _BATCH, 0.2)
            if not messages:
                continue
            started = started or perf_counter()
            await rows.write(database, [duty(msgspec.json.decode(message.value() or b""), now) for message in messages])
            consumer.commit(asynchronous=True)
            done += len(messages)
        return events / (perf_counter() - started)
    finally:
        await database.close()
        await asyncio.to_thread(consumer.close)


async def faust_loop(
    connection: KafkaConnection, topic: str, group: str, dsn: str, events: int, duty: ToDuty, now: datetime, rows: Rows
) -> float:
    """Obligation rows a second by Faust's own batches, acknowledged by Faust; settings as in our adapter."""
    app = _faust_app(connection, group)
    database = await asyncpg.connect(dsn)
    finished = asyncio.Event()
    done, started = 0, 0.0

    async def store(stream: Any) -> None:
        nonlocal done, started
        async for batch in stream.take(500, within=0.2):
            started = started or perf_counter()
            await rows.write(database, [duty(msgspec.json.decode(value), now) for value in batch])
            done += len(batch)
            if done >= events:
                finished.set()

    app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"), name=f"{group}.store")(store)
    await app.start()
    try:
        await asyncio.wait_for(finished.wait(), _WITHIN)
        return events / (perf_counter() - started)
    except TimeoutError:
        raise RuntimeError(f"the bare Faust loop stalled: {done} of {events} after {_WITHIN} s") from None
    finally:
        await app.stop()
        await database.close()
        shutil.rmtree(app.conf.datadir, ignore_errors=True)


def _faust_app(connection: KafkaConnection, group: str) -> faust.App:
    """A plain app with the settings that our adapter has found to be the fast and safe ones."""
    return faust.App(
        group,
        **connection.faust(),
        loop=asyncio.get_running_loop(),
        datadir=tempfile.mkdtemp(prefix="sans-faute-bench-faust-"),
        broker_session_timeout=6,
        broker_heartbeat_interval=2,
        broker_commit_every=1000,
        broker_commit_interval=1,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
    )
