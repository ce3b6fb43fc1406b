"""The life of a contact point: every transition, with its reason (§10.7, §11.2, §11.3)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.evidence.contacts import Observed, points_due
from services.core.model import Contact, Obligation, Receipt
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
)
from tests.unit.core.scene import (
    LEILA,
    NOW,
    Story,
    actualisation,
    appointment,
    attempt,
    case,
    environment,
    landline,
    mailbox,
    meeting,
    mobile,
    receipt,
    view,
)

_NUMBERS = environment().policy.contacts
_DAY = timedelta(days=1)


def _observed(contact: Contact, *receipts: Receipt, now: datetime = NOW, channel: Channel = Channel.SMS) -> tuple[Observed, ...]:
    """What time and numbers say of this point, after these receipts; each about a message of its own duty."""
    duties = [appointment(f"rdv:{number}") for number in range(len(receipts) or 1)]
    sent = [attempt(f"a{number}", about=duty, channel=channel, contact_id=contact.contact_id) for number, duty in enumerate(duties)]
    rows = tuple(replace(row, receipt_id=f"r{number}", attempt_id=sent[number].attempt_id) for number, row in enumerate(receipts))
    return points_due(view(case(*duties, contacts=(contact,), attempts=tuple(sent), receipts=rows), now)).observed


def _soft(reason: str | None = None, raw: str = "soft", at: datetime = NOW) -> Receipt:
    return receipt("r", ReceiptStatus.FAILED_SOFT, reason=reason, raw_status=raw, received_at=at)


# ---- seen at a decision


def test_three_silent_duties_make_a_point_suspect() -> None:
    """Not two; a point that is suspect already is not told again; a disabled one stays what it is."""
    assert _observed(mobile(silent_duties=_NUMBERS.silent_duties - 1)) == ()
    (seen,) = _observed(mobile(silent_duties=_NUMBERS.silent_duties))
    assert (seen.reason, seen.closes, seen.after().status) == ("no_answer_for_duties", None, ContactStatus.SUSPECT)
    for status in (ContactStatus.SUSPECT, ContactStatus.DISABLED):
        assert _observed(mobile(silent_duties=9, status=status)) == ()


@pytest.mark.parametrize(
    ("point", "suspect"),
    [
        ({"verified_at": NOW - timedelta(days=364)}, False),
        ({"verified_at": NOW - timedelta(days=365)}, True),
        ({"verified_at": NOW - timedelta(days=800), "human_at": NOW - timedelta(days=30)}, False),
        ({"verified_at": None, "value_at": NOW - timedelta(days=30)}, False),
        ({"verified_at": None, "value_at": NOW - timedelta(days=400)}, True),
        ({"verified_at": NOW - timedelta(days=800), "status": ContactStatus.UNVERIFIED}, False),
    ],
)
def test_a_year_without_a_human(point: dict[str, Any], suspect: bool) -> None:
    """Counted from the last answer or verification; without either from when we have the value."""
    assert [seen.reason for seen in _observed(mobile(**point))] == (["no_human_for_a_year"] if suspect else [])


@pytest.mark.parametrize(
    ("failed", "verified", "delivered", "suspect"),
    [
        (timedelta(days=45), None, True, True),
        (timedelta(days=44), None, True, False),
        (timedelta(days=45), None, False, False),
        (timedelta(days=45), timedelta(days=10), True, False),
        (timedelta(days=45), timedelta(days=50), True, True),
    ],
)
def test_a_number_that_was_dead_for_long(failed: timedelta, verified: timedelta | None, delivered: bool, suspect: bool) -> None:
    """45 days after a hard failure it takes a message again: perhaps somebody else's, unless it was verified since (§4.1)."""
    point = mobile(failed_at=NOW - failed, verified_at=NOW - verified if verified else None, value_at=NOW - timedelta(days=90))
    told = receipt("r", ReceiptStatus.DELIVERED if delivered else ReceiptStatus.EXPIRED)
    assert [seen.reason for seen in _observed(point, told)] == (["possible_reassignment"] if suspect else [])


def test_an_address_is_not_reassigned() -> None:
    """Numbers go to somebody else; a mailbox does not."""
    assert _observed(mailbox(failed_at=NOW - timedelta(days=90)), receipt("r", ReceiptStatus.DELIVERED), channel=Channel.EMAIL) == ()


