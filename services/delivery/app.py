"""The delivery process: dispatches of the channels that we own → claim → send → record; and what providers tell on their own lines.

Next: services/delivery/deliver.py
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from time import perf_counter
from typing import Final

import structlog

from services.adapters.checks import database_answers, database_check, topics_check
from services.adapters.clock import SystemClock
from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.feedback import RECEIPTS, REPLIES, KafkaFeedback
from services.adapters.identity import identity_of, spaced
from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.members import joined_check, members_of
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import TopicChanges, load_topics
from services.adapters.policy import SHIPPED, load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.providers.opening import Identity, open_provider
from services.adapters.providers.smtp.receiver import BounceReceiver, ReceiverSettings
from services.adapters.providers.unreadable import TellUnread, Unread
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.channels.senders import check_sender
from services.core.ports.claims import Claims
from services.core.ports.clock import Clock
from services.core.ports.providers import Absent, Accepted, CannotTell, Envelope, Feedback, Outcome, Provider
from services.core.ports.store import Store
from services.core.ports.streams import MissingTopics, Record
from services.core.words import Channel
from services.delivery.claim import Clerk
from services.delivery.claims import CallScripts, Leases
from services.delivery.deliver import Delivered, Delivery
from services.delivery.ports import Senders
from services.runtime.changes_log import log_changes
from services.runtime.consume import consume_all
from services.runtime.dead_letters import LimitedDecode
from services.runtime.errors import Mistake, WrongSettings
from services.runtime.fuse import fuse_of
from services.runtime.metrics import Metrics
from services.runtime.settings import EMAIL, Settings, home_of_the_code
from services.runtime.surroundings import Surroundings
from services.runtime.waiting import Waiting

_log = structlog.get_logger()

#: who we are in the ``source`` of what comes back here
SOURCE: Final = "/sans-faute/delivery"
#: batches under way at once: while providers have one, the next is claimed
_ABREAST: Final = 2


async def run(surroundings: Surroundings) -> None:
    """Deliver until cancelled. Raises ``WrongSettings`` without any provider, ``MissingTopics``, ``TooManyDeadLetters``, ``Stalled``."""
    settings, metrics, health = surroundings.settings, surroundings.metrics, surroundings.health
    clock, seals, waiting = SystemClock(), Seals(surroundings.service_key), Waiting()
    connection = KafkaConnection(**asdict(surroundings.servers.kafka))
    admin = KafkaAdmin(connection)
    topics = load_topics(changes=TopicChanges(readers=settings.topics.readers))
    missing = await admin.missing_topics([RECEIPTS, REPLIES])
    if missing:
        raise MissingTopics(missing)
    decode = LimitedDecode(
        decode=Decoder(Schemas()),
        share=settings.dead_letter_share,
        unreadable=lambda topic: metrics.count("dead_letters", topic=topic),
    )

    async with (
        open_pool(surroundings.servers.database_url, connections=settings.database_connections) as pool,
        KafkaPublisher(connection) as publisher,
    ):
        store = PostgresStore(pool, told=log_changes)
        feedback = KafkaFeedback(
            publisher=publisher,
            encode=encode,
            decode=Decoder(Schemas()),
            seals=seals,
            clock=clock,
            source=SOURCE,
            unfit=lambda topic: metrics.count("dead_letters", topic=topic),
        )
        async with _providers(settings, seals, feedback, clock, metrics) as providers:
            delivery = Delivery(
                store=store,
                clerk=_clerk(settings, seals),
                providers=providers,
                snapshot=_snapshot(settings),
                decode=decode,
                clock=clock,
                fuse=fuse_of(settings, "delivery"),
            )
            mine = {name: topics[name] for name in (f"dispatch.{channel}.v1" for channel in providers)}
            health.ready_when("database", database_check(pool))
            health.ready_when("kafka", topics_check(admin, [*mine, RECEIPTS, REPLIES]))
            health.ready_when("storing", waiting.check)

            async def step(batch: Sequence[Record]) -> None:
                started = perf_counter()
                _count(metrics, await delivery.deliver(batch))
                metrics.observe("batch_seconds", perf_counter() - started, topic=batch[0].topic)

            members = members_of(
                "delivery",
                mine,
                connection,
                instance=surroundings.instance,
                store_answers=partial(database_answers, pool),
                tell_lag=lambda topic, records: metrics.set("consumer_lag", records, topic=topic),
            )
            health.ready_when("group", joined_check(members))
            await consume_all(members, step, abreast=_ABREAST, waiting=waiting)


def claims(surroundings: Surroundings, store: Store) -> Claims:
    """What the web answers to gateways that own a channel."""
    settings = surroundings.settings
    return Leases(store=store, clerk=_clerk(settings, Seals(surroundings.service_key)), snapshot=_snapshot(settings))


def call_scripts(surroundings: Surroundings, store: Store) -> CallScripts:
    """What the web answers to a telephone provider whose call was picked up."""
    settings = surroundings.settings
    clerk = _clerk(settings, Seals(surroundings.service_key))
    return CallScripts(store=store, clerk=clerk, snapshot=_snapshot(settings), clock=SystemClock())


def _snapshot(settings: Settings) -> Snapshots:
    return Snapshots(policy=load_policy(settings.policy_file or SHIPPED))


def _clerk(settings: Settings, seals: Seals) -> Clerk:
    senders = Senders(
        sms_sender=settings.sms_sender,
        sms_two_way=check_sender(settings.sms_sender).two_way,
        calling_number=spaced(settings.voice_caller_id),
        public_url=settings.public_url,
    )
    return Clerk(texts=JinjaTexts(home_of_the_code() / "templates"), seals=seals, senders=senders)


@asynccontextmanager
async def _providers(
    settings: Settings, seals: Seals, feedback: Feedback, clock: Clock, metrics: Metrics
) -> AsyncIterator[Mapping[Channel, Sequence[Provider]]]:
    """The providers of the channels that we own, connected; and the mailbox for what comes back by mail."""
    identity = identity_of(
        seals=seals,
        name=settings.sender_name,
        address=settings.sender_address,
        email_from=settings.email_from,
        sms_sender=settings.sms_sender,
        calling_number=settings.voice_caller_id,
        public_url=settings.public_url,
    )
    found: dict[Channel, list[Provider]] = {}

    def unread(provider: str, what: Unread) -> None:
        metrics.count("provider_octets_unread", provider=provider, type=str(what))

    async with AsyncExitStack() as stack:
        for channel, name, url in settings.providers():
            try:
                opened = open_provider(Channel(channel), name, url, identity, feedback, clock, unread)
            except ValueError as problem:
                raise WrongSettings([Mistake(name=f"provider {name}", problem=str(problem))]) from None
            await opened.start()
            stack.push_async_callback(opened.stop)
            found.setdefault(Channel(channel), []).append(_Timed(opened.provider, metrics))
        if not found:
            raise WrongSettings([Mistake(name="SMS_PROVIDERS", problem="no provider is set for any channel that we own")])
        for channel in sorted(set(settings.channels_owned) - {str(channel) for channel in found}):
            _log.warning("channel without a provider: its messages wait, and other channels are tried when it is too late", channel=channel)
        if settings.bounce_listen is not None:
            await _open_mailbox(stack, settings, identity, feedback, clock, unread)
        yield found


async def _open_mailbox(
    stack: AsyncExitStack, settings: Settings, identity: Identity, feedback: Feedback, clock: Clock, unread: TellUnread
) -> None:
    listen = settings.bounce_listen
    if listen is None:
        return
    mailboxes = frozenset({settings.email_from.lower(), f"abuse@{identity.returns.domain}".lower()})
    box = ReceiverSettings(
        returns=identity.returns, mailboxes=mailboxes, host=listen.host, port=listen.port, hostname=identity.returns.domain
    )
    receiver = BounceReceiver(EMAIL, box, feedback, clock, unread)
    await receiver.start()
    stack.push_async_callback(receiver.stop)


@dataclass(frozen=True, slots=True)
class _Timed:
    """A provider whose answers are timed."""

    _inner: Provider
    _metrics: Metrics

    @property
    def name(self) -> str:
        """See ``Provider.name``."""
        return self._inner.name

    @property
    def channel(self) -> Channel:
        """See ``Provider.channel``."""
        return self._inner.channel

    async def send(self, envelope: Envelope) -> Outcome:
        """See ``Provider.send``."""
        started = perf_counter()
        outcome = await self._inner.send(envelope)
        self._metrics.observe("send_seconds", perf_counter() - started, channel=str(self.channel), provider=self.name)
        return outcome

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """See ``Provider.find``."""
        return await self._inner.find(attempt_id)


def _count(metrics: Metrics, delivered: Delivered) -> None:
    for fault in delivered.faults:
        _log.error("an adapter raised: its message is unknown, the next channel follows", error=fault)
    for channel, provider, outcome in delivered.outcomes:
        metrics.count("attempts_sent", channel=str(channel), provider=provider, outcome=outcome)
    for channel, why in delivered.withheld:
        metrics.count("attempts_withheld", channel=str(channel), reason=why)
