"""Which class reads a topic: one line for each kind of reader."""

from collections.abc import Callable, Collection
from typing import Protocol

from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.progress import Partition, StreamProgress
from services.adapters.kafka.topics import Reader
from services.core.ports.streams import Stream


class CountedStream(Stream, Protocol):
    """A stream that says how far it is."""

    @property
    def progress(self) -> StreamProgress:
        """What was taken and acknowledged."""
        ...

    @property
    def joined(self) -> bool:
        """Whether the group counts this member since ``start``: also when it has nothing to deal to it."""
        ...

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are dealt to this member now."""
        ...


class Opener(Protocol):
    """Makes a stream; it is not started yet."""

    def __call__(
        self,
        connection: KafkaConnection,
        *,
        topics: Collection[str],
        group: str,
        member: str | None,
        on_progress: Callable[[], None] | None,
    ) -> CountedStream:
        """One member of a group."""
        ...


def _faust() -> Opener:
    # half a second of imports that command-line tools and confluent's readers do not need
    from services.adapters.kafka.faust_stream import FaustStream  # noqa: PLC0415

    return FaustStream


def _confluent() -> Opener:
    from services.adapters.kafka.confluent_stream import ConfluentStream  # noqa: PLC0415 - as above

    return ConfluentStream


READERS: dict[Reader, Callable[[], Opener]] = {
    Reader.FAUST: _faust,
    Reader.CONFLUENT: _confluent,
}


def group_of(process: str, reader: Reader) -> str:
    """The consumer group of a process: one for each kind of reader, because they cannot share one."""
    return f"sans-faute.{process}.{reader.value}"


def open_stream(
    topic_names: Collection[str],
    group: str,
    connection: KafkaConnection,
    reader: Reader,
    *,
    member: str | None = None,
    on_progress: Callable[[], None] | None = None,
) -> CountedStream:
    """A stream over these topics, not started yet. All members of one group must have the same reader: they deal partitions differently.

    ``member`` is the stable name of this copy of the process, unique in the group; without one a restart after a crash takes longer.
    """
    return READERS[reader]()(connection, topics=topic_names, group=group, member=member, on_progress=on_progress)
