"""One person as a preview finds them: from a scenario file, or from the database; and an event that is only imagined."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from services.adapters.contracts import Decoder, Schemas, topic_of
from services.adapters.memory.store import MemoryStore
from services.adapters.phones import parse_phone
from services.adapters.policy import SHIPPED, load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.commands.event_files import EventFile, Unreadable
from services.core.channels.addresses import normalise
from services.core.environment import Environment
from services.core.events import ActualisationOpened, Event, MeetingScheduled
from services.core.explaining.preview import Record, Words
from services.core.ledger import Ledger
from services.core.model import Attempt, Case, ObligationId, PersonId
from services.core.ports.store import Store
from services.core.ports.streams import Record as KafkaRecord
from services.delivery.claim import Clerk
from services.delivery.ports import Senders
from services.intake.handlers import HANDLERS, Handling
from services.intake.receive import receive
from services.planner.record import record
from services.runtime.running import database_of
from services.runtime.settings import Settings
from services.simulator import study
from services.simulator.app.parts import PLAY_KEY, SENDERS, Parts, parts_of, templates
from services.simulator.scenario.file import ActualisationEvent, Erase, MeetingEvent, Scenario
from services.simulator.scenario.incoming import Incoming

#: the word that stands for the scenario of the people of the study
STUDY = "study"


class CannotImagine(Exception):
    """Nobody of this name, or an event that means nothing here; says what, for whoever asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """Where a preview starts."""

    case: Case
    environment: Environment
    now: datetime
    handling: Handling
    words: Words
    record: Record


def scenario_file(name: str) -> Path:
    """The file, or the study's own."""
    return study.FILE if name == STUDY else Path(name)


async def from_scenario(scenario: Scenario, person: str, at: datetime | None = None) -> Imagined:
    """Somebody of a scenario, with what has happened to them by ``at`` (default: their first duty). Nobody has been written to yet.

    Raises ``CannotImagine`` for a stranger, and ``PolicyError``.
    """
    parts = parts_of(scenario)
    now = at or _first_duty(scenario, person)
    store = MemoryStore()
    await _told(store, parts, now)
    async with store.unit() as unit:
        cases, staff = await unit.load([PersonId(person)]), await unit.staff()
    case = cases.get(PersonId(person))
    if case is None or case.person is None:
        raise CannotImagine(f"nobody called {person} is in {scenario.file} by then")
    environment = parts.snapshot(now).with_staff(staff.agencies, staff.advisors)
    return _imagined(case, environment, now, parts.handling, SENDERS)


async def from_database(settings: Settings, person: str, now: datetime) -> Imagined:
    """Somebody who is stored, as everything stands now; nothing is locked or written.

    Raises ``CannotImagine`` for a stranger, ``NotThere`` and ``StoreUnavailable`` without a database, ``PolicyError``.
    """
    snapshot = Snapshots(policy=load_policy(settings.policy_file or SHIPPED))
    async with open_pool(database_of(settings), connections=settings.database_connections) as pool, PostgresStore(pool).unit() as unit:
        cases, staff = await unit.load([PersonId(person)]), await unit.staff()
    case = cases.get(PersonId(person))
    if case is None or case.person is None:
        raise CannotImagine("the directory has told of nobody with this identifier")
    environment = snapshot(now).with_staff(staff.agencies, staff.advisors)
    senders = Senders(
        sms_sender=settings.sms_sender,
        sms_two_way=settings.sms_sender.isdigit(),
        calling_number=settings.voice_caller_id,
        public_url=settings.public_url,
    )
    return _imagined(case, environment, now, handling_of(environment), senders)


def handling_of(environment: Environment) -> Handling:
    """What intake's handlers may ask, with a key that opens nothing."""
    return Handling(
        numbers=parse_phone,
        hashes=Seals(PLAY_KEY).sender_hash,
        address_errors=lambda lines: normalise(lines).errors,
        residence=environment.residence,
        policy=environment.policy,
    )


def with_event(start: Imagined, event: Event) -> Imagined:
    """The same person once this event is known, whoever it names: what would *they* receive? Raises ``CannotImagine``."""
    person_id = start.case.person_id
    if not hasattr(event, "person_id"):
        raise CannotImagine("the event is about no person")
    changed: dict[str, object] = {"person_id": person_id}
    if isinstance(event, ActualisationOpened):
        changed["obligation_id"] = ObligationId(f"act:{event.period}:{person_id}")
    event = replace(event, **changed)  # type: ignore[arg-type]  # the fields are those of every event about a person
    if isinstance(event, MeetingScheduled) and event.starts_at <= start.now:
        raise CannotImagine(f"the meeting is over at {start.now.isoformat()}; imagine an earlier instant with --at")
    after = HANDLERS[type(event)](start.handling, Ledger(start.now), start.case, event)
    if after is None:
        raise CannotImagine("the event changes nothing: it is stale")
    return replace(start, case=after)


def read_event(file: str) -> Event:
    """The one event of a file; raises ``CannotImagine`` with all that is wrong."""
    decode = Decoder(Schemas())
    try:
        found = list(EventFile(file).events())
    except Unreadable as problem:
        raise CannotImagine(f"{file} {problem}") from None
    if len(found) != 1:
        raise CannotImagine(f"{file} holds {len(found)} events; one is imagined at a time")
    decoded = decode(topic_of(_type(found[0].raw)) or "", found[0].raw, None)
    if isinstance(decoded, list):
        raise CannotImagine("\n".join(f"{file}: {problem.path}: {problem.message}" for problem in decoded))
    return decoded


def _type(raw: bytes) -> str:
    try:
        event = msgspec.json.decode(raw)
    except ValueError:
        return ""
    found = event.get("type") if isinstance(event, Mapping) else None
    return found if isinstance(found, str) else ""


def _first_duty(scenario: Scenario, person: str) -> datetime:
    for event in scenario.events:
        if isinstance(event, MeetingEvent | ActualisationEvent) and scenario.belongs(person, event.person):
            return event.at
    return scenario.start


async def _told(store: Store, parts: Parts, until: datetime) -> None:
    """Intake, for all that producers say up to an instant."""
    producers = parts.producers
    told: list[tuple[datetime, list[Incoming]]] = [(min(parts.scenario.start, until), list(producers.directory()))]
    told += [(at, [producers.introduce(spec)]) for at, spec in producers.newcomers()]
    # one after the other: producers count revisions
    told += [
        (event.at, list(producers.incoming(event))) for event in parts.scenario.events if not isinstance(event, Erase) and event.at <= until
    ]
    decode = Decoder(Schemas())
    for at, messages in sorted(told, key=lambda one: one[0]):
        if at > until:
            return
        parts.clock.set(at)
        batch = [
            KafkaRecord(topic=one.topic, partition=0, offset=place, key=one.key, value=one.value(), at=at)
            for place, one in enumerate(messages)
        ]
        await receive(batch, store=store, decode=decode, handling=parts.handling, now=at)


def _imagined(case: Case, environment: Environment, now: datetime, handling: Handling, senders: Senders) -> Imagined:
    texts = JinjaTexts(templates())
    # references and links of a preview open nothing
    clerk = Clerk(texts=texts, seals=Seals(PLAY_KEY), senders=senders)

    def words(case: Case, attempt: Attempt, environment: Environment, at: datetime) -> str:
        envelope = clerk.once_more(case, attempt, environment, at)
        return envelope.content.words if envelope is not None else ""

    return Imagined(case=case, environment=environment, now=now, handling=handling, words=words, record=partial(record, texts=texts))
