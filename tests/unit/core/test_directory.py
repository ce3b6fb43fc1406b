"""A directory's snapshot meets what we know of a person's points (contracts §2, §10.7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.core.channels.availability import REPLACED
from services.core.channels.phones import Phone
from services.core.events import DeclaredContact
from services.core.evidence.directory import Merged, contact_from, merge
from services.core.model import Contact, ContactId
from services.core.words import Channel, ContactStatus, DeclaredBy, LineType, PointKind
from tests.unit.core.scene import LEILA, NOW, attempt, case, letterbox, mailbox, meeting, mobile, paris, person

_JUNE = paris("2026-06-01")
_LATER = NOW + timedelta(days=3)
_OTHER = "+33699999999"
_NEVER: dict[str, Any] = {"verified_at": None, "declared_by": DeclaredBy.IMPORT}


def _declared(**changed: Any) -> Contact:
    """Her mobile phone as a snapshot names it now."""
    words = {"contact_id": "tel", "kind": PointKind.PHONE, "value": "+33612345678", "declared_by": DeclaredBy.SELF, "verified_at": _JUNE}
    said = DeclaredContact(**{**words, **changed})
    phone = Phone(e164=said.value, line_type=LineType.MOBILE, valid=True)
    return contact_from(said, LEILA, _LATER, phone=phone, problem=None, sender_hash=f"hash {said.value}")


def _known(**changed: Any) -> Contact:
    return replace(_declared(), **{"value_at": NOW, **changed})


def _after(declared: tuple[Contact, ...], *before: Contact) -> Merged:
    return merge(case(contacts=before), person(revision=2), declared, _LATER)


@pytest.mark.parametrize(
    ("by", "verified", "status"),
    [
        (DeclaredBy.SELF, True, ContactStatus.ACTIVE),
        (DeclaredBy.SELF, False, ContactStatus.ACTIVE),
        (DeclaredBy.ADVISER, True, ContactStatus.ACTIVE),
        (DeclaredBy.ADVISER, False, ContactStatus.UNVERIFIED),
        (DeclaredBy.IMPORT, False, ContactStatus.UNVERIFIED),
    ],
)
def test_a_new_point(by: DeclaredBy, verified: bool, status: ContactStatus) -> None:
    """Declared by somebody else and never verified: unverified, and asked whether it is theirs; the others are not asked."""
    merged = _after((_declared(declared_by=by, verified_at=_JUNE if verified else None),))
    assert merged.contacts[0].status is status
    assert [point.contact_id for point in merged.asked] == (["tel"] if status is ContactStatus.UNVERIFIED else [])


def test_the_first_load_asks_nothing() -> None:
    """Millions of people are loaded on the first day: none of them gets a message for it."""
    unknown = replace(case(contacts=()), person=None)
    assert merge(unknown, person(), (_declared(**_NEVER),), _LATER).asked == ()


@pytest.mark.parametrize("status", list(ContactStatus))
def test_an_unrelated_snapshot_keeps_what_we_observed(status: ContactStatus) -> None:
    """Same value, same verification: everything that we observed stays, and nobody is asked."""
    seen: dict[str, Any] = {"status_reason": "hard", "status_at": NOW, "closed_channels": (Channel.SMS,), "human_at": NOW, "failed_at": NOW}
    before = _known(status=status, silent_duties=2, only_verification=True, letter="A", **seen)
    assert _after((_declared(),), before) == Merged(contacts=(before,), removed=(), imported_again=(), asked=())


def test_a_newer_verification_begins_anew() -> None:
    """The point is active again, every use is open, its silences are forgotten; since when we have the value is not."""
    before = _known(status=ContactStatus.DISABLED, closed_channels=(Channel.SMS,), silent_duties=3, only_verification=True)
    after = _after((_declared(verified_at=_LATER),), before).contacts[0]
    assert (after.status, after.closed_channels, after.silent_duties, after.only_verification) == (ContactStatus.ACTIVE, (), 0, False)
    assert (after.status_at, after.value_at) == (_LATER, NOW)


def test_an_older_verification_changes_nothing() -> None:
    """What we observed holds until a newer one."""
    before = _known(status=ContactStatus.SUSPECT, verified_at=NOW)
    assert _after((_declared(verified_at=_JUNE),), before).contacts[0].status is ContactStatus.SUSPECT


def test_a_number_typed_in_another_way_is_the_same() -> None:
    """Spaces in a number are no change of it."""
    before = replace(_known(status=ContactStatus.SUSPECT), value="06 12 34 56 78")
    merged = _after((_declared(),), before)
    assert (merged.contacts[0].status, merged.asked) == (ContactStatus.SUSPECT, ())


def test_a_changed_number_is_told_to_the_old_one() -> None:
    """The new value begins anew; the old one is kept under an id of its own, for the one message about the change."""
    merged = _after((_declared(value=_OTHER),), _known())
    new, old = merged.contacts
    assert (new.contact_id, new.e164, new.status, new.value_at) == ("tel", _OTHER, ContactStatus.ACTIVE, _LATER)
    assert (old.e164, old.problem, old.sender_hash) == ("+33612345678", REPLACED, None)
    assert (merged.asked, merged.removed) == ((old,), ())
    assert len(old.contact_id) <= 64


def test_a_point_under_a_new_id_replaces_the_one_that_is_gone() -> None:
    """Of the same kind: the old value is told, its point is removed."""
    merged = _after((_declared(contact_id="tel2", value=_OTHER),), _known())
    assert ([point.problem for point in merged.asked], merged.removed) == ([REPLACED], ("tel",))


def test_a_point_that_is_only_taken_away_is_told_nothing() -> None:
    """Nothing took its place: nothing was changed."""
    assert _after((), _known()) == Merged(contacts=(), removed=(ContactId("tel"),), imported_again=(), asked=())


@pytest.mark.parametrize(
    "spoilt",
    [
        {"problem": "invalid"},
        {"only_verification": True, "status": ContactStatus.SUSPECT},
        {"closed_channels": (Channel.SMS, Channel.VOICE)},
    ],
)
def test_a_value_that_could_not_be_used_is_told_nothing(spoilt: dict[str, Any]) -> None:
    """Nobody was reached there, or nobody wants to be."""
    merged = _after((_declared(value=_OTHER),), _known(**spoilt))
    assert (len(merged.contacts), merged.asked) == (1, ())


@pytest.mark.parametrize(("written", "told"), [(True, 1), (False, 0)])
def test_an_old_address_is_told_by_letter_only_when_letters_went_there(written: bool, told: int) -> None:
    """Somebody who is reached by SMS has no letter for a change of address."""
    duty = meeting()
    sent = (attempt(about=duty, channel=Channel.LETTER, contact_id="home"),) if written else ()
    new = replace(letterbox(), lines=("LEILA TEST", "1 RUE NEUVE", "75011 PARIS"))
    merged = merge(case(duty, contacts=(letterbox(),), attempts=sent), person(revision=2), (new,), _LATER)
    assert len(merged.asked) == told


@pytest.mark.parametrize("contact_id", ["tel", "tel2"])
def test_a_dead_value_imported_again_is_asked_first(contact_id: str) -> None:
    """Without a verification, under the same id or another: suspect, and nothing but the question (§10.7)."""
    before = _known(status=ContactStatus.DISABLED, failed_at=NOW, status_at=NOW)
    merged = _after((_declared(contact_id=contact_id, **_NEVER),), before)
    again = merged.contacts[0]
    assert (again.status, again.only_verification, again.failed_at) == (ContactStatus.SUSPECT, True, NOW)
    assert (merged.imported_again, merged.asked) == ((contact_id,), (again,))
    # the directory repeats itself: asked once
    assert _after((_declared(contact_id=contact_id, **_NEVER),), again).asked == ()


def test_a_dead_value_is_known_again_after_it_was_replaced() -> None:
    """It is remembered while another value stands in its place, and comes back as suspect; with a newer verification it is good."""
    dead = _known(status=ContactStatus.DISABLED, failed_at=NOW, status_at=NOW)
    between = _after((_declared(value=_OTHER),), dead)
    assert between.asked == ()
    back = _after((_declared(**_NEVER),), *between.contacts)
    assert (back.contacts[0].status, back.contacts[0].only_verification) == (ContactStatus.SUSPECT, True)
    assert back.contacts[1].problem == REPLACED
    verified = _after((_declared(verified_at=_LATER),), *between.contacts).contacts[0]
    assert (verified.status, verified.only_verification) == (ContactStatus.ACTIVE, False)


def test_the_same_mailbox_in_capitals() -> None:
    """Letters of an e-mail address count the same in either case."""
    before = replace(mailbox(), status=ContactStatus.SUSPECT)
    declared = replace(mailbox(), value="LEILA@example.org")
    assert merge(case(contacts=(before,)), person(), (declared,), _LATER).contacts[0].status is ContactStatus.SUSPECT


def test_the_network_is_kept_while_the_number_is_the_same() -> None:
    """A receipt told it; a snapshot without it does not forget; a new number does."""
    before = _known(carrier="SFR")
    assert _after((_declared(),), before).contacts[0].carrier == "SFR"
    assert _after((_declared(carrier="Orange"),), before).contacts[0].carrier == "Orange"
    assert _after((_declared(value=_OTHER),), before).contacts[0].carrier is None


def test_two_points_of_which_one_changes() -> None:
    """The other is left alone."""
    other = mobile("autre", value="+33700000000", e164="+33700000000")
    assert other in _after((_declared(value=_OTHER), other), _known(), other).contacts
