"""The planner process: two lanes side by side, each woken by the database's notifications and by its own next instant.

Next: services/planner/wake.py
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Final

import structlog

from services.adapters.checks import database_check
from services.adapters.clock import SystemClock
from services.adapters.policy import SHIPPED, load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.notify import WAKE_CHANNEL, Signal, listen
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.snapshots import Snapshots, by_channel
from services.core.ports.store import Store
from services.core.words import Lane
from services.planner.foresee import Foresight
from services.planner.wake import Planner, Woken
from services.runtime.changes_log import log_changes
from services.runtime.consume import finished, retried
from services.runtime.fuse import fuse_of
from services.runtime.metrics import Metrics
from services.runtime.settings import home_of_the_code
from services.runtime.surroundings import Surroundings
from services.runtime.together import all_of
from services.runtime.waiting import Waiting

_log = structlog.get_logger()

#: people of one transaction: live ones are few and in a hurry; a campaign is written in large batches
_AT_ONCE: Final = {Lane.LIVE: 200, Lane.CAMPAIGN: 500}
#: somebody is due, but locked by another process that has just that person under way; its commit need not wake anybody
_LOCKED_ELSEWHERE: Final = timedelta(milliseconds=100)
#: the machine's clock may be put forward while we wait for an instant by the event loop's
_LOOK_AT_THE_CLOCK: Final = timedelta(minutes=5)


async def run(surroundings: Surroundings) -> None:
    """Decide about people until cancelled."""
    settings, health = surroundings.settings, surroundings.health
    dsn, waiting = surroundings.servers.database_url, Waiting()
    texts = JinjaTexts(home_of_the_code() / "templates")
    snapshot = Snapshots(policy=load_policy(settings.policy_file or SHIPPED), providers=by_channel(settings.providers()))

    async with (
        open_pool(dsn, connections=settings.database_connections) as pool,
        listen(dsn, WAKE_CHANNEL) as live,
        listen(dsn, WAKE_CHANNEL) as campaign,
        listen(dsn, WAKE_CHANNEL) as second,
    ):
        store = PostgresStore(pool, told=log_changes)
        planner = Planner(store=store, texts=texts, snapshot=snapshot, fuse=fuse_of(settings, "planner"))
        health.ready_when("database", database_check(pool))
        health.ready_when("storing", waiting.check)
        # a campaign has two: while one waits for the database, the other decides
        lanes = ((Lane.LIVE, live), (Lane.CAMPAIGN, campaign), (Lane.CAMPAIGN, second))
        await all_of(*(_lane(planner, store, lane, signal, surroundings.metrics, waiting) for lane, signal in lanes))


def foresight(surroundings: Surroundings, store: Store) -> Foresight:
    """What the planner would decide, for the advisor's page (the web's process)."""
    policy = load_policy(surroundings.settings.policy_file or SHIPPED)
    return Foresight(store=store, texts=JinjaTexts(home_of_the_code() / "templates"), snapshot=Snapshots(policy=policy))


async def _lane(planner: Planner, store: PostgresStore, lane: Lane, signal: Signal, metrics: Metrics, waiting: Waiting) -> None:
    """One lane: look while somebody is due, then wait for a notification or for the next instant."""
    clock = SystemClock()
    while True:
        # before looking, so that whatever is announced while we look makes us look again
        signal.clear()
        look = _Look()
        await finished(retried(partial(look.at, planner, store, lane, clock.now), waiting=waiting))
        now = clock.now()
        late = (now - look.next_at).total_seconds() if look.next_at is not None else 0.0
        metrics.set("wake_delay_seconds", max(0.0, late), lane=str(lane))
        _count(metrics, lane, look)
        if look.woken.people:
            continue
        at = look.next_at
        await _until(signal, now + _LOCKED_ELSEWHERE if at is not None and at <= now else at, clock.now)


class _Look:
    """One round, and the instant at which the next person of the lane is or was due."""

    def __init__(self) -> None:
        self.woken = Woken()
        self.next_at: datetime | None = None
        self.seconds = 0.0

    async def at(self, planner: Planner, store: PostgresStore, lane: Lane, now: Callable[[], datetime]) -> None:
        """Raises ``StoreUnavailable``; can be done again."""
        started = perf_counter()
        self.woken = await planner.round(lane, _AT_ONCE[lane], now())
        self.seconds = perf_counter() - started
        # also while there is a backlog: how late its oldest person is, is what operations must see; after a flood each look costs
        # milliseconds, because those who were looked at lately still stand at the head of the index
        self.next_at = self.woken.oldest if self.woken.people else None
        if self.next_at is None:
            self.next_at = await store.next_wake(lane)


async def _until(signal: Signal, at: datetime | None, now: Callable[[], datetime]) -> None:
    """Wait for the instant, or for the announcement of an earlier one (or of one that is not known)."""
    while True:
        delay = _LOOK_AT_THE_CLOCK if at is None else min(at - now(), _LOOK_AT_THE_CLOCK)
        if at is not None and at <= now():
            return
        try:
            await asyncio.wait_for(signal.wait(), max(0.0, delay.total_seconds()))
        except TimeoutError:
            continue
        earliest = signal.earliest
        if earliest is None or earliest <= now():
            return
        signal.clear()
        at = earliest if at is None else min(at, earliest)


def _count(metrics: Metrics, lane: Lane, look: _Look) -> None:
    woken = look.woken
    if not woken.people:
        return
    metrics.count("decisions", woken.people, lane=str(lane))
    metrics.observe("decision_seconds", look.seconds / woken.people)
    for alert in woken.alerts:
        metrics.count("alerts_raised", type=str(alert))
    for person_id, error in woken.quarantined:
        _log.error("person quarantined: a decision raised", person_id=person_id, error=error, lane=str(lane))
    if woken.quarantined:
        metrics.count("people_quarantined", len(woken.quarantined))
    _log.info("people decided about", lane=str(lane), count=woken.people, published=woken.released, seconds=round(look.seconds, 3))
