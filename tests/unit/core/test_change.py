"""Word of a change (§10.11): moved, taking place after all, cancelled; outside the caps, within a quarter of an hour."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.meeting.change import announced_as_cancelled
from services.core.model import Attempt, Contact, Obligation
from services.core.words import AttemptState, Channel, ObligationState, ReceiptStatus, Step, Why
from tests.unit.core.scene import NOW, Story, attempt, case, landline, letterbox, mailbox, meeting, mobile, paris, person

_POINTS = {Channel.SMS: mobile(), Channel.VOICE: mobile(), Channel.EMAIL: mailbox(), Channel.LETTER: letterbox()}
_ALL: tuple[Contact, ...] = (mobile(), mailbox(), letterbox())


def _told(duty: Obligation, *channels: Channel, state: AttemptState = AttemptState.DELIVERED) -> tuple[Attempt, ...]:
    return tuple(
        attempt(f"a-{channel}", about=duty, channel=channel, contact_id=_POINTS[channel].contact_id, state=state, delivered_at=NOW)
        for channel in channels
    )


def _moved(duty: Obligation, **changed: object) -> Obligation:
    return replace(duty, revision=2, last_revision=2, due_at=paris("2026-12-08", "14:00"), known_at=NOW, **changed)  # type: ignore[arg-type]


def _channels(story: Story) -> list[tuple[Step, Channel]]:
    return [(one.items[0].step, one.channel) for one in story.decide().releases]


def test_a_new_date_goes_to_every_channel_that_carried_the_old_one() -> None:
    """At once, although an SMS has left that day already: correctives stand outside the caps (§10.4)."""
    duty = meeting()
    story = Story(case=case(_moved(duty), contacts=_ALL, attempts=_told(duty, Channel.SMS, Channel.EMAIL)))
    assert sorted(_channels(story)) == [(Step.CORRECTIVE, Channel.EMAIL), (Step.CORRECTIVE, Channel.SMS)]
    assert not story.decide().releases


def test_a_letter_is_corrected_by_a_letter_when_it_can_still_arrive() -> None:
    """Otherwise the next usable channel says it, so that nobody is left with the old date (§6)."""
    duty = meeting()
    story = Story(case=case(_moved(duty), contacts=(letterbox(),), attempts=_told(duty, Channel.LETTER, state=AttemptState.ACCEPTED)))
    assert _channels(story) == [(Step.CORRECTIVE, Channel.LETTER)]
    soon = replace(_moved(duty), due_at=paris("2026-11-25", "14:00"))
    story = Story(case=case(soon, contacts=_ALL, attempts=_told(duty, Channel.LETTER, state=AttemptState.ACCEPTED)))
    assert (Step.CORRECTIVE, Channel.SMS) in _channels(story)


def test_a_new_date_of_something_that_reached_nobody_is_a_first_notice() -> None:
    """What failed carried nothing."""
    duty = meeting()
    failed = replace(_told(duty, Channel.EMAIL, state=AttemptState.FAILED)[0], last_status=ReceiptStatus.FAILED_HARD)
    story = Story(case=case(_moved(duty), contacts=_ALL, attempts=(failed,)))
    assert _channels(story) == [(Step.N0, Channel.SMS)]


def test_a_point_that_has_gone_is_replaced() -> None:
    """The channel of the old date does not exist any more: the next usable one."""
    duty = meeting()
    story = Story(case=case(_moved(duty), contacts=(landline(),), attempts=_told(duty, Channel.EMAIL)))
    assert _channels(story) == [(Step.CORRECTIVE, Channel.VOICE)]


def test_the_meeting_that_takes_the_place_of_another_is_told_as_a_move() -> None:
    """« Déplacé », where the old one was announced; and no cancellation of its own (§10.11)."""
    old = meeting("cv:1", state=ObligationState.CANCELLED)
    new = meeting("cv:2", replaces=old.obligation_id, due_at=paris("2026-12-08", "14:00"))
    story = Story(case=case(old, new, attempts=_told(old, Channel.SMS)))
    assert _channels(story) == [(Step.CORRECTIVE, Channel.SMS)]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((Channel.SMS,), Channel.SMS),
        ((Channel.EMAIL,), Channel.EMAIL),
        ((Channel.VOICE,), Channel.VOICE),
    ],
)
def test_a_cancellation_goes_on_the_channel_with_the_best_evidence(told: tuple[Channel, ...], expected: Channel) -> None:
    """Once, at once, although an SMS has left that day already."""
    duty = meeting()
    gone = replace(duty, state=ObligationState.CANCELLED, known_at=NOW + timedelta(minutes=30))
    story = Story(case=case(gone, contacts=_ALL, attempts=_told(duty, *told)), now=NOW + timedelta(minutes=30))
    if expected is Channel.VOICE:
        story.now = paris("2026-11-23", "10:00")
    assert _channels(story) == [(Step.CANCELLATION, expected)]
    assert not story.decide().releases


def test_nothing_is_cancelled_that_nobody_was_told_of() -> None:
    """No notice went out; or it is past; or the duty was replaced."""
    duty = meeting(state=ObligationState.CANCELLED)
    assert not _channels(Story(case=case(duty)))
    past = Story(case=case(duty, attempts=_told(duty, Channel.SMS)), now=duty.due_at)
    assert not _channels(past)


def test_after_a_letter_the_cancellation_goes_by_telephone_or_sms() -> None:
    """A letter would come too late, and cannot be called back."""
    duty = meeting()
    gone = replace(duty, state=ObligationState.CANCELLED, known_at=NOW)
    who = person(preferred_channel=Channel.LETTER)
    story = Story(case=case(gone, who=who, contacts=_ALL, attempts=_told(duty, Channel.LETTER, state=AttemptState.ACCEPTED)))
    assert (Step.CANCELLATION, Channel.SMS) in _channels(story)


def test_a_cancellation_that_no_channel_can_carry_is_left_out_with_the_reason() -> None:
    """Too late for everything."""
    duty = meeting(due_at=NOW + timedelta(minutes=30))
    gone = replace(duty, state=ObligationState.CANCELLED, known_at=NOW)
    story = Story(case=case(gone, attempts=_told(duty, Channel.SMS)))
    assert {skip.reason for skip in story.decide().skips} == {Why.TOO_LATE}


def _call(duty: Obligation, status: ReceiptStatus, state: AttemptState) -> Attempt:
    return replace(_told(duty, Channel.VOICE, state=state)[0], last_status=status, closed_at=NOW)


@pytest.mark.parametrize(
    ("status", "state", "expected"),
    [
        (ReceiptStatus.ANSWERED_NO_INPUT, AttemptState.DELIVERED, {Channel.SMS, Channel.VOICE}),
        (ReceiptStatus.VOICEMAIL_LEFT, AttemptState.DELIVERED, {Channel.SMS, Channel.VOICE}),
        (ReceiptStatus.NO_ANSWER, AttemptState.FAILED, {Channel.SMS}),
        (ReceiptStatus.UNKNOWN, AttemptState.UNKNOWN, {Channel.SMS}),
    ],
)
def test_a_call_carried_the_old_date_when_somebody_answered_or_a_message_was_left(
    status: ReceiptStatus, state: AttemptState, expected: set[Channel]
) -> None:
    """§10.11: a telephone that only rang told nobody, and does not ring again to correct it."""
    duty = meeting()
    before = (*_told(duty, Channel.SMS), _call(duty, status, state))
    story = Story(case=case(_moved(duty), attempts=before))
    assert {channel for step, channel in _channels(story) if step is Step.CORRECTIVE} == expected


def test_calls_that_nobody_took_are_no_announcement() -> None:
    """§10.11: the new date is then a first notice."""
    duty = meeting()
    before = _call(duty, ReceiptStatus.NO_ANSWER, AttemptState.FAILED)
    story = Story(case=case(_moved(duty), contacts=(landline(),), attempts=(replace(before, contact_id=landline().contact_id),)))
    ahead = [intent.step for outlook in story.decide().outlooks for intent in outlook.ahead]
    assert Step.CORRECTIVE not in ahead
    assert Step.N0 in {*ahead, *(row.items[0].step for row in story.case.attempts if row.state is AttemptState.RELEASED)}


@pytest.mark.parametrize(("due", "left_out", "stays"), [("2026-11-26", "R3", False), ("2026-11-27", "R2", True)])
def test_word_of_a_new_date_takes_the_place_of_a_reminder_that_is_too_close(due: str, left_out: str, stays: bool) -> None:
    """§10.11: closer than 24 hours, the reminder is recorded as superseded; further away it stays."""
    duty, at = meeting(), paris("2026-11-24", "16:00")
    moved = replace(_moved(duty), due_at=paris(due, "15:00"), known_at=at)
    story = Story(case=case(moved, attempts=_told(duty, Channel.SMS)))
    story.decide(at)
    ahead = [intent.step for outlook in story.decide(at).outlooks for intent in outlook.ahead]
    story.decide(paris("2026-11-25", "12:00"))
    superseded = [fields["step"] for _, what, fields in story.lines if what == "skipped" and fields["reason"] == "superseded"]
    assert superseded == [left_out]
    assert (Step.R3 in ahead) is stays


def test_a_letter_takes_the_place_of_no_reminder() -> None:
    """§10.11: it takes days; the reminder of tomorrow is still the first that she hears."""
    duty = meeting()
    moved = replace(_moved(duty), due_at=paris("2026-12-04", "14:00"), known_at=paris("2026-11-26", "12:00"))
    story = Story(
        case=case(moved, contacts=(letterbox(), mailbox()), attempts=_told(duty, Channel.LETTER, state=AttemptState.ACCEPTED)),
        now=paris("2026-11-26", "12:00"),
    )
    assert _channels(story) == [(Step.CORRECTIVE, Channel.LETTER)]
    assert Why.SUPERSEDED not in {row.reason for row in story.case.attempts}


def test_a_new_date_within_a_day_goes_by_all_that_is_quick() -> None:
    """§10.11: less than a day of notice holds for a move too: SMS at once, e-mail as a complement, a call 30 minutes later."""
    duty = meeting()
    moved = replace(_moved(duty), due_at=paris("2026-11-21", "11:00"), known_at=paris("2026-11-20", "16:00"))
    story = Story(case=case(moved, contacts=(mobile(), mailbox()), attempts=_told(duty, Channel.SMS)))
    assert sorted(_channels(story)) == [(Step.CORRECTIVE, Channel.EMAIL), (Step.CORRECTIVE, Channel.SMS)]
    for row in [row for row in story.case.attempts if row.state is AttemptState.RELEASED]:
        sent = story.sent(row)
        if sent.channel is Channel.SMS:
            story.receive(sent, ReceiptStatus.DELIVERED)
    calls = [row for row in story.decide(paris("2026-11-20", "16:30")).releases if row.channel is Channel.VOICE]
    assert [(row.items[0].step, row.cause) for row in calls] == [(Step.F, "last_minute")]


def test_a_new_date_that_no_carrier_may_be_relied_on_for_is_not_alone() -> None:
    """§10.2: an e-mail less than 72 hours before is not enough; the next channel starts with it."""
    duty = meeting()
    moved = replace(_moved(duty), due_at=paris("2026-11-23", "11:00"), known_at=NOW)
    story = Story(case=case(moved, contacts=_ALL, attempts=_told(duty, Channel.EMAIL)))
    assert sorted(_channels(story)) == [(Step.CORRECTIVE, Channel.EMAIL), (Step.CORRECTIVE, Channel.SMS)]


def test_what_comes_back_is_said_once() -> None:
    """§10.11: « a bien lieu » after an announced cancellation; the move after that is a move."""
    duty = meeting()
    first, cancelled = _told(duty, Channel.SMS)[0], attempt("c", about=duty, step=Step.CANCELLATION, submitted_at=NOW + timedelta(hours=1))
    again = _moved(duty)
    assert announced_as_cancelled(case(again, attempts=(first, cancelled)), again)
    back = attempt("k", about=again, step=Step.CORRECTIVE, submitted_at=NOW + timedelta(hours=2))
    once_more = replace(again, revision=3, last_revision=3)
    assert not announced_as_cancelled(case(once_more, attempts=(first, cancelled, back)), once_more)
    # a further try of the same message says the same
    assert announced_as_cancelled(case(again, attempts=(first, cancelled, back)), again)
