"""Events in: seen before, stale, unreadable, erased; and what each one does to the facts (contracts §1, §2)."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from services.core.changes import Changes
from services.core.events import (
    ActualisationCompleted,
    ActualisationOpened,
    AdvisorUpdated,
    AgencyUpdated,
    DeclaredContact,
    MeetingAttended,
    MeetingCancelled,
    MeetingMissed,
    MeetingScheduled,
    PersonRemoved,
    PersonUpdated,
    Problem,
)
from services.core.ledger import Ledger
from services.core.model import Alert, AlertId, Follower, ObligationId, Place
from services.core.words import (
    AlertType,
    Channel,
    ContactStatus,
    DeclaredBy,
    Evidence,
    Kind,
    Lane,
    ObligationState,
    PointKind,
    Routed,
    Severity,
)
from services.intake.handlers.people import updated
from tests.fixtures.steps import House, handling
from tests.unit.core.scene import LEILA, NOW, case, day, meeting, mobile, paris

_CV, _ACT = ObligationId("cv:1"), ObligationId("act:2026-11:leila")
_S = ObligationState


def _of(number: int) -> dict[str, Any]:
    return {"source": "urn:si", "event_id": f"e{number}", "at": NOW}


def _issued(number: int = 1, revision: int = 1, **changed: Any) -> MeetingScheduled:
    row = MeetingScheduled(
        **_of(number),
        kind=Kind.CONVOCATION,
        obligation_id=_CV,
        revision=revision,
        person_id=LEILA,
        starts_at=paris("2026-12-01", "10:30"),
        place=Place(kind="agency", name="Agence"),
        purpose="Point",
    )
    return replace(row, **changed)


def _about(number: int, revision: int) -> dict[str, Any]:
    return {**_of(number), "obligation_id": _CV, "revision": revision, "person_id": LEILA}


def _snapshot(number: int = 50, revision: int = 1, **changed: Any) -> PersonUpdated:
    row = PersonUpdated(
        **_of(number),
        person_id=LEILA,
        revision=revision,
        first_name="Leila",
        last_name="Test",
        postal_code="75011",
        preferred_channel=Channel.SMS,
        contacts=(
            DeclaredContact(contact_id="tel", kind=PointKind.PHONE, value="06 12 34 56 78", declared_by=DeclaredBy.SELF),
            DeclaredContact(contact_id="home", kind=PointKind.POSTAL, lines=("LEILA TEST", "75011 PARIS"), declared_by=DeclaredBy.IMPORT),
        ),
        referent_id="adv",
        agency_id="agence",
    )
    return replace(row, **changed)


async def test_a_convocation_is_a_duty_and_wakes_the_person() -> None:
    """Mandatory whatever the event says; known from now on; published (§2.2)."""
    house = House()
    assert (await house.receive(house.record(_issued()))).applied == 1
    duty = (await house.case()).obligations[0]
    assert (duty.state, duty.mandatory, duty.known_at) == (_S.OPEN, True, NOW)
    assert await house.store.next_wake() == NOW
    assert [message.type for message in await house.outbox()] == ["obligation.changed"]


async def test_the_same_event_twice_is_one() -> None:
    """In one batch, and in a later one."""
    house = House()
    record = house.record(_issued())
    assert (await house.receive(record, record)).duplicates == 1
    again = await house.receive(record)
    assert (again.applied, again.duplicates) == (0, 1)
    assert len(await house.outbox()) == 1


@pytest.mark.parametrize("revision", [1, 2])
async def test_a_lower_or_equal_revision_is_stale(revision: int) -> None:
    """It changes nothing, whatever it says."""
    house = House()
    await house.receive(house.record(_issued(1, revision=2)))
    moved = _issued(2, revision=revision, starts_at=paris("2026-12-24", "10:00"))
    assert (await house.receive(house.record(moved))).stale == 1
    assert (await house.case()).obligations[0].due_at == paris("2026-12-01", "10:30")


async def test_what_cannot_be_read_is_buried_with_every_error_and_the_batch_goes_on() -> None:
    """Of people the dead letter keeps where and why, not what (contracts §1, §8.3)."""
    house = House()
    problems = [Problem(path="/data/starts_at", message="required"), Problem(path="/data/place", message="required")]
    received = await house.receive(house.record(problems), house.record(_issued()), house.record(problems, "people.v1"))
    assert (received.applied, received.unreadable) == (1, 2)
    letters = [message.data for message in await house.outbox() if message.topic == "dead-letters.v1"]
    assert [len(letter["errors"]) for letter in letters] == [2, 2]  # type: ignore[arg-type]
    assert ["payload_base64" in letter for letter in letters if letter["topic"] == "people.v1"] == [False]
    assert len(await house.lines("dead_letter")) == 2


@pytest.mark.parametrize(
    ("event", "state", "evidence"),
    [
        (MeetingCancelled(**_about(2, 2)), _S.CANCELLED, Evidence.E0),
        (MeetingAttended(**_about(2, 1), happened_at=NOW), _S.DONE, Evidence.E5),
        (MeetingAttended(**_about(2, 2), happened_at=NOW), _S.DONE, Evidence.E5),
        (MeetingMissed(**_about(2, 1), happened_at=NOW), _S.MISSED, Evidence.E0),
        # stale
        (MeetingCancelled(**_about(2, 1)), _S.OPEN, Evidence.E0),
        (MeetingMissed(**_about(2, 0), happened_at=NOW), _S.OPEN, Evidence.E0),
    ],
)
async def test_what_becomes_of_a_meeting(event: MeetingCancelled | MeetingMissed | MeetingAttended, state: _S, evidence: Evidence) -> None:
    """Cancelled by a higher revision; attended and missed under the revision that took place."""
    house = House()
    await house.receive(house.record(_issued()), house.record(event))
    duty = (await house.case()).obligations[0]
    assert (duty.state, duty.evidence) == (state, evidence)
    assert duty.non_receipt is (state is _S.MISSED)


async def test_an_outcome_of_a_meeting_that_nobody_announced_is_stale() -> None:
    """Nothing is known of it."""
    house = House()
    assert (await house.receive(house.record(MeetingCancelled(**_about(1, 1))))).stale == 1


async def test_a_cancelled_meeting_takes_place_after_all() -> None:
    """A higher revision re-opens it; what was answered to the old one does not count (§10.11)."""
    house = House()
    await house.receive(house.record(_issued()), house.record(MeetingCancelled(**_about(2, 2))), house.record(_issued(3, revision=3)))
    duty = (await house.case()).obligations[0]
    assert (duty.state, duty.revision, duty.evidence) == (_S.OPEN, 3, Evidence.E0)


async def test_a_meeting_that_was_attended_is_not_cancelled_afterwards() -> None:
    """Done is final."""
    house = House()
    attended = MeetingAttended(**_about(2, 1), happened_at=NOW)
    received = await house.receive(house.record(_issued()), house.record(attended), house.record(MeetingCancelled(**_about(3, 2))))
    assert received.stale == 1


@pytest.mark.parametrize("known", [True, False])
async def test_a_meeting_takes_the_place_of_another(known: bool) -> None:
    """The old one is cancelled without words of its own; an unknown one is no trouble (§10.11)."""
    house = House()
    if known:
        await house.receive(house.record(_issued()))
    new = _issued(2, obligation_id=ObligationId("cv:2"), replaces=_CV)
    await house.receive(house.record(new))
    states = {row.obligation_id: row.state for row in (await house.case()).obligations}
    assert states == ({_CV: _S.CANCELLED, "cv:2": _S.OPEN} if known else {"cv:2": _S.OPEN})


def _opened(number: int = 10, *, required: bool = True) -> ActualisationOpened:
    return ActualisationOpened(**_of(number), obligation_id=_ACT, person_id=LEILA, period="2026-11", required=required)


def _completed(number: int = 11) -> ActualisationCompleted:
    return ActualisationCompleted(**_of(number), obligation_id=_ACT, person_id=LEILA, period="2026-11", happened_at=NOW, by="web")


async def test_an_actualisation_opens_quietly() -> None:
    """The duty of the month is stored, woken in the campaign's lane and not published (§2.1)."""
    house = House()
    await house.receive(house.record(_opened(), "actualisations.v1"))
    duty = (await house.case()).obligations[0]
    assert (duty.state, duty.due_at) == (_S.OPEN, paris("2026-12-15", "23:59:59"))
    assert not await house.outbox()
    async with house.store.unit() as unit:
        assert not await unit.claim_due(NOW, lane=Lane.LIVE, limit=1)


