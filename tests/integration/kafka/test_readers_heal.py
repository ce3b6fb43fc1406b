"""A reader that would stand still for good is started again by itself, on a real node, and nothing is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.members import Member
from services.adapters.kafka.opening import open_stream
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import Reader
from services.core.ports.streams import Message, NotPublished, Record
from services.runtime.consume import consume_all
from services.runtime.embedded.kafka import EmbeddedKafka, embedded_kafka
from services.runtime.supervisor import RestartPolicy, Supervisor
from tests.fixtures.kafka import HASTY, LIBS, KafkaNode, a_topic

pytestmark = pytest.mark.stack

#: seconds: what a broken client is noticed in, a group's session, a start; twice, for a busy machine
_HEALED = 60.0
#: seconds without a move after which these readers are called stalled
_PATIENCE = 3.0


@dataclass(slots=True)
class House:
    """One process with one Faust reader, under a supervisor, and what it has stored."""

    connection: KafkaConnection
    topic: str
    group: str
    patience: float
    stored: set[bytes] = field(default_factory=set)
    #: class names of what ended the process
    deaths: list[str] = field(default_factory=list)
    member: Member | None = None
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def body(self) -> None:
        """As an app's ``run``."""
        stream = open_stream([self.topic], self.group, self.connection, Reader.FAUST, member="one")
        self.member = Member(
            group=self.group,
            topics=(self.topic,),
            stream=stream,
            flood=False,
            admin=KafkaAdmin(self.connection),
            store_answers=_always,
            tell_lag=lambda _topic, _records: None,
            patience=timedelta(seconds=self.patience),
        )
        await consume_all([self.member], self._step)

    async def _step(self, batch: Sequence[Record]) -> None:
        self.stored.update(record.value or b"" for record in batch)
        self._moved.set()

    @property
    def client(self) -> tuple[Any, Any]:
        """The client under Faust, and the loop of its thread."""
        assert self.member is not None
        thread = self.member.stream._app.consumer._thread  # type: ignore[attr-defined]
        return thread._consumer, thread.thread_loop

    async def joined(self) -> None:
        """Wait until the group counts it."""
        async with asyncio.timeout(_HEALED):
            while self.member is None or not self.member.stream.joined:  # noqa: ASYNC110 - the client's own thread knows it
                await asyncio.sleep(0.05)

    async def has(self, *values: bytes) -> None:
        """Wait until these are stored."""
        try:
            async with asyncio.timeout(_HEALED):
                while not set(values) <= self.stored:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            pytest.fail(f"{len(set(values) - self.stored)} records not stored; ended by {self.deaths}")

    # ---- as the supervisor's witness

    def started(self, name: str) -> None:
        """See ``Witness``."""

    def died(self, name: str, problem: Exception | None, again_in: timedelta | None) -> None:
        """See ``Witness``."""
        self.deaths.append(type(problem).__name__)

    def stopped(self, name: str, *, in_time: bool) -> None:
        """See ``Witness``."""


async def _always() -> bool:
    return True


@asynccontextmanager
async def _house(connection: KafkaConnection, topic: str, group: str, patience: float = 600.0) -> AsyncIterator[House]:
    house = House(connection=connection, topic=topic, group=group, patience=patience)
    supervisor = Supervisor(bodies={"reader": house.body}, witness=house, policy=RestartPolicy(limit=20))
    running = asyncio.create_task(supervisor.run())
    try:
        yield house
    finally:
        supervisor.stop()
        await running


def _refused(client: Any) -> None:
    """The broker knows the member by another identifier, as when it is killed before it has written down the last one.

    The next join is refused with FENCED_INSTANCE_ID; a member that had something to commit would have been told more gently before.
    """
    client._coordinator.member_id = "whom-nobody-knows"
    client._coordinator.request_rejoin()


def _fetcher_dead(client: Any) -> None:
    client._fetcher._fetch_task.cancel()


def _coordination_dead(client: Any) -> None:
    client._coordinator._coordination_task.cancel()


