"""Child processes as bodies of the supervisor."""

import asyncio
import signal
from pathlib import Path

import pytest

from services.runtime.embedded.bodies import child_body, watch_of
from services.runtime.embedded.children import Child, ChildFailed, start_child
from services.runtime.errors import Gone


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
