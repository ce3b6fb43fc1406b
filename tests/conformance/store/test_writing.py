"""What may be written, and what the guards refuse."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.adapters.store_errors import GuardBroken, NotLocked
from services.core.changes import Changes, MessageSent, NextInstant, Wake
from services.core.model import AttemptId, ContactId, ObligationId
from services.core.words import AttemptState, Channel, ObligationState
from tests.conformance.store.conftest import AnyStore
from tests.fixtures.facts import ANNIE, LUC, NOW, alert, attempt, contact, item, obligation, person, receipt, reply


async def write(store: AnyStore, *changes: Changes) -> None:
    """Each in a unit of its own, about Luc and Annie."""
    for each in changes:
        async with store.unit() as unit:
            await unit.lock([LUC, ANNIE])
            await unit.write(each)


async def test_writes_of_one_unit_add_up(store: AnyStore) -> None:
    """Two calls, one transaction; the unit sees what it wrote."""
    async with store.unit() as unit:
        await unit.lock([LUC])
        await unit.write(Changes(profiles=[person()]))
        await unit.write(Changes(obligations=[obligation()]))
        case = (await unit.load([LUC]))[LUC]
    assert case.person == person()
    assert case.obligations == (obligation(),)


@pytest.mark.parametrize(
    "changes",
    [
        Changes(profiles=[person()]),
        Changes(contacts=[contact()]),
        Changes(obligations=[obligation()]),
        Changes(next_instants=[NextInstant(person_id=LUC, obligation_id=obligation().obligation_id, at=NOW)]),
        Changes(attempts=[attempt()]),
        Changes(receipts=[receipt()]),
        Changes(replies=[reply()]),
        Changes(alerts=[alert()]),
        Changes(wakes=[Wake(person_id=LUC, live_at=NOW, campaign_at=None)]),
        Changes(removed_people=[LUC]),
        Changes(
            messages=[MessageSent(attempt_id="a1", try_number=1, person_id=LUC, text="…", parts=1, encoding=None, provider="a", at=NOW)]
        ),
    ],
)
async def test_nothing_is_written_about_people_who_are_not_locked(store: AnyStore, changes: Changes) -> None:
    """Somebody else might be deciding about them."""
    async with store.unit() as unit:
        await unit.lock([ANNIE])
        with pytest.raises(NotLocked):
            await unit.write(changes)


async def test_a_lock_taken_inside_a_savepoint_ends_with_it(store: AnyStore) -> None:
    """The row is nobody's any more."""
    async with store.unit() as unit:
        with suppress(RuntimeError):
            async with unit.savepoint():
                await unit.lock([LUC])
                raise RuntimeError
        with pytest.raises(NotLocked):
            await unit.write(Changes(profiles=[person()]))


async def test_facts_about_nobody_known_need_no_lock(store: AnyStore) -> None:
    """A receipt or an answer may come before we know whose it is."""
    async with store.unit() as unit:
        await unit.write(Changes(receipts=[receipt(person_id=None, attempt_id=None)], replies=[reply(person_id=None)]))


async def test_an_item_is_sent_once(store: AnyStore) -> None:
    """The same (obligation, revision, step, occurrence, channel, contact) in another attempt is refused (§10.1.5)."""
    await write(store, Changes(attempts=[attempt("a1")]))
    with pytest.raises(GuardBroken, match="an_item_is_sent_once"):
        await write(store, Changes(attempts=[attempt("a2")]))


@pytest.mark.parametrize(
    "other",
    [
        attempt("a2", items=(item(revision=2),)),
        attempt("a2", items=(item(occurrence=2),)),
        attempt("a2", items=(item("rdv:2"),)),
        attempt("a2", channel=Channel.VOICE),
        attempt("a2", contact_id=ContactId("other")),
    ],
)
async def test_another_item_is_another_message(store: AnyStore, other: object) -> None:
    """Each part of the item's name counts."""
    await write(store, Changes(attempts=[attempt("a1")]), Changes(attempts=[other]))  # type: ignore[list-item]


