"""The rows that a snapshot of the directory becomes, field by field (contracts §2), and what each point of it is merged into."""

from dataclasses import fields, replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from services.core.channels.availability import REPLACED
from services.core.channels.phones import Phone
from services.core.events import DeclaredContact, PersonUpdated
from services.core.evidence.contacts import replaced_id
from services.core.evidence.directory import Merged, contact_from, merge, person_from
from services.core.model import Contact, ContactId, Follower, Hold, Person
from services.core.words import Channel, Constraint, ContactStatus, DeclaredBy, DigitalEase, LineType, PointKind
from tests.unit.core.scene import LEILA, NOW, attempt, case, letterbox, mailbox, meeting, mobile, paris, person

LATER = NOW + timedelta(days=3)

_SNAPSHOT = PersonUpdated(
    source="/annuaire",
    event_id="e1",
    at=NOW,
    person_id=LEILA,
    revision=7,
    first_name="Leïla",
    last_name="B.",
    postal_code="97110",
    preferred_channel=Channel.LETTER,
    forbidden_channels=(Channel.EMAIL,),
    constraints=(Constraint.DISCREET, Constraint.PREPAID),
    digital_ease=DigitalEase.OFFLINE,
    language="ar",
    asked_opening_notice=True,
    missed_actualisations=2,
    hold=Hold(reason="en soins", until=date(2026, 12, 1)),
    contacts=(),
    referent_id="ref",
    backup_id="bak",
    agency_id="ag",
    followers=(Follower(organisation="ml", advisor_id="x"),),
    quiet=((time(12), time(14)),),
)


def test_a_profile_is_the_snapshot_with_the_instant_of_the_first_one() -> None:
    """Every field comes over; ``known_at`` is now for the first snapshot, and stays afterwards (contracts §2)."""
    row = person_from(_SNAPSHOT, case(), LATER)
    expected = Person(
        **{name.name: getattr(_SNAPSHOT, name.name) for name in fields(Person) if name.name != "known_at"}, known_at=person().known_at
    )
    assert row == expected
    assert person_from(_SNAPSHOT, replace(case(), person=None), LATER) == replace(expected, known_at=LATER)


@pytest.mark.parametrize("verified", [None, NOW])
def test_a_point_is_what_was_declared_and_what_its_number_is(verified: Any) -> None:
    """Number, network, hash and problem; verified by the person or at an instant, else to be verified (§10.7)."""
    said = DeclaredContact(
        contact_id="tel", kind=PointKind.PHONE, value="0690", declared_by=DeclaredBy.ADVISER, verified_at=verified, carrier="orange"
    )
    phone = Phone(e164="+590690", line_type=LineType.MOBILE, valid=True)
    expected = Contact(
        contact_id=ContactId("tel"),
        person_id=LEILA,
        kind=PointKind.PHONE,
        value="0690",
        lines=(),
        e164="+590690",
        line_type=LineType.MOBILE,
        declared_by=DeclaredBy.ADVISER,
        verified_at=verified,
        carrier="orange",
        problem="odd",
        status=ContactStatus.ACTIVE if verified else ContactStatus.UNVERIFIED,
        sender_hash="h",
        value_at=LATER,
    )
    assert contact_from(said, LEILA, LATER, phone=phone, problem="odd", sender_hash="h") == expected


def test_an_address_has_lines_and_no_number() -> None:
    """A postal point: nothing to call, nothing to hash; said by the person it needs no verification."""
    said = DeclaredContact(contact_id="home", kind=PointKind.POSTAL, lines=("A", "75011 PARIS"), declared_by=DeclaredBy.SELF)
    assert contact_from(said, LEILA, LATER, phone=None, problem=None, sender_hash=None) == Contact(
        contact_id=ContactId("home"),
        person_id=LEILA,
        kind=PointKind.POSTAL,
        lines=("A", "75011 PARIS"),
        declared_by=DeclaredBy.SELF,
        status=ContactStatus.ACTIVE,
        value_at=LATER,
    )


# ---- a snapshot meets what we know

#: everything that we may have observed of a point
_SEEN: dict[str, Any] = {
    "carrier": "sfr",
    "status": ContactStatus.SUSPECT,
    "status_reason": "no_answer_for_duties",
    "status_at": NOW,
    "closed_channels": (Channel.SMS,),
    "value_at": NOW - timedelta(days=9),
    "human_at": NOW - timedelta(days=8),
    "failed_at": NOW - timedelta(days=7),
    "silent_duties": 3,
    "only_verification": True,
    "letter": "B",
}


def _merge(*declared: Contact, known: tuple[Contact, ...], who: Person | None = None, **changed: Any) -> Merged:
    return merge(case(contacts=known, **changed), who or person(revision=2), declared, LATER)


def test_everything_observed_is_kept_by_an_unrelated_snapshot() -> None:
    """Each of our observations holds; what the directory says of the point itself is the directory's (contracts §3)."""
    said = mobile(value_at=LATER, sender_hash="new hash", declared_by=DeclaredBy.ADVISER)
    seen = mobile(**_SEEN, sender_hash="old hash")
    after = replace(said, **_SEEN)
    assert _merge(said, known=(seen,)) == Merged(contacts=(after,), removed=(), imported_again=(), asked=())


