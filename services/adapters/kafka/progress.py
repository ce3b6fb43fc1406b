"""What a stream or a publisher has done so far, counted in this process: the broker's own figures come a second later."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

#: topic and number of the partition
Partition = tuple[str, int]
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class StreamProgress:
    """What one stream took and what was acknowledged; counts start with the stream."""

    #: records given to the step, per topic
    taken: Counter[str] = field(default_factory=Counter)
    #: records acknowledged by the step, per topic
    acknowledged: Counter[str] = field(default_factory=Counter)
    #: per partition the offset before which the group has acknowledged everything, the work of earlier streams included
    positions: dict[Partition, int] = field(default_factory=dict)
    #: called in the event loop whenever something above has changed
    on_change: Callable[[], None] | None = None

    def changed(self) -> None:
        """Tell whoever wants to know."""
        if self.on_change is not None:
            self.on_change()


@dataclass(slots=True, kw_only=True)
class PublisherProgress:
    """What the broker has confirmed to one publisher."""

    #: confirmed messages, per topic
    published: Counter[str] = field(default_factory=Counter)
    #: per partition the offset after the last confirmed message
    ends: dict[Partition, int] = field(default_factory=dict)
    #: called in the event loop after each publication
    on_change: Callable[[], None] | None = None

    def confirmed(self, topic: str, partition: int, offset: int) -> None:
        """The broker has this message."""
        self.published[topic] += 1
        self.ends[topic, partition] = max(self.ends.get((topic, partition), 0), offset + 1)

    def changed(self) -> None:
        """Tell whoever wants to know."""
        if self.on_change is not None:
            self.on_change()


def unread(ends: Mapping[Partition, int], stream: StreamProgress, topics: Collection[str]) -> int:
    """Messages of these topics that were published and that the stream's group has not acknowledged; 0 means: all is done.

    Counted in offsets, so it stays right when a stream crashes and another one takes its place.
    """
    return sum(max(0, end - stream.positions.get(where, 0)) for where, end in ends.items() if where[0] in topics)


class InFlight(Generic[T]):
    """Records given to the step and not yet acknowledged, per partition, in order of offset.

    Kafka remembers one offset per partition, so a record is let go only when all before it are acknowledged: with a hole, a crash
    would lose the hole. Each record carries something (``T``) that comes back when it is let go.
    """

    def __init__(self) -> None:
        self._waiting: dict[Partition, deque[tuple[int, T]]] = {}
        self._done: dict[Partition, set[int]] = {}

    def __len__(self) -> int:
        return sum(len(waiting) for waiting in self._waiting.values())

    def give(self, where: Partition, offset: int, carried: T) -> None:
        """The step gets this record; offsets of one partition grow."""
        self._waiting.setdefault(where, deque()).append((offset, carried))

    def acknowledge(self, where: Partition, offset: int) -> bool:
        """The step has stored this record; false when it is not ours any more (or twice)."""
        waiting, done = self._waiting.get(where), self._done.setdefault(where, set())
        if not waiting or offset < waiting[0][0] or offset in done:
            return False
        done.add(offset)
        return True

    def let_go(self, where: Partition) -> tuple[int | None, list[T]]:
        """The offset to commit (none: nothing new), and what the records before it carried, oldest first."""
        waiting, done = self._waiting.get(where, deque()), self._done.get(where, set())
        carried: list[T] = []
        commit: int | None = None
        while waiting and waiting[0][0] in done:
            offset, thing = waiting.popleft()
            done.discard(offset)
            carried.append(thing)
            commit = offset + 1
        return commit, carried

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These partitions are somebody else's now."""
        for where in list(partitions):
            self._waiting.pop(where, None)
            self._done.pop(where, None)

    def open_in(self, partitions: Iterable[Partition]) -> int:
        """How many records of these partitions the step has and has not acknowledged."""
        return sum(len(self._waiting.get(where, ())) - len(self._done.get(where, ())) for where in partitions)
