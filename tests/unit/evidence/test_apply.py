"""Receipts and answers on the store in memory: whose they are, what waits, what nobody can tell (contracts §3, §10.14)."""

from dataclasses import replace
from typing import Any

import pytest

from services.core.events import Problem, ReceiptReceived, ReplyReceived
from services.core.model import AttemptId, ObligationId, PersonId
from services.core.words import AttemptState, Choice, Evidence, Identity, ObligationState, ReceiptStatus, ReplyChannel
from tests.fixtures.steps import House
from tests.unit.core.scene import LEILA, NOW, attempt, case, meeting, mobile, person

_KARIM = PersonId("karim")


def _receipt(number: int = 1, **changed: Any) -> ReceiptReceived:
    row = ReceiptReceived(
        source="urn:a",
        event_id=f"r{number}",
        at=NOW,
        provider="a",
        provider_ref="ref-a1",
        status=ReceiptStatus.DELIVERED,
        raw_status="DELIVRD",
        happened_at=NOW,
        received_at=NOW,
    )
    return replace(row, **changed)


def _reply(number: int = 1, **changed: Any) -> ReplyReceived:
    row = ReplyReceived(
        source="urn:a", event_id=f"y{number}", at=NOW, channel=ReplyChannel.SMS, choice=Choice.COME, identity=Identity.NONE, happened_at=NOW
    )
    return replace(row, **changed)


async def _house() -> House:
    house = House()
    await house.stored(case(meeting(), contacts=(mobile(sender_hash="shared"),), attempts=(attempt(about=meeting()),)))
    return house


async def _with_karim(*, written: bool) -> House:
    """A second person with the same number; perhaps written to as well."""
    house = await _house()
    duty = replace(meeting("cv:2"), person_id=_KARIM)
    tries = (replace(attempt("a2", about=duty), person_id=_KARIM),) if written else ()
    other = case(duty, who=person(person_id=_KARIM), contacts=(mobile(person_id=_KARIM, sender_hash="shared"),), attempts=tries)
    await house.stored(replace(other, person_id=_KARIM))
    return house


async def test_a_receipt_finds_its_message_by_the_providers_reference() -> None:
    """Delivered, E2, and the person is looked at now."""
    house = await _house()
    assert (await house.hear(_receipt())).waiting == 0
    stored = await house.case()
    assert (stored.attempts[0].state, stored.obligations[0].evidence) == (AttemptState.DELIVERED, Evidence.E2)
    assert await house.store.next_wake() == NOW


async def test_a_receipt_finds_its_message_by_our_reference() -> None:
    """A gateway that owns the channel names the attempt."""
    house = await _house()
    await house.hear(_receipt(provider_ref=None, attempt_id=AttemptId("a1")))
    assert (await house.case()).attempts[0].state is AttemptState.DELIVERED


async def test_an_unknown_reference_changes_nothing() -> None:
    """It waits, and no state moves (§8.4)."""
    house = await _house()
    before = await house.case()
    assert (await house.hear(_receipt(provider_ref="nobody's"))).waiting == 1
    assert await house.case() == before
    assert [line["effect"] for line in await house.lines("receipt")] == ["waiting"]


_LATE_ANSWER = _receipt(2, provider_ref="ref-late", attempt_id=AttemptId("a1"), status=ReceiptStatus.ACCEPTED, raw_status="late answer")
_OVERTOOK = _receipt(1, provider_ref="ref-late")


@pytest.mark.parametrize(
    "batches", [[[_OVERTOOK], [_LATE_ANSWER]], [[_OVERTOOK, _LATE_ANSWER]], [[_LATE_ANSWER, _OVERTOOK]], [[_LATE_ANSWER], [_OVERTOOK]]]
)
async def test_a_receipt_that_overtook_the_late_answer(batches: list[list[ReceiptReceived]]) -> None:
    """We had stopped waiting for the provider's answer; it comes after all and names the reference that a receipt bore before it."""
    house = House()
    lost = attempt(about=meeting(), state=AttemptState.UNKNOWN, provider=None, provider_ref=None, accepted_at=None)
    await house.stored(case(meeting(), attempts=(lost,)))
    for batch in batches:
        await house.hear(*batch)
    stored = await house.case()
    assert (stored.attempts[0].state, stored.obligations[0].evidence) == (AttemptState.DELIVERED, Evidence.E2)


async def test_the_same_record_twice_is_one() -> None:
    """In one batch and in another."""
    house = await _house()
    applied = await house.hear(_receipt(), _receipt())
    assert len(applied.receipts) == 1
    assert not (await house.hear(_receipt())).receipts


async def test_a_batch_about_one_person_builds_on_itself() -> None:
    """A receipt and an answer in the same batch: both count."""
    house = await _house()
    await house.hear(_receipt(), _reply(sender_hash="shared"))
    stored = await house.case()
    assert stored.attempts[0].state is AttemptState.DELIVERED
    assert (stored.obligations[0].state, stored.obligations[0].evidence) == (ObligationState.ACKNOWLEDGED, Evidence.E3)


async def test_what_cannot_be_read_is_counted() -> None:
    """The rest of the batch goes on."""
    house = await _house()
    applied = await house.hear([Problem(path="/data/status", message="unknown")], _receipt())
    assert (applied.unreadable, len(applied.receipts)) == (1, 1)


async def test_an_answer_names_its_person_its_message_or_its_duty() -> None:
    """Any of the three is enough."""
    for named in (
        {"person_id": LEILA},
        {"attempt_id": AttemptId("a1")},
        {"obligation_id": ObligationId("cv:1")},
        {"sender_hash": "shared"},
    ):
        house = await _house()
        await house.hear(_reply(**named))
        assert (await house.case()).obligations[0].state is ObligationState.ACKNOWLEDGED, named


async def test_an_answer_from_nobody_is_ignored() -> None:
    """Kept, without an effect."""
    house = await _house()
    assert (await house.hear(_reply(sender_hash="somebody else"))).waiting == 1
    assert [line["effect"] for line in await house.lines("reply")] == ["ignored"]


async def test_of_two_people_with_one_number_the_one_who_was_written_to_answers() -> None:
    """Only she has an open question (§10.14)."""
    house = await _with_karim(written=False)
    await house.hear(_reply(sender_hash="shared"))
    assert (await house.case()).obligations[0].state is ObligationState.ACKNOWLEDGED
    assert (await house.case(_KARIM)).obligations[0].state is ObligationState.OPEN


async def test_an_answer_that_may_be_two_peoples_is_no_ack() -> None:
    """Both were written to: ambiguous, nothing changes."""
    house = await _with_karim(written=True)
    await house.hear(_reply(sender_hash="shared"))
    assert (await house.case()).obligations[0].state is ObligationState.OPEN
    assert (await house.case(_KARIM)).obligations[0].state is ObligationState.OPEN
    assert [line["effect"] for line in await house.lines("reply")] == ["ambiguous"]
