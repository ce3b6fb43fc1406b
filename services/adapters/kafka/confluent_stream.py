"""The stream port for the floods: a confluent-kafka consumer in a thread of its own that reads ahead while a batch is stored."""

import asyncio
import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from time import monotonic
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from services.adapters.kafka import records
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.progress import InFlight, Partition, StreamProgress
from services.adapters.kafka.standing import StreamBroken, standing
from services.core.ports.streams import Record

_log = structlog.get_logger()

#: records of one batch; upserts of 1,000 rows in one transaction measured best
_MAX_BATCH = 1000
#: batches read ahead while the step stores one
_AHEAD = 3
#: seconds in which the thread looks at the world when nothing arrives
_LOOK_UP = 0.1
#: seconds that a full buffer may stay full before fetching is paused: pausing throws away what the library has read ahead
_PAUSE_AFTER = 1.0
#: seconds between two commits
_COMMIT_EVERY = 0.5
#: seconds that a partition waits, when it is taken away, for the step to finish what it has of it
_LET_FINISH = 20.0


class ConfluentStream:
    """A member of a consumer group. The thread owns the consumer; the event loop only ever sees records."""

    def __init__(
        self,
        connection: KafkaConnection,
        *,
        topics: Collection[str],
        group: str,
        member: str | None = None,
        max_batch: int = _MAX_BATCH,
        on_progress: Callable[[], None] | None = None,
    ) -> None:
        self.topics = frozenset(topics)
        self.group = group
        self.progress = StreamProgress(on_change=on_progress)
        self._connection = connection
        self._config = {**_configuration(connection, group, member), "on_commit": self._on_commit}
        self._max_batch = max_batch
        #: guards all below; the thread never holds it while it is in the library
        self._changed = threading.Condition()
        self._arrived: deque[Record] = deque()
        self._in_flight = InFlight[None]()
        self._to_commit: dict[Partition, int] = {}
        self._ours: set[Partition] = set()
        self._stopping = False
        #: see ``CountedStream.joined``
        self.joined = False
        self._broken: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._more = asyncio.Event()

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
        with self._changed:
            return frozenset(self._ours)

    async def start(self) -> None:
        """Join the group; raises ``MissingTopics`` and ``KafkaUnavailable``."""
        self.progress.positions.update(await standing(self._connection, self.topics, self.group))
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=f"kafka-{self.group}", daemon=True)
        self._thread.start()

    async def next_batch(self) -> Sequence[Record]:
        """Wait for at least one record; raises ``StreamBroken`` when the consumer has ended by itself. Safe to cancel."""
        while True:
            with self._changed:
                batch = self._take()
            if batch:
                self.progress.changed()
                return batch
            await self._more.wait()

    async def acknowledge(self, batch: Sequence[Record]) -> None:
        """These records are stored; committed within half a second, up to the first one that is not."""
        with self._changed:
            for record in batch:
                if self._in_flight.acknowledge((record.topic, record.partition), record.offset):
                    self.progress.acknowledged[record.topic] += 1
            for where in {(record.topic, record.partition) for record in batch}:
                commit, _ = self._in_flight.let_go(where)
                if commit is not None:
                    self._to_commit[where] = self.progress.positions[where] = commit
            self._changed.notify_all()
        self.progress.changed()

    async def stop(self) -> None:
        """Commit what is acknowledged and leave the group."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _take(self) -> list[Record]:
        """Up to one batch of what has arrived."""
        if not self._arrived:
            if self._broken is not None:
                raise StreamBroken(f"the consumer of {self.group} has ended") from self._broken
            self._more.clear()
            return []
        batch = [self._arrived.popleft() for _ in range(min(self._max_batch, len(self._arrived)))]
        for record in batch:
            self._in_flight.give((record.topic, record.partition), record.offset, None)
            self.progress.taken[record.topic] += 1
        self._changed.notify_all()
        return batch

    # ---- in the thread ----

    def _run(self) -> None:
        consumer: Consumer | None = None
        try:
            consumer = Consumer(self._config)
            consumer.subscribe(sorted(self.topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
            self._consume(consumer)
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the next batch, whatever it is
            self._broken = error
        finally:
            if consumer is not None:
                # what is not acknowledged by now comes again
                self._stopping = True
                self._commit(consumer, wait=True)
                with contextlib.suppress(KafkaException, RuntimeError):
                    consumer.close()
            self._tell()

    def _consume(self, consumer: Consumer) -> None:
        commit_at = monotonic() + _COMMIT_EVERY
        while not self._stopping:
            if self._has_room():
                self._fetch(consumer)
            else:
                self._wait_paused(consumer)
            if monotonic() >= commit_at:
                self._commit(consumer)
                commit_at = monotonic() + _COMMIT_EVERY

    def _fetch(self, consumer: Consumer) -> None:
        """One record as soon as there is one, then everything that the library has already read."""
        first = consumer.poll(_LOOK_UP)
        if first is None:
            return
        messages = [first, *consumer.consume(self._max_batch - 1, timeout=0)]
        arrived = [_record(message) for message in messages if _is_record(message)]
        with self._changed:
            self._arrived.extend(arrived)
        self._tell()

    def _has_room(self) -> bool:
        """Whether there is room for a batch; waits a moment for it, which costs nothing, before anybody pauses."""
        most = self._max_batch * _AHEAD
        with self._changed:
            if len(self._arrived) < most:
                return True
            return self._changed.wait_for(lambda: self._stopping or len(self._arrived) < most, timeout=min(_PAUSE_AFTER, _COMMIT_EVERY))

    def _wait_paused(self, consumer: Consumer) -> None:
        """The step takes long (its database is away): fetch nothing, but stay in the group and answer its rebalances."""
        commit_at = monotonic() + _COMMIT_EVERY
        while not self._stopping and not self._half_empty():
            # asked again each time: what a rebalance gave us since then must be paused too
            consumer.pause(consumer.assignment())
            strays = [message for message in [consumer.poll(_LOOK_UP)] if message is not None and _is_record(message)]
            with self._changed:
                self._arrived.extend(_record(message) for message in strays)
            if monotonic() >= commit_at:
                self._commit(consumer)
                commit_at = monotonic() + _COMMIT_EVERY
        consumer.resume(consumer.assignment())

    def _half_empty(self) -> bool:
        with self._changed:
            return len(self._arrived) <= self._max_batch * _AHEAD // 2

    def _commit(self, consumer: Consumer, *, wait: bool = False) -> None:
        with self._changed:
            offsets = [TopicPartition(topic, number, offset) for (topic, number), offset in self._to_commit.items()]
            self._to_commit.clear()
        if offsets:
            try:
                # two calls, because the library's types know these two ways only
                if wait:
                    consumer.commit(offsets=offsets, asynchronous=False)
                else:
                    consumer.commit(offsets=offsets, asynchronous=True)
            except KafkaException as error:
                # the records come again and change nothing; a broker that stays away shows as lag
                _log.warning("offsets not committed", group=self.group, code=error.args[0].name())

    def _on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """A commit that the broker refused in the middle of a rebalance is tried again, for what is still ours."""
        refused = [partition for partition in partitions if error is not None or partition.error is not None]
        if not refused:
            return
        with self._changed:
            for partition in refused:
                where = (partition.topic, partition.partition)
                if where in self._ours:
                    self._to_commit[where] = max(partition.offset, self._to_commit.get(where, 0))
        _log.info("offsets to be committed again", group=self.group, count=len(refused))

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        with self._changed:
            self._ours.update((partition.topic, partition.partition) for partition in partitions)
        self.joined = True
        _log.info("partitions assigned", group=self.group, count=len(partitions))

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Partitions go elsewhere: what the step has of them may be finished, what it has not seen is dropped."""
        theirs = {(partition.topic, partition.partition) for partition in partitions}
        with self._changed:
            self._drop(theirs)
            self._changed.wait_for(lambda: self._stopping or not self._in_flight.open_in(theirs), timeout=_LET_FINISH)
            self._ours -= theirs
        self._commit(consumer, wait=True)
        with self._changed:
            self._in_flight.forget(theirs)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Partitions are somebody else's already: nothing of them can be committed."""
        lost = {(partition.topic, partition.partition) for partition in partitions}
        with self._changed:
            self._ours -= lost
            self._drop(lost)
            self._in_flight.forget(lost)
            for where in lost:
                self._to_commit.pop(where, None)

    def _drop(self, partitions: set[Partition]) -> None:
        self._arrived = deque(record for record in self._arrived if (record.topic, record.partition) not in partitions)

    def _tell(self) -> None:
        """Wake the event loop; it may be gone already."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._more.set)


def _configuration(connection: KafkaConnection, group: str, member: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        **connection.librdkafka(),
        "client.id": member or group,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "allow.auto.create.topics": False,
        # partitions move one by one, the others go on
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 2000,
        # memory of the read-ahead stays flat whatever the topic holds
        "queued.min.messages": 20000,
        "queued.max.messages.kbytes": 32768,
        "fetch.wait.max.ms": 100,
        "socket.keepalive.enable": True,
        "log_level": 0,
    }
    if member is not None:
        # started again under the same name within the session timeout, it gets the same partitions and nobody else is disturbed
        values["group.instance.id"] = member
    return values


def _is_record(message: KafkaMessage) -> bool:
    """False for a passing trouble that the library deals with; raises for one that it cannot."""
    error = message.error()
    if error is None:
        return True
    if error.fatal() or error.code() in (
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    ):
        raise KafkaException(error)
    _log.warning("trouble while reading", code=error.name())
    return False


def _record(message: KafkaMessage) -> Record:
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=records.text(message.key()),
        value=message.value(),
        headers=records.headers(message.headers()),
        at=records.instant(message.timestamp()[1]),
    )
