"""The peers of flood and live: the least code that turns the same events into the same obligation rows, and decides nothing."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

import asyncpg
import faust
import msgspec
from confluent_kafka import Consumer

from services.adapters.kafka.connection import KafkaConnection
from services.core.period import period

#: one obligation, in the order of ``_INSERT``'s arrays
Duty = tuple[str, str, str, datetime, datetime, datetime | None, str | None, str | None, str | None, bool]
#: a decoded event and the instant at which it became known
ToDuty = Callable[[dict[str, Any], datetime], Duty]

_BATCH = 1000
#: seconds of one round
_WITHIN = 180
_INSERT = """
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


def opening(event: dict[str, Any], now: datetime) -> Duty:
    """``actualisation.opened``."""
    data = event["data"]
    span = period(data["period"])
    who = data["person_id"]
    due_at = span.closes_for("Europe/Paris")
    return f"act:{data['period']}:{who}", who, "actualisation", now, due_at, span.opens_at, data["period"], None, None, True


def meeting(event: dict[str, Any], now: datetime) -> Duty:
    """``appointment.scheduled``."""
    data = event["data"]
    starts_at = datetime.fromisoformat(data["starts_at"])
    place = json.dumps(data["place"])
    name = f"rdv:{data['appointment_id']}"
    return name, data["person_id"], "appointment", now, starts_at, None, None, place, data["purpose"], data["mandatory"]


async def confluent_loop(connection: KafkaConnection, topic: str, group: str, dsn: str, events: int, duty: ToDuty, now: datetime) -> float:
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
            await _write(database, [duty(msgspec.json.decode(message.value() or b""), now) for message in messages])
            consumer.commit(asynchronous=True)
            done += len(messages)
        return events / (perf_counter() - started)
    finally:
        await database.close()
        await asyncio.to_thread(consumer.close)


async def faust_loop(connection: KafkaConnection, topic: str, group: str, dsn: str, events: int, duty: ToDuty, now: datetime) -> float:
    """Obligation rows a second by Faust's own batches, acknowledged by Faust; settings as in our adapter."""
    app = _faust_app(connection, group)
    database = await asyncpg.connect(dsn)
    finished = asyncio.Event()
    done, started = 0, 0.0

    async def store(stream: Any) -> None:
        nonlocal done, started
        async for batch in stream.take(500, within=0.2):
            started = started or perf_counter()
            await _write(database, [duty(msgspec.json.decode(value), now) for value in batch])
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


async def _write(database: "asyncpg.Connection[asyncpg.Record]", duties: Sequence[Duty]) -> None:
    async with database.transaction():
        await database.execute(_INSERT, *(list(column) for column in zip(*duties, strict=True)))
