"""The watch: looks at the database every few seconds, rings and clears alarms; and e-mails staff what stands on their lists."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from services.adapters.checks import database_check
from services.adapters.clock import SystemClock
from services.adapters.identity import identity_of
from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.lags import positions, read_by_us
from services.adapters.kafka.topics import TopicChanges, load_topics
from services.adapters.policy import SHIPPED, load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.keeping import PostgresKeeper
from services.adapters.postgres.notify import OUTBOX_CHANNEL, Signal, listen
from services.adapters.postgres.pushes import PostgresPushes
from services.adapters.postgres.readings import PostgresReadings
from services.adapters.postgres.store import PostgresStore
from services.adapters.providers.opening import open_mailbox
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.ports.mailbox import Mailbox
from services.core.words import Channel
from services.runtime.changes_log import log_changes
from services.runtime.consume import finished, retried
from services.runtime.errors import Mistake, WrongSettings
from services.runtime.metrics import Metrics
from services.runtime.settings import home_of_the_code
from services.runtime.surroundings import Surroundings
from services.runtime.together import all_of
from services.runtime.waiting import Waiting
from services.watch.keeping import Forgotten, Keeping
from services.watch.pushes import Pushes
from services.watch.readers import TopicReaders
from services.watch.watch import Watch, Watched

_log = structlog.get_logger()

#: an alert that was just raised is e-mailed at once: whatever is committed for others to hear of makes us look, and else so often
_PUSHED_AT_LEAST: Final = timedelta(seconds=30)
#: many commits in a row are one look
_TOGETHER: Final = timedelta(seconds=1)
#: a broker that has not answered for so long is away
_PATIENCE: Final = timedelta(seconds=2)


async def run(surroundings: Surroundings) -> None:
    """Keep watch until cancelled. Raises ``WrongSettings``."""
    settings, health = surroundings.settings, surroundings.health
    dsn, waiting = surroundings.servers.database_url, Waiting()
    policy = load_policy(settings.policy_file or SHIPPED)
    snapshot = Snapshots(policy=policy)

    async with (
        open_pool(dsn, connections=settings.database_connections) as pool,
        listen(dsn, OUTBOX_CHANNEL) as told,
        _mailbox(surroundings) as mailbox,
    ):
        store = PostgresStore(pool, told=log_changes)
        readers = _readers(surroundings)
        watch = Watch(store=store, readings=PostgresReadings(pool), snapshot=snapshot, clock=SystemClock(), readers=readers)
        health.ready_when("database", database_check(pool))
        health.ready_when("storing", waiting.check)
        keeping = Keeping(keeper=PostgresKeeper(pool, store), policy=policy.retention)
        loops = [
            _watch(watch, policy.watch.every, surroundings.metrics, waiting),
            _follow(readers, policy.watch.every),
            _keep(keeping, surroundings.metrics, waiting),
        ]
        if mailbox is not None:
            pushes = Pushes(
                store=store,
                waiting=PostgresPushes(pool),
                mailbox=mailbox,
                words=JinjaTexts(home_of_the_code() / "templates"),
                snapshot=snapshot,
                staff_url=settings.staff_url,
            )
            loops.append(_push(pushes, told, waiting))
        await all_of(*loops)


async def _watch(watch: Watch, every: timedelta, metrics: Metrics, waiting: Waiting) -> None:
    """Look, and look again. The database away is waited for: what could not be judged meanwhile is judged then."""
    clock = SystemClock()
    found = Watched()

    async def look() -> None:
        nonlocal found
        found = await watch.round(clock.now())

    while True:
        await finished(retried(look, waiting=waiting))
        _count(metrics, found)
        # a dead man's handle: somebody outside rings when it is not pressed any more
        metrics.set("watch_looked_at_seconds", clock.now().timestamp())
        if not found.more:
            await asyncio.sleep(every.total_seconds())


def _readers(surroundings: Surroundings) -> TopicReaders:
    """Those who read our topics; a gateway of somebody else's is theirs to watch."""
    settings = surroundings.settings
    admin = KafkaAdmin(KafkaConnection(**asdict(surroundings.servers.kafka)), patience=_PATIENCE)
    topics = load_topics(changes=TopicChanges(readers=settings.topics.readers))
    return TopicReaders(ask=partial(positions, admin, read_by_us(topics, [Channel(each) for each in settings.channels_owned])))


async def _follow(readers: TopicReaders, every: timedelta) -> None:
    """Ask the broker beside the rounds: they must not wait for one that is away."""
    clock = SystemClock()
    while True:
        await readers.look(clock.now())
        await asyncio.sleep(every.total_seconds())


def _count(metrics: Metrics, found: Watched) -> None:
    for type_, number in found.open.items():
        metrics.set("alarms_open", number, type=str(type_))
    for alarm in found.raised:
        metrics.count("alarms_raised", type=str(alarm.type))
        _log.error("alarm raised", alarm=str(alarm.type), scope=alarm.scope)
    for alarm in found.cleared:
        _log.info("alarm cleared", alarm=str(alarm.type), scope=alarm.scope)
    if found.woken:
        _log.info("people woken after a silence", count=found.woken)


async def _keep(keeping: Keeping, metrics: Metrics, waiting: Waiting) -> None:
    """Forget what is older than its retention, a batch and a pause at a time, then rest until there may be more."""
    clock, policy = SystemClock(), keeping.policy
    forgotten = Forgotten()

    async def forget() -> None:
        nonlocal forgotten
        forgotten = await keeping.round(clock.now())

    while True:
        await finished(retried(forget, waiting=waiting))
        for what, count in forgotten.counts.items():
            metrics.count("rows_forgotten", count, type=str(what))
        metrics.set("forgot_at_seconds", clock.now().timestamp())
        await asyncio.sleep((policy.pause if forgotten.more else policy.every).total_seconds())


async def _push(pushes: Pushes, told: Signal, waiting: Waiting) -> None:
    clock = SystemClock()

    async def send() -> None:
        done = await pushes.push_round(clock.now())
        if done.sent or done.later or done.refused:
            _log.info("staff e-mailed", count=sum(done.sent.values()), outcome=f"later {done.later}, refused {done.refused}")

    while True:
        told.clear()
        await finished(retried(send, waiting=waiting))
        try:
            await asyncio.wait_for(told.wait(), _PUSHED_AT_LEAST.total_seconds())
        except TimeoutError:
            continue
        await asyncio.sleep(_TOGETHER.total_seconds())


@asynccontextmanager
async def _mailbox(surroundings: Surroundings) -> AsyncIterator[Mailbox | None]:
    """Where e-mails to staff go; none without a mail server, and said so."""
    settings = surroundings.settings
    if settings.smtp_url is None:
        _log.warning("no e-mail to staff: SMTP_URL is not set, alerts stand on the page and on alerts.v1 only")
        yield None
        return
    identity = identity_of(
        seals=Seals(surroundings.service_key),
        name=settings.sender_name,
        address=settings.sender_address,
        email_from=settings.email_from,
        sms_sender=settings.sms_sender,
        calling_number=settings.voice_caller_id,
        public_url=settings.public_url,
    )
    try:
        mailbox = open_mailbox(settings.smtp_url, identity, SystemClock())
    except ValueError as problem:
        raise WrongSettings([Mistake(name="SMTP_URL", problem=str(problem))]) from None
    try:
        yield mailbox
    finally:
        await mailbox.provider.stop()
