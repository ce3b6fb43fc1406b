"""The directory's snapshots of people (contracts §2); a person that duties waited for is planned at once."""

from dataclasses import replace
from datetime import datetime

from services.core.changes import Cleaned
from services.core.events import DeclaredContact, PersonRemoved, PersonUpdated
from services.core.evidence.contacts import point_id_of, question
from services.core.evidence.directory import Merged, contact_from, merge, person_from
from services.core.ledger import Ledger
from services.core.model import Case, Contact, Obligation, Person
from services.core.period import period
from services.core.states import Happened
from services.core.words import Kind, ObligationState, PointKind
from services.intake.handlers.handling import Handling, known


def updated(handling: Handling, ledger: Ledger, case: Case | None, event: PersonUpdated) -> Case | None:
    """A full snapshot; a lower or equal revision is stale."""
    case = known(case)
    if case.person is not None and event.revision <= case.person.revision:
        return None
    person = person_from(event, case, ledger.now)
    ledger.changes.profiles.append(person)
    if event.cleaned:
        ledger.changes.cleaned.append(Cleaned(person_id=event.person_id, count=event.cleaned))
    merged = merge(case, person, tuple(_contact(handling, event, declared, ledger.now) for declared in event.contacts), ledger.now)
    questions = _questions(handling, ledger, case, person, merged)
    _points(ledger, case, merged)
    if case.person is not None and _led_by(case.person) != _led_by(person):
        # whoever leads them now is asked first (§10.8)
        unclaimed = [alert for alert in case.alerts if alert.closed_at is None and alert.claimed_by is None]
        ledger.changes.alerts += [replace(alert, agency_id=person.agency_id, routed_at=None) for alert in unclaimed]
    moved_home = case.person is None or case.person.postal_code != person.postal_code
    case = replace(case, person=person, contacts=merged.contacts, obligations=questions)
    if moved_home:
        case = _rezone(ledger, case, handling.residence(person.postal_code).zone)
    if case.obligations or case.alerts:
        ledger.wake(event.person_id)
    return case


def removed(handling: Handling, ledger: Ledger, case: Case | None, event: PersonRemoved) -> Case | None:
    """Erasure."""
    ledger.changes.removed_people.append(event.person_id)
    return Case(person_id=event.person_id)


def _contact(handling: Handling, event: PersonUpdated, declared: DeclaredContact, now: datetime) -> Contact:
    phone = handling.numbers(declared.value or "", event.postal_code) if declared.kind is PointKind.PHONE else None
    problem = phone.problem if phone else None
    if declared.kind is PointKind.POSTAL:
        problem = next(iter(handling.address_errors(declared.lines)), None)
    value = phone.e164 if phone else declared.value
    return contact_from(declared, event.person_id, now, phone=phone, problem=problem, sender_hash=handling.hashes(value) if value else None)


def _points(ledger: Ledger, case: Case, merged: Merged) -> None:
    """Store what changed; the journal says which points the directory brought into another status."""
    before = {contact.contact_id: contact for contact in case.contacts}
    ledger.changes.removed_contacts += [(case.person_id, point) for point in merged.removed]
    for contact in merged.contacts:
        known = before.get(contact.contact_id)
        if contact.contact_id in merged.imported_again:
            ledger.contact(contact, contact.status, contact.status_reason or "")
        elif contact != known:
            ledger.changes.contacts.append(contact)
            if known is not None and known.status is not contact.status:
                ledger.line("contact", person=case.person_id, channel=str(contact.kind), status=str(contact.status), reason="directory")


def _questions(handling: Handling, ledger: Ledger, case: Case, person: Person, merged: Merged) -> tuple[Obligation, ...]:
    """What new points are asked and replaced ones are told (§10.7); what was asked of a value that is gone is asked no more."""
    points = {contact.contact_id: contact for contact in merged.contacts}
    before = {contact.contact_id: contact for contact in case.contacts}
    rows: list[Obligation] = []
    for row in case.obligations:
        over = False
        if row.kind is Kind.CONTACT and row.state is ObligationState.OPEN:
            point, known = points.get(point_id_of(row)), before.get(point_id_of(row))
            over = point is None or known is None or point.status is not known.status or point.value_at != known.value_at
        rows.append(ledger.obligation(row, replace(ledger.moved(row, Happened.CANCELLED), settled_at=ledger.now)) if over else row)
    asked = [question(case.person_id, point, person.revision, ledger.now, handling.policy.contacts) for point in merged.asked]
    return (*rows, *(ledger.obligation(None, row) for row in asked))


def _led_by(person: Person) -> tuple[str, str | None, str]:
    return person.referent_id, person.backup_id, person.agency_id


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
