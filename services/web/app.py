"""The web process: both listeners over the database's read models, Kafka's front door, and what delivery answers to others."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from socket import socket
from typing import Final

from services.adapters.checks import database_check, topics_check
from services.adapters.clock import SystemClock
from services.adapters.contracts import Decoder, Schemas, encode, topic_of
from services.adapters.feedback import RECEIPTS, REPLIES, KafkaFeedback, KafkaOutlet
from services.adapters.identity import identity_of
from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.lags import group_lags, read_by_us
from services.adapters.kafka.originals import KafkaOriginals
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import TopicChanges, load_topics
from services.adapters.policy import SHIPPED, load_policy
from services.adapters.postgres.connection import Pool, open_pool
from services.adapters.postgres.letters import PostgresLetters
from services.adapters.postgres.notify import OUTBOX_CHANNEL, listen
from services.adapters.postgres.pages import PostgresPages
from services.adapters.postgres.store import PostgresStore
from services.adapters.providers.callbacks import CallbackRequest, CallbackSource, Scripts
from services.adapters.providers.opening import open_source
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.core.ports.claims import Claims
from services.core.ports.clock import Clock
from services.core.ports.providers import Feedback
from services.core.ports.store import Store
from services.core.ports.streams import MissingTopics
from services.core.words import Channel
from services.runtime.changes_log import log_changes
from services.runtime.errors import Gone
from services.runtime.readers import Listen
from services.runtime.settings import Settings, home_of_the_code
from services.runtime.surroundings import Surroundings
from services.runtime.together import all_of
from services.web.access import AccessLog
from services.web.acknowledge import LinkPages
from services.web.advisor import AdvisorPages
from services.web.ahead import Foresee
from services.web.border import Border
from services.web.callbacks import Callbacks
from services.web.claims import ClaimDesk
from services.web.dead_letters import DeadLetterPages
from services.web.desk import FactsDesk
from services.web.engine import LagEngine
from services.web.events import Events
from services.web.forgery import Refusals
from services.web.health import HealthPages, MetricsPage
from services.web.listeners import LOCAL_NAMES, build_public, build_staff, open_doors
from services.web.live import Live
from services.web.operations import OperationsPages
from services.web.ports import Watchers
from services.web.proof import ProofPages
from services.web.pulse import Broadcast
from services.web.render import Renderer
from services.web.replay import Replayer
from services.web.security import FormTokens
from services.web.serving import AddressTaken, bind, serve
from services.web.watchers import MetricWatchers
from services.web.wording import Wording

#: who we are in the ``source`` of what comes in here
SOURCE: Final = "/sans-faute/web"
#: what the listeners write
_WRITTEN: Final = ("appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1", RECEIPTS, REPLIES)


async def run(
    surroundings: Surroundings,
    *,
    claims: Callable[[Surroundings, Store], Claims],
    scripts: Callable[[Surroundings, Store], Scripts],
    foresight: Callable[[Surroundings, Store], Foresee],
) -> None:
    """Serve both listeners until cancelled; ``claims`` and ``scripts`` are delivery's, ``foresight`` the planner's.

    Raises ``MissingTopics``, ``Gone``.
    """
    settings, health = surroundings.settings, surroundings.health
    clock, seals, render = SystemClock(), Seals(surroundings.service_key), Renderer(_pages_dir())
    connection = KafkaConnection(**asdict(surroundings.servers.kafka))
    admin, policy = KafkaAdmin(connection), load_policy(settings.policy_file or SHIPPED)
    missing = await admin.missing_topics(_WRITTEN)
    if missing:
        raise MissingTopics(missing)
    topics = load_topics(changes=TopicChanges(readers=settings.topics.readers))
    texts, pulse, decoder = JinjaTexts(home_of_the_code() / "templates"), Broadcast(), Decoder(Schemas())

    async with AsyncExitStack() as stack:
        public, staff = (_bound(stack, where) for where in (settings.public_listen, settings.staff_listen))
        pool = await stack.enter_async_context(open_pool(surroundings.servers.database_url, connections=settings.database_connections))
        publisher = await stack.enter_async_context(KafkaPublisher(connection))
        # whatever others shall hear of goes through the outbox: that is what pages show as well
        changes = await stack.enter_async_context(listen(surroundings.servers.database_url, OUTBOX_CHANNEL))
        store = PostgresStore(pool, told=log_changes)
        pages, refusals = PostgresPages(pool, owed_after=policy.watch.late_after_outage.after_date), Refusals(store=store, clock=clock)
        outlet, checks = KafkaOutlet(publisher=publisher, encode=encode, source=SOURCE), HealthPages(checks=surroundings.overall)
        health.ready_when("database", database_check(pool))
        health.ready_when("kafka", topics_check(admin, _WRITTEN))
        feedback = KafkaFeedback(publisher=publisher, encode=encode, decode=decoder, seals=seals, clock=clock, source=SOURCE)
        links = LinkPages(pages=pages, outlet=outlet, clock=clock, policy=policy.link, render=render)
        watchers = MetricWatchers(count=surroundings.metrics.count, refused=refusals.add)
        public_app = build_public(
            links=links,
            doors=open_doors(policy.floods, clock, links, watchers.flooded),
            callbacks=_callbacks(settings, _sources(settings, seals, scripts(surroundings, store), clock), feedback, watchers),
            events=Events(border=Border(decode=decoder, topic_of=topic_of), outlet=outlet, tokens=_tokens(settings.events_token)),
            claims=ClaimDesk(claims=claims(surroundings, store), clock=clock, tokens=_tokens(settings.gateway_token)),
            health=checks,
            pages_dir=_pages_dir(),
            https=settings.public_url.startswith("https://"),
        )
        ours = read_by_us(topics, [Channel(each) for each in settings.channels_owned])
        access = AccessLog(store=store, clock=clock)
        live, engine = Live(pulse=pulse), LagEngine(lambda: group_lags(admin, ours))
        staff_app = build_staff(
            advisor=AdvisorPages(
                pages=pages,
                desk=FactsDesk(store=store, outlet=outlet, texts=texts),
                access=access,
                wording=Wording(texts),
                tokens=FormTokens(surroundings.service_key),
                live=live,
                clock=clock,
                render=render,
                foresee=foresight(surroundings, store),
                budget=policy.alerts.budget,
            ),
            operations=OperationsPages(
                pages=pages,
                figures=pages,
                engine=engine,
                live=live,
                clock=clock,
                render=render,
                dead_letters=_dead_letters(surroundings, pool, store, publisher),
            ),
            proofs=ProofPages(proofs=pages, access=access, sign=seals.sign, printed=texts.proof),
            health=checks,
            metrics=MetricsPage(registry=surroundings.metrics.registry),
            render=render,
            pages_dir=_pages_dir(),
            host_names=[*LOCAL_NAMES, settings.staff_listen.host],
        )
        await all_of(
            serve(public_app, public, proxies=settings.trusted_proxies), serve(staff_app, staff), pulse.relay(changes), refusals.keep_on()
        )


def _callbacks(
    settings: Settings, sources: Mapping[str, CallbackSource], feedback: Feedback, watchers: Watchers
) -> Callbacks[CallbackRequest]:
    return Callbacks(sources=sources, make_request=CallbackRequest, feedback=feedback, watchers=watchers, public_url=settings.public_url)


def _dead_letters(surroundings: Surroundings, pool: Pool, store: Store, publisher: KafkaPublisher) -> DeadLetterPages:
    clock = SystemClock()
    replayer = Replayer(
        store=store,
        originals=KafkaOriginals(KafkaConnection(**asdict(surroundings.servers.kafka))),
        publisher=publisher,
        clock=clock,
        told=lambda topic, count: surroundings.metrics.count("dead_letters_replayed", count, topic=topic),
    )
    tokens, render = FormTokens(surroundings.service_key), Renderer(_pages_dir())
    return DeadLetterPages(letters=PostgresLetters(pool), replayer=replayer, tokens=tokens, clock=clock, render=render)


def _pages_dir() -> Path:
    return home_of_the_code() / "templates" / "pages"


def _bound(stack: AsyncExitStack, where: Listen) -> socket:
    try:
        listener = bind(where.host, where.port)
    except AddressTaken as problem:
        raise Gone(f"nobody can listen on {problem}; set PUBLIC_LISTEN or STAFF_LISTEN to another address") from None
    stack.callback(listener.close)
    return listener


def _tokens(token: str | None) -> frozenset[str]:
    return frozenset() if token is None else frozenset({token})


def _sources(settings: Settings, seals: Seals, scripts: Scripts, clock: Clock) -> Mapping[str, CallbackSource]:
    """The providers that call us back over HTTP, by name."""
    identity = identity_of(
        seals=seals,
        name=settings.sender_name,
        address=settings.sender_address,
        email_from=settings.email_from,
        sms_sender=settings.sms_sender,
        calling_number=settings.voice_caller_id,
        public_url=settings.public_url,
    )
    found: Sequence[CallbackSource | None] = [
        open_source(Channel(channel), name, url, scripts, identity, clock) for channel, name, url in settings.providers()
    ]
    return {source.name: source for source in found if source is not None}
