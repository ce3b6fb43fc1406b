"""Claim, send, remember, on the store in memory: each answer of a provider, and each way to lose one (§10.1.5, SC-26)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.core.alarms import Alarm, alarm_id
from services.core.changes import Changes
from services.core.events import Problem, ReceiptReceived
from services.core.model import Attempt, ContactId
from services.core.ports.providers import Absent, Accepted, CannotTell, OutcomeUnknown, Refused, TryLater
from services.core.words import AlarmType, AttemptState, Channel, ContactStatus, Evidence, ObligationState, ReceiptStatus, Why
from tests.fixtures.facts import alert
from tests.fixtures.steps import Broken, House, ScriptedProvider
from tests.unit.core.scene import LEILA, NOW, attempt, case, mailbox, meeting, mobile, paris

_A = AttemptState


def _released(**changed: Any) -> Attempt:
    fresh = {
        "state": _A.RELEASED,
        "tries": 0,
        "claimed_at": None,
        "submitted_at": None,
        "accepted_at": None,
        "provider": None,
        "provider_ref": None,
    }
    return replace(attempt(about=meeting()), **{**fresh, **changed})


async def _house(*attempts: Attempt, **duty: Any) -> House:
    house = House()
    await house.stored(case(meeting(**duty), contacts=(mobile(), mailbox()), attempts=attempts))
    return house


async def _only(house: House) -> Attempt:
    return (await house.case()).attempts[0]


async def test_an_accepted_message() -> None:
    """Claimed, sent once, remembered with the provider's reference, as E1, with its words as proof."""
    house = await _house(_released())
    await house.deliver(_released())
    row = await _only(house)
    assert (row.state, row.tries, row.provider, row.provider_ref) == (_A.ACCEPTED, 1, "a", "ref-a1")
    assert (row.submitted_at, row.accepted_at, row.token) == (NOW, NOW, "token-a1")
    assert (await house.case()).obligations[0].evidence is Evidence.E1
    assert [line["text"] for line in await house.lines("sent")] == ["texte"]


async def test_an_accepted_sms_makes_nothing_due_before_its_timer() -> None:
    """The person is looked at by the next news of it, or when its receipt is overdue (§10.5: four hours)."""
    house = await _house(_released())
    await house.deliver(_released())
    assert await house.store.next_wake() == NOW + timedelta(hours=4)


async def test_an_accepted_sms_is_news_for_an_advisor_who_has_the_person_on_the_list() -> None:
    """What is known of the person is told anew at once (§10.8)."""
    house = await _house(_released())
    async with house.store.unit() as unit:
        await unit.lock([LEILA])
        await unit.write(Changes(alerts=[alert(person_id=LEILA, obligation_id=meeting().obligation_id)]))
    await house.deliver(_released())
    assert await house.store.next_wake() == NOW


async def test_an_accepted_email_is_looked_at_at_once() -> None:
    """Nobody knows whether it arrives: who has nothing else needs an advisor now (R5)."""
    mail = _released(channel=Channel.EMAIL, contact_id="mail")
    house = await _house(mail)
    await house.deliver(mail)
    assert (await _only(house)).state is _A.ACCEPTED
    assert await house.store.next_wake() == NOW


async def test_a_dispatch_that_comes_twice_is_sent_once() -> None:
    """In one batch and in a later one: claimed before (§10.1.5)."""
    house = await _house(_released())
    await house.deliver(_released(), _released())
    again = await house.deliver(_released())
    assert not again.outcomes
    assert len(house.providers[Channel.SMS][0].sent) == 1


async def test_our_own_fault_in_an_adapter_costs_one_message_and_no_process() -> None:
    """Nobody can tell whether it went out: unknown, never repeated, the next channel follows; the others of the batch are sent."""
    house = await _house(_released())
    house.providers[Channel.SMS] = [Broken()]
    done = await house.deliver(_released())
    assert (await _only(house)).state is _A.UNKNOWN
    assert done.outcomes == [(Channel.SMS, "a", "OutcomeUnknown")]
    assert done.faults == ["ZeroDivisionError"]


