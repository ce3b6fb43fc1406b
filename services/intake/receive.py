"""Seen before? Readable? Then upsert and wake the person, in one transaction per batch; acknowledged by the caller after the commit.

Next: services/planner/wake.py
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.core.events import Event, Problem
from services.core.ledger import Ledger
from services.core.model import PersonId
from services.core.ports.store import DeadLetter, Store
from services.core.ports.streams import Record
from services.intake.disowned import keep_out
from services.intake.handlers import HANDLERS, Handling
from services.intake.ports import Decode

#: dead letters of this topic keep where and why, not what (contracts §1)
_PERSONAL = "people.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a batch, for metrics and for the limit on dead letters."""

    applied: int
    duplicates: int
    stale: int
    #: about somebody who was erased
    refused: int
    unreadable: int


async def receive(batch: Sequence[Record], *, store: Store, decode: Decode, handling: Handling, now: datetime) -> Received:
    """Store a batch. Raises ``StoreUnavailable`` with nothing written: call again with the same batch."""
    events: list[Event] = []
    letters: list[tuple[Record, list[Problem]]] = []
    for record in batch:
        decoded = decode(record.topic, record.value, record.key)
        if isinstance(decoded, list):
            letters.append((record, decoded))
        else:
            events.append(decoded)
    ledger = Ledger(now)
    stale = refused = 0
    async with store.unit() as unit:
        known = await unit.seen([(event.source, event.event_id) for event in events], now)
        fresh = _first_of_each([event for event in events if (event.source, event.event_id) not in known])
        people = {person for event in fresh if (person := person_of(event)) is not None}
        gone = await unit.erased(people)
        named = {duty for event in fresh if (duty := getattr(event, "obligation_id", None)) is not None}
        cases = await unit.lock(people - gone, also=named)
        for event in fresh:
            person = person_of(event)
            if person in gone:
                refused += 1
                continue
            case = cases[person] if person is not None else None
            after = HANDLERS[type(event)](handling, ledger, case, event)
            if after is None:
                stale += 1
            elif person is not None:
                cases[person] = after
        await keep_out(unit, ledger)
        for record, problems in letters:
            _bury(ledger, record, problems, now)
        if letters:
            await unit.record_dead_letters([_dead_letter(record, problems, now) for record, problems in letters])
        await unit.write(ledger.changes)
    return Received(
        applied=len(fresh) - stale - refused, duplicates=len(events) - len(fresh), stale=stale, refused=refused, unreadable=len(letters)
    )


def person_of(event: Event) -> PersonId | None:
    """Whose fact this is; none for advisors and agencies."""
    return getattr(event, "person_id", None)


def _first_of_each(events: list[Event]) -> list[Event]:
    """The same ``(source, id)`` twice in one batch is one event."""
    unique: dict[tuple[str, str], Event] = {}
    for event in events:
        unique.setdefault((event.source, event.event_id), event)
    return list(unique.values())


def _bury(ledger: Ledger, record: Record, problems: list[Problem], now: datetime) -> None:
    errors = [{"path": problem.path, "message": problem.message} for problem in problems]
    data: dict[str, object] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key or "",
        "errors": errors,
        "recorded_at": now,
    }
    if record.topic != _PERSONAL:
        data["payload_base64"] = b64encode(record.value or b"").decode()
    key = record.key or record.topic
    ledger.publish("dead-letters.v1", key, "dead_letter.recorded", f"{record.topic}/{record.partition}/{record.offset}", data, key)
    ledger.line("dead_letter", topic=record.topic, errors=[f"{problem.path}: {problem.message}" for problem in problems])


def _dead_letter(record: Record, problems: list[Problem], now: datetime) -> DeadLetter:
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        errors=tuple((problem.path, problem.message) for problem in problems),
        at=now,
    )
