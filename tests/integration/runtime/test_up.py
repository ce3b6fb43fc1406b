"""`sans-faute up`, seen from outside: it starts, it stops, and it leaves nothing behind when it is killed."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from services.runtime.embedded.children import free_ports
from services.runtime.running import find_running
from services.runtime.settings import environment_with, home_of_the_code

pytestmark = pytest.mark.stack
_STARTS_WITHIN = 120


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state folder that PostgreSQL's user can reach, with the jars that other runs have fetched."""
    folder = Path(mkdtemp(prefix="sans-faute-", dir="/tmp"))
    folder.chmod(0o755)
    libraries = home_of_the_code() / ".state" / "kafka-libs"
    libraries.mkdir(parents=True, exist_ok=True)
    (folder / "kafka-libs").symlink_to(libraries)
    yield folder
    (folder / "kafka-libs").unlink()
    rmtree(folder)


@asynccontextmanager
async def _up(state_dir: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[int]]]:
    """A running `up`, and the process ids of its children."""
    public, staff = free_ports(2)
    environment = environment_with(
        {"STATE_DIR": str(state_dir), "PUBLIC_LISTEN": f"127.0.0.1:{public}", "STAFF_LISTEN": f"127.0.0.1:{staff}"}
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "up", env=environment, stdout=asyncio.subprocess.PIPE, cwd=home_of_the_code()
    )
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(_STARTS_WITHIN):
            while b"Ctrl-C stops everything." not in said:
                line = await process.stdout.readline()
                assert line, f"it ended by itself, after saying: {said.decode()}"
                said += line
        assert not re.search(rb"sans_faute:\w", said), "a password was printed"
        children = await asyncio.to_thread(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text)
        yield process, [int(pid) for pid in children.split()]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _all_ended(pids: list[int]) -> None:
    """Return when none of these processes runs any more."""
    loop = asyncio.get_running_loop()
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended = asyncio.Event()
        loop.add_reader(watch, ended.set)
        try:
            await asyncio.wait_for(ended.wait(), 10)
        finally:
            loop.remove_reader(watch)
            os.close(watch)


async def test_it_leaves_nothing_behind_and_starts_again(state_dir: Path) -> None:
    """After kill -9 its servers are gone within moments, and the next `up` works on the same folder; Ctrl-C ends that one with 0."""
    async with _up(state_dir) as (process, children):
        assert len(children) >= 2
        assert find_running(state_dir) is not None
        process.kill()
        assert await process.wait() == -signal.SIGKILL
        await _all_ended(children)
    assert find_running(state_dir) is None
    async with _up(state_dir) as (process, children):
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 40) == 0
        await _all_ended(children)