def test_a_newer_verification_begins_the_point_anew() -> None:
    """Active, by the directory, at this instant; uses are open again, silences forgotten; failures and answers stay on record (§10.7)."""
    said = mobile(value_at=LATER, verified_at=NOW, carrier="free")
    merged = _merge(said, known=(mobile(**_SEEN),))
    anew = replace(
        said,
        **{
            **_SEEN,
            "carrier": "free",
            "status": ContactStatus.ACTIVE,
            "status_reason": "directory",
            "status_at": LATER,
            "closed_channels": (),
            "silent_duties": 0,
            "only_verification": False,
        },
    )
    assert merged == Merged(contacts=(anew,), removed=(), imported_again=(), asked=())
    never = _merge(said, known=(mobile(**{**_SEEN, "verified_at": None}),))
    assert never.contacts == (anew,)


def test_a_dead_value_that_is_imported_again_gets_the_verification_only() -> None:
    """Suspect since now, with the reason; it is named, and asked (§10.7)."""
    dead = mobile("was", status=ContactStatus.DISABLED, status_reason="failed_hard", status_at=NOW, failed_at=NOW, value_at=NOW)
    said = mobile("tel", value_at=LATER)
    again = replace(
        said,
        status=ContactStatus.SUSPECT,
        status_reason="imported_again",
        status_at=LATER,
        failed_at=NOW,
        value_at=NOW,
        only_verification=True,
    )
    assert _merge(said, known=(dead,)) == Merged(
        contacts=(again,), removed=(ContactId("was"),), imported_again=(ContactId("tel"),), asked=(again,)
    )


def test_the_directory_repeats_a_dead_point() -> None:
    """Same id, same verification: an unrelated update leaves it dead; a changed verification, though older, imports it again."""
    dead = mobile(status=ContactStatus.DISABLED, value_at=NOW)
    assert _merge(mobile(value_at=LATER), known=(dead,)) == Merged(contacts=(dead,), removed=(), imported_again=(), asked=())
    older = _merge(mobile(value_at=LATER, verified_at=None), known=(dead,))
    assert older.imported_again == ("tel",)


def test_a_changed_number_is_asked_and_the_old_one_told() -> None:
    """The new one is unverified: asked. The old one is kept under another id, marked, without hash or letter, and told (§10.7)."""
    old = mobile(sender_hash="h", letter="A", value_at=NOW)
    new = mobile(e164="+33699999999", value="+33699999999", status=ContactStatus.UNVERIFIED, declared_by=DeclaredBy.ADVISER)
    was = replace(old, contact_id=replaced_id(ContactId("tel"), 2), problem=REPLACED, sender_hash=None, letter=None)
    assert _merge(new, known=(old,)) == Merged(contacts=(new, was), removed=(), imported_again=(), asked=(new, was))


def test_a_dead_number_that_is_replaced_is_remembered_and_not_told() -> None:
    """Nobody is there to be told; the value is kept to be known again, until it is declared again (§10.7)."""
    old = mobile(status=ContactStatus.DISABLED, value_at=NOW)
    new = mobile(e164="+33699999999", value="+33699999999")
    was = replace(old, contact_id=replaced_id(ContactId("tel"), 2), problem=REPLACED)
    first = _merge(new, known=(old,))
    assert first == Merged(contacts=(new, was), removed=(), imported_again=(), asked=())
    second = _merge(new, known=first.contacts, who=person(revision=3))
    assert second == Merged(contacts=(new, was), removed=(), imported_again=(), asked=())
    back = _merge(mobile(value_at=LATER), known=first.contacts, who=person(revision=3))
    assert [contact.contact_id for contact in back.contacts] == ["tel", replaced_id(ContactId("tel"), 3)]
    assert back.removed == (was.contact_id,)
    assert back.imported_again == ("tel",)


def test_a_point_that_is_only_taken_away_is_gone() -> None:
    """No other of its kind comes: nothing is told; the row is removed."""
    assert _merge(mobile(), known=(mobile(), mailbox())) == Merged(
        contacts=(mobile(),), removed=(ContactId("mail"),), imported_again=(), asked=()
    )


@pytest.mark.parametrize(
    ("prefers", "written", "told"), [(Channel.LETTER, False, True), (Channel.SMS, True, True), (Channel.SMS, False, False)]
)
def test_an_old_address_is_told_by_post_where_letters_went(prefers: Channel, written: bool, told: bool) -> None:
    """The person's way, or a letter that was really handed over (§10.7)."""
    old, new = letterbox("old"), letterbox("new", lines=("LEILA TEST", "9 RUE NEUVE", "75011 PARIS"))
    duty = meeting()
    row = attempt(about=duty, channel=Channel.LETTER, contact_id="old", submitted_at=NOW if written else None)
    other = attempt("a2", about=duty)
    merged = _merge(new, known=(old,), who=person(revision=2, preferred_channel=prefers), attempts=(row, other))
    assert [contact.problem for contact in merged.asked] == ([REPLACED] if told else [])
    assert merged.removed == (ContactId("old"),)


def test_of_two_rows_with_one_value_the_same_id_is_met_first() -> None:
    """The twin of the same id keeps its own observations; without one, the lowest id is met."""
    rows = (mobile("b", silent_duties=2), mobile("a", silent_duties=1), mobile("tel", silent_duties=3))
    assert [contact.silent_duties for contact in _merge(mobile("tel"), known=rows).contacts] == [3]
    assert [contact.silent_duties for contact in _merge(mobile("new"), known=rows).contacts] == [1]


def test_nothing_is_asked_at_the_first_load() -> None:
    """Millions of points come at once: they are unverified, and nobody writes to them for that (contracts §2)."""
    said = mobile(status=ContactStatus.UNVERIFIED)
    first = merge(replace(case(contacts=()), person=None), person(), (said,), LATER)
    assert first == Merged(contacts=(said,), removed=(), imported_again=(), asked=())
    assert _merge(said, known=(mailbox(),)).asked[0] == said
    assert paris("2026-01-05", "08:00") == person().known_at
