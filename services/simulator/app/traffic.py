"""What is under way between the steps of a play, counted at the ports: the broker's own figures come a second later."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.adapters.kafka.progress import Partition, StreamProgress


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Implements ``services.simulator.stage.Traffic`` over the counters of publishers and streams."""

    #: per partition the offset after the last confirmed message
    ends: Mapping[Partition, int]
    #: what stands before the names of this play's topics, in a cluster that it shares
    prefix: str = ""
    #: requests to and from the outside world
    requests: int = 0
    #: requests that were answered
    answered: int = 0
    #: by topic the newest member that reads it; an earlier one has died
    _readers: dict[str, StreamProgress] = field(default_factory=dict)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def joined(self, topics: frozenset[str], progress: StreamProgress) -> None:
        """Somebody reads these topics from now on."""
        self._readers.update(dict.fromkeys(topics, progress))

    def unread(self, topics: Sequence[str]) -> Mapping[str, int]:
        """Messages published and not acknowledged by the readers of these topics, by topic; topics without any are left out."""
        readers = {name: self._readers[name] for name in (self.prefix + topic for topic in topics) if name in self._readers}
        left: Counter[str] = Counter()
        # copied in one step: the publisher's thread adds to it meanwhile
        for where, end in list(self.ends.items()):
            reader = readers.get(where[0])
            if reader is not None:
                left[where[0].removeprefix(self.prefix)] += max(0, end - reader.positions.get(where, 0))
        return +left

    def moves(self) -> int:
        """Grows with every message that is confirmed or acknowledged, and every request that is answered."""
        return sum(self.ends.values()) + sum(reader.acknowledged.total() for reader in self._readers.values()) + self.answered

    async def changed(self) -> None:
        """Wait until something of it changes."""
        await self._moved.wait()
        self._moved.clear()

    def moved(self) -> None:
        """Something changed."""
        self._moved.set()

    @contextmanager
    def request(self) -> Iterator[None]:
        """A request is under way for as long as the block runs."""
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1
            self.answered += 1
            self.moved()
