"""Messages into Kafka: an idempotent producer that says "done" only when the broker has every message on disk."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.partitioner import LIBRDKAFKA_NAME
from services.adapters.kafka.progress import PublisherProgress
from services.core.ports.streams import Message, NotPublished

#: messages handed to the library between two turns of the event loop: about 5 ms of work
_SLICE = 1000
#: how long the delivery thread sleeps at most before it looks whether it should end; reports wake it at once
_LOOK_UP = 0.2


class KafkaPublisher:
    """A producer on a cluster; open it with ``async with``, or ``start`` and ``stop``.

    Messages of one ``publish`` with the same key stay in order. When some are not confirmed within ``patience``, ``publish`` raises
    ``NotPublished`` with their indexes: publish those again, their consumers recognise a repeat by the event's id and revision.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        *,
        patience: timedelta = timedelta(seconds=10),
        linger: timedelta = timedelta(milliseconds=5),
        on_progress: Callable[[], None] | None = None,
    ) -> None:
        self.progress = PublisherProgress(on_change=on_progress)
        self._config: dict[str, str | int | float | bool] = {
            **connection.librdkafka(),
            "client.id": "sans-faute-publisher",
            "enable.idempotence": True,
            "acks": "all",
            "partitioner": LIBRDKAFKA_NAME,
            "compression.type": "lz4",
            "linger.ms": linger / timedelta(milliseconds=1),
            "delivery.timeout.ms": patience // timedelta(milliseconds=1),
            # a topic that is not there after this time is not coming
            "topic.metadata.propagation.max.ms": 3000,
            "socket.keepalive.enable": True,
            # lost connections come back as unconfirmed messages, not as lines on standard error
            "log_level": 0,
        }
        self._producer: Producer | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def published(self) -> Counter[str]:
        """Confirmed messages, per topic."""
        return self.progress.published

    async def start(self) -> None:
        """Open the producer; it connects by itself and says nothing while no broker answers."""
        self._stopping.clear()
        self._producer = Producer(self._config)
        self._thread = threading.Thread(target=self._deliver, name="kafka-publisher", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Let go of the producer; whoever still waits in ``publish`` gets an answer first."""
        if self._producer is not None:
            await asyncio.to_thread(self._producer.flush)
        self._stopping.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._producer = self._thread = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once the broker has every message on disk; raises ``NotPublished`` with the ones it has not confirmed."""
        if self._producer is None:
            raise RuntimeError("the publisher is not started")
        delivery = _Delivery(len(messages), self.progress)
        for start in range(0, len(messages), _SLICE):
            for index in range(start, min(start + _SLICE, len(messages))):
                self._hand_over(messages[index], index, delivery)
            await asyncio.sleep(0)
        await delivery.finished()
        self.progress.changed()
        if delivery.fatal:
            await self._renew()
        if delivery.failed:
            raise NotPublished(sorted(delivery.failed), delivery.why)

    def _hand_over(self, message: Message, index: int, delivery: "_Delivery") -> None:
        """Give one message to the library, which copies it; its report arrives in the delivery thread."""
        assert self._producer is not None  # noqa: S101 - publish() has looked
        try:
            self._producer.produce(
                message.topic,
                value=message.value,
                key=message.key.encode(),
                headers=list(message.headers.items()),
                on_delivery=partial(delivery.report, index),
            )
        except BufferError:
            # Kafka has been away for long enough to fill the library's memory: honest now is better than late.
            delivery.refuse(index, "the producer's queue is full")
        except KafkaException as trouble:
            delivery.refuse(index, trouble.args[0].str(), fatal=trouble.args[0].fatal())

    def _deliver(self) -> None:
        """The delivery thread: hands reports to their callbacks."""
        while not self._stopping.is_set():
            producer = self._producer
            if producer is not None:
                producer.poll(_LOOK_UP)

    async def _renew(self) -> None:
        """An idempotent producer that lost its sequence refuses everything from then on: open another one."""
        doomed, self._producer = self._producer, Producer(self._config)
        if doomed is not None:
            await asyncio.to_thread(doomed.flush, _LOOK_UP)


class _Delivery:
    """Reports of the messages of one ``publish``; counted in the delivery thread, awaited in the event loop."""

    def __init__(self, messages: int, progress: PublisherProgress) -> None:
        self.failed: list[int] = []
        self.why = ""
        self.fatal = False
        self._progress = progress
        self._open = messages
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        if not messages:
            self._done.set()

    def report(self, index: int, error: KafkaError | None, message: KafkaMessage) -> None:
        """The broker has, or has not, confirmed one message."""
        if error is not None:
            self.refuse(index, error.str(), fatal=error.fatal())
            return
        with self._lock:
            self._progress.confirmed(str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
            self._closed()

    def refuse(self, index: int, why: str, *, fatal: bool = False) -> None:
        """This message is not on disk."""
        with self._lock:
            self.failed.append(index)
            self.why = self.why or why
            self.fatal = self.fatal or fatal
            self._closed()

    async def finished(self) -> None:
        """Wait for the last report."""
        await self._done.wait()

    def _closed(self) -> None:
        self._open -= 1
        if self._open == 0:
            # whoever waited may have gone, with the loop
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._done.set)
