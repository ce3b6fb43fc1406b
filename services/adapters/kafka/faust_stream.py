"""The stream port for the live streams: a Faust app whose agent only collects; batches and acknowledgements are ours.

Each setting and each precaution here answers a loss or a stall that was measured; none is decoration.
"""

import asyncio
import contextlib
import warnings
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import faust
import structlog
from faust.types import TP

from services.adapters.kafka import records
from services.adapters.kafka.background import trouble_of
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.progress import InFlight, Partition, StreamProgress
from services.adapters.kafka.standing import StreamBroken, standing
from services.core.ports.streams import Record

_log = structlog.get_logger()

#: records of one batch
_MAX_BATCH = 500
#: a batch that grows is given at the latest after this time …
_WITHIN = timedelta(milliseconds=200)
#: … and as soon as nothing came for this time: a single event on a quiet morning does not wait for company
_QUIET = timedelta(milliseconds=5)
#: how long joining the group may take; the largest part is a rebalance that waits for the others to finish what they have
_START_PATIENCE = 90.0
#: how long the app may take to end in order
_STOP_GRACE = 10.0
#: seconds between two looks at what the client under Faust does not tell
_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A record and the event that Faust wants to be acknowledged for it."""

    record: Record
    event: Any


class FaustStream:
    """A member of a consumer group. Several can run in one event loop, each is an app of its own."""

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
        self._member = member
        self._max_batch = max_batch
        self._arrived: deque[_Arrived] = deque()
        self._in_flight = InFlight[Any]()
        #: offsets acknowledged since the partition came to us
        self._safe: dict[Partition, int] = {}
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        #: counts rebalances: what came before one is read again after it
        self._epoch = 0
        self._stopping = False
        #: see ``CountedStream.joined``
        self.joined = False
        self._app: Any = None
        self._watch: asyncio.Task[None] | None = None
        #: why nothing will come any more, although the app looks alive
        self._trouble: BaseException | None = None

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
        if self._app is None or not self._app.started:
            return frozenset()
        return frozenset((tp.topic, tp.partition) for tp in self._app.consumer.assignment() if tp.topic in self.topics)

    async def start(self) -> None:
        """Join the group; raises ``MissingTopics`` (Faust would only log it), ``KafkaUnavailable`` and ``StreamBroken``."""
        self.progress.positions.update(await standing(self._connection, self.topics, self.group))
        self._app = _app(self._connection, self.group, self._member)
        self._app.before_revocation = self._let_go_of_what_waits
        raw = self._app.topic(*sorted(self.topics), key_serializer="raw", value_serializer="raw", acks=True)
        self._app.agent(raw, name=f"{self.group}.collect")(self._collect)
        self._app.on_partitions_revoked.connect(self._on_revoked)
        self._watch = asyncio.create_task(self._watch_over(self._app))
        try:
            await asyncio.wait_for(self._app.start(), _START_PATIENCE)
        except TimeoutError:
            # Faust waits for ever, with one line in the log, when the broker refuses it (members of the group that deal differently).
            raise StreamBroken(f"could not join the group {self.group} within {_START_PATIENCE:.0f} s") from None
        self._raise_if_broken()
        self.joined = True

    async def next_batch(self) -> Sequence[Record]:
        """Wait for at least one record; raises ``StreamBroken`` when the app has ended by itself. Safe to cancel."""
        while not self._arrived:
            self._raise_if_broken()
            self._more.clear()
            await self._more.wait()
        await self._let_it_grow()
        batch = [self._arrived.popleft() for _ in range(min(self._max_batch, len(self._arrived)))]
        if not batch:
            # a rebalance took everything away while it grew
            return await self.next_batch()
        self._room.set()
        for arrived in batch:
            record = arrived.record
            self._in_flight.give((record.topic, record.partition), record.offset, arrived.event)
            self.progress.taken[record.topic] += 1
        self.progress.changed()
        return [arrived.record for arrived in batch]

    async def acknowledge(self, batch: Sequence[Record]) -> None:
        """These records are stored; Faust commits within a second, up to the first one that is not."""
        for record in batch:
            if self._in_flight.acknowledge((record.topic, record.partition), record.offset):
                self.progress.acknowledged[record.topic] += 1
        for where in {(record.topic, record.partition) for record in batch}:
            # Faust's own search for holes misses one at the beginning, so it only ever hears of records without a hole before them.
            commit, events = self._in_flight.let_go(where)
            for event in events:
                event.ack()
            if commit is not None:
                self._safe[where] = self.progress.positions[where] = commit
        self.progress.changed()

    async def stop(self) -> None:
        """Commit what is acknowledged and end; what is not acknowledged comes again."""
        self._stopping = True
        if self._app is None:
            return
        # From here on the app must not wait for the step to finish: it has. Faust warns of so late a change; it reads it late, too.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._app.conf.stream_wait_empty = False
        with contextlib.suppress(Exception):
            self._app.consumer.unacked.clear()
        if self._watch is not None:
            self._watch.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._app.stop(), _STOP_GRACE)

    async def _let_it_grow(self) -> None:
        """Wait while records keep coming, up to one batch."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _WITHIN.total_seconds()
        seen = 0
        while seen < len(self._arrived) < self._max_batch and loop.time() < until:
            seen = len(self._arrived)
            await asyncio.sleep(_QUIET.total_seconds())

    async def _collect(self, stream: Any) -> None:
        """The agent. Nothing may be raised here: an exception that leaves an agent acknowledges its event, or stalls it for good."""
        async for event in stream.noack().events():
            epoch = self._epoch
            while self._stopping or len(self._arrived) >= 2 * self._max_batch:
                # back-pressure; a stopping stream takes nothing any more
                self._room.clear()
                await self._room.wait()
            if epoch == self._epoch:
                self._arrived.append(_Arrived(_record(event.message), event))
                self._more.set()
            else:
                self._app.consumer.unacked.discard(event.message)

    def _let_go_of_what_waits(self) -> None:
        """Before partitions go, Faust waits until everything that it gave is acknowledged: nobody has begun what still waits here."""
        self._epoch += 1
        for arrived in self._arrived:
            self._app.consumer.unacked.discard(arrived.event.message)
        self._arrived.clear()
        self._room.set()

    async def _on_revoked(self, _app: Any, revoked: Collection[TP], **_others: Any) -> None:
        """Partitions go, and Faust has waited for what we had of them; what it forgot to commit is committed here.

        It drops its list of acknowledged offsets before it commits: without this, up to a second of work would come again after each
        rebalance.
        """
        theirs = {(tp.topic, tp.partition) for tp in revoked}
        offsets = {TP(*where): self._safe.pop(where) for where in theirs if where in self._safe}
        if offsets:
            try:
                await self._app.consumer._commit(offsets)  # noqa: SLF001 - there is no public way to commit given offsets
            except Exception as error:  # noqa: BLE001 - the records come again and change nothing
                _log.warning("offsets not committed", group=self.group, error=type(error).__name__)
        self._in_flight.forget(theirs)

    async def _watch_over(self, app: Any) -> None:
        """Wake whoever waits for records when the app ends by itself, or its client stands still for good: nobody else tells."""
        ended = asyncio.ensure_future(app.wait())
        try:
            while not ended.done() and self._trouble is None:
                await asyncio.wait({ended}, timeout=_LOOK)
                self._trouble = trouble_of(app)
        finally:
            ended.cancel()
        self._more.set()

    def _raise_if_broken(self) -> None:
        if self._app is None or self._stopping:
            return
        if self._app.should_stop:
            raise StreamBroken(f"the Faust app of {self.group} has ended") from self._app.crash_reason
        if self._trouble is not None:
            raise StreamBroken(f"the Kafka client of {self.group} has stopped reading: {type(self._trouble).__name__}") from self._trouble


class _App(faust.App):
    """Faust without its folder on disk (we have no tables), and with a word to us before partitions go."""

    before_revocation: Callable[[], None]

    def _create_directories(self) -> None:
        """Nothing to create."""

    async def _on_partitions_revoked(self, revoked: Any) -> None:
        self.before_revocation()
        await super()._on_partitions_revoked(revoked)


def _app(connection: KafkaConnection, group: str, member: str | None) -> _App:
    return _App(
        group,
        **connection.faust(),
        loop=asyncio.get_running_loop(),
        broker_client_id=member or group,
        # With a short one, an outage that is longer makes the worker leave the group and never come back, without a word.
        broker_max_poll_interval=604800,
        # before partitions go, what was taken from them is finished
        stream_wait_empty=True,
        # the same name after a crash: 3 to 5 s instead of 10 s, and the group does not stall
        consumer_group_instance_id=member,
        broker_session_timeout=6,
        broker_heartbeat_interval=2,
        broker_rebalance_timeout=60,
        broker_commit_every=1000,
        broker_commit_interval=1,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
    )


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=records.text(message.key),
        value=message.value,
        headers=records.headers(message.headers),
        at=records.instant(round(message.timestamp * 1000)),
    )
