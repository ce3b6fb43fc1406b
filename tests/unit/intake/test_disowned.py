"""A number that somebody said is not theirs does not come back under another name (SC-14)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.core.events import DeclaredContact, PersonUpdated
from services.core.model import PersonId
from services.core.words import Channel, ContactStatus, DeclaredBy, PointKind
from tests.fixtures.steps import House, handling
from tests.unit.core.scene import LEILA, NOW, case, mobile

_ZOE = PersonId("zoe")
_NUMBER = "06 45 12 34 56"


def _snapshot(verified_at: datetime | None) -> PersonUpdated:
    return PersonUpdated(
        source="urn:directory",
        event_id="p1",
        at=NOW,
        person_id=_ZOE,
        revision=1,
        first_name="Zoé",
        last_name="Test",
        postal_code="75011",
        preferred_channel=Channel.SMS,
        referent_id="adv",
        agency_id="agence",
        contacts=(
            DeclaredContact(
                contact_id="z", kind=PointKind.PHONE, value=_NUMBER, declared_by=DeclaredBy.SELF, verified_at=verified_at, carrier=None
            ),
        ),
    )


async def _with_leila(**point: object) -> House:
    house = House()
    phone = handling().numbers(_NUMBER, "75011")
    known = replace(mobile(sender_hash=handling().hashes(phone.e164 or _NUMBER)), **point)  # type: ignore[arg-type]
    await house.stored(case(contacts=(known,)))
    return house


@pytest.mark.parametrize(
    ("verified", "status"),
    [
        (None, ContactStatus.DISABLED),
        (NOW - timedelta(days=3), ContactStatus.DISABLED),
        (NOW - timedelta(hours=1), ContactStatus.ACTIVE),
    ],
    ids=["never verified", "verified before", "verified since"],
)
async def test_only_a_verification_after_the_denial_lets_a_newcomer_in(verified: datetime | None, status: ContactStatus) -> None:
    """Disabled for the next person too, unless the directory confirmed it since."""
    house = await _with_leila(status=ContactStatus.DISABLED, status_reason="wrong_person", status_at=NOW - timedelta(days=1))
    await house.receive(house.record(_snapshot(verified), "people.v1"))
    assert [point.status for point in (await house.case(_ZOE)).contacts] == [status]
    assert [line["person"] for line in await house.lines("contact")] == ([_ZOE] if status is ContactStatus.DISABLED else [])


@pytest.mark.parametrize("point", [{}, {"status": ContactStatus.DISABLED, "status_reason": "failed_hard", "status_at": NOW}])
async def test_a_shared_number_is_no_denied_one(point: dict[str, object]) -> None:
    """That somebody else has it, or that it failed for them, says nothing about the newcomer."""
    house = await _with_leila(**point)
    await house.receive(house.record(_snapshot(None), "people.v1"))
    assert [row.status for row in (await house.case(_ZOE)).contacts] == [ContactStatus.ACTIVE]
    assert (await house.case(LEILA)).contacts[0].sender_hash == (await house.case(_ZOE)).contacts[0].sender_hash