async def test_a_dispatch_that_nobody_knows_is_dropped() -> None:
    """Its message was erased."""
    house = await _house()
    done = await house.deliver(_released())
    assert not done.outcomes


async def test_what_cannot_be_read_is_counted_and_the_batch_goes_on() -> None:
    """The other message is sent."""
    house = await _house(_released())
    done = await house.deliver([Problem(path="/", message="not JSON")], _released())
    assert (done.unreadable, len(done.outcomes)) == (1, 1)


@pytest.mark.parametrize("status", [ReceiptStatus.FAILED_HARD, ReceiptStatus.FAILED_POLICY])
async def test_a_refusal_is_a_receipt(status: ReceiptStatus) -> None:
    """Failed at once; a hard one kills the point, a policy one is ours (§10.7, §10.16)."""
    house = await _house(_released())
    house.providers[Channel.SMS][0].answers = [Refused(status=status, raw_status="no")]
    await house.deliver(_released())
    assert (await _only(house)).state is _A.FAILED
    dead = (await house.case()).contacts[1].status is ContactStatus.DISABLED
    assert dead is (status is ReceiptStatus.FAILED_HARD)
    assert await house.store.next_wake() == NOW


async def test_our_own_overload_is_no_failure() -> None:
    """Again in a minute, thirty times at most; nothing is said to have been sent."""
    house = await _house(_released())
    house.providers[Channel.SMS][0].answers = [TryLater(reason=Why.PROVIDER_UNAVAILABLE)]
    await house.deliver(_released())
    row = await _only(house)
    assert (row.state, row.try_at) == (_A.RELEASED, NOW + timedelta(minutes=1))
    assert not await house.lines("sent")
    tired = _released(tries=30)
    house = await _house(tired)
    house.providers[Channel.SMS][0].answers = [TryLater(reason=Why.PROVIDER_UNAVAILABLE)]
    await house.deliver(tired)
    assert (await _only(house)).state is _A.FAILED


async def test_a_provider_that_says_when_is_obeyed() -> None:
    """Throttled for five minutes; and never into the night."""
    house = await _house(_released())
    house.providers[Channel.SMS][0].answers = [TryLater(reason=Why.PROVIDER_UNAVAILABLE, after=timedelta(minutes=5))]
    await house.deliver(_released())
    assert (await _only(house)).try_at == NOW + timedelta(minutes=5)
    late = await _house(_released())
    late.now = paris("2026-11-20", "19:29:30")
    late.providers[Channel.SMS][0].answers = [TryLater(reason=Why.PROVIDER_UNAVAILABLE)]
    await late.deliver(_released())
    assert (await _only(late)).try_at == paris("2026-11-21", "09:30")


async def test_a_full_mailbox_is_tried_again_after_one_four_and_twenty_four_hours() -> None:
    """After the first failure; then it has failed, softly: the address stays (§11.3, SC-45)."""
    mail = _released(channel=Channel.EMAIL, contact_id=ContactId("mail"))
    house = await _house(mail)
    full = TryLater(reason=Why.REJECTED_BY_PROVIDER, status=ReceiptStatus.FAILED_SOFT, raw_status="452 4.2.2")
    house.providers[Channel.EMAIL][0].answers = [full] * 4
    for hours in (1, 4, 24):
        await house.deliver(mail)
        row = await _only(house)
        assert row.state is _A.RELEASED
        assert row.try_at is not None
        assert row.try_at >= NOW + timedelta(hours=hours)
        house.now = row.try_at
    await house.deliver(mail)
    row = await _only(house)
    assert (row.state, row.last_status, row.tries) == (_A.FAILED, ReceiptStatus.FAILED_SOFT, 4)
    assert len(await house.lines("sent")) == 4
    assert all(point.status is ContactStatus.ACTIVE for point in (await house.case()).contacts)


