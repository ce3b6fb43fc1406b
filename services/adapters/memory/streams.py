"""Kafka in memory: topics with partitions, groups with members, offsets; the same promises as the real one, for scenarios and tests."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from services.adapters.kafka.partitioner import partition_of
from services.adapters.kafka.progress import InFlight, Partition, PublisherProgress, StreamProgress
from services.core.ports.clock import Clock
from services.core.ports.streams import Message, MissingTopics, NotPublished, Record

_MAX_BATCH = 500


@dataclass(frozen=True, slots=True)
class _Stored:
    """A record and its place in the order in which all topics were written."""

    sequence: int
    record: Record


@dataclass(slots=True)
class _Group:
    """Members in order of joining, and the committed offset of each partition."""

    members: list["MemoryStream"] = field(default_factory=list)
    committed: dict[Partition, int] = field(default_factory=dict)


class MemoryBroker:
    """Topics and groups of one imagined cluster. While it is not ``available``, nothing is published and nothing read."""

    def __init__(self, clock: Clock, topics: Mapping[str, int]) -> None:
        self._clock = clock
        self._logs: dict[Partition, list[_Stored]] = {(name, number): [] for name, count in topics.items() for number in range(count)}
        self._partitions = dict(topics)
        self._groups: dict[str, _Group] = {}
        self._written = 0
        self._available = True

    @property
    def available(self) -> bool:
        """Whether anybody can reach it; a scenario's outage switches it off and on again."""
        return self._available

    @available.setter
    def available(self, value: bool) -> None:
        self._available = value
        self._wake_all()

    def missing(self, topics: Collection[str]) -> list[str]:
        """The names that do not exist."""
        return [name for name in topics if name not in self._partitions]

    def records(self, topic: str) -> list[Record]:
        """Everything in a topic, in the order in which it was written."""
        stored = [one for (name, _), log in self._logs.items() if name == topic for one in log]
        return [one.record for one in sorted(stored, key=lambda one: one.sequence)]

    def committed(self, group: str) -> dict[Partition, int]:
        """The group's offsets, as they would survive everybody."""
        return dict(self._groups[group].committed) if group in self._groups else {}

    def append(self, message: Message) -> tuple[int, int]:
        """Write one message; return its partition and offset."""
        number = partition_of(message.key.encode(), self._partitions[message.topic])
        log = self._logs[message.topic, number]
        record = Record(
            topic=message.topic,
            partition=number,
            offset=len(log),
            key=message.key,
            value=message.value,
            headers=dict(message.headers),
            at=self._clock.now(),
        )
        self._written += 1
        log.append(_Stored(self._written, record))
        return number, record.offset

    def join(self, stream: "MemoryStream") -> None:
        """A member comes; partitions are shared anew."""
        self._groups.setdefault(stream.group, _Group()).members.append(stream)
        self._share(stream.group)

    def leave(self, stream: "MemoryStream") -> None:
        """A member goes, cleanly or not: what it did not acknowledge goes to the others, or waits for the next one."""
        group = self._groups.get(stream.group)
        if group and stream in group.members:
            group.members.remove(stream)
            stream.assign({})
            self._share(stream.group)

    def commit(self, group: str, where: Partition, offset: int) -> None:
        """The group has acknowledged everything before ``offset``."""
        committed = self._groups[group].committed
        committed[where] = max(committed.get(where, 0), offset)

    def read(self, positions: Mapping[Partition, int], limit: int) -> list[Record]:
        """Records from these positions on, oldest first over all partitions."""
        if not self._available:
            return []
        ahead = [one for where, position in positions.items() for one in self._logs[where][position : position + limit]]
        return [one.record for one in sorted(ahead, key=lambda one: one.sequence)[:limit]]

    def wake(self, topics: Collection[str]) -> None:
        """Tell the readers of these topics that there is more."""
        for group in self._groups.values():
            for member in group.members:
                if not member.topics.isdisjoint(topics):
                    member.wake()

    def _wake_all(self) -> None:
        self.wake(self._partitions)

    def _share(self, name: str) -> None:
        """Deal the partitions of each topic to its members in turn; a partition that moves starts at the committed offset."""
        group = self._groups[name]
        dealt: dict[int, dict[Partition, int]] = {id(member): {} for member in group.members}
        for topic, count in self._partitions.items():
            readers = [member for member in group.members if topic in member.topics]
            for number in range(count) if readers else ():
                where = (topic, number)
                dealt[id(readers[number % len(readers)])][where] = group.committed.get(where, 0)
        for member in group.members:
            member.assign(dealt[id(member)])


