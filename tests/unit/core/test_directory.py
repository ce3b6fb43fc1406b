"""A directory's snapshot meets what we know of a point (contracts §2, §10.7)."""

from dataclasses import replace
from typing import Any

import pytest

from services.core.directory import contact_from
from services.core.events import DeclaredContact
from services.core.model import Contact
from services.core.phones import Phone
from services.core.words import Channel, ContactStatus, DeclaredBy, LineType, PointKind
from tests.unit.core.scene import LEILA, NOW, paris

_PHONE = Phone(e164="+33612345678", line_type=LineType.MOBILE, valid=True)
_JUNE = paris("2026-06-01")


def _declared(**changed: Any) -> DeclaredContact:
    row = DeclaredContact(contact_id="tel", kind=PointKind.PHONE, value="06 12 34 56 78", declared_by=DeclaredBy.SELF, verified_at=_JUNE)
    return replace(row, **changed)


def _row(declared: DeclaredContact, before: Contact | None = None) -> Contact:
    return contact_from(declared, LEILA, before, phone=_PHONE, problem=None, sender_hash="hash")


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
    """Declared by somebody else and never verified: unverified."""
    assert _row(_declared(declared_by=by, verified_at=_JUNE if verified else None)).status is status


@pytest.mark.parametrize("status", list(ContactStatus))
def test_an_unrelated_snapshot_keeps_what_we_observed(status: ContactStatus) -> None:
    """Same value, same verification: status, reason and closed uses stay."""
    before = replace(_row(_declared()), status=status, status_reason="hard", status_at=NOW, closed_channels=(Channel.SMS,))
    after = _row(_declared(), before)
    assert (after.status, after.status_reason, after.status_at, after.closed_channels) == (status, "hard", NOW, (Channel.SMS,))


@pytest.mark.parametrize(
    "changed",
    [{"value": "06 99 99 99 99"}, {"verified_at": NOW}, {"value": "06 99 99 99 99", "verified_at": NOW}],
)
def test_a_new_value_or_verification_begins_anew(changed: dict[str, Any]) -> None:
    """The point is active again, and every use is open."""
    before = replace(_row(_declared()), status=ContactStatus.DISABLED, closed_channels=(Channel.SMS,))
    after = _row(_declared(**changed), before)
    assert (after.status, after.closed_channels) == (ContactStatus.ACTIVE, ())


def test_the_network_is_kept_while_the_number_is_the_same() -> None:
    """A receipt told it; a snapshot without it does not forget; a new number does."""
    before = replace(_row(_declared()), carrier="SFR")
    assert _row(_declared(), before).carrier == "SFR"
    assert _row(_declared(carrier="Orange"), before).carrier == "Orange"
    assert _row(_declared(value="06 99 99 99 99"), before).carrier is None
