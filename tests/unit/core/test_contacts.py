"""The life of a contact point: every transition, with its reason (§10.7, §11.2, §11.3)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.availability import REPLACED
from services.core.contacts import Observed, point_id_of, points_due, question, use_of
from services.core.model import Contact, ContactId, Obligation, Receipt
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    Constraint,
    ContactStatus,
    DeclaredBy,
    Evidence,
    LineType,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
    Step,
    Why,
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
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
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
def test_a_full_mailbox_for_three_duties(duties: int, suspect: bool, words: dict[str, str]) -> None:
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
    point = landline(**{since: NOW + timedelta(hours=1)})
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


# ---- questions


def _asked(point: Contact, **who: Any) -> Story:
    row = question(LEILA, point, 2, NOW, _NUMBERS)
    return Story(case=case(row, who=person(**who), contacts=(point,)))


@pytest.mark.parametrize(
    ("point", "channel", "hours"),
    [
        (mobile(status=ContactStatus.UNVERIFIED), Channel.SMS, 72),
        (landline(status=ContactStatus.UNVERIFIED), Channel.VOICE, 72),
        (mailbox(status=ContactStatus.UNVERIFIED), Channel.EMAIL, 72),
        (letterbox(status=ContactStatus.UNVERIFIED), Channel.LETTER, 21 * 24),
    ],
)
def test_a_point_is_asked_on_its_own_channel(point: Contact, channel: Channel, hours: int) -> None:
    """Once, at once inside the window; then the advisor is told when nobody answers in time (info), and it stays unverified."""
    story = _asked(point)
    decision = story.decide()
    assert [(row.channel, row.items[0].step, row.contact_id) for row in decision.releases] == [
        (channel, Step.VERIFICATION, point.contact_id)
    ]
    assert decision.alerts == []
    story.sent(decision.releases[0])
    late = story.decide(NOW + timedelta(hours=hours))
    assert [(wanted.type, wanted.severity, wanted.deadline) for wanted in late.alerts] == [("CONTACT_SUSPECT", "info", None)]
    assert late.releases == []
    assert story.case.contacts[0].status is ContactStatus.UNVERIFIED


def test_a_question_waits_for_the_window_and_no_cap_holds_it_back() -> None:
    """Outside the caps (§10.4), inside the hours (§10.3), without jitter."""
    duty = meeting()
    point = mobile(status=ContactStatus.UNVERIFIED)
    row = question(LEILA, point, 2, paris("2026-11-20", "20:00"), _NUMBERS)
    told = attempt(about=duty, release_at=paris("2026-11-21", "09:30"), state=AttemptState.DELIVERED)
    story = Story(case=case(duty, row, contacts=(point, mailbox()), attempts=(told,)))
    night = story.decide(paris("2026-11-20", "20:00"))
    assert Step.VERIFICATION not in {item.step for released in night.releases for item in released.items}
    morning = story.decide(paris("2026-11-21", "09:30"))
    assert Step.VERIFICATION in {item.step for released in morning.releases for item in released.items}
    assert view(story.case).sms_on(paris("2026-11-21", "12:00").date()) == 1


def test_an_answer_settles_the_question() -> None:
    """The point is active, nothing is asked or told any more."""
    story = _asked(mobile(status=ContactStatus.UNVERIFIED))
    story.sent(story.decide().releases[0])
    story.answer(Choice.COME, at=NOW + timedelta(hours=1))
    assert story.case.contacts[0].status is ContactStatus.ACTIVE
    assert story.case.obligations[0].state is ObligationState.DONE
    late = story.decide(NOW + timedelta(hours=72))
    assert (late.alerts, late.releases) == ([], [])


def test_an_answer_to_another_message_settles_it_too() -> None:
    """A human said that they come: the number is theirs. « 2 » is never an answer to the question."""
    duty = meeting()
    point = mobile(status=ContactStatus.UNVERIFIED)
    row = question(LEILA, point, 2, NOW, _NUMBERS)
    asked = attempt("q", about=row, step=Step.VERIFICATION, submitted_at=NOW + timedelta(hours=1))
    story = Story(case=case(duty, row, contacts=(point, mailbox()), attempts=(attempt(about=duty), asked)))
    story.answer(Choice.CANNOT_COME, at=NOW + timedelta(hours=2))
    assert story.obligation("cv:1").state is ObligationState.DECLINED
    assert story.obligation(row.obligation_id).state is ObligationState.DONE


def test_a_point_that_nobody_may_use_is_not_asked() -> None:
    """A forbidden channel beats everything (§10.1): the advisor is told when its time is over."""
    story = _asked(mobile(status=ContactStatus.UNVERIFIED), forbidden_channels=(Channel.SMS, Channel.VOICE))
    assert story.decide().releases == []
    assert [wanted.type for wanted in story.decide(NOW + timedelta(hours=72)).alerts] == ["CONTACT_SUSPECT"]


@pytest.mark.parametrize(
    ("point", "who", "channel"),
    [
        (mobile(), {}, Channel.SMS),
        (mobile(), {"forbidden_channels": (Channel.SMS,)}, Channel.VOICE),
        (mobile(closed_channels=(Channel.SMS,)), {}, Channel.VOICE),
        (landline(), {"constraints": (Constraint.NO_VOICE,)}, None),
        (mobile(line_type=LineType.VOIP), {}, Channel.VOICE),
        (mobile(status=ContactStatus.DISABLED), {}, None),
    ],
)
def test_the_channel_of_a_point(point: Contact, who: dict[str, Any], channel: Channel | None) -> None:
    """The first use that the person and the point allow."""
    assert use_of(point, person(**who), Step.VERIFICATION) is channel


def test_a_replaced_value_is_told_once_and_dropped() -> None:
    """It gets « a été changé » and is gone; nothing else ever goes there."""
    old = mobile("was-1", problem=REPLACED)
    row = question(LEILA, old, 2, NOW, _NUMBERS)
    story = Story(case=case(meeting(), row, contacts=(mobile("tel2", value_at=NOW), old)))
    decision = story.decide()
    steps = {(released.contact_id, released.items[0].step) for released in decision.releases}
    assert steps >= {(ContactId("was-1"), Step.CHANGED)}
    assert [step for point, step in steps if point == "was-1"] == [Step.CHANGED]
    told = story.sent(next(released for released in decision.releases if released.contact_id == "was-1"))
    assert story.decide().points.dropped == ()
    story.receive(told, ReceiptStatus.DELIVERED, at=NOW + timedelta(minutes=1))
    assert story.decide().points.dropped == (ContactId("was-1"),)


def test_a_replaced_value_that_cannot_be_told_is_dropped_when_its_time_is_over() -> None:
    """Nobody keeps a number that is of no use."""
    old = mobile("was-1", problem=REPLACED)
    row = question(LEILA, old, 2, NOW, _NUMBERS)
    story = Story(case=case(row, contacts=(old,), who=person(forbidden_channels=(Channel.SMS, Channel.VOICE))))
    assert story.decide().points.dropped == ()
    assert story.decide(NOW + timedelta(hours=72)).points.dropped == (ContactId("was-1"),)


def test_a_dead_value_is_remembered_for_a_while() -> None:
    """So that it is known again when it is imported (policy ``contacts.remembered``)."""
    dead = mobile("was-1", problem=REPLACED, status=ContactStatus.DISABLED, failed_at=NOW)
    story = Story(case=case(meeting(), contacts=(mobile(), dead)))
    assert story.decide(NOW + _NUMBERS.remembered - _DAY).points.dropped == ()
    assert story.decide(NOW + _NUMBERS.remembered).points.dropped == (ContactId("was-1"),)


def test_what_only_waits_for_a_verification_gets_nothing_else() -> None:
    """The channel is left out, with its own reason."""
    seen = view(case(meeting(), contacts=(mobile(status=ContactStatus.SUSPECT, only_verification=True), mailbox())))
    assert seen.reach.excluded[Channel.SMS] is Why.TO_BE_VERIFIED
    assert Channel.VOICE not in seen.reach.contacts


def test_the_id_of_a_question_names_its_point() -> None:
    """Also when the identifiers hold the sign that separates them."""
    row = question(LEILA, mobile("a:b:c"), 7, NOW, _NUMBERS)
    assert point_id_of(row) == "a:b:c"


def test_a_question_is_never_published() -> None:
    """Nobody else hears of it as a duty, and its alert names no duty."""
    story = _asked(mobile(status=ContactStatus.UNVERIFIED, declared_by=DeclaredBy.IMPORT))
    story.sent(story.decide().releases[0])
    story.decide(NOW + timedelta(hours=72))
    assert all(row.version == 0 for row in story.case.obligations)
