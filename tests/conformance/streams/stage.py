"""What the suite needs of a broker and its streams, for the one in memory and for both clients of the real one."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from services.adapters.kafka.opening import CountedStream, open_stream
from services.adapters.kafka.progress import PublisherProgress
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import Reader
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher, MemoryStream
from services.core.ports.streams import Message, Publisher, Record
from tests.conformance.streams.consumer import Plan
from tests.fixtures.kafka import KafkaNode

#: partition and offset
Place = tuple[int, int]
#: no wait in this suite takes that long unless something is broken
PATIENCE = 60


class CountedPublisher(Publisher, Protocol):
    """A publisher that says what was confirmed."""

    progress: PublisherProgress


class Stage(Protocol):
    """One kind of broker and stream under test."""

    publisher: CountedPublisher

    def name(self, prefix: str) -> str:
        """A name that nothing else has."""
        ...

    async def topic(self, partitions: int = 4) -> str:
        """A new topic."""
        ...

    def stream(
        self, topics: Collection[str], group: str, *, member: str | None = None, on_progress: Callable[[], None] | None = None
    ) -> CountedStream:
        """A member of a group, not started."""
        ...

    async def die_while_reading(self, topic: str, group: str, member: str, *, records: int, acknowledge: int) -> list[Place]:
        """A member takes ``records`` records, acknowledges the first ``acknowledge``, and is killed; what it acknowledged."""
        ...

    async def committed(self, group: str, topic: str) -> int:
        """How many records of the topic the group has behind it."""
        ...


class Noon:
    """A clock that stands."""

    def now(self) -> datetime:
        """Always the same."""
        return datetime(2026, 11, 20, 12, tzinfo=UTC)


class MemoryStage:
    """The broker in memory."""

    def __init__(self) -> None:
        self.publisher: CountedPublisher
        self._topics: dict[str, int] = {}
        self._broker: MemoryBroker | None = None
        self._count = 0
        self.publisher = _LatePublisher(self)

    @property
    def broker(self) -> MemoryBroker:
        """Made when it is first used, with all topics."""
        if self._broker is None:
            self._broker = MemoryBroker(Noon(), self._topics)
        return self._broker

    def name(self, prefix: str) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"{prefix}-{self._count}"

    async def topic(self, partitions: int = 4) -> str:
        """A new topic."""
        name = self.name("topic")
        self._topics[name] = partitions
        return name

    def stream(
        self, topics: Collection[str], group: str, *, member: str | None = None, on_progress: Callable[[], None] | None = None
    ) -> CountedStream:
        """A member of a group."""
        return MemoryStream(self.broker, topics=topics, group=group, on_progress=on_progress)

    async def die_while_reading(self, topic: str, group: str, member: str, *, records: int, acknowledge: int) -> list[Place]:
        """In memory, dying is leaving without a word."""
        stream = MemoryStream(self.broker, topics=[topic], group=group)
        await stream.start()
        taken: list[Record] = []
        while len(taken) < records:
            taken.extend(await stream.next_batch())
        await stream.acknowledge(taken[:acknowledge])
        stream.crash()
        return [(record.partition, record.offset) for record in taken[:acknowledge]]

    async def committed(self, group: str, topic: str) -> int:
        """As the broker has it."""
        return sum(offset for (name, _), offset in self.broker.committed(group).items() if name == topic)


class _LatePublisher:
    """Publishes to the stage's broker, which is made when the topics are known."""

    def __init__(self, stage: MemoryStage) -> None:
        self._stage = stage
        self.progress = PublisherProgress()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish."""
        publisher = MemoryPublisher(self._stage.broker)
        publisher.progress = self.progress
        await publisher.publish(messages)


class KafkaStage:
    """The real broker with one of the two clients."""

    def __init__(self, node: KafkaNode, reader: Reader, publisher: KafkaPublisher) -> None:
        self.publisher: CountedPublisher = publisher
        self.node = node
        self.reader = reader

    def name(self, prefix: str) -> str:
        """A name that nothing else has."""
        return self.node.name(f"{prefix}-{self.reader.value}")

    async def topic(self, partitions: int = 4) -> str:
        """A new topic."""
        return await self.node.topic(partitions)

    def stream(
        self, topics: Collection[str], group: str, *, member: str | None = None, on_progress: Callable[[], None] | None = None
    ) -> CountedStream:
        """A member of a group."""
        return open_stream(topics, group, self.node.connection, self.reader, member=member, on_progress=on_progress)

    async def die_while_reading(self, topic: str, group: str, member: str, *, records: int, acknowledge: int) -> list[Place]:
        """A process of its own, killed with -9 once what it acknowledged is committed."""
        taken = 0
        acknowledged: list[Place] = []
        plan = self.plan(topic, group, member, acknowledge=acknowledge)
        async with consuming(plan) as happenings:
            async for kind, places in happenings:
                taken += len(places) if kind == "taken" else 0
                acknowledged += places if kind == "acknowledged" else []
                if taken >= records and len(acknowledged) >= acknowledge:
                    break
            await until_committed(self, group, topic, acknowledge)
        return acknowledged

    async def committed(self, group: str, topic: str) -> int:
        """As the broker has it."""
        return sum(lag.committed for lag in (await self.node.admin.lag(group, [topic])).values())

    def plan(self, topic: str, group: str, member: str, *, acknowledge: int | None = None, store: Path | None = None) -> Plan:
        """What a consuming process shall do."""
        return Plan(
            bootstrap=self.node.bootstrap,
            reader=self.reader.value,
            topic=topic,
            group=group,
            member=member,
            acknowledge=acknowledge,
            store=None if store is None else str(store),
        )


@asynccontextmanager
async def consuming(plan: Plan) -> AsyncIterator[AsyncIterator[tuple[str, list[Place]]]]:
    """A consuming process and what it tells; it is killed with -9 at the end of the block."""
    script = Path(__file__).with_name("consumer.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), json.dumps(asdict(plan)), stdout=asyncio.subprocess.PIPE, limit=1 << 24
    )
    try:
        yield _happenings(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        # pipes are closed by the loop's next turns; an open one would warn
        if process.stdout is not None:
            await process.stdout.read()


async def _happenings(process: asyncio.subprocess.Process) -> AsyncIterator[tuple[str, list[Place]]]:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        for kind, places in json.loads(line).items():
            yield kind, [(partition, offset) for partition, offset in places]
    raise AssertionError(f"the consuming process ended by itself with status {await process.wait()}")


async def until_committed(stage: Stage, group: str, topic: str, records: int) -> None:
    """Return once the broker knows that the group has ``records`` records behind it."""
    async with asyncio.timeout(PATIENCE):
        while await stage.committed(group, topic) < records:  # noqa: ASYNC110 - a broker tells nobody of a commit; asking takes its time
            await asyncio.sleep(0)


async def take(stream: CountedStream, records: int, *, acknowledge: bool = True) -> list[Record]:
    """Read at least ``records`` records."""
    taken: list[Record] = []
    async with asyncio.timeout(PATIENCE):
        while len(taken) < records:
            batch = await stream.next_batch()
            taken.extend(batch)
            if acknowledge:
                await stream.acknowledge(batch)
    return taken


@asynccontextmanager
async def started(stream: CountedStream) -> AsyncIterator[CountedStream]:
    """The stream, started, and stopped at the end."""
    await stream.start()
    try:
        yield stream
    finally:
        await stream.stop()
