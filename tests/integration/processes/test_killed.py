"""kill -9 of every process at its dangerous point, with 500 obligations under way: counted from outside, nothing lost, nothing twice."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fixtures.kafka import KafkaNode
from tests.integration.processes.outside import ADRIFT, PATIENCE, World, policy_for_tests, world_of

pytestmark = pytest.mark.stack
PEOPLE = 500


@pytest.fixture
async def world(kafka: KafkaNode, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing runs yet; everybody is in Kafka, and is convoked."""
    # after a crash the claims that nobody told the end of are looked at soon
    policy = policy_for_tests(tmp_path / "policy.toml", submitting="3s")
    async with world_of(kafka, database, tmp_path, people=PEOPLE, policy=policy) as world:
        await world.convoke(range(PEOPLE))
        yield world


async def died(world: World, name: str) -> None:
    """The fuse burnt: it is gone as by kill -9; then it is started again, without a fuse."""
    process = world.running.processes[name]
    async with asyncio.timeout(PATIENCE):
        assert await process.wait() == -signal.SIGKILL, world.running.said()
    await world.running.start(name)


FUSES = {
    "intake": "before_acknowledge:2",
    "planner": "before_commit:2",
    "relay": "after_publish:3",
    "delivery": "after_provider_accepts:100",
    "evidence": "before_acknowledge:1",
}


async def test_everything_dies_once(world: World) -> None:
    """All five die at their dangerous points in one flood; no message came twice, and every obligation has a next step (§10.1.5)."""
    for name, fuse in FUSES.items():
        await world.running.start(name, SANS_FAUTE_TEST_FUSE=f"{name}:{fuse}")
    await asyncio.gather(*(died(world, name) for name in FUSES))

    async def taken_or_claimed() -> bool:
        """Every first message was taken by the network, or was claimed by a delivery that died before it told what became of it."""
        return await world.eyes.count("SELECT count(*) FROM attempts WHERE state IN ('delivered', 'unknown')") >= PEOPLE

    try:
        await world.eyes.until(taken_or_claimed)
    except TimeoutError:
        pytest.fail(world.running.said())
    assert await world.eyes.count("SELECT count(*) FROM obligations") == PEOPLE
    assert await world.eyes.count(ADRIFT) == 0
    assert set(world.town.taken.values()) == {1}
    # what the network has is never called lost: those it never got are known to be unknown, and go on to the next step
    known = await world.eyes.count("SELECT count(*) FROM attempts WHERE state = 'delivered'")
    unknown = await world.eyes.count("SELECT count(*) FROM attempts WHERE state = 'unknown'")
    assert known <= len(world.town.taken) <= known + unknown


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FUSES if name != "delivery"])
async def test_one_dies_and_everybody_gets_one_message(world: World, name: str) -> None:
    """When whoever died was not the one that speaks to the network, all 500 messages arrive, each exactly once (§10.1.5)."""
    for other in FUSES:
        await world.running.start(other, **({"SANS_FAUTE_TEST_FUSE": f"{name}:{FUSES[name]}"} if other == name else {}))
    await died(world, name)

    await world.all_delivered_once(PEOPLE)
    assert await world.eyes.count(ADRIFT) == 0


@pytest.mark.slow
async def test_two_copies_of_each_share_the_work(world: World) -> None:
    """On one machine, without being told apart by anybody: everything arrives, once."""
    for name in FUSES:
        await world.running.start(name)
        await world.running.start(name, copy="-second")
    await world.all_delivered_once(PEOPLE)
    assert await world.eyes.count(ADRIFT) == 0
    for process in world.running.processes.values():
        assert process.returncode is None