@pytest.mark.parametrize("provoke", [_refused, _fetcher_dead, _coordination_dead])
async def test_a_client_that_ends_in_silence_is_noticed(kafka: KafkaNode, provoke: Callable[[Any], None]) -> None:
    """What Faust does not ask its client for is asked for: the process ends long before the watchdog's patience, and reads again."""
    topic = await kafka.topic(partitions=2)
    async with _house(kafka.connection, topic, kafka.name("group")) as house, KafkaPublisher(kafka.connection) as publisher:
        await house.joined()
        client, loop = house.client
        loop.call_soon_threadsafe(provoke, client)
        async with asyncio.timeout(_HEALED):
            while not house.deaths:  # noqa: ASYNC110 - the supervisor has no event for it
                await asyncio.sleep(0.1)
        await publisher.publish([Message(topic=topic, key=str(number), value=b"%d" % number) for number in range(20)])
        await house.has(*(b"%d" % number for number in range(20)))
    assert house.deaths == ["StreamBroken"]


async def test_a_client_that_hangs_is_started_again(kafka: KafkaNode) -> None:
    """Nothing ends and nothing comes, with records waiting: the watchdog ends the process, and the next one reads them."""
    topic = await kafka.topic(partitions=2)
    async with _house(kafka.connection, topic, kafka.name("group"), _PATIENCE) as house, KafkaPublisher(kafka.connection) as publisher:
        await publisher.publish([Message(topic=topic, key=str(number), value=b"before %d" % number) for number in range(20)])
        await house.has(*(b"before %d" % number for number in range(20)))
        assert house.member is not None
        # as after a rebalance whose end Faust never heard of: joined, alive, and every partition at rest
        consumer = house.member.stream._app.consumer  # type: ignore[attr-defined]
        consumer.pause_partitions(consumer.assignment())
        # what was asked for before may still come
        await asyncio.sleep(2)
        await publisher.publish([Message(topic=topic, key=str(number), value=b"after %d" % number) for number in range(20)])
        await house.has(*(b"after %d" % number for number in range(20)))
    assert house.deaths == ["Stalled"]


@pytest.mark.slow
async def test_a_node_that_comes_and_goes_loses_nothing(tmp_path: Path) -> None:
    """Killed, frozen and ended in order under a live reader, with records on their way: every one is stored, in time."""
    async with AsyncExitStack() as servers, AsyncExitStack() as stack:
        node = await _started(servers, tmp_path)
        connection = KafkaConnection(bootstrap=node.bootstrap)
        await KafkaAdmin(connection).ensure_topics([a_topic("t")])
        house = await stack.enter_async_context(_house(connection, "t", "sans-faute.test.faust", 20.0))
        publisher = await stack.enter_async_context(KafkaPublisher(connection))
        for turn, how in enumerate([signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL]):
            before, meanwhile, after = ([b"%d %s %d" % (turn, part, number) for number in range(25)] for part in (b"a", b"b", b"c"))
            await _published(publisher, before)
            await house.has(*before)
            under_way = asyncio.create_task(_published(publisher, meanwhile))
            await asyncio.sleep(0)
            os.kill(node.process.pid, how)
            if how is signal.SIGSTOP:
                # longer than a session: the group has forgotten its member when it wakes up
                await asyncio.sleep(8)
                os.kill(node.process.pid, signal.SIGCONT)
            else:
                await node.process.exited
                await servers.aclose()
                node = await _started(servers, tmp_path)
            await under_way
            await _published(publisher, after)
            await house.has(*meanwhile, *after)


async def _started(servers: AsyncExitStack, folder: Path) -> EmbeddedKafka:
    return await servers.enter_async_context(embedded_kafka(folder, libs_dir=LIBS, properties=HASTY))


async def _published(publisher: KafkaPublisher, values: Sequence[bytes]) -> None:
    """As the relay does: again, while the broker is away."""
    messages = [Message(topic="t", key=value.decode(), value=value) for value in values]
    while messages:
        try:
            await publisher.publish(messages)
        except NotPublished as refused:
            messages = [messages[index] for index in refused.indexes]
            await asyncio.sleep(0.2)
        else:
            return
