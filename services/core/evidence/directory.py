"""A directory's snapshot meets what we know: a point keeps what we observed until the directory says newer things (contracts §3)."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.core.channels.availability import REPLACED
from services.core.channels.phones import Phone
from services.core.events import DeclaredContact, PersonUpdated
from services.core.evidence.contacts import replaced_id, use_of
from services.core.model import Case, Contact, ContactId, Person, PersonId
from services.core.words import Channel, ContactStatus, DeclaredBy, PointKind, Step


def person_from(event: PersonUpdated, case: Case, now: datetime) -> Person:
    """The profile row of a snapshot; ``known_at`` is the first one's."""
    return Person(
        person_id=event.person_id,
        revision=event.revision,
        known_at=case.person.known_at if case.person else now,
        first_name=event.first_name,
        last_name=event.last_name,
        postal_code=event.postal_code,
        preferred_channel=event.preferred_channel,
        forbidden_channels=event.forbidden_channels,
        constraints=event.constraints,
        digital_ease=event.digital_ease,
        language=event.language,
        asked_opening_notice=event.asked_opening_notice,
        missed_actualisations=event.missed_actualisations,
        hold=event.hold,
        referent_id=event.referent_id,
        backup_id=event.backup_id,
        agency_id=event.agency_id,
        followers=event.followers,
        quiet=event.quiet,
    )


def contact_from(
    declared: DeclaredContact, person_id: PersonId, now: datetime, *, phone: Phone | None, problem: str | None, sender_hash: str | None
) -> Contact:
    """The row of a point as the directory declares it, before we know what we observed of it."""
    verified = declared.verified_at is not None or declared.declared_by is DeclaredBy.SELF
    return Contact(
        contact_id=ContactId(declared.contact_id),
        person_id=person_id,
        kind=declared.kind,
        value=declared.value,
        lines=declared.lines,
        e164=phone.e164 if phone else None,
        line_type=phone.line_type if phone else None,
        declared_by=declared.declared_by,
        verified_at=declared.verified_at,
        carrier=declared.carrier,
        problem=problem,
        status=ContactStatus.ACTIVE if verified else ContactStatus.UNVERIFIED,
        sender_hash=sender_hash,
        value_at=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The points of a person once a snapshot has met what we know of them."""

    #: the directory's points, then the values that it has replaced
    contacts: tuple[Contact, ...]
    #: points that exist no more
    removed: tuple[ContactId, ...]
    #: dead values that came back without a verification (§10.7)
    imported_again: tuple[ContactId, ...]
    #: points that are asked whether they are theirs, or told that they were replaced
    asked: tuple[Contact, ...]


def merge(case: Case, person: Person, declared: tuple[Contact, ...], now: datetime) -> Merged:
    """A point's quality changes only when its value or ``verified_at`` changed (contracts §2); nothing is asked at the first load."""
    first_load = case.person is None
    live = [contact for contact in case.contacts if contact.problem != REPLACED]
    kept = [contact for contact in case.contacts if contact.problem == REPLACED]
    contacts: list[Contact] = []
    again: list[ContactId] = []
    asked: list[Contact] = []
    for row in declared:
        twin = _twin(row, live)
        dead = twin if twin is not None else _twin(row, [contact for contact in kept if contact.status is ContactStatus.DISABLED])
        after = _met(row, twin, dead, now)
        if after.only_verification and (dead is None or not dead.only_verification):
            again.append(after.contact_id)
        fresh = twin is None and not first_load
        if (fresh and after.status is ContactStatus.UNVERIFIED) or after.contact_id in again:
            asked.append(after)
        contacts.append(after)
    replaced = _replaced(case, person, live, contacts)
    asked += [contact for contact in replaced if contact.status is not ContactStatus.DISABLED]
    values = {_value(contact) for contact in contacts}
    kept = [contact for contact in kept if _value(contact) not in values]
    rows = (*contacts, *kept, *replaced)
    removed = {contact.contact_id for contact in case.contacts} - {row.contact_id for row in rows}
    return Merged(contacts=rows, removed=tuple(sorted(removed)), imported_again=tuple(again), asked=tuple(asked))


def _met(row: Contact, twin: Contact | None, dead: Contact | None, now: datetime) -> Contact:
    """One declared point with what we observed of its value."""
    known = twin or dead
    if known is None:
        return row
    seen = _observed(row, known)
    if row.verified_at is not None and (known.verified_at is None or row.verified_at > known.verified_at):
        return replace(
            seen,
            status=ContactStatus.ACTIVE,
            status_reason="directory",
            status_at=now,
            closed_channels=(),
            silent_duties=0,
            only_verification=False,
        )
    if known.status is not ContactStatus.DISABLED or (twin is not None and _said_before(row, twin)):
        return seen
    return replace(seen, status=ContactStatus.SUSPECT, status_reason="imported_again", status_at=now, only_verification=True)


def _observed(row: Contact, known: Contact) -> Contact:
    """What we observed holds here until the directory says something newer (contracts §3)."""
    return replace(
        row,
        carrier=row.carrier or known.carrier,
        status=known.status,
        status_reason=known.status_reason,
        status_at=known.status_at,
        closed_channels=known.closed_channels,
        value_at=known.value_at,
        human_at=known.human_at,
        failed_at=known.failed_at,
        silent_duties=known.silent_duties,
        only_verification=known.only_verification,
        letter=known.letter,
    )


def _said_before(row: Contact, twin: Contact) -> bool:
    """The directory repeats itself: an unrelated update of the person."""
    return row.contact_id == twin.contact_id and row.verified_at == twin.verified_at


def _replaced(case: Case, person: Person, live: list[Contact], contacts: list[Contact]) -> list[Contact]:
    """Values that the snapshot has no more: those that worked are told so, those that were dead are remembered."""
    values = {_value(contact) for contact in contacts}
    ids = {contact.contact_id for contact in contacts}
    new_kinds = {contact.kind for contact in contacts if _twin(contact, live) is None}
    found: list[Contact] = []
    for contact in live:
        if _value(contact) in values:
            continue
        dead = contact.status is ContactStatus.DISABLED
        followed = contact.contact_id in ids or contact.kind in new_kinds
        row = replace(
            contact,
            contact_id=replaced_id(contact.contact_id, person.revision),
            problem=REPLACED,
            sender_hash=None,
            letter=None,
        )
        if dead or (followed and _is_told(case, person, contact, row)):
            found.append(row)
    return found


def _is_told(case: Case, person: Person, contact: Contact, row: Contact) -> bool:
    """Could it be used, and was it? A postal address is told only when letters are how this person is written to."""
    if contact.problem is not None or contact.only_verification or use_of(row, person, Step.CHANGED) is None:
        return False
    if contact.kind is not PointKind.POSTAL or person.preferred_channel is Channel.LETTER:
        return True
    return any(attempt.contact_id == contact.contact_id and attempt.submitted_at is not None for attempt in case.attempts)


def _twin(row: Contact, among: list[Contact]) -> Contact | None:
    """The point of the same value: the one of the same id first."""
    same = [contact for contact in among if _value(contact) == _value(row)]
    return min(same, key=lambda contact: (contact.contact_id != row.contact_id, contact.contact_id), default=None)


def _value(contact: Contact) -> tuple[PointKind, str | None, tuple[str, ...]]:
    """What makes two points the same: a number however it is typed, an address of a mailbox in either case."""
    value = contact.e164 or (contact.value.lower() if contact.value else None)
    return contact.kind, value, contact.lines
