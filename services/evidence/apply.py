"""Fact → evidence level → wake the person now, in one transaction per batch; out of order, repeated and unknown are all ordinary.

Next: services/planner/wake.py
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.core.answers import apply_reply
from services.core.events import Event, Problem, ReceiptReceived, ReplyReceived
from services.core.ledger import Ledger
from services.core.model import Attempt, AttemptId, Case, PersonId, Receipt, Reply
from services.core.policy import LinkPolicy
from services.core.ports.store import DeadLetter, Store, Unit
from services.core.ports.streams import Record
from services.core.receipts import apply_receipt
from services.core.states import SETTLED
from services.core.words import Channel, ReceiptEffect, ReplyEffect

Decode = Callable[[str, bytes | None, str | None], Event | list[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a batch, for metrics."""

    receipts: tuple[ReceiptReceived, ...]
    replies: tuple[ReplyReceived, ...]
    waiting: int
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addressed:
    """An event and the people whom it may be about."""

    event: ReceiptReceived | ReplyReceived
    attempt_id: AttemptId | None
    people: tuple[PersonId, ...]


async def apply(batch: Sequence[Record], *, store: Store, decode: Decode, link: LinkPolicy, now: datetime) -> Applied:
    """Store a batch. Raises ``StoreUnavailable`` with nothing written: call again with the same batch."""
    events: list[ReceiptReceived | ReplyReceived] = []
    letters: list[DeadLetter] = []
    for record in batch:
        decoded = decode(record.topic, record.value, record.key)
        if isinstance(decoded, ReceiptReceived | ReplyReceived):
            events.append(decoded)
        elif isinstance(decoded, list):
            letters.append(_dead_letter(record, decoded, now))
    waiting = 0
    ledger = Ledger(now)
    async with store.unit() as unit:
        known = await unit.seen([(event.source, event.event_id) for event in events], now)
        fresh = {(event.source, event.event_id): event for event in events if (event.source, event.event_id) not in known}
        addressed = await _address(unit, list(fresh.values()))
        cases = await unit.lock({person for one in addressed for person in one.people})
        for one in addressed:
            waiting += not _apply_one(ledger, cases, one, link)
        if letters:
            await unit.record_dead_letters(letters)
        await unit.write(ledger.changes)
    return Applied(
        receipts=tuple(event for event in fresh.values() if isinstance(event, ReceiptReceived)),
        replies=tuple(event for event in fresh.values() if isinstance(event, ReplyReceived)),
        waiting=waiting,
        unreadable=len(letters),
    )


async def _address(unit: Unit, events: list[ReceiptReceived | ReplyReceived]) -> list[_Addressed]:
    """Find out whom each event is about; references are locked before people, as delivery does."""
    references = [(event.provider, event.provider_ref) for event in events if isinstance(event, ReceiptReceived) and event.provider_ref]
    by_reference = await unit.attempts_by_reference(references)
    attempts = [event.attempt_id for event in events if event.attempt_id]
    owners = await unit.people_of_attempts(attempts)
    duties = [event.obligation_id for event in events if isinstance(event, ReplyReceived) and event.obligation_id]
    duty_owners = await unit.people_of_obligations(duties) if duties else {}
    addressed: list[_Addressed] = []
    for event in events:
        attempt_id, person = event.attempt_id, owners.get(event.attempt_id) if event.attempt_id else None
        if isinstance(event, ReceiptReceived):
            if person is None and event.provider_ref:
                attempt_id, person = by_reference.get((event.provider, event.provider_ref), (attempt_id, None))
            people: tuple[PersonId, ...] = (person,) if person else ()
        else:
            found = person or event.person_id or (duty_owners.get(event.obligation_id) if event.obligation_id else None)
            people = (found,) if found else tuple(await unit.people_by_sender(event.sender_hash) if event.sender_hash else ())
        addressed.append(_Addressed(event=event, attempt_id=attempt_id, people=people))
    return addressed


def _apply_one(ledger: Ledger, cases: dict[PersonId, Case], one: _Addressed, link: LinkPolicy) -> bool:
    """Apply one event; false when it waits for its reference, or for a human to say whose it is."""
    if isinstance(one.event, ReceiptReceived):
        return _receipt(ledger, cases, one.event, one)
    return _reply(ledger, cases, one.event, one, link)


def _receipt(ledger: Ledger, cases: dict[PersonId, Case], event: ReceiptReceived, one: _Addressed) -> bool:
    row = receipt_row(event)
    case = cases.get(one.people[0]) if one.people else None
    attempt = _attempt(case, one.attempt_id)
    if case is None or attempt is None:
        # its reference is not known yet, or never will be: no state changes (§8.4)
        ledger.changes.receipts.append(row)
        ledger.line("receipt", channel=None, person=None, obligation=None, step=None, status=str(row.status), effect=str(row.effect))
        return False
    cases[case.person_id] = apply_receipt(ledger, case, attempt, row)
    return True


def receipt_row(event: ReceiptReceived) -> Receipt:
    """The fact as it came; it waits until its reference is known."""
    return Receipt(
        receipt_id=f"{event.source}:{event.event_id}",
        provider=event.provider,
        provider_ref=event.provider_ref,
        attempt_id=event.attempt_id,
        part=event.part,
        status=event.status,
        raw_status=event.raw_status,
        reason=event.reason,
        carrier=event.carrier,
        at=event.happened_at,
        received_at=event.received_at,
        effect=ReceiptEffect.WAITING,
    )


def _attempt(case: Case | None, attempt_id: AttemptId | None) -> Attempt | None:
    if case is None or attempt_id is None:
        return None
    return next((attempt for attempt in case.attempts if attempt.attempt_id == attempt_id), None)


def _reply(ledger: Ledger, cases: dict[PersonId, Case], event: ReplyReceived, one: _Addressed, link: LinkPolicy) -> bool:
    row = Reply(
        reply_id=f"{event.source}:{event.event_id}",
        channel=event.channel,
        choice=event.choice,
        identity=event.identity,
        answered_by=event.answered_by,
        obligation_id=event.obligation_id,
        attempt_id=event.attempt_id,
        sender_hash=event.sender_hash,
        text_sealed=event.text_sealed,
        reason=event.reason,
        by=event.by,
        at=event.happened_at,
        effect=ReplyEffect.IGNORED,
    )
    meant = _meant(one.people, cases)
    if len(meant) == 1:
        cases[meant[0]] = apply_reply(ledger, cases[meant[0]], row, link)
        return True
    # nobody has this number, or several people do: no ack (§10.14)
    effect = ReplyEffect.AMBIGUOUS if meant else ReplyEffect.IGNORED
    ledger.changes.replies.append(replace(row, effect=effect))
    ledger.line("reply", channel=str(row.channel), person=None, obligation=None, choice=str(row.choice), effect=str(effect))
    return False


def _meant(people: tuple[PersonId, ...], cases: dict[PersonId, Case]) -> list[PersonId]:
    """Of several people with one number, those who were written to about something that is still open (§10.14)."""
    if len(people) <= 1:
        return list(people)
    waiting = [person for person in people if _awaits_an_answer(cases[person])]
    return waiting or list(people)


def _awaits_an_answer(case: Case) -> bool:
    living = {obligation.obligation_id for obligation in case.obligations if obligation.state not in SETTLED}
    return any(
        attempt.channel is Channel.SMS and attempt.submitted_at is not None and any(item.obligation_id in living for item in attempt.items)
        for attempt in case.attempts
    )


def _dead_letter(record: Record, problems: list[Problem], now: datetime) -> DeadLetter:
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        errors=tuple((problem.path, problem.message) for problem in problems),
        at=now,
    )