async def test_who_does_not_have_to_is_told_nothing() -> None:
    """``required: false``: a state, and nothing else (§2.1)."""
    house = House()
    await house.receive(house.record(_opened(required=False)))
    assert (await house.case()).obligations[0].state is _S.NOT_REQUIRED


async def test_the_source_corrects_whether_it_is_required() -> None:
    """The event's word is obeyed, the last one too: a duty after all, or none (§2.1); said again, it changes nothing."""
    house = House()
    await house.receive(house.record(_opened(required=False)))
    for number, required, state in ((12, True, _S.OPEN), (14, False, _S.NOT_REQUIRED)):
        await house.receive(house.record(_opened(number, required=required)))
        assert (await house.case()).obligations[0].state is state
        assert (await house.receive(house.record(_opened(number + 1, required=required)))).stale == 1
    await house.receive(house.record(_completed(16)))
    assert (await house.receive(house.record(_opened(17, required=False)))).stale == 1


@pytest.mark.parametrize("opened_first", [True, False])
async def test_a_completion_is_final_in_any_order(opened_first: bool) -> None:
    """A later opening of the same period is stale (contracts §2, §2.1, §10.5)."""
    house = House()
    if opened_first:
        await house.receive(house.record(_opened()))
    await house.receive(house.record(_completed()))
    duty = (await house.case()).obligations[0]
    assert (duty.state, duty.evidence, duty.evidence_how) == (_S.DONE, Evidence.E5, "web")
    later = await house.receive(house.record(_opened(12)), house.record(_completed(13)))
    assert later.stale == 2
    assert (await house.case()).obligations[0].state is _S.DONE


