"""What a new point is asked, and what a replaced one is told (§10.7)."""

from datetime import timedelta
from typing import Any

import pytest

from services.core.channels.availability import REPLACED
from services.core.evidence.contacts import point_id_of, question, use_of
from services.core.model import Contact, ContactId
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    Constraint,
    ContactStatus,
    DeclaredBy,
    LineType,
    ObligationState,
    ReceiptStatus,
    Step,
    Why,
)
from tests.unit.core.scene import (
    LEILA,
    NOW,
    Story,
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
    view,
)

_NUMBERS = environment().policy.contacts
_DAY = timedelta(days=1)


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