class MemoryStream:
    """A member of a group on a ``MemoryBroker``."""

    def __init__(
        self,
        broker: MemoryBroker,
        *,
        topics: Collection[str],
        group: str,
        max_batch: int = _MAX_BATCH,
        on_progress: Callable[[], None] | None = None,
    ) -> None:
        self.topics = frozenset(topics)
        self.group = group
        self.progress = StreamProgress(on_change=on_progress)
        self._broker = broker
        self._max_batch = max_batch
        #: next offset to give, per partition that is ours
        self._next: dict[Partition, int] = {}
        self._in_flight = InFlight[None]()
        self._more = asyncio.Event()
        #: see ``CountedStream.joined``
        self.joined = False

    @property
    def taken(self) -> Counter[str]:
        """Records given to the step, per topic."""
        return self.progress.taken

    @property
    def acknowledged(self) -> Counter[str]:
        """Records acknowledged by the step, per topic."""
        return self.progress.acknowledged

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are dealt to this member now."""
        return frozenset(self._next)

    async def start(self) -> None:
        """Join the group; raises ``MissingTopics``."""
        missing = self._broker.missing(sorted(self.topics))
        if missing:
            raise MissingTopics(missing)
        self._broker.join(self)
        self.progress.positions.update(self._broker.committed(self.group))
        self.joined = True

    async def next_batch(self) -> Sequence[Record]:
        """Wait for at least one record of our partitions."""
        while not (batch := self._broker.read(self._next, self._max_batch)):
            self._more.clear()
            await self._more.wait()
        for record in batch:
            where = (record.topic, record.partition)
            self._next[where] = record.offset + 1
            self._in_flight.give(where, record.offset, None)
            self.progress.taken[record.topic] += 1
        self.progress.changed()
        return batch

    async def acknowledge(self, batch: Sequence[Record]) -> None:
        """Commit what is acknowledged without a hole; records of a partition that went elsewhere are not ours to commit."""
        for record in batch:
            where = (record.topic, record.partition)
            if self._in_flight.acknowledge(where, record.offset):
                self.progress.acknowledged[record.topic] += 1
        for where in {(record.topic, record.partition) for record in batch}:
            commit, _ = self._in_flight.let_go(where)
            if commit is not None:
                self._broker.commit(self.group, where, commit)
                self.progress.positions[where] = commit
        self.progress.changed()

    async def stop(self) -> None:
        """Leave the group."""
        self._broker.leave(self)

    def crash(self) -> None:
        """Die as by kill -9: nothing more is acknowledged, and what was not comes again elsewhere."""
        self._broker.leave(self)

    def wake(self) -> None:
        """There may be something to read."""
        self._more.set()

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """The partitions that are ours from now on; those that stay go on where they are, new ones start as told."""
        self._in_flight.forget([where for where in self._next if where not in positions])
        self._next = {where: self._next.get(where, start) for where, start in positions.items()}
        self.wake()


class MemoryPublisher:
    """A producer on a ``MemoryBroker``."""

    def __init__(self, broker: MemoryBroker, *, on_progress: Callable[[], None] | None = None) -> None:
        self.progress = PublisherProgress(on_change=on_progress)
        self._broker = broker

    @property
    def published(self) -> Counter[str]:
        """Confirmed messages, per topic."""
        return self.progress.published

    async def publish(self, messages: Sequence[Message]) -> None:
        """Write all messages; raises ``NotPublished`` while the broker is away, and for topics that do not exist."""
        if not self._broker.available:
            raise NotPublished(range(len(messages)), "broker away")
        missing = set(self._broker.missing({message.topic for message in messages}))
        refused = [index for index, message in enumerate(messages) if message.topic in missing]
        for message in messages:
            if message.topic not in missing:
                self.progress.confirmed(message.topic, *self._broker.append(message))
        self._broker.wake({message.topic for message in messages})
        self.progress.changed()
        if refused:
            raise NotPublished(refused, "unknown topic")
