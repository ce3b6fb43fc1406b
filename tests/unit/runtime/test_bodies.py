"""Processes, ours and children, as bodies of the supervisor."""

import asyncio
import signal
from pathlib import Path

import pytest

from services.commands.processes import body_of
from services.runtime.embedded.bodies import child_body, watch_of
from services.runtime.embedded.children import Child, ChildFailed, start_child
from services.runtime.embedded.servers import Servers
from services.runtime.errors import Gone
from services.runtime.health import Health, Missing
from services.runtime.metrics import Metrics
from services.runtime.running import embedded_kafka_settings
from services.runtime.settings import read_settings
from services.runtime.surroundings import Surroundings


async def test_a_watch_ends_with_its_server(tmp_path: Path) -> None:
    """A server that is somebody else's to start is watched: its end is final."""
    child = await start_child(["sleep", "600"], name="Kafka", log_path=tmp_path / "log")
    watching = asyncio.ensure_future(watch_of(child)())
    child.kill()
    with pytest.raises(Gone, match=f"Kafka ended with status -9; its log is {tmp_path}"):
        await watching


async def test_a_child_that_exits_is_a_death(tmp_path: Path) -> None:
    """Whatever its status: the supervisor decides what comes next."""

    async def start() -> Child:
        return await start_child(["true"], name="gateway", log_path=tmp_path / "log")

    with pytest.raises(ChildFailed, match="gateway ended with status 0"):
        await child_body(start)()


async def test_cancelling_the_body_stops_the_child(tmp_path: Path) -> None:
    """The child gets SIGTERM and is waited for."""
    started: asyncio.Future[Child] = asyncio.get_running_loop().create_future()

    async def start() -> Child:
        started.set_result(await start_child(["sleep", "600"], name="gateway", log_path=tmp_path / "log"))
        return started.result()

    running = asyncio.ensure_future(child_body(start)())
    child = await started
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await child.exited == -signal.SIGTERM


async def test_a_process_that_still_starts_is_not_ready() -> None:
    """Before it runs, and until it has named what it needs, it is missing from the whole; then its own checks count."""
    starting, running = asyncio.Event(), asyncio.Event()

    async def process(surroundings: Surroundings) -> None:
        await starting.wait()
        surroundings.health.ready_when("database", _fine)
        running.set()
        await asyncio.Event().wait()

    overall = Health()
    settings = read_settings({"INSTANCE_NAME": "one"})
    servers = Servers(kafka=embedded_kafka_settings("127.0.0.1:1"), database_url="postgresql://nowhere/none", watches={})
    surroundings = Surroundings(
        settings=settings, servers=servers, service_key=b"", instance="", metrics=Metrics(), health=Health(), overall=overall
    )
    body = body_of("planner", process, surroundings)
    assert await overall.ready() == [Missing(check="planner", problem="it is not running")]
    life = asyncio.ensure_future(body())
    await asyncio.sleep(0)
    assert await overall.ready() == [Missing(check="planner", problem="it is starting")]
    starting.set()
    await running.wait()
    assert await overall.ready() == []
    life.cancel()
    with pytest.raises(asyncio.CancelledError):
        await life


async def _fine() -> str | None:
    return None
