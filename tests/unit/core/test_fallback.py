"""The next rung after a failure, a missing receipt or silence (§10.5, §10.9, §10.10)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.core.model import Contact
from services.core.words import AttemptState, Channel, ContactStatus, Kind, ReceiptStatus, Step
from tests.unit.core.scene import NOW, Story, attempt, case, landline, letterbox, mailbox, meeting, mobile, paris, person

_R = ReceiptStatus


def _called(status: ReceiptStatus, *, at: tuple[str, str] = ("2026-11-23", "10:00"), points: tuple[Contact, ...] | None = None) -> Story:
    """A meeting on 11 December, announced by a call that ended so."""
    start = paris(*at)
    duty = meeting(known_at=start, due_at=paris("2026-12-11", "09:00"))
    call = attempt(about=duty, channel=Channel.VOICE, contact_id="fixe", release_at=start, submitted_at=start)
    contacts = points if points is not None else (landline(), letterbox())
    story = Story(case=case(duty, who=person(preferred_channel=Channel.VOICE), contacts=contacts, attempts=(call,)), now=start)
    story.receive(call, status, start + timedelta(minutes=1))
    return story


@pytest.mark.parametrize("status", [_R.NO_ANSWER, _R.BUSY, _R.ANSWERED_NO_INPUT, _R.VOICEMAIL_LEFT])
def test_an_unanswered_call_is_tried_again_at_the_next_slots(status: ReceiptStatus) -> None:
    """Monday 10:00, Monday 14:00, Tuesday 10:00, and no fourth call (SC-07, SC-12)."""
    story = _called(status)
    for instant in (("2026-11-23", "14:00"), ("2026-11-24", "10:00")):
        assert story.decide().live_at == paris(*instant)
        released = story.decide(paris(*instant)).releases
        assert [(one.channel, one.cause) for one in released] == [(Channel.VOICE, "unanswered")]
        story.receive(story.sent(released[0]), status, story.now + timedelta(minutes=1))
    last = story.decide().releases
    assert [one.channel for one in last] == [Channel.LETTER]


def test_a_call_that_failed_hard_is_replaced_within_minutes() -> None:
    """The number does not exist: the next channel now, not at a slot (§10.10)."""
    story = _called(_R.FAILED_HARD, points=(landline(), mailbox()))
    released = story.decide().releases
    assert [(one.channel, one.cause) for one in released] == [(Channel.EMAIL, "hard_failure")]


def test_a_call_cannot_be_repeated_where_nobody_may_call_any_more() -> None:
    """Voice was forbidden, or the point died, between the call and its repeat: the next channel."""
    story = _called(_R.NO_ANSWER, points=(landline(), mailbox()))
    story.put(landline(status=ContactStatus.DISABLED))
    released = story.decide(paris("2026-11-23", "14:00")).releases
    assert [one.channel for one in released] == [Channel.EMAIL]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ((mailbox(), mobile(), letterbox()), Channel.SMS),
        ((mailbox(), landline(), letterbox()), Channel.VOICE),
        ((mailbox(), letterbox()), Channel.LETTER),
    ],
)
def test_a_dead_mailbox_brings_the_next_channel_at_once(points: tuple[Contact, ...], expected: Channel) -> None:
    """The first usable one of the order that was not tried yet (SC-04)."""
    duty = meeting()
    mail = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail")
    story = Story(case=case(duty, who=person(preferred_channel=Channel.EMAIL), contacts=points, attempts=(mail,)))
    story.receive(mail, _R.FAILED_HARD, NOW + timedelta(seconds=40))
    assert [one.channel for one in story.decide().releases] == [expected]


@pytest.mark.parametrize(("kind", "hours"), [(Kind.CONVOCATION, 24), (Kind.APPOINTMENT, 48)])
def test_the_silence_of_a_mailbox_runs_from_the_first_try(kind: Kind, hours: int) -> None:
    """Retries of a full mailbox do not restart the clock (SC-45)."""
    duty = meeting(kind=kind, due_at=paris("2026-12-11", "10:00"))
    retry = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail", accepted_at=NOW + timedelta(hours=5))
    mail = replace(retry, state=AttemptState.FAILED, last_status=_R.FAILED_SOFT, closed_at=NOW + timedelta(hours=29))
    story = Story(case=case(duty, who=person(preferred_channel=Channel.EMAIL), contacts=(mailbox(), mobile()), attempts=(mail,)))
    due = NOW + timedelta(hours=hours)
    decision = story.decide(due if kind is Kind.CONVOCATION else paris("2026-11-23", "09:00"))
    assert [(one.channel, one.cause) for one in decision.releases] == [(Channel.SMS, "silence")]


def test_the_silence_of_a_letter() -> None:
    """Two working days after it should be there, at 10:00 (SC-18)."""
    start = paris("2026-11-23", "10:00")
    duty = meeting(known_at=start, due_at=paris("2026-12-11", "09:00"))
    letter = attempt(about=duty, channel=Channel.LETTER, contact_id="home")
    who = person(preferred_channel=Channel.LETTER)
    story = Story(case=case(duty, who=who, contacts=(letterbox(), landline()), attempts=(letter,)), now=start)
    # posted on Tuesday, there on Friday 27, two working days later Tuesday 1 December
    ahead = story.decide().outlooks[0].ahead
    assert (Step.F, Channel.VOICE, paris("2026-12-01", "10:00")) in [(one.step, one.channel, one.at) for one in ahead]


def test_the_silence_of_a_letter_ends_three_days_before_the_duty() -> None:
    """The last slot that is 72 hours before the duty or earlier, when two working days would be later; on a Sunday the Friday before."""
    start = paris("2026-11-23", "10:00")
    duty = meeting(known_at=start, due_at=paris("2026-12-02", "14:00"))
    letter = attempt(about=duty, channel=Channel.LETTER, contact_id="home", accepted_at=start)
    who = person(preferred_channel=Channel.LETTER)
    story = Story(case=case(duty, who=who, contacts=(letterbox(), landline()), attempts=(letter,)), now=start)
    ahead = story.decide().outlooks[0].ahead
    assert (Step.F, paris("2026-11-27", "17:00")) in [(one.step, one.at) for one in ahead]


def test_when_all_were_tried_the_best_evidence_goes_again() -> None:
    """Within the caps, with room for the reminders ahead."""
    duty = meeting(due_at=paris("2026-12-11", "09:00"))
    sms = attempt(
        about=duty, state=AttemptState.DELIVERED, delivered_at=NOW, last_status=_R.DELIVERED, release_at=NOW - timedelta(minutes=1)
    )
    mail = attempt(
        "a2", about=duty, channel=Channel.EMAIL, contact_id="mail", step=Step.F, state=AttemptState.FAILED, last_status=_R.FAILED_HARD,
        closed_at=NOW + timedelta(minutes=1),
    )  # fmt: skip
    points = (mobile(), mailbox(status=ContactStatus.DISABLED))
    who = person(forbidden_channels=(Channel.VOICE,))
    story = Story(case=case(duty, who=who, contacts=points, attempts=(sms, mail)), now=paris("2026-11-21", "10:00"))
    assert not story.decide().releases
    roomy = replace(duty, known_at=paris("2026-12-03", "10:00"), due_at=paris("2026-12-11", "09:00"))
    story = Story(case=case(roomy, who=who, contacts=points, attempts=(sms, mail)), now=paris("2026-12-03", "10:00"))
    assert [(one.channel, one.chosen_by) for one in story.decide().releases] == [(Channel.SMS, "best_evidence")]


def test_less_than_a_day_brings_a_call_after_half_an_hour() -> None:
    """SMS at once, e-mail beside it, the call thirty minutes later (SC-38)."""
    start = paris("2026-11-30", "17:00")
    duty = meeting(known_at=start, due_at=paris("2026-12-01", "09:00"))
    story = Story(case=case(duty, contacts=(mobile(), mailbox())), now=start)
    released = {one.channel: one for one in story.decide().releases}
    assert set(released) == {Channel.SMS, Channel.EMAIL}
    story.receive(story.sent(released[Channel.SMS]), _R.DELIVERED, start + timedelta(seconds=5))
    story.sent(released[Channel.EMAIL])
    assert not story.decide(start + timedelta(minutes=29)).releases
    assert [one.channel for one in story.decide(start + timedelta(minutes=30)).releases] == [Channel.VOICE]


def test_a_failure_does_not_wait_for_the_next_days_sms() -> None:
    """The mailbox is dead, the SMS of the day has been sent about something else: the call comes at once (§10.4, §10.5, §10.9)."""
    at = paris("2026-11-23", "15:00")
    other = meeting("rdv:before", due_at=paris("2026-12-18"), known_at=paris("2026-11-23", "11:00"))
    sms = attempt("s", about=other, state=AttemptState.DELIVERED)
    duty = meeting(known_at=at, due_at=paris("2026-12-11", "14:00"))
    mail = attempt("m", about=duty, channel=Channel.EMAIL, contact_id="mail", state=AttemptState.FAILED, closed_at=at)
    mail = replace(mail, last_status=_R.FAILED_HARD)
    story = Story(case=case(duty, other, contacts=(mobile(), mailbox(status=ContactStatus.DISABLED)), attempts=(sms, mail)), now=at)
    found = [row for row in story.decide(at).releases if row.items[0].obligation_id == duty.obligation_id]
    assert [(row.channel, row.cause) for row in found] == [(Channel.VOICE, "hard_failure")]


def test_the_quick_call_of_the_last_day_is_counted_too() -> None:
    """Three calls about the date that was before: a new date of tomorrow is not called a fourth time (§10.4, §10.11)."""
    at = paris("2026-11-30", "10:00")
    duty = meeting(revision=2, known_at=at, due_at=paris("2026-12-01", "09:00"))
    calls = tuple(
        attempt(f"c{day}", about=meeting(), channel=Channel.VOICE, contact_id="fixe", step=Step.F, occurrence=day, release_at=paris(*when))
        for day, when in enumerate((("2026-11-23", "10:00"), ("2026-11-24", "14:00"), ("2026-11-25", "10:00")))
    )
    calls = tuple(replace(row, state=AttemptState.FAILED, last_status=_R.NO_ANSWER) for row in calls)
    sms = attempt("s", about=duty, release_at=at, state=AttemptState.DELIVERED, delivered_at=at)
    for rows, channels in ((calls, []), (calls[1:], [Channel.VOICE])):
        story = Story(case=case(duty, contacts=(mobile(), landline()), attempts=(*rows, sms)), now=at + timedelta(minutes=30))
        assert [row.channel for row in story.decide().releases] == channels


@pytest.mark.parametrize(
    ("point", "there"),
    [
        # the same point as before: it was tried
        ({}, False),
        ({"contact_id": "second"}, True),
        ({"value_at": NOW + timedelta(hours=1)}, True),
        ({"status_at": NOW + timedelta(hours=1), "status_reason": "directory"}, True),
        ({"value_at": NOW - timedelta(days=90), "status_at": NOW + timedelta(minutes=1)}, False),
    ],
)
def test_what_failed_hard_goes_to_a_better_point(point: dict[str, Any], there: bool) -> None:
    """Another number, a newer value, a verification since: nobody has written there (§10.5, §10.9)."""
    duty = meeting()
    row = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail", state=AttemptState.FAILED, last_status=_R.FAILED_HARD)
    row = replace(row, closed_at=NOW + timedelta(minutes=1))
    at = NOW + timedelta(hours=1)
    story = Story(case=case(duty, contacts=(mailbox(**{"contact_id": "mail", **point}),), attempts=(row,)), now=at)
    released = story.decide(at).releases
    assert [(one.channel, one.items[0].step, one.cause) for one in released] == [(Channel.EMAIL, Step.F, "hard_failure")] * there


@pytest.mark.parametrize(("known", "there"), [("2026-11-23", True), ("2026-11-12", False)])
def test_what_failed_softly_everywhere_is_said_again(known: str, there: bool) -> None:
    """Her telephone, all that she has, was off for a day: once more after two days, when that leaves room for the R steps (§10.9)."""
    at = paris(known, "10:00")
    duty = meeting(kind=Kind.APPOINTMENT, known_at=at, due_at=paris("2026-12-01", "10:30"))
    row = attempt(about=duty, state=AttemptState.FAILED, last_status=_R.EXPIRED, closed_at=at + timedelta(hours=24))
    who = person(forbidden_channels=(Channel.VOICE,))
    of = case(duty, who=who, contacts=(mobile(),), attempts=(row,))
    ahead = Story(case=of, now=at + timedelta(hours=24)).decide().outlooks[0].ahead
    again = [(one.channel, one.at) for one in ahead if one.step is Step.F]
    assert again == [(Channel.SMS, at + timedelta(hours=48))] * there
