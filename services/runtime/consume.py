"""The loop of every consumer: take a batch, let the step store it, acknowledge it; wait while the database is away."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Final, Protocol

import structlog

from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import NotPublished, Record, Stream
from services.runtime.together import all_of

#: seconds between tries while the database or the broker is away; nothing is read meanwhile
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
#: seconds that a batch may take to be finished when we are asked to stop: half of it done twice costs more than waiting
_FINISH: Final = 10.0

_log = structlog.get_logger()

Step = Callable[[Sequence[Record]], Awaitable[None]]


class Member(Protocol):
    """One member of a consumer group."""

    @property
    def stream(self) -> Stream:
        """What it reads."""
        ...

    @property
    def flood(self) -> bool:
        """Does it read what comes by the million: may it wait until the others have joined?"""
        ...

    async def watch(self) -> None:
        """Look for ever whether it moves; raises when it stands still for too long although there is work."""
        ...


async def consume_all(
    members: Collection[Member], step: Step, *, abreast: int = 1, waiting: Callable[[bool], None] = lambda _: None
) -> None:
    """Run every member's loop and its watch until cancelled; whatever ends one of them ends all.

    Floods begin once the live streams have joined: joining takes many turns of the event loop, and a flood leaves few to others.
    ``abreast``: batches of one member under way at once, for a step that waits for others more than it works.
    """
    calm = [(member, asyncio.Event()) for member in members if not member.flood]
    live = (_membership(member, step, abreast, waiting, joined=joined) for member, joined in calm)
    floods = (_membership(member, step, abreast, waiting, after=[joined for _, joined in calm]) for member in members if member.flood)
    await all_of(*live, *floods)


async def _membership(
    member: Member,
    step: Step,
    abreast: int,
    waiting: Callable[[bool], None],
    *,
    after: Collection[asyncio.Event] = (),
    joined: asyncio.Event | None = None,
) -> None:
    for other in after:
        await other.wait()
    try:
        # inside: one that is still joining its group must be stopped as well
        await member.stream.start()
        if joined is not None:
            joined.set()
        await all_of(*(consume(member.stream, step, waiting=waiting) for _ in range(abreast)), member.watch())
    finally:
        await member.stream.stop()


async def consume(stream: Stream, step: Step, *, waiting: Callable[[bool], None] = lambda _: None) -> None:
    """Run until cancelled; what the step raises beside ``StoreUnavailable`` and ``NotPublished`` ends the loop.

    ``waiting`` is told when the step cannot store, and when it can again. A batch under way when we are cancelled is finished.
    """
    while True:
        batch = await stream.next_batch()
        await finished(_one_batch(stream, step, batch, waiting))


async def _one_batch(stream: Stream, step: Step, batch: Sequence[Record], waiting: Callable[[bool], None]) -> None:
    await retried(partial(step, batch), waiting=waiting)
    await stream.acknowledge(batch)


async def finished(work: Awaitable[None]) -> None:
    """Let it finish, within limits, even when we are cancelled: what is half done would be done again."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=_FINISH)
        if task.done() and not task.cancelled() and task.exception() is not None:
            _log.warning("last batch not stored", error=type(task.exception()).__name__)
        raise
    finally:
        task.cancel()


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
