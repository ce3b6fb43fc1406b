"""The same hostility on a real broker and a real database: raw keys, headers and values, through intake and the relay."""

import asyncio
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from services.adapters.contracts import encode
from services.adapters.kafka.confluent_stream import ConfluentStream
from services.adapters.kafka.faust_stream import FaustStream
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.letters import PostgresLetters
from services.adapters.postgres.store import PostgresStore
from services.core.dead_letters import REPLAY_OF, TOPIC
from services.core.model import PersonId
from services.core.ports.dead_letters import Sought
from services.core.ports.streams import Stream
from services.intake.receive import receive
from services.relay.relay import Relay
from tests.fixtures.kafka import KafkaNode
from tests.fixtures.steps import handling
from tests.hostile.border import DECODE
from tests.unit.contracts.corpus import good
from tests.unit.web.people import NOW

pytestmark = pytest.mark.stack

APPOINTMENTS = "appointments.v1"
#: key, value, headers, as the broker takes them
RAW: list[tuple[bytes | None, bytes | None, list[tuple[str, str | bytes | None]]]] = [
    (b"\0", b"\0", []),
    (b"\xff\xfe\0", b"\xff", []),
    (None, None, []),
    (b"", b"", [("content-type", None)]),
    (b"k" * 100_000, b"{", [(REPLAY_OF, b"\0/0/1"), (REPLAY_OF, b"\xff/0/1")]),
    (b"luc", b"[" * 400_000, [(REPLAY_OF, b"a/" + b"9" * 18 + b"/1")]),
    (b"luc", b"x" * 999_000, []),
    (b"luc", b'{"type":"appointment.scheduled","data":{"\\u0000":1}}', [("\u0000", b"\0")]),
]


@pytest.mark.parametrize("reader", [ConfluentStream, FaustStream])
async def test_nothing_stops_intake_or_the_relay(kafka: KafkaNode, pool: Pool, reader: Callable[..., Stream]) -> None:
    """Each becomes a dead letter that is told of, and the appointment behind them all is stored (contracts §1)."""
    await kafka.fresh_topics()
    raw = Producer({"bootstrap.servers": kafka.bootstrap})
    for key, value, headers in RAW:
        raw.produce(APPOINTMENTS, key=key, value=value, headers=headers, partition=0)
    honest = next(sample for sample in good() if sample.type == "appointment.scheduled")
    raw.produce(APPOINTMENTS, key=b"luc", value=honest.value, partition=0)
    await asyncio.to_thread(raw.flush, 20)

    store, group, came = PostgresStore(pool), kafka.name("intake"), 0
    stream = reader(kafka.connection, topics=[APPOINTMENTS], group=group)
    await stream.start()
    try:
        while came < len(RAW) + 1:
            batch = await asyncio.wait_for(stream.next_batch(), 30)
            await receive(batch, store=store, decode=DECODE, handling=handling(), now=NOW)
            await stream.acknowledge(batch)
            came += len(batch)
    finally:
        await stream.stop()
    assert len(await PostgresLetters(pool).dead_letters(Sought())) == len(RAW)

    async with KafkaPublisher(kafka.connection) as publisher:
        relay = Relay(store=store, publisher=publisher, encode=encode, source="/sans-faute")
        while await relay.round(NOW):
            pass
    assert await store.outbox_size() == 0
    assert await kafka.admin.total_lag(kafka.name("reader"), [TOPIC]) == len(RAW)
    person = PersonId(honest.event["data"]["person_id"])
    async with store.unit() as unit:
        assert len((await unit.load([person]))[person].obligations) == 1
