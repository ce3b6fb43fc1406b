"""The loop of every consumer: take a batch, let the step store it, acknowledge it; wait while the database is away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import NotPublished, Record, Stream

#: seconds between tries while the database or the broker is away; nothing is read meanwhile
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

Step = Callable[[Sequence[Record]], Awaitable[None]]


async def consume(stream: Stream, step: Step, *, waiting: Callable[[bool], None] = lambda _: None) -> None:
    """Run until cancelled; what the step raises beside ``StoreUnavailable`` and ``NotPublished`` ends the loop.

    ``waiting`` is told when the step cannot store, and when it can again.
    """
    while True:
        batch = await stream.next_batch()
        await retried(partial(step, batch), waiting=waiting)
        await stream.acknowledge(batch)


async def retried(act: Callable[[], Awaitable[None]], *, waiting: Callable[[bool], None] = lambda _: None) -> None:
    """Do it, again and again while database or broker are away."""
    tries = 0
    while True:
        try:
            await act()
        except (StoreUnavailable, NotPublished):
            waiting(True)
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1
            continue
        if tries:
            waiting(False)
        return
