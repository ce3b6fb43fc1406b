"""Numbers and addresses of several people (§10.14): whose answer it is, and what somebody who is none of them says of the value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from string import ascii_uppercase

from services.core.evidence.contacts import failed_hard
from services.core.ledger import Ledger
from services.core.model import Case, Contact, Obligation, PersonId
from services.core.states import SETTLED
from services.core.words import Channel, Choice, ContactStatus, PointKind, ReceiptStatus

_WRONG_PERSON = str(ReceiptStatus.WRONG_PERSON)


def meant_by(cases: Mapping[PersonId, Case], people: Sequence[PersonId], sender_hash: str, letter: str | None) -> list[PersonId]:
    """Of several people with one value, those whom an answer may be from; more than one: nobody can tell (§10.14).

    A letter says who, once letters were given; without one it is who was written to about something that is still open.
    """
    given = {person: letters for person in people if (letters := {point.letter for point in _points(cases[person], sender_hash)} - {None})}
    if letter is not None and given:
        return [person for person in people if letter in given.get(person, ())] or list(people)
    waiting = [person for person in people if soonest_asked(cases[person]) is not None]
    return waiting or list(people)


def soonest_asked(case: Case) -> Obligation | None:
    """The soonest open duty about which this person was written to, so that an answer may be about it; none when there is none."""
    written = {
        item.obligation_id
        for attempt in case.attempts
        if attempt.channel in (Channel.SMS, Channel.EMAIL) and attempt.submitted_at is not None
        for item in attempt.items
    }
    asked = [duty for duty in case.obligations if duty.state not in SETTLED and duty.obligation_id in written]
    return min(asked, key=lambda duty: (duty.due_at, duty.obligation_id), default=None)


def last_written_to(cases: Mapping[PersonId, Case], people: Sequence[PersonId]) -> PersonId:
    """Who got the newest SMS: what is said of the number itself is said of that message."""

    def newest(person: PersonId) -> tuple[str, str]:
        sent = [row.submitted_at for row in cases[person].attempts if row.channel is Channel.SMS and row.submitted_at is not None]
        return max(instant.isoformat() for instant in sent) if sent else "", person

    return max(people, key=newest)


def give_letters(ledger: Ledger, cases: dict[PersonId, Case], people: Iterable[PersonId], sender_hash: str) -> None:
    """From now on messages to this value say whose answer is asked for: A, B, … in order of person; who has a letter keeps it."""
    sharing = [(person, point) for person in sorted(people) for point in _points(cases[person], sender_hash)]
    taken = {point.letter for _, point in sharing if point.letter is not None}
    free = iter([letter for letter in ascii_uppercase if letter not in taken])
    fresh: dict[PersonId, str | None] = {}
    for person, point in sharing:
        if point.letter is None:
            own = next((other.letter for owner, other in sharing if owner == person and other.letter is not None), None)
            if own is None and person not in fresh:
                fresh[person] = next(free, None)
            _store(ledger, cases, replace(point, letter=own or fresh[person]))


def disowned_since(before: Case, after: Case) -> set[str]:
    """Values of which an answer or a receipt has just said that they are somebody else's."""
    known = {point.contact_id for point in before.contacts if is_disowned(point)}
    return {point.sender_hash for point in after.contacts if point.sender_hash and is_disowned(point) and point.contact_id not in known}


def is_disowned(point: Contact) -> bool:
    """Somebody said there that they are not the person whom we asked for."""
    return point.status is ContactStatus.DISABLED and point.status_reason == _WRONG_PERSON


def disown(ledger: Ledger, cases: dict[PersonId, Case], people: Iterable[PersonId], values: set[str]) -> None:
    """These values are not used for any of these people any more, but for one who confirms it afterwards (SC-14)."""
    for person in people:
        lost = [point for value in sorted(values) for point in _points(cases[person], value)]
        for point in lost:
            _keep(cases, failed_hard(ledger, point, _WRONG_PERSON))
        if lost:
            ledger.wake(person)


def close_sms(ledger: Ledger, cases: dict[PersonId, Case], people: Iterable[PersonId], sender_hash: str) -> None:
    """STOP from a number of several people who were written to: none of them is written to there any more (§10.12)."""
    for person in people:
        for point in _points(cases[person], sender_hash):
            if point.kind is PointKind.PHONE and Channel.SMS not in point.closed_channels:
                _keep(cases, ledger.closed_use(point, Channel.SMS, str(Choice.STOP)))
                ledger.wake(person)


def _points(case: Case, sender_hash: str) -> list[Contact]:
    """The points of this value that are still in use."""
    return [point for point in case.contacts if point.sender_hash == sender_hash and point.status is not ContactStatus.DISABLED]


def _store(ledger: Ledger, cases: dict[PersonId, Case], point: Contact) -> None:
    ledger.changes.contacts.append(point)
    _keep(cases, point)


def _keep(cases: dict[PersonId, Case], point: Contact) -> None:
    case = cases[point.person_id]
    rows = tuple(point if row.contact_id == point.contact_id else row for row in case.contacts)
    cases[point.person_id] = replace(case, contacts=rows)
