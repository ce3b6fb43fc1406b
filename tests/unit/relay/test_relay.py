"""Outbox → Kafka: marked only once the broker has it, in order, under the row's own id."""

import pytest

from services.core.changes import Changes, Outgoing
from services.core.ports.streams import NotPublished
from tests.fixtures.steps import House
from tests.unit.core.scene import NOW


def _message(key: str, number: int) -> Outgoing:
    return Outgoing(topic="alerts.v1", key=key, type=f"t{number}", subject="s", data={}, shard_key=key, at=NOW)


async def _written(*messages: Outgoing) -> House:
    house = House()
    async with house.store.unit() as unit:
        await unit.write(Changes(outbox=list(messages)))
    return house


async def test_everything_is_published_once() -> None:
    """And then nothing waits."""
    house = await _written(*(_message(f"p{number}", number) for number in range(40)))
    assert await house.relay() == 40
    assert await house.relay() == 0
    assert await house.store.outbox_size() == 0


async def test_one_persons_messages_stay_in_order() -> None:
    """The outbox is split in shards by person."""
    house = await _written(*(_message("leila", number) for number in range(5)))
    await house.relay()
    assert [(message.value or b"").split()[0] for message in house.publisher.messages] == [f"t{number}".encode() for number in range(5)]


async def test_what_the_broker_has_not_confirmed_comes_again_under_the_same_id() -> None:
    """Nothing is marked; consumers may see it twice, and tell by the id."""
    house = await _written(_message("leila", 1))
    house.publisher.away = True
    with pytest.raises(NotPublished):
        await house.relay()
    assert await house.store.outbox_size() == 1
    house.publisher.away = False
    assert await house.relay() == 1