@pytest.mark.parametrize("state", [AttemptState.SKIPPED, AttemptState.CANCELLED])
async def test_what_was_never_sent_stands_in_nobodys_way(store: AnyStore, state: AttemptState) -> None:
    """After a skip or a cancellation, in the same changes and whatever their order, the item may go out."""
    await write(
        store,
        Changes(attempts=[attempt("a1", state=state)]),
        Changes(attempts=[attempt("a2")]),
        Changes(attempts=[attempt("a3"), attempt("a2", state=state)]),
    )
    with pytest.raises(GuardBroken, match="an_item_is_sent_once"):
        await write(store, Changes(attempts=[attempt("a1")]))


async def test_an_item_that_an_attempt_dropped_is_free_again(store: AnyStore) -> None:
    """A bundle that lost an item before it was sent leaves it to others."""
    await write(
        store,
        Changes(attempts=[attempt("a1", items=(item(), item("rdv:2")))]),
        Changes(attempts=[attempt("a1")]),
        Changes(attempts=[attempt("a2", items=(item("rdv:2"),))]),
    )


async def test_a_token_leads_to_one_attempt(store: AnyStore) -> None:
    """A second attempt with the same link is refused."""
    await write(store, Changes(attempts=[attempt("a1", token="t")]))
    with pytest.raises(GuardBroken, match="a_token_is_of_one_attempt"):
        await write(store, Changes(attempts=[attempt("a2", items=(item("rdv:2"),), token="t")]))


async def test_a_reference_names_one_attempt(store: AnyStore) -> None:
    """Two providers may use the same word; one provider may not use it twice."""
    first = attempt("a1", provider="a", provider_ref="1")
    second = attempt("a2", items=(item("rdv:2"),), provider="b", provider_ref="1")
    await write(store, Changes(attempts=[first]), Changes(attempts=[second]), Changes(attempts=[first]))
    with pytest.raises(GuardBroken, match="a_reference_is_of_one_attempt"):
        await write(store, Changes(attempts=[replace(second, provider="a")]))


async def test_one_alert_is_open_for_each_person_duty_and_type(store: AnyStore) -> None:
    """A closed one makes room, in the same changes and whatever their order; no duty counts as one (§10.8)."""
    await write(
        store,
        Changes(alerts=[alert("1")]),
        Changes(alerts=[alert("2"), alert("1", closed_at=NOW)]),
        Changes(alerts=[alert("3", obligation_id=None), alert("4", ANNIE)]),
    )
    with pytest.raises(GuardBroken, match="an_alert_is_open_once"):
        await write(store, Changes(alerts=[alert("5")]))
    with pytest.raises(GuardBroken, match="an_alert_is_open_once"):
        await write(store, Changes(alerts=[alert("6", obligation_id=None)]))


async def test_duties_and_attempts_never_change_hands(store: AnyStore) -> None:
    """Written for another person they are refused: the first one would lose them."""
    await write(store, Changes(obligations=[obligation()], attempts=[attempt()]))
    with pytest.raises(GuardBroken, match="an_obligation_has_one_person"):
        await write(store, Changes(obligations=[obligation(person_id=ANNIE)]))
    with pytest.raises(GuardBroken, match="an_attempt_has_one_person"):
        await write(store, Changes(attempts=[attempt(person_id=ANNIE)]))


