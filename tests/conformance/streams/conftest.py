"""The three ways to be a stream."""

from collections.abc import AsyncIterator

import pytest

from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import Reader
from tests.conformance.streams.stage import KafkaStage, MemoryStage, Stage
from tests.fixtures.kafka import KafkaNode

REAL = [pytest.param(reader.value, marks=pytest.mark.stack) for reader in Reader]


@pytest.fixture
def node(request: pytest.FixtureRequest) -> KafkaNode | None:
    """The real node, started only for those who need it."""
    return None if request.getfixturevalue("kind") == "memory" else request.getfixturevalue("kafka")


@pytest.fixture(params=["memory", *REAL])
def kind(request: pytest.FixtureRequest) -> str:
    """Which kind of stream a test runs on."""
    return str(request.param)


@pytest.fixture
async def stage(kind: str, node: KafkaNode | None) -> AsyncIterator[Stage]:
    """A broker with one kind of stream."""
    if node is None:
        yield MemoryStage()
        return
    async with KafkaPublisher(node.connection) as publisher:
        yield KafkaStage(node, Reader(kind), publisher)


@pytest.fixture(params=REAL)
async def real_stage(request: pytest.FixtureRequest, kafka: KafkaNode) -> AsyncIterator[KafkaStage]:
    """The real broker only."""
    async with KafkaPublisher(kafka.connection) as publisher:
        yield KafkaStage(kafka, Reader(request.param), publisher)