@pytest.mark.parametrize(("times", "suspect"), [(1, False), (2, True)])
def test_a_line_out_of_order_twice(times: int, suspect: bool) -> None:
    """Cause 27 (§11.2)."""
    seen = _observed(landline(), *(_soft("out_of_order") for _ in range(times)), channel=Channel.VOICE)
    assert [one.reason for one in seen] == (["out_of_order"] if suspect else [])


def test_two_refused_calls_close_the_use_of_the_telephone_for_calls() -> None:
    """Cause 21 twice (§11.2): SMS go on; told once."""
    (seen,) = _observed(mobile(), _soft("call_rejected"), _soft("call_rejected"), channel=Channel.VOICE)
    after = seen.after()
    assert (seen.closes, after.closed_channels, after.status) == (Channel.VOICE, (Channel.VOICE,), ContactStatus.ACTIVE)
    assert _observed(after, _soft("call_rejected"), _soft("call_rejected"), channel=Channel.VOICE) == ()
    assert _observed(mobile(), _soft("call_rejected"), channel=Channel.VOICE) == ()


@pytest.mark.parametrize(("duties", "suspect"), [(2, False), (3, True)])
@pytest.mark.parametrize("words", [{"reason": "mailbox_full"}, {"raw": "552 5.2.2 Mailbox full"}, {"raw": "452 4.2.2 full"}])
def test_a_full_mailbox_for_three_duties(duties: int, suspect: bool, words: dict[str, Any]) -> None:
    """SC-45: suspect, never disabled."""
    seen = _observed(mailbox(), *(_soft(**words) for _ in range(duties)), channel=Channel.EMAIL)
    assert [one.reason for one in seen] == (["mailbox_full"] if suspect else [])


@pytest.mark.parametrize(
    ("first", "second", "suspect"),
    [
        (_soft(raw="550 5.5.0 no"), _soft(raw="550 5.5.0 no", at=NOW + _DAY), True),
        (_soft(raw="550 5.5.0 no"), _soft(raw="550 5.5.0 no", at=NOW + timedelta(hours=1)), False),
        (_soft(raw="450 4.3.0 later"), _soft(raw="450 4.3.0 later", at=NOW + _DAY), False),
        (_soft(raw="552 5.2.2 full"), _soft(raw="552 5.2.2 full", at=NOW + _DAY), False),
        (_soft(reason="delayed", raw="delayed 5.0.0"), _soft(raw="550 5.5.0 no", at=NOW + _DAY), False),
    ],
)
def test_another_refusal_on_two_days(first: Receipt, second: Receipt, suspect: bool) -> None:
    """Any other 5.x.x is soft; on two different days the address is doubtful (§11.3)."""
    seen = _observed(mailbox(), first, second, now=NOW + _DAY, channel=Channel.EMAIL)
    assert [one.reason for one in seen] == (["refused_twice"] if suspect else [])


@pytest.mark.parametrize("since", ["human_at", "status_at", "value_at"])
def test_what_happened_before_the_point_was_good_again_does_not_count(since: str) -> None:
    """An answer, a verification or a new value begins anew."""
    good: dict[str, Any] = {since: NOW + timedelta(hours=1)}
    point = landline(**good)
    assert _observed(point, _soft("out_of_order"), _soft("out_of_order"), now=NOW + _DAY, channel=Channel.VOICE) == ()


def test_it_is_told_once_and_the_directory_hears_of_it() -> None:
    """Stored, in the journal, on the topic; the next decision finds nothing new."""
    story = Story(case=case(meeting(), contacts=(mobile(silent_duties=3), mailbox())))
    story.decide()
    story.decide()
    lines = [fields for _, what, fields in story.lines if what == "contact"]
    assert lines == [{"person": LEILA, "channel": "phone", "status": "suspect", "reason": "no_answer_for_duties"}]
    assert story.case.contacts[0].status is ContactStatus.SUSPECT


# ---- silence


def _ended(duty: Obligation, after: ObligationState, evidence: Evidence = Evidence.E2, **point: Any) -> int:
    """How silent the telephone is once the duty lapsed a week after its date."""
    told = attempt(about=duty, state=AttemptState.DELIVERED)
    story = Story(case=case(replace(duty, state=after, evidence=evidence), contacts=(mobile(**point),), attempts=(told,)))
    story.decide(duty.due_at + timedelta(days=8))
    return story.case.contacts[0].silent_duties


@pytest.mark.parametrize(
    ("evidence", "silent", "left"),
    [(Evidence.E1, 0, 1), (Evidence.E2, 1, 2), (Evidence.E3, 2, 0), (Evidence.E5, 1, 0)],
)
def test_a_duty_that_ends(evidence: Evidence, silent: int, left: int) -> None:
    """Without an answer it counts; with one the row of silences is broken."""
    assert _ended(appointment(), ObligationState.OPEN, evidence, silent_duties=silent) == left


