"""What the Kafka client under Faust keeps to itself: tasks of its own that ended, or that wait for somebody to ask why.

aiokafka tells what went wrong in the background to whoever next asks its consumer for records. Faust never asks the consumer: it takes the
records from underneath. So a join that the broker refuses (a name that is somebody else's now, a coordinator that is not there yet when it
is asked for offsets) pauses the member for ever, without a word. Known there as aiokafka #1186 and faust-streaming #175.
"""

import asyncio
from typing import Any


def trouble_of(app: Any) -> BaseException | None:
    """Why this Faust app will never read again, although it looks alive; none while its client works, or has not begun."""
    consumer = getattr(getattr(app.consumer, "_thread", None), "_consumer", None)
    if consumer is None:
        return None
    coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001 - nothing public tells it
    if coordinator is None or fetcher is None:
        return None
    untold: BaseException | None = getattr(coordinator, "_pending_exception", None)
    if untold is not None:
        return untold
    return _ended(fetcher._fetch_task) or _ended(getattr(coordinator, "_coordination_task", None))  # noqa: SLF001 - as above


def _ended(task: "asyncio.Task[None] | None") -> BaseException | None:
    """Why a task that runs for ever has ended; none while it runs. May be asked from another thread than the task's."""
    if task is None or not task.done():
        return None
    if task.cancelled():
        return RuntimeError("cancelled")
    return task.exception() or RuntimeError("ended")