async def test_a_lost_answer_is_unknown_and_never_repeated() -> None:
    """The connection broke after the hand-over: it may have it (§10.1.5)."""
    house = await _house(_released())
    house.providers[Channel.SMS][0].answers = [OutcomeUnknown(raw_status="timeout")]
    await house.deliver(_released())
    assert (await _only(house)).state is _A.UNKNOWN
    house.later(hours=1)
    await house.deliver(_released())
    assert len(house.providers[Channel.SMS][0].sent) == 1


@pytest.mark.parametrize(
    ("found", "state"),
    [(Accepted(provider_ref="ref-x"), _A.ACCEPTED), (CannotTell(), _A.UNKNOWN), (Absent(), _A.RELEASED)],
)
async def test_somebody_died_while_sending(found: Accepted | CannotTell | Absent, state: AttemptState) -> None:
    """The provider is asked by our reference: it has it; nobody can tell; it has nothing, so it goes again (SC-26, §10.1.5)."""
    lost = _released(state=_A.SUBMITTING, tries=1, claimed_at=NOW, submitted_at=NOW)
    house = await _house(lost)
    house.providers[Channel.SMS][0].found = found
    house.later(minutes=4)
    await house.deliver(lost)
    assert (await _only(house)).state is _A.SUBMITTING
    house.later(minutes=1)
    await house.deliver(lost)
    assert (await _only(house)).state is state
    assert not house.providers[Channel.SMS][0].sent


async def test_the_provider_that_has_it_is_the_one_that_is_asked() -> None:
    """And the first of the list sends what is new."""
    lost = _released(state=_A.SUBMITTING, tries=1, claimed_at=NOW, submitted_at=NOW, provider="b")
    house = await _house(lost)
    house.providers[Channel.SMS] = [ScriptedProvider(name="a"), ScriptedProvider(name="b", found=Accepted(provider_ref="ref-b"))]
    house.later(minutes=6)
    await house.deliver(lost)
    row = await _only(house)
    assert (row.provider, row.provider_ref) == ("b", "ref-b")


async def test_a_receipt_that_came_before_the_reference_counts_when_it_is_known() -> None:
    """It waited (contracts §3)."""
    house = await _house(_released())
    early = ReceiptReceived(
        source="urn:a",
        event_id="r1",
        at=NOW,
        provider="a",
        provider_ref="ref-a1",
        status=ReceiptStatus.DELIVERED,
        raw_status="DELIVRD",
        happened_at=NOW,
        received_at=NOW,
    )
    assert (await house.hear(early)).waiting == 1
    await house.deliver(_released())
    assert (await _only(house)).state is _A.DELIVERED
    assert (await house.case()).obligations[0].evidence is Evidence.E2


@pytest.mark.parametrize(
    ("duty", "reason"),
    [
        ({"state": ObligationState.DONE}, Why.DONE),
        ({"state": ObligationState.CANCELLED}, Why.CANCELLED_AT_SOURCE),
        ({"revision": 2}, Why.SUPERSEDED),
    ],
)
async def test_what_is_not_wanted_any_more_is_skipped(duty: dict[str, Any], reason: Why) -> None:
    """Check-at-send: not sent, with the reason; the person is looked at again (SC-29, §10.1.4)."""
    house = await _house(_released(), **duty)
    done = await house.deliver(_released())
    row = await _only(house)
    assert (row.state, row.reason) == (_A.SKIPPED, reason)
    assert not done.outcomes
    assert not house.providers[Channel.SMS][0].sent
    assert await house.store.next_wake() == NOW


async def test_what_comes_too_early_waits_for_its_instant() -> None:
    """Kept, with the instant; nothing is sent."""
    soon = _released(release_at=NOW + timedelta(hours=1))
    house = await _house(soon)
    await house.deliver(soon)
    row = await _only(house)
    assert (row.state, row.try_at) == (_A.RELEASED, NOW + timedelta(hours=1))