def test_a_duty_counts_once() -> None:
    """One that was over before is not counted again."""
    assert _ended(appointment(), ObligationState.MISSED, silent_duties=1) == 1


def test_a_point_that_was_not_written_to_is_not_silent() -> None:
    """Only where the duty was written about."""
    duty = actualisation()
    told = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail")
    story = Story(case=case(duty, contacts=(mobile(), mailbox()), attempts=(told,)))
    story.decide(duty.due_at + _DAY)
    assert {row.contact_id: row.silent_duties for row in story.case.contacts} == {"tel": 0, "mail": 1}


# ---- answers


@pytest.mark.parametrize(
    ("before", "choice", "after"),
    [
        (ContactStatus.UNVERIFIED, Choice.COME, ContactStatus.ACTIVE),
        (ContactStatus.SUSPECT, Choice.CANNOT_COME, ContactStatus.ACTIVE),
        (ContactStatus.SUSPECT, Choice.CALL_ME_BACK, ContactStatus.ACTIVE),
        (ContactStatus.SUSPECT, Choice.UNREADABLE, ContactStatus.SUSPECT),
        (ContactStatus.SUSPECT, Choice.STOP, ContactStatus.SUSPECT),
        (ContactStatus.SUSPECT, Choice.WRONG_PERSON, ContactStatus.DISABLED),
        (ContactStatus.DISABLED, Choice.COME, ContactStatus.DISABLED),
    ],
)
def test_an_answer_on_the_point(before: ContactStatus, choice: Choice, after: ContactStatus) -> None:
    """E3 there makes it active; words that nobody can read do not; a disabled point stays disabled."""
    duty = meeting()
    story = Story(
        case=case(duty, contacts=(mobile(status=before, silent_duties=2, only_verification=True),), attempts=(attempt(about=duty),))
    )
    story.answer(choice, at=NOW + timedelta(minutes=5))
    point = story.case.contacts[0]
    assert point.status is after
    assert point.only_verification is (after is not ContactStatus.ACTIVE)
    if choice is not Choice.WRONG_PERSON:
        assert (point.human_at, point.silent_duties) == (NOW + timedelta(minutes=5), 0)


def test_an_answer_by_e_mail_is_a_humans_whatever_it_says() -> None:
    """§11.3: E3, to the advisor, and the mailbox is good; the duty stays open."""
    duty = meeting()
    told = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail")
    story = Story(case=case(duty, contacts=(mailbox(status=ContactStatus.SUSPECT), mobile()), attempts=(told,)))
    story.answer(Choice.UNREADABLE, ReplyChannel.EMAIL, attempt_id=told.attempt_id)
    row = story.obligation("cv:1")
    assert (row.evidence, row.evidence_how, row.state) == (Evidence.E3, "email", ObligationState.OPEN)
    assert story.case.contacts[0].status is ContactStatus.ACTIVE
    decision = story.decide()
    assert [wanted.type for wanted in decision.alerts] == ["INBOUND_MESSAGE"]


def test_at_the_desk_no_point_is_proved() -> None:
    """Whoever stands there has not answered on the telephone."""
    duty = meeting()
    story = Story(case=case(duty, contacts=(mobile(status=ContactStatus.SUSPECT),), attempts=(attempt(about=duty),)))
    story.answer(Choice.COME, ReplyChannel.AGENCY)
    assert story.case.contacts[0].status is ContactStatus.SUSPECT


@pytest.mark.parametrize("status", [ReceiptStatus.FAILED_HARD, ReceiptStatus.RETURNED, ReceiptStatus.WRONG_PERSON])
def test_a_hard_failure_is_remembered_with_its_instant(status: ReceiptStatus) -> None:
    """Disabled at once, and never enabled by a receipt (SC-04)."""
    duty = meeting()
    told = attempt(about=duty)
    story = Story(case=case(duty, attempts=(told,)))
    story.receive(told, status, at=NOW + timedelta(minutes=1))
    point = story.case.contacts[0]
    assert (point.status, point.failed_at) == (ContactStatus.DISABLED, NOW + timedelta(minutes=1))
    story.receive(told, ReceiptStatus.DELIVERED, at=NOW + timedelta(days=60))
    story.decide(NOW + timedelta(days=60))
    assert story.case.contacts[0].status is ContactStatus.DISABLED