async def test_a_snapshot_brings_the_person_and_the_points() -> None:
    """Parsed numbers, hashes for replies, a code for what cannot be used; by an import and never verified: unverified (§4.1, §10.7)."""
    house = House()
    await house.receive(house.record(_issued()), house.record(_snapshot()))
    stored = await house.case()
    assert stored.person is not None
    points = {str(point.contact_id): point for point in stored.contacts}
    assert (points["tel"].e164, points["tel"].status) == ("+33612345678", ContactStatus.ACTIVE)
    assert points["tel"].sender_hash == "hash of +33612345678"
    assert points["home"].status is ContactStatus.UNVERIFIED
    assert (await house.receive(house.record(_snapshot(51)))).stale == 1


async def test_a_snapshot_brings_who_follows_and_when_to_be_quiet() -> None:
    """R13, §10.3: what the directory says of partners and of hours stands in the profile; the next snapshot replaces it."""
    partner = Follower(organisation="Mission locale", advisor_id="ml_12")
    house = House()
    await house.receive(house.record(_snapshot(followers=(partner,), quiet=((time(8), time(14)),))))
    stored = (await house.case()).person
    assert stored is not None
    assert (stored.followers, stored.quiet) == ((partner,), ((time(8), time(14)),))
    await house.receive(house.record(_snapshot(99, revision=2)))
    stored = (await house.case()).person
    assert stored is not None
    assert (stored.followers, stored.quiet) == ((), ())


async def test_a_snapshot_that_says_nothing_new_of_a_point_keeps_what_we_observed() -> None:
    """Disabled stays disabled, until the value or the verification is new (contracts §2, §10.7)."""
    house = House()
    await house.stored(
        case(meeting(), contacts=(mobile(value="+33612345678", status=ContactStatus.DISABLED, closed_channels=(Channel.SMS,)),))
    )
    same = _snapshot(51, 2, contacts=(_declared("+33612345678", verified_at=paris("2026-06-01")),))
    await house.receive(house.record(same))
    kept = (await house.case()).contacts[0]
    assert (kept.status, kept.closed_channels) == (ContactStatus.DISABLED, (Channel.SMS,))
    verified = replace(same, event_id="e52", revision=3, contacts=(_declared("+33612345678", verified_at=NOW),))
    await house.receive(house.record(verified))
    assert (await house.case()).contacts[0].status is ContactStatus.ACTIVE
    assert (await house.lines("contact"))[-1]["status"] == "active"


async def test_a_point_that_the_directory_drops_is_gone() -> None:
    """A full snapshot replaces."""
    house = House()
    await house.receive(house.record(_snapshot()))
    await house.receive(house.record(_snapshot(51, 2, contacts=())))
    assert not (await house.case()).contacts


async def test_an_open_period_ends_on_the_clock_of_the_residence() -> None:
    """La Réunion: the local fifteenth ends three hours before Paris's; moving there moves the end (§2.1)."""
    house = House()
    await house.receive(house.record(_opened()))
    await house.receive(house.record(_snapshot(postal_code="97400")))
    assert (await house.case()).obligations[0].due_at == paris("2026-12-15", "23:59:59", "Indian/Reunion")