async def test_the_next_instant_of_a_duty_is_written_alone(store: AnyStore) -> None:
    """Nothing else of the row changes; a duty that is not there, or another person's, is left alone; the last word counts."""
    row = obligation(due_at=NOW + timedelta(days=3), version=4)
    await write(store, Changes(obligations=[row]))
    instants = [NextInstant(person_id=LUC, obligation_id=row.obligation_id, at=NOW + timedelta(hours=hours)) for hours in (1, 2)]
    others = [
        NextInstant(person_id=ANNIE, obligation_id=row.obligation_id, at=NOW),
        NextInstant(person_id=LUC, obligation_id=ObligationId("rdv:nobody-knows"), at=NOW),
    ]
    await write(store, Changes(next_instants=[*instants]), Changes(next_instants=others))
    async with store.unit() as unit:
        cases = await unit.load([LUC, ANNIE])
    assert cases[LUC].obligations == (replace(row, next_at=NOW + timedelta(hours=2)),)
    assert cases[ANNIE].obligations == ()
    await write(store, Changes(next_instants=[NextInstant(person_id=LUC, obligation_id=row.obligation_id, at=None)]))
    async with store.unit() as unit:
        assert (await unit.load([LUC]))[LUC].obligations[0].next_at is None


async def test_a_snapshot_removes_contact_points_of_its_own_person_only(store: AnyStore) -> None:
    """The same identifier may be somebody else's; what stands in the same changes stays."""
    await write(store, Changes(contacts=[contact(LUC, "1"), contact(LUC, "2"), contact(ANNIE, "1")]))
    await write(
        store,
        Changes(profiles=[person(LUC)], removed_contacts=[(LUC, ContactId("1")), (LUC, ContactId("3"))], contacts=[contact(LUC, "3")]),
    )
    assert await contact_ids(store) == (["2", "3"], ["1"])


async def test_a_removal_may_say_whose_point_it_is(store: AnyStore) -> None:
    """Then several snapshots of one batch cannot be mixed up."""
    await write(store, Changes(contacts=[contact(LUC, "1"), contact(ANNIE, "1")]))
    removed: list[Any] = [(LUC, "1"), (LUC, "unknown")]
    await write(store, Changes(profiles=[person(LUC), person(ANNIE)], removed_contacts=removed))
    assert await contact_ids(store) == ([], ["1"])


async def contact_ids(store: AnyStore) -> tuple[list[str], list[str]]:
    """Of Luc and of Annie."""
    async with store.unit() as unit:
        cases = await unit.load([LUC, ANNIE])
    luc, annie = ([str(each.contact_id) for each in cases[who].contacts] for who in (LUC, ANNIE))
    return luc, annie


async def test_erasure_forgets_who_it_was_and_keeps_what_happened(store: AnyStore) -> None:
    """Profile, contacts, words are gone; duties, attempts and the fact of an answer stay; the person is known as erased (§8.3)."""
    sent = MessageSent(attempt_id="a1", try_number=1, person_id=LUC, text="Bonjour Luc", parts=1, encoding="GSM-7", provider="a", at=NOW)
    await write(
        store,
        Changes(
            profiles=[person()], contacts=[contact()], obligations=[obligation()], attempts=[attempt()], replies=[reply()], messages=[sent]
        ),
        # the directory's last snapshot may have come in the same batch
        Changes(removed_people=[LUC], obligations=[obligation(state=ObligationState.CANCELLED)], profiles=[person(revision=2)]),
    )
    async with store.unit() as unit:
        case = (await unit.load([LUC]))[LUC]
        assert case.person is None
        assert case.contacts == ()
        assert case.obligations == (obligation(state=ObligationState.CANCELLED),)
        assert case.attempts == (attempt(),)
        assert case.replies == (replace(reply(), sender_hash=None, text_sealed=None),)
        assert await unit.erased([LUC, ANNIE]) == {LUC}


async def test_several_names_of_one_attempt_all_lead_to_it(store: AnyStore) -> None:
    """A retry gets a new reference; a late receipt of the first try still finds the attempt."""
    await write(
        store,
        Changes(attempts=[attempt(provider="a", provider_ref="first")]),
        Changes(attempts=[attempt(provider="b", provider_ref="second")]),
    )
    async with store.unit() as unit:
        found = await unit.attempts_by_reference([("a", "first"), ("b", "second"), ("a", "second")])
    assert found == {("a", "first"): (AttemptId("a1"), LUC), ("b", "second"): (AttemptId("a1"), LUC)}
