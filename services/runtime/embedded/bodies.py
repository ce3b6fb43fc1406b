"""Child processes as bodies that the supervisor runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.runtime.embedded.children import Child, ChildFailed
from services.runtime.errors import Gone
from services.runtime.supervisor import Body


def watch_of(child: Child) -> Body:
    """A body that ends with ``Gone`` when the child does; somebody else starts and stops it."""

    async def body() -> None:
        status = await asyncio.shield(child.exited)
        raise Gone(f"{child.name} ended with status {status}; its log is {child.log_path}")

    return body


def child_body(start: Callable[[], Awaitable[Child]], grace: timedelta = timedelta(seconds=10)) -> Body:
    """A body that is a child: dies when it exits, starts a new one when it is run again, is stopped when it is cancelled."""

    async def body() -> None:
        child = await start()
        try:
            status = await asyncio.shield(child.exited)
        except asyncio.CancelledError:
            await child.stop(grace)
            raise
        raise ChildFailed(child.name, f"ended with status {status}", child.log_path)

    return body
