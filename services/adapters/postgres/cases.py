"""Everything about some people, read by one statement, table by table, and put together person by person."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from services.core.model import Alert, Attempt, Case, Contact, Obligation, Person, PersonId, Receipt, Reply

R = TypeVar("R")


class _Rows(msgspec.Struct, frozen=True):
    """What ``load_cases`` answers: each table's rows in the order that they have within a case."""

    people: Sequence[PersonId] | None
    profiles: Sequence[Person] | None
    contacts: Sequence[Contact] | None
    obligations: Sequence[Obligation] | None
    attempts: Sequence[Attempt] | None
    receipts: Sequence[Receipt] | None
    replies: Sequence[Reply] | None
    alerts: Sequence[Alert] | None


_decoder = msgspec.json.Decoder(_Rows)


def cases_from(answer: str) -> dict[PersonId, Case]:
    """What the statement ``load_cases`` answered, as the cases of the people who are known."""
    rows = _decoder.decode(answer)
    profiles = {row.person_id: row for row in rows.profiles or ()}
    contacts = _by_person(rows.contacts, lambda row: row.person_id)
    obligations = _by_person(rows.obligations, lambda row: row.person_id)
    attempts = _by_person(rows.attempts, lambda row: row.person_id)
    whose = {row.attempt_id: row.person_id for row in rows.attempts or ()}
    receipts = _by_person(rows.receipts, lambda row: whose.get(row.attempt_id) if row.attempt_id else None)
    replies = _by_person(rows.replies, lambda row: row.person_id)
    alerts = _by_person(rows.alerts, lambda row: row.person_id)
    return {
        person: Case(
            person_id=person,
            person=profiles.get(person),
            contacts=tuple(contacts.get(person, ())),
            obligations=tuple(obligations.get(person, ())),
            attempts=tuple(attempts.get(person, ())),
            receipts=tuple(receipts.get(person, ())),
            replies=tuple(replies.get(person, ())),
            alerts=tuple(alerts.get(person, ())),
        )
        for person in rows.people or ()
    }


def _by_person(rows: Iterable[R] | None, whose: Callable[[R], PersonId | None]) -> Mapping[PersonId, Sequence[R]]:
    found: dict[PersonId, list[R]] = {}
    for row in rows or ():
        if person := whose(row):
            found.setdefault(person, []).append(row)
    return found
