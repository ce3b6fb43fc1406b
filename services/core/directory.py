"""A directory's snapshot meets what we know: a point keeps what we observed until the directory says newer things (contracts §3)."""

from dataclasses import replace
from datetime import datetime

from services.core.events import DeclaredContact, PersonUpdated
from services.core.model import Case, Contact, ContactId, Person, PersonId
from services.core.phones import Phone
from services.core.words import ContactStatus, DeclaredBy


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
    )


def contact_from(
    declared: DeclaredContact,
    person_id: PersonId,
    before: Contact | None,
    *,
    phone: Phone | None,
    problem: str | None,
    sender_hash: str | None,
) -> Contact:
    """The row of a declared point. A point's quality changes only when its value or ``verified_at`` changed (contracts §2)."""
    same = before is not None and before.value == declared.value and before.lines == declared.lines
    newly_verified = declared.verified_at is not None and (before is None or before.verified_at != declared.verified_at)
    verified = declared.verified_at is not None or declared.declared_by is DeclaredBy.SELF
    fresh = ContactStatus.ACTIVE if verified else ContactStatus.UNVERIFIED
    keep = before is not None and same and not newly_verified
    row = Contact(
        contact_id=ContactId(declared.contact_id),
        person_id=person_id,
        kind=declared.kind,
        value=declared.value,
        lines=declared.lines,
        e164=phone.e164 if phone else None,
        line_type=phone.line_type if phone else None,
        declared_by=declared.declared_by,
        verified_at=declared.verified_at,
        carrier=declared.carrier or (before.carrier if before and same else None),
        problem=problem,
        status=before.status if keep and before else fresh,
        sender_hash=sender_hash,
    )
    if keep and before:
        return replace(row, status_reason=before.status_reason, status_at=before.status_at, closed_channels=before.closed_channels)
    return row
