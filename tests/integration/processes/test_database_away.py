"""Intake while the database is away: it pauses, it resumes, and nothing is lost."""

import asyncio
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from services.adapters.contracts import Decoder, Schemas
from services.adapters.kafka.topics import load_topics
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher, MemoryStream
from services.adapters.postgres.migrate import migrate
from services.adapters.postgres.store import PostgresStore
from services.core.ports.streams import Message, Record
from services.intake.receive import receive
from services.runtime.consume import consume
from services.runtime.embedded.postgres import embedded_postgres
from services.simulator.app.parts import parts_of
from services.simulator.conductor import INCOMING
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse_text

pytestmark = pytest.mark.stack

#: of the machine's clock: far more than a restart takes
_PATIENCE = 60
_STORY = """
scenario: away
crowds: {gens: {count: 100, like: luc}}
people:
  luc: {first_name: Luc, postal_code: "59000", preferred: sms, phone: "06 12 34 56 78"}
events:
  - {at: 2026-11-28T00:00, event: actualisation.opened, person: gens, period: "2026-11", required: true}
"""


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """State of a server that this test stops and starts; user postgres must reach it."""
    with tempfile.TemporaryDirectory(prefix="sans-faute-away-", dir="/var/tmp", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def test_intake_waits_for_the_database_and_loses_nothing(own_folder: Path) -> None:
    """Half of the events come while PostgreSQL is down: they are read when it is back, and each is stored once."""
    scenario = parse_text(_STORY, "away.yaml")
    assert isinstance(scenario, Scenario), scenario
    parts = parts_of(scenario)
    broker = MemoryBroker(parts.clock, {topic.name: topic.partitions for topic in load_topics().values()})
    publisher, waits, moved = MemoryPublisher(broker), asyncio.Event(), asyncio.Event()
    stream = MemoryStream(broker, topics=INCOMING, group="intake", on_progress=moved.set)
    incoming = [one for event in scenario.events for one in parts.producers.incoming(event)]
    messages = [Message(topic=one.topic, key=one.key, value=one.value()) for one in incoming]

    async with embedded_postgres(own_folder) as server:
        await migrate(server.url)
        pool = await asyncpg.create_pool(server.url, min_size=0, max_size=2)
        store = PostgresStore(pool)

        async def step(batch: Sequence[Record]) -> None:
            await receive(batch, store=store, decode=Decoder(Schemas()), handling=parts.handling, now=parts.clock.now())

        await stream.start()
        intake = asyncio.create_task(consume(stream, step, waiting=lambda away: waits.set() if away else None))
        await publisher.publish(messages[:50])
        await _until(moved, lambda: stream.acknowledged.total() == 50)
        await server.child.stop(timedelta(seconds=10), with_signal=signal.SIGQUIT)
        await publisher.publish(messages[50:])
        await asyncio.wait_for(waits.wait(), _PATIENCE)
        assert stream.acknowledged.total() == 50, "nothing is acknowledged that is not stored"
    async with embedded_postgres(own_folder) as again:
        pool.set_connect_args(again.url)
        await _until(moved, lambda: stream.acknowledged.total() == 100)
        assert await pool.fetchval("SELECT count(*) FROM obligations") == 100
        intake.cancel()
        with suppress(asyncio.CancelledError):
            await intake
        await stream.stop()
        await pool.close()


async def _until(moved: asyncio.Event, done: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not done():
            moved.clear()
            await moved.wait()
