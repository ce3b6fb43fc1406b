"""Work side by side: when one ends, all end."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def all_of(*work: Coroutine[Any, Any, None]) -> None:
    """Run until the first ends; then the others are cancelled, and what the first raised is raised as it is (no exception group)."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
