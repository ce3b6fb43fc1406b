"""What stands behind every entrance in these tests: the real border over a broker in memory, and what its readers make of it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.feedback import KafkaFeedback
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher
from services.adapters.seals import Seals
from services.core.events import ReceiptReceived, ReplyReceived
from tests.unit.web.doubles import HandClock

DECODE = Decoder(Schemas())
T = TypeVar("T")
TOPICS = ("appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1", "receipts.v1", "replies.v1")


@dataclass(slots=True)
class Border:
    """Feedback as the processes wire it."""

    clock: HandClock = field(default_factory=HandClock)
    #: topics of what was refused
    unfit: list[str] = field(default_factory=list)
    broker: MemoryBroker = field(init=False)
    feedback: KafkaFeedback = field(init=False)

    def __post_init__(self) -> None:
        self.broker = MemoryBroker(self.clock, dict.fromkeys(TOPICS, 3))
        self.feedback = KafkaFeedback(
            publisher=MemoryPublisher(self.broker),
            encode=encode,
            decode=DECODE,
            seals=Seals(b"k" * 32),
            clock=self.clock,
            source="/sans-faute/test",
            unfit=self.unfit.append,
        )

    def read(self) -> list[ReceiptReceived | ReplyReceived]:
        """What evidence reads of it; fails on what would become a dead letter."""
        found = []
        for topic in ("receipts.v1", "replies.v1"):
            for record in self.broker.records(topic):
                event = DECODE(record.topic, record.value, record.key)
                assert isinstance(event, ReceiptReceived | ReplyReceived), event
                found.append(event)
        return found


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


def run(story: Coroutine[Any, Any, T]) -> T:
    """Play one example on a loop of its own; a task that died unheard fails it."""
    unheard: list[dict[str, Any]] = []

    async def heard() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
        async with asyncio.timeout(20):
            found = await story
        await asyncio.sleep(0)
        return found

    found = asyncio.run(heard())
    assert unheard == []
    return found