async def test_erased_people_stay_gone() -> None:
    """Later events about them are refused, never revive them (contracts §2, §8.3)."""
    house = House()
    await house.receive(house.record(_snapshot()), house.record(PersonRemoved(**_of(60), person_id=LEILA)))
    received = await house.receive(house.record(_issued(61)))
    assert (received.applied, received.refused) == (0, 1)


async def test_staff_come_as_they_are() -> None:
    """The newest snapshot wins; weekdays become numbers."""
    house = House()
    away = ((day("2026-12-01"), day("2026-12-02")),)
    advisor = AdvisorUpdated(**_of(70), advisor_id="adv", name="A", agency_id="agence", email="a@x.example", absences=away)
    place: dict[str, Any] = {"agency_id": "agence", "name": "Agence", "phone": "3949", "address": "1 rue", "postal_code": "75012"}
    agency = AgencyUpdated(**_of(71), **place, opening={"mon": (("09:00", "12:00"),)}, closures=(day("2026-12-24"),))
    await house.receive(house.record(advisor, "advisors.v1"), house.record(agency, "advisors.v1"))
    async with house.store.unit() as unit:
        staff = await unit.staff()
    assert staff.advisors["adv"].absences == away
    assert dict(staff.agencies["agence"].opening) == {"0": (("09:00", "12:00"),)}


def _declared(value: str, **changed: Any) -> DeclaredContact:
    return replace(DeclaredContact(contact_id="tel", kind=PointKind.PHONE, value=value, declared_by=DeclaredBy.SELF), **changed)


async def test_times_are_the_batchs() -> None:
    """An hour later is an hour later."""
    house = House(now=NOW + timedelta(hours=1))
    await house.receive(house.record(_issued()))
    assert (await house.case()).obligations[0].known_at == NOW + timedelta(hours=1)


async def test_who_leaves_wakes_the_people_of_their_alerts() -> None:
    """All at once, in the same transaction; the next round of the planner re-assigns them (§10.8, SC-47)."""
    house = House()
    await _with_open_alert(house)
    assert await house.store.next_wake() is None
    gone = AdvisorUpdated(**_of(80), advisor_id="adv", name="A", agency_id="agence", email="a@x.example", active=False)
    await house.receive(house.record(gone, "advisors.v1"))
    assert await house.store.next_wake() == NOW
    await house.plan()
    alert = (await house.case()).alerts[0]
    assert (alert.advisor_id, alert.routed) == ("bak", Routed.BACKUP)


@pytest.mark.parametrize(
    ("changed", "anew"), [({"referent_id": "new"}, True), ({"agency_id": "lille"}, True), ({"first_name": "Lila"}, False)]
)
async def test_another_referent_has_open_alerts_routed_anew(changed: dict[str, str], anew: bool) -> None:
    """Who leads the person is who is asked first; another first name moves nothing (§10.8)."""
    house = House()
    await _with_open_alert(house)
    await house.receive(house.record(_snapshot(81, 2, backup_id="bak", **changed), "people.v1"))
    alert = (await house.case()).alerts[0]
    assert (alert.routed_at is None) is anew


async def _with_open_alert(house: House) -> None:
    """A convocation with an alert on the référent's list."""
    await house.stored(case(meeting()))
    alert = Alert(
        alert_id=AlertId("al1"),
        type=AlertType.WRONG_PERSON,
        severity=Severity.MEDIUM,
        person_id=LEILA,
        obligation_id=_CV,
        agency_id="agence",
        advisor_id="adv",
        routed=Routed.REFERENT,
        next_action="fix_contact",
        act_by=paris("2026-11-30", "18:00"),
        raised_at=NOW,
        updated_at=NOW,
        routed_at=NOW,
    )
    async with house.store.unit() as unit:
        await unit.lock([LEILA])
        await unit.write(Changes(alerts=[alert]))


@pytest.mark.parametrize(("revision", "cleaned", "told"), [(9, 3, [3]), (9, 0, []), (1, 3, [])])
def test_control_characters_are_said_in_the_log_of_the_person(revision: int, cleaned: int, told: list[int]) -> None:
    """How many were taken out, and of whom (§10.18); a clean snapshot says nothing, a stale one neither."""
    ledger = Ledger(NOW)
    updated(handling(), ledger, case(meeting()), _snapshot(5, revision=revision, cleaned=cleaned))
    assert [(row.person_id, row.count) for row in ledger.changes.cleaned] == [(LEILA, count) for count in told]
