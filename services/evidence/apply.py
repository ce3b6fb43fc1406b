"""Fact → evidence level → wake the person now, in one transaction per batch; out of order, repeated and unknown are all ordinary.

Next: services/planner/wake.py
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.core.dead_letters import bury
from services.core.events import Event, Problem, ReceiptReceived, ReplyReceived
from services.core.evidence.answers import apply_reply
from services.core.evidence.receipts import apply_receipt
from services.core.evidence.same_value import close_sms, disown, disowned_since, give_letters, last_written_to, meant_by, soonest_asked
from services.core.ledger import Ledger
from services.core.model import Attempt, AttemptId, Case, PersonId, Receipt, Reply
from services.core.policy import LinkPolicy
from services.core.ports.store import Store, Unit
from services.core.ports.streams import Record
from services.core.words import Choice, ReceiptEffect, ReceiptStatus, ReplyChannel, ReplyEffect

#: said of the number, whoever of several people it is from
_ABOUT_THE_NUMBER = frozenset({Choice.WRONG_PERSON, Choice.STOP})

#: nobody may say it for somebody else, and somebody waits for an answer (§10.14)
_ASKS_FOR_SOMEBODY = frozenset({Choice.CANNOT_COME, Choice.CALL_ME_BACK, Choice.UNREADABLE})

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
    #: everybody who has a value of these people, when the event is about the value itself (§10.14)
    sharing: tuple[PersonId, ...] = ()


async def apply(batch: Sequence[Record], *, store: Store, decode: Decode, link: LinkPolicy, now: datetime) -> Applied:
    """Store a batch. Raises ``StoreUnavailable`` with nothing written: call again with the same batch."""
    events: list[ReceiptReceived | ReplyReceived] = []
    letters: list[tuple[Record, list[Problem]]] = []
    for record in batch:
        decoded = decode(record.topic, record.value, record.key)
        if isinstance(decoded, ReceiptReceived | ReplyReceived):
            events.append(decoded)
        elif isinstance(decoded, list):
            letters.append((record, decoded))
    waiting = 0
    ledger = Ledger(now)
    async with store.unit() as unit:
        known = await unit.seen([(event.source, event.event_id) for event in events], now)
        fresh = {(event.source, event.event_id): event for event in events if (event.source, event.event_id) not in known}
        addressed = await _address(unit, list(fresh.values()))
        named = _named(addressed)
        # references are locked before people, as delivery does
        overtaken = await unit.waiting_receipts(named)
        cases = await unit.lock({person for one in addressed for person in (*one.people, *one.sharing)})
        for one in addressed:
            waiting += not _apply_one(ledger, cases, one, link)
        for row in overtaken:
            _apply_waiting(ledger, cases, row, named)
        if letters:
            await unit.record_dead_letters([bury(ledger, record, problems) for record, problems in letters])
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
    # a provider that names our message names its reference, too: for whoever of this batch knows nothing else
    said = {
        (one.provider, one.provider_ref): (one.attempt_id, owners[one.attempt_id])
        for one in events
        if isinstance(one, ReceiptReceived) and one.provider_ref and one.attempt_id in owners
    }
    whose = said | by_reference
    duties = [event.obligation_id for event in events if isinstance(event, ReplyReceived) and event.obligation_id]
    duty_owners = await unit.people_of_obligations(duties) if duties else {}
    addressed: list[_Addressed] = []
    for event in events:
        attempt_id, person = event.attempt_id, owners.get(event.attempt_id) if event.attempt_id else None
        if isinstance(event, ReceiptReceived):
            if person is None and event.provider_ref:
                attempt_id, person = whose.get((event.provider, event.provider_ref), (attempt_id, None))
            people: tuple[PersonId, ...] = (person,) if person else ()
        else:
            found = person or event.person_id or (duty_owners.get(event.obligation_id) if event.obligation_id else None)
            people = (found,) if found else tuple(await unit.people_by_sender(event.sender_hash) if event.sender_hash else ())
        sharing = await _sharing(unit, people) if people and _is_wrong_person(event) else ()
        addressed.append(_Addressed(event=event, attempt_id=attempt_id, people=people, sharing=sharing))
    return addressed


def _named(addressed: Sequence[_Addressed]) -> dict[tuple[str, str], tuple[AttemptId, PersonId]]:
    """References of which this batch says whose they are: an answer of the provider that came after we had stopped waiting."""
    return {
        (one.event.provider, one.event.provider_ref): (one.attempt_id, one.people[0])
        for one in addressed
        if isinstance(one.event, ReceiptReceived) and one.event.attempt_id and one.event.provider_ref and one.attempt_id and one.people
    }


def _apply_waiting(
    ledger: Ledger, cases: dict[PersonId, Case], row: Receipt, named: Mapping[tuple[str, str], tuple[AttemptId, PersonId]]
) -> None:
    """A receipt that came before anybody knew whose reference it bears."""
    attempt_id, person = named[row.provider, row.provider_ref or ""]
    attempt = _attempt(cases[person], attempt_id)
    if attempt is not None:
        cases[person] = apply_receipt(ledger, cases[person], attempt, row)


def _is_wrong_person(event: ReceiptReceived | ReplyReceived) -> bool:
    if isinstance(event, ReceiptReceived):
        return event.status is ReceiptStatus.WRONG_PERSON
    return event.choice is Choice.WRONG_PERSON


async def _sharing(unit: Unit, people: tuple[PersonId, ...]) -> tuple[PersonId, ...]:
    """Everybody who has a number or an address of these people; read before the lock, so that all are locked in order of id."""
    known = await unit.load(people)
    values = {point.sender_hash for case in known.values() for point in case.contacts if point.sender_hash}
    return tuple(sorted({person for value in values for person in await unit.people_by_sender(value)}))


def _apply_one(ledger: Ledger, cases: dict[PersonId, Case], one: _Addressed, link: LinkPolicy) -> bool:
    """Apply one event; false when it waits for its reference, or for a human to say whose it is."""
    before = {person: cases[person] for person in one.people}
    if isinstance(one.event, ReceiptReceived):
        found = _receipt(ledger, cases, one.event, one)
    else:
        found = _reply(ledger, cases, one.event, one, link)
    for person, case in before.items():
        disown(ledger, cases, one.sharing, disowned_since(case, cases[person]))
    return found


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
    several = len(one.people) > 1 and event.sender_hash is not None
    meant = meant_by(cases, one.people, event.sender_hash or "", event.letter) if several else list(one.people)
    if len(meant) > 1 and event.choice in _ABOUT_THE_NUMBER:
        if event.choice is Choice.STOP:
            close_sms(ledger, cases, meant, event.sender_hash or "")
        meant = [last_written_to(cases, meant)]
    if len(meant) > 1 and event.choice is Choice.UNREADABLE and event.channel is ReplyChannel.SMS:
        # nobody's acknowledgement anyway, and a human has to read it: who was written to last is likely to have written back
        give_letters(ledger, cases, one.people, event.sender_hash or "")
        meant = [last_written_to(cases, meant)]
    if len(meant) == 1:
        cases[meant[0]] = apply_reply(ledger, cases[meant[0]], row, link)
        return True
    # nobody has this number, or several people do: no ack, and messages say from now on whose answer they ask for (§10.14)
    effect = ReplyEffect.AMBIGUOUS if meant else ReplyEffect.IGNORED
    if meant:
        give_letters(ledger, cases, one.people, event.sender_hash or "")
    ledger.changes.replies.append(replace(row, effect=effect))
    if row.choice in _ASKS_FOR_SOMEBODY:
        _ask_all(ledger, cases, meant, replace(row, effect=effect))
    ledger.line("reply", channel=str(row.channel), person=None, obligation=None, choice=str(row.choice), effect=str(effect))
    return False


def _ask_all(ledger: Ledger, cases: dict[PersonId, Case], people: list[PersonId], row: Reply) -> None:
    """One of them wants something of a human: each one's advisor asks. Without the words, which may be somebody else's (§10.14)."""
    for place, person in enumerate(people, start=1):
        duty = soonest_asked(cases[person])
        if duty is None:
            continue
        mine = replace(
            row,
            reply_id=f"{row.reply_id}.{place}",
            person_id=person,
            obligation_id=duty.obligation_id,
            revision=duty.revision,
            text_sealed=None,
        )
        ledger.changes.replies.append(mine)
        cases[person] = replace(cases[person], replies=(*cases[person].replies, mine))
        ledger.wake(person)
