"""The directory's snapshots of people (contracts §2); a person that duties waited for is planned at once."""

from dataclasses import replace

from services.core.directory import contact_from, person_from
from services.core.events import DeclaredContact, PersonRemoved, PersonUpdated
from services.core.ledger import Ledger
from services.core.model import Case, Contact, ContactId
from services.core.period import period
from services.core.words import Kind, PointKind
from services.intake.handlers.handling import Handling, known


def updated(handling: Handling, ledger: Ledger, case: Case | None, event: PersonUpdated) -> Case | None:
    """A full snapshot; a lower or equal revision is stale."""
    case = known(case)
    if case.person is not None and event.revision <= case.person.revision:
        return None
    person = person_from(event, case, ledger.now)
    ledger.changes.profiles.append(person)
    before: dict[str, Contact] = {contact.contact_id: contact for contact in case.contacts}
    contacts = tuple(_contact(handling, event, declared, before.get(declared.contact_id)) for declared in event.contacts)
    ledger.changes.contacts += [contact for contact in contacts if contact != before.get(contact.contact_id)]
    gone = before.keys() - {contact.contact_id for contact in contacts}
    ledger.changes.removed_contacts += [(event.person_id, ContactId(point)) for point in sorted(gone)]
    for contact in contacts:
        _journal_new_status(ledger, before.get(contact.contact_id), contact)
    moved_home = case.person is None or case.person.postal_code != person.postal_code
    case = replace(case, person=person, contacts=contacts)
    if moved_home:
        case = _rezone(ledger, case, handling.residence(person.postal_code).zone)
    if case.obligations:
        ledger.wake(event.person_id)
    return case


def removed(handling: Handling, ledger: Ledger, case: Case | None, event: PersonRemoved) -> Case | None:
    """Erasure."""
    ledger.changes.removed_people.append(event.person_id)
    return Case(person_id=event.person_id)


def _contact(handling: Handling, event: PersonUpdated, declared: DeclaredContact, before: Contact | None) -> Contact:
    phone = handling.numbers(declared.value or "", event.postal_code) if declared.kind is PointKind.PHONE else None
    problem = phone.problem if phone else None
    if declared.kind is PointKind.POSTAL:
        problem = next(iter(handling.address_errors(declared.lines)), None)
    value = phone.e164 if phone else declared.value
    return contact_from(
        declared, event.person_id, before, phone=phone, problem=problem, sender_hash=handling.hashes(value) if value else None
    )


def _journal_new_status(ledger: Ledger, before: Contact | None, after: Contact) -> None:
    if before is not None and before.status is not after.status:
        ledger.line("contact", person=after.person_id, channel=str(after.kind), status=str(after.status), reason="directory")


def _rezone(ledger: Ledger, case: Case, zone: str) -> Case:
    """The end of an open period follows the clock of the residence (§2.1)."""
    rows = []
    for row in case.obligations:
        due_at = period(row.period).closes_for(zone) if row.kind is Kind.ACTUALISATION and row.period else row.due_at
        changed = replace(row, due_at=due_at) if due_at != row.due_at else row
        if changed is not row:
            ledger.changes.obligations.append(changed)
        rows.append(changed)
    return replace(case, obligations=tuple(rows))
