"""What only shows on a real cluster: an outage of the broker, every compression, several readers in one loop, TLS with a password."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection, KafkaUnavailable
from services.adapters.kafka.opening import CountedStream, group_of, open_stream
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import Reader
from services.core.ports.streams import Message, Record
from services.runtime.embedded.kafka import embedded_kafka
from tests.fixtures.kafka import HASTY, LIBS, KafkaNode, a_topic
from tests.integration.kafka.certificates import certificate

pytestmark = pytest.mark.stack
PATIENCE = 60


async def _read(stream: CountedStream, count: int) -> list[Record]:
    records: list[Record] = []
    async with asyncio.timeout(PATIENCE):
        while len(records) < count:
            batch = await stream.next_batch()
            await stream.acknowledge(batch)
            records.extend(batch)
    return records


@pytest.mark.slow
@pytest.mark.parametrize("reader", list(Reader))
async def test_an_outage_of_the_broker_loses_nothing(tmp_path: Path, reader: Reader) -> None:
    """The broker is killed under a running stream and comes back: the same stream goes on, with every record."""
    async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=HASTY) as node:
        connection = KafkaConnection(bootstrap=node.bootstrap)
        await KafkaAdmin(connection).ensure_topics([a_topic("t")])
        async with KafkaPublisher(connection) as publisher:
            await publisher.publish([Message(topic="t", key=str(number), value=b"before") for number in range(100)])
        stream = open_stream(["t"], group_of("test", reader), connection, reader, member="one")
        await stream.start()
        before = await _read(stream, 100)
        node.process.kill()
        await node.process.exited
    try:
        async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=HASTY):
            async with KafkaPublisher(connection) as publisher:
                await publisher.publish([Message(topic="t", key=str(number), value=b"after") for number in range(100)])
            records = before
            while len({(record.partition, record.offset) for record in records}) < 200:
                records += await _read(stream, 1)
            await stream.stop()
    finally:
        await stream.stop()
    assert Counter(record.value for record in records)[b"after"] == 100


@pytest.mark.parametrize("reader", list(Reader))
async def test_every_compression_is_read(kafka: KafkaNode, reader: Reader) -> None:
    """Producers of others compress as they like; none of it stops a reader."""
    topic = await kafka.topic(partitions=1)
    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
    for codec in codecs:
        producer = Producer({**kafka.connection.librdkafka(), "compression.type": codec})
        producer.produce(topic, key=b"k", value=codec.encode() + b"-" * 1000)
        await asyncio.to_thread(producer.flush)
    stream = open_stream([topic], kafka.name("group"), kafka.connection, reader)
    await stream.start()
    try:
        values = [record.value or b"" for record in await _read(stream, 5)]
    finally:
        await stream.stop()
    assert [value.partition(b"-")[0].decode() for value in values] == codecs


async def test_several_streams_share_one_loop(kafka: KafkaNode) -> None:
    """Two Faust apps and a confluent reader in one process, each with its own group, all get everything."""
    topic = await kafka.topic()
    readers = [Reader.FAUST, Reader.FAUST, Reader.CONFLUENT]
    streams = [
        open_stream([topic], kafka.name("group"), kafka.connection, reader, member=f"m{place}") for place, reader in enumerate(readers)
    ]
    await asyncio.gather(*(stream.start() for stream in streams))
    async with KafkaPublisher(kafka.connection) as publisher:
        await publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(200)])
    got = await asyncio.gather(*(_read(stream, 200) for stream in streams))
    await asyncio.gather(*(stream.stop() for stream in streams))
    assert [len(records) for records in got] == [200, 200, 200]


@pytest.mark.parametrize("reader", list(Reader))
async def test_a_busy_step_does_not_hold_up_the_group(kafka: KafkaNode, reader: Reader) -> None:
    """While one member's step is busy and its buffer full, another one joins and gets its share; then both go on, nothing is lost."""
    topic, group = await kafka.topic(partitions=8), kafka.name("group")
    async with KafkaPublisher(kafka.connection) as publisher:
        await publisher.publish([Message(topic=topic, key=str(number), value=b"x") for number in range(2000)])
    busy, other = (open_stream([topic], group, kafka.connection, reader) for _ in range(2))
    busy._max_batch = 10  # type: ignore[attr-defined]
    await busy.start()
    seen = Counter((record.partition, record.offset) for record in await _read(busy, 1))
    await other.start()
    async with asyncio.timeout(PATIENCE):
        first = await other.next_batch()
    await other.acknowledge(first)
    seen.update((record.partition, record.offset) for record in first)

    async def work(stream: CountedStream) -> None:
        while True:
            batch = await stream.next_batch()
            seen.update((record.partition, record.offset) for record in batch)
            await stream.acknowledge(batch)

    workers = [asyncio.ensure_future(work(stream)) for stream in (busy, other)]
    async with asyncio.timeout(PATIENCE):
        while len(seen) < 2000:  # noqa: ASYNC110 - two workers fill it
            await asyncio.sleep(0)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(busy.stop(), other.stop())
    assert max(seen.values()) == 1


@pytest.mark.slow
async def test_tls_with_a_password(tmp_path: Path) -> None:
    """SASL over TLS with an authority of our own: administration, publisher and both readers get in; a wrong password does not."""
    authority = certificate(tmp_path)
    jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="us" password="right" user_us="right";'
    properties = {
        "listener.security.protocol.map": "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.plaintext.plain.sasl.jaas.config": jaas,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(tmp_path / "node.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
    }
    async with embedded_kafka(tmp_path, libs_dir=LIBS, properties=properties) as node:

        def connection(password: str) -> KafkaConnection:
            return KafkaConnection(
                bootstrap=node.bootstrap,
                security_protocol="SASL_SSL",
                sasl_username="us",
                sasl_password=password,
                ssl_ca_location=authority,
            )

        with pytest.raises(KafkaUnavailable) as refused:
            await KafkaAdmin(connection("wrong"), patience=timedelta(seconds=2)).partitions()
        assert "wrong" not in str(refused.value)
        await KafkaAdmin(connection("right")).ensure_topics([a_topic("t")])
        async with KafkaPublisher(connection("right")) as publisher:
            await publisher.publish([Message(topic="t", key=str(number), value=b"x") for number in range(20)])
        for reader in Reader:
            stream = open_stream(["t"], group_of("test", reader), connection("right"), reader)
            await stream.start()
            assert len(await _read(stream, 20)) == 20
            await stream.stop()
