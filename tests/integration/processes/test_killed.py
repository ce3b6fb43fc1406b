"""kill -9 of every process at its dangerous point, with 500 obligations under way: counted from outside, nothing lost, nothing twice."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.adapters.kafka.publisher import KafkaPublisher
from services.simulator.servers.smsc import SmscServer
from tests.fixtures.kafka import KafkaNode
from tests.integration.processes.outside import (
    PATIENCE,
    CountingTown,
    Observer,
    Running,
    convocation,
    counting_smsc,
    directory,
    in_days,
    message,
    observer,
    policy_for_tests,
)

pytestmark = pytest.mark.stack
PEOPLE = 500
TOPIC_OF = {"agency.updated": "advisors.v1", "advisor.updated": "advisors.v1", "person.updated": "people.v1"}
ADRIFT = "SELECT count(*) FROM obligations WHERE state = 'open' AND next_at IS NULL"


@dataclass(slots=True)
class World:
    """Everything outside, and our processes."""

    running: Running
    smsc: SmscServer
    town: CountingTown
    eyes: Observer

    async def died(self, name: str) -> None:
        """The fuse burnt: it is gone as by kill -9; then it is started again, without a fuse."""
        process = self.running.processes[name]
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == -signal.SIGKILL, self.running.said()
        await self.running.start(name)

    async def all_delivered_once(self) -> None:
        """Return when all 500 messages are known to have arrived; each exactly once."""

        async def all_delivered() -> bool:
            return await self.eyes.count("SELECT count(*) FROM attempts WHERE state = 'delivered'") == PEOPLE

        try:
            await self.eyes.until(all_delivered)
        except TimeoutError:
            pytest.fail(self.running.said())
        assert len(self.town.taken) == PEOPLE
        assert set(self.town.taken.values()) == {1}

    async def taken_or_claimed(self) -> bool:
        """Every first message was taken by the network, or was claimed by a delivery that died before it told what became of it."""
        return await self.eyes.count("SELECT count(*) FROM attempts WHERE state IN ('delivered', 'unknown')") >= PEOPLE


@pytest.fixture
async def world(kafka: KafkaNode, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Nothing runs yet; everybody is in Kafka."""
    await kafka.fresh_topics()
    (logs := tmp_path / "logs").mkdir()
    async with counting_smsc() as (smsc, town), observer(database) as eyes:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "DATABASE_URL": database,
            "STATE_DIR": str(tmp_path / "state"),
            "SMS_PROVIDERS": f"sms=smpp://ours:secret@127.0.0.1:{smsc.port}",
            # after a crash the claims that nobody told the end of are looked at soon
            "POLICY_FILE": str(policy_for_tests(tmp_path / "policy.toml", submitting="3s")),
            "LOG_FORMAT": "json",
        }
        running = Running(environment, logs)
        async with KafkaPublisher(kafka.connection) as publisher:
            await publisher.publish([message(TOPIC_OF[one["type"]], one) for one in directory(PEOPLE)])
            starts_at = in_days(9)
            await publisher.publish([message("convocations.v1", convocation(number, starts_at)) for number in range(PEOPLE)])
        try:
            yield World(running, smsc, town, eyes)
        finally:
            await running.stop()


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
    await asyncio.gather(*(world.died(name) for name in FUSES))
    try:
        await world.eyes.until(world.taken_or_claimed)
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
    await world.died(name)

    await world.all_delivered_once()
    assert await world.eyes.count(ADRIFT) == 0


@pytest.mark.slow
async def test_two_copies_of_each_share_the_work(world: World) -> None:
    """On one machine, without being told apart by anybody: everything arrives, once."""
    for name in FUSES:
        await world.running.start(name)
        await world.running.start(name, copy="-second")
    await world.all_delivered_once()
    assert await world.eyes.count(ADRIFT) == 0
    for process in world.running.processes.values():
        assert process.returncode is None