async def test_two_messages_to_one_person_in_one_batch() -> None:
    """Both are remembered, and the evidence of the first is not lost by the second."""
    mail = _released(attempt_id="a2", channel=Channel.EMAIL, contact_id=ContactId("mail"))
    house = await _house(_released(), mail)
    await house.deliver(_released(), mail)
    stored = await house.case()
    assert [row.state for row in stored.attempts] == [_A.ACCEPTED, _A.ACCEPTED]
    assert stored.obligations[0].evidence is Evidence.E1


async def test_a_message_taken_back_meanwhile_is_over() -> None:
    """The dispatch was on its way when the planner cancelled it."""
    house = await _house(_released())
    async with house.store.unit() as unit:
        await unit.lock([_released().person_id])
        await unit.write(Changes(attempts=[_released(state=_A.CANCELLED)]))
    done = await house.deliver(_released())
    assert not done.outcomes
    assert (await _only(house)).state is _A.CANCELLED


def _low(scope: str, channel: Channel = Channel.SMS) -> Alarm:
    return Alarm(
        alarm_id=alarm_id(AlarmType.RECEIPTS_LOW, scope, NOW),
        type=AlarmType.RECEIPTS_LOW,
        scope=scope,
        channel=channel,
        figures={},
        since=NOW,
        raised_at=NOW,
        until=NOW + timedelta(hours=8),
    )


@pytest.mark.parametrize(
    ("alarms", "carrier"), [([], "a"), (["a/SFR"], "b"), (["a/Orange"], "a"), (["a/SFR", "b/SFR"], "a"), (["a/SFR", "b/Orange"], "b")]
)
async def test_who_carries_it_is_chosen_when_it_is_claimed(alarms: list[str], carrier: str) -> None:
    """The first provider, in order of preference, whose circuit for the person's network is closed (SC-23)."""
    house = House()
    await house.stored(case(meeting(), contacts=(mobile(carrier="SFR"),), attempts=(_released(),)))
    async with house.store.unit() as unit:
        await unit.write(Changes(alarms=[_low(scope) for scope in alarms]))
    house.providers[Channel.SMS] = [ScriptedProvider(name="a"), ScriptedProvider(name="b")]
    await house.deliver(_released())
    assert (await _only(house)).provider == carrier
    assert [len(one.sent) for one in house.providers[Channel.SMS]] == [int(carrier == "a"), int(carrier == "b")]


async def test_a_message_that_was_not_taken_changes_providers() -> None:
    """A provider said "later", and its circuit opened meanwhile: the next try goes to another."""
    house = House()
    postponed = _released(provider="a", try_at=NOW, tries=1, submitted_at=NOW)
    await house.stored(case(meeting(), contacts=(mobile(carrier="SFR"),), attempts=(postponed,)))
    async with house.store.unit() as unit:
        await unit.write(Changes(alarms=[_low("a/SFR")]))
    house.providers[Channel.SMS] = [ScriptedProvider(name="a"), ScriptedProvider(name="b")]
    await house.deliver(postponed)
    assert (await _only(house)).provider == "b"


@pytest.mark.parametrize(
    ("a", "b", "state"),
    [
        (CannotTell(), Accepted(provider_ref="ref-b"), _A.ACCEPTED),
        (Absent(), Absent(), _A.RELEASED),
        (Absent(), CannotTell(), _A.UNKNOWN),
    ],
)
async def test_after_a_crash_each_provider_is_asked(a: Absent | CannotTell, b: Accepted | Absent | CannotTell, state: AttemptState) -> None:
    """Whoever died has not said which provider it called: only when all say that they have nothing it is sent again (SC-26, §10.1.5)."""
    abandoned = _released(state=_A.SUBMITTING, tries=1, claimed_at=NOW, submitted_at=NOW)
    house = await _house(abandoned)
    house.providers[Channel.SMS] = [ScriptedProvider(name="a", found=a), ScriptedProvider(name="b", found=b)]
    house.later(minutes=6)
    await house.deliver(abandoned)
    row = await _only(house)
    assert row.state is state
    assert not any(one.sent for one in house.providers[Channel.SMS])
    assert row.provider == ("b" if isinstance(b, Accepted) else row.provider)
