"""A Redis of the bench's own, for the peer that needs one; nothing of ours does."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from services.runtime.embedded.children import free_port, start_child, wait_for_port
from services.runtime.settings import home_of_the_code

_READY_WITHIN = timedelta(seconds=30)


def redis_program() -> str | None:
    """The machine's, or the one that ``infra/setup tests`` has put into .tools."""
    return shutil.which("redis-server") or shutil.which("redis-server", path=home_of_the_code() / ".tools" / "bin")


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[str | None]:
    """URL of an empty Redis on a free port, stopped at the end; none when this machine has no program for it.

    What it was told is on the disk within a second: it costs nothing that could be seen, and the bench's other servers are durable as well.
    """
    program = redis_program()
    if program is None:
        yield None
        return
    port = free_port()
    settings = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
    child = await start_child([program, *settings], name="Redis", log_path=folder / "redis.log", cwd=folder)
    try:
        await wait_for_port(port, child, _READY_WITHIN)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        await child.stop()
