"""Seen before? Readable? Then upsert and wake the person, in one transaction per batch; acknowledged by the caller after the commit.

Next: services/planner/wake.py
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.core.dead_letters import bury
from services.core.events import Event, Problem
from services.core.ledger import Ledger
from services.core.model import PersonId
from services.core.ports.store import Store
from services.core.ports.streams import Record
from services.intake.disowned import keep_out
from services.intake.handlers import HANDLERS, Handling
from services.intake.ports import Decode


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
        if letters:
            await unit.record_dead_letters([bury(ledger, record, problems) for record, problems in letters])
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
