"""Topics of one play's own in a cluster that it shares with others: the same names behind a prefix that the steps never see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.core.ports.streams import Message, Publisher, Record, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPublisher:
    """Implements ``services.core.ports.streams.Publisher`` around another one."""

    publisher: Publisher
    prefix: str

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish behind the prefix; raises ``NotPublished``."""
        await self.publisher.publish([replace(message, topic=self.prefix + message.topic) for message in messages])


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStream:
    """Implements ``services.core.ports.streams.Stream`` around another one."""

    stream: Stream
    prefix: str
    #: under the names that the steps know
    topics: frozenset[str]

    async def start(self) -> None:
        """Join the group."""
        await self.stream.start()

    async def next_batch(self) -> Sequence[Record]:
        """The next records, under the names that the steps know."""
        batch = await self.stream.next_batch()
        return [replace(record, topic=record.topic.removeprefix(self.prefix)) for record in batch]

    async def acknowledge(self, batch: Sequence[Record]) -> None:
        """Acknowledge under the cluster's names."""
        await self.stream.acknowledge([replace(record, topic=self.prefix + record.topic) for record in batch])

    async def stop(self) -> None:
        """Leave the group."""
        await self.stream.stop()
