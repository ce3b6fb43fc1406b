"""The records behind dead letters: their own copies on ``dead-letters.v1``, else read again where they were."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.records import headers, text
from services.core.dead_letters import PERSONAL, TOPIC
from services.core.ports.dead_letters import Original
from services.core.ports.store import DeadLetter, LetterPlace

#: a letter is told after it was recorded; clocks may differ by so much
_SLACK: Final = timedelta(hours=1)
#: seconds in which a broker that is there answers
_PATIENCE: Final = 10.0
#: records that are read over rather than sought: a seek costs about as much
_NEAR: Final = 500
#: a partition has ended, or is not there any more
_NO_MORE: Final = (
    KafkaError._PARTITION_EOF,  # noqa: SLF001 - librdkafka's own codes are public and begin with an underscore
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - as above
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)


class KafkaOriginals:
    """Implements ``services.core.ports.dead_letters.Originals``; joins no group and commits nothing."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._config = {
            **connection.librdkafka(),
            "group.id": "sans-faute-dead-letters",
            "enable.auto.commit": False,
            # removed meanwhile: the next one that is there shows it
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "log_level": 0,
        }

    async def originals(self, letters: Sequence[DeadLetter]) -> Mapping[LetterPlace, Original]:
        """See ``Originals.originals``."""
        return await asyncio.to_thread(self._read, letters) if letters else {}

    def _read(self, letters: Sequence[DeadLetter]) -> dict[LetterPlace, Original]:
        with self._consumer() as consumer:
            kept = [letter for letter in letters if letter.topic != PERSONAL]
            found = self._copies(consumer, kept) if kept else {}
            # not told yet, or a copy that holds no payload
            missing = sorted(letter.place for letter in letters if letter.place not in found)
            return found | self._in_place(consumer, missing)

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(self._config)
        try:
            yield consumer
        except KafkaException as trouble:
            raise ConnectionError(f"Kafka does not answer: {trouble.args[0].str()}") from None
        finally:
            consumer.close()

    def _copies(self, consumer: Consumer, letters: Sequence[DeadLetter]) -> dict[LetterPlace, Original]:
        """One reading of the dead letters since the oldest of these, however many they are."""
        wanted = {letter.place for letter in letters}
        since = int((min(letter.at for letter in letters) - _SLACK).timestamp() * 1000)
        there = consumer.list_topics(TOPIC, timeout=_PATIENCE).topics[TOPIC].partitions
        if not there:
            return {}
        starts = consumer.offsets_for_times([TopicPartition(TOPIC, number, since) for number in there], timeout=_PATIENCE)
        found: dict[LetterPlace, Original] = {}
        for message in _until_the_end(consumer, [start for start in starts if start.offset >= 0]):
            copy = _copy(message.value())
            if copy is not None and copy[0] in wanted:
                found[copy[0]] = copy[1]
        return found

    def _in_place(self, consumer: Consumer, places: Sequence[LetterPlace]) -> dict[LetterPlace, Original]:
        """Each record at its offset; ``places`` in order, so that neighbours are read in one go."""
        found: dict[LetterPlace, Original] = {}
        ends = {where: self._end(consumer, *where) for where in {place[:2] for place in places}}
        waiting = [place for place in reversed(places) if place[2] < ends[place[:2]]]
        while waiting:
            topic, partition, offset = waiting[-1]
            for message in _until_the_end(consumer, [TopicPartition(topic, partition, offset)]):
                at = message.offset() or 0
                while waiting and waiting[-1][:2] == (topic, partition) and waiting[-1][2] <= at:
                    place = waiting.pop()
                    if place[2] == at:
                        found[place] = _original(message)
                if not waiting or waiting[-1][:2] != (topic, partition) or waiting[-1][2] > at + _NEAR:
                    break
            else:
                # the end of the partition: what was wanted there is gone
                waiting = [place for place in waiting if place[:2] != (topic, partition)]
        return found

    def _end(self, consumer: Consumer, topic: str, partition: int) -> int:
        """The offset after the partition's last record; 0 when there is no such partition."""
        try:
            _low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=_PATIENCE)
        except KafkaException as trouble:
            if trouble.args[0].code() in _NO_MORE:
                return 0
            raise
        return int(high)


def _until_the_end(consumer: Consumer, starts: Sequence[TopicPartition]) -> Iterator[KafkaMessage]:
    """Every record from these offsets to where the partitions end; raises ``KafkaException``."""
    if not starts:
        return
    consumer.assign(list(starts))
    ends = 0
    try:
        while ends < len(starts):
            message = consumer.poll(_PATIENCE)
            if message is None:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - librdkafka's own codes are public
            error = message.error()
            if error is None:
                yield message
            elif error.code() in _NO_MORE:
                ends += 1
            else:
                raise KafkaException(error)
    finally:
        consumer.unassign()


def _copy(value: bytes | None) -> tuple[LetterPlace, Original] | None:
    """Place and record out of one ``dead_letter.recorded``; none when it holds no payload."""
    try:
        data = json.loads(value or b"")["data"]
        place = (str(data["topic"]), int(data["partition"]), int(data["offset"]))
        return place, Original(key=str(data["key"]), value=b64decode(data["payload_base64"]))
    except (ValueError, KeyError, TypeError):
        return None


def _original(message: KafkaMessage) -> Original:
    return Original(key=text(message.key()) or "", value=message.value() or b"", headers=headers(message.headers()))
