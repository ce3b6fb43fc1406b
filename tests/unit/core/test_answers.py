"""Answers (§10.12): only a human's visible choice counts, and each choice has its consequence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.evidence.answers import DECOY, apply_reply
from services.core.ledger import Ledger
from services.core.model import AttemptId, Item, ObligationId
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    Identity,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Severity,
)
from tests.unit.core.scene import NOW, Story, actualisation, appointment, attempt, case, mailbox, meeting, mobile, paris, person, reply

_OPEN, _ACK, _DECLINED = ObligationState.OPEN, ObligationState.ACKNOWLEDGED, ObligationState.DECLINED


def _written(**changed: object) -> Story:
    duty = meeting()
    row = replace(attempt(about=duty), **changed)  # type: ignore[arg-type]
    return Story(case=case(duty, contacts=(mobile(), mailbox()), attempts=(row,)), now=NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("choice", "effect", "state", "evidence"),
    [
        (Choice.COME, ReplyEffect.ACKNOWLEDGED, _ACK, Evidence.E3),
        (Choice.CANNOT_COME, ReplyEffect.ACKNOWLEDGED, _DECLINED, Evidence.E3),
        (Choice.CALL_ME_BACK, ReplyEffect.ACKNOWLEDGED, _OPEN, Evidence.E3),
        (Choice.STOP, ReplyEffect.FORWARDED, _OPEN, Evidence.E0),
        (Choice.UNREADABLE, ReplyEffect.FORWARDED, _OPEN, Evidence.E0),
        (Choice.WRONG_PERSON, ReplyEffect.ACKNOWLEDGED, _OPEN, Evidence.E0),
    ],
)
def test_what_each_choice_changes(choice: Choice, effect: ReplyEffect, state: ObligationState, evidence: Evidence) -> None:
    """1 acknowledges, 2 declines, 3 asks for a human and leaves the duty open; the rest proves nothing about the duty."""
    story = _written()
    assert story.answer(choice) is effect
    duty = story.obligation("cv:1")
    assert (duty.state, duty.evidence) == (state, evidence)


@pytest.mark.parametrize(
    ("identity", "channel", "level"),
    [
        (Identity.NONE, ReplyChannel.SMS, Evidence.E3),
        (Identity.LINK, ReplyChannel.LINK, Evidence.E3),
        (Identity.DTMF, ReplyChannel.VOICE, Evidence.E3),
        (Identity.CODE, ReplyChannel.VOICE, Evidence.E4),
        (Identity.CODE, ReplyChannel.PHONE, Evidence.E4),
        (Identity.AGENCY, ReplyChannel.AGENCY, Evidence.E4),
    ],
)
def test_what_each_identity_proves(identity: Identity, channel: ReplyChannel, level: Evidence) -> None:
    """A human is E3; a human whose identity was checked is E4 (§10.6)."""
    story = _written(channel=Channel.VOICE) if channel is ReplyChannel.VOICE else _written()
    story.answer(Choice.COME, channel, identity=identity)
    assert story.obligation("cv:1").evidence is level


@pytest.mark.parametrize(
    ("seconds", "reason", "effect"),
    [
        (5, None, ReplyEffect.BOT_SUSPECT),
        (9, None, ReplyEffect.BOT_SUSPECT),
        (10, None, ReplyEffect.ACKNOWLEDGED),
        (5, DECOY, ReplyEffect.BOT_SUSPECT),
        (59, DECOY, ReplyEffect.BOT_SUSPECT),
        (60, DECOY, ReplyEffect.IGNORED),
        (86_400, DECOY, ReplyEffect.IGNORED),
    ],
)
def test_answers_by_link(seconds: int, reason: str | None, effect: ReplyEffect) -> None:
    """The right date in less than ten seconds is held; the decoy never acknowledges, and is a machine's within a minute."""
    story = _written()
    at = NOW + timedelta(seconds=seconds)
    assert story.answer(Choice.COME, ReplyChannel.LINK, at, attempt_id=AttemptId("a1"), reason=reason) is effect
    assert (story.obligation("cv:1").state is _ACK) is (effect is ReplyEffect.ACKNOWLEDGED)


def test_the_persons_own_answer_counts_after_the_scanners() -> None:
    """What was held does not stand in the way (SC-27)."""
    story = _written()
    story.answer(Choice.COME, ReplyChannel.LINK, NOW + timedelta(seconds=2), attempt_id=AttemptId("a1"))
    story.answer(Choice.COME, ReplyChannel.LINK, NOW + timedelta(hours=2), attempt_id=AttemptId("a1"))
    assert story.obligation("cv:1").state is _ACK


@pytest.mark.parametrize(
    ("first", "last", "state"), [(Choice.COME, Choice.CANNOT_COME, _DECLINED), (Choice.CANNOT_COME, Choice.COME, _ACK)]
)
def test_of_two_contradictory_answers_the_last_wins(first: Choice, last: Choice, state: ObligationState) -> None:
    """And a human asks (CONTRADICTORY_REPLIES)."""
    story = _written()
    story.answer(first)
    story.decide()
    story.answer(last, at=story.now + timedelta(minutes=5))
    assert story.obligation("cv:1").state is state
    raised = story.decide().alerts
    assert AlertType.CONTRADICTORY_REPLIES in [alert.type for alert in raised]
    found = next(alert for alert in raised if alert.type is AlertType.CONTRADICTORY_REPLIES)
    assert dict(found.known[0].parameters) == {"first": first, "second": last}


def test_the_same_answer_twice_is_one() -> None:
    """A gateway repeats it under the same id; a person may say it again."""
    story = _written()
    story.answer(Choice.COME, reply_id="same")
    assert story.answer(Choice.COME, reply_id="same") is None
    assert len(story.case.replies) == 1


def _bundle() -> Story:
    one, other = appointment("rdv:1"), appointment("rdv:2", due_at=paris("2026-12-01", "15:00"))
    row = attempt(about=one)
    row = replace(row, items=(*row.items, Item(obligation_id=other.obligation_id, revision=1, step=row.items[0].step)))
    return Story(case=case(one, other, attempts=(row,)), now=NOW + timedelta(hours=1))


def test_one_yes_acknowledges_every_meeting_of_the_message() -> None:
    """Two rows are kept, one for each duty."""
    story = _bundle()
    assert story.answer(Choice.COME) is ReplyEffect.ACKNOWLEDGED
    assert [row.state for row in story.case.obligations] == [_ACK, _ACK]
    assert len(story.case.replies) == 2


def test_one_no_to_several_meetings_goes_to_a_human() -> None:
    """Which one? The states stay, the answer is forwarded."""
    story = _bundle()
    assert story.answer(Choice.CANNOT_COME) is ReplyEffect.FORWARDED
    assert [row.state for row in story.case.obligations] == [_OPEN, _OPEN]


def test_done_is_said_and_never_counts_as_done() -> None:
    """« C'est fait »: E3, and the steps before the first list wait for a day."""
    duty = actualisation()
    story = Story(case=case(duty), now=paris("2026-12-05", "12:00"))
    assert story.answer(Choice.DONE) is ReplyEffect.ACKNOWLEDGED
    after = story.obligation(duty.obligation_id)
    assert after.state is _OPEN
    assert after.said_done_at == story.now
    assert after.evidence is Evidence.E3


@pytest.mark.parametrize("choice", [Choice.COME, Choice.CANNOT_COME])
def test_nobody_comes_to_an_actualisation(choice: Choice) -> None:
    """« 1 » to a reminder proves that she read it; the reminders go on until the completion has come."""
    duty = actualisation()
    sent = attempt(about=duty)
    story = Story(case=case(duty, attempts=(sent,)), now=paris("2026-12-05", "12:00"))
    story.answer(choice)
    after = story.obligation(duty.obligation_id)
    assert (after.state, after.evidence, after.declined_at) == (_OPEN, Evidence.E3, None)
    assert "A2" in [intent.step for intent in story.decide().outlooks[0].ahead]


def test_an_answer_without_a_duty_is_ignored() -> None:
    """Everything is settled: the answer is kept, nothing changes."""
    duty = meeting(state=ObligationState.DONE, evidence=Evidence.E5)
    story = Story(case=case(duty, attempts=(attempt(about=duty),)))
    assert story.answer(Choice.COME) is ReplyEffect.IGNORED


def test_an_answer_to_the_old_date_does_not_count() -> None:
    """She answered the message about the first date after it was moved (§10.11)."""
    story = _written()
    story.put(replace(story.obligation("cv:1"), revision=2))
    assert story.answer(Choice.COME, attempt_id=AttemptId("a1")) is ReplyEffect.IGNORED
    assert story.obligation("cv:1").state is _OPEN


def test_an_answer_is_to_the_newest_message_on_its_channel() -> None:
    """Two messages by SMS: the newer one; the desk answers the named duty without any."""
    one, other = appointment("rdv:1"), appointment("rdv:2", due_at=paris("2026-12-03", "15:00"))
    older, newer = attempt("a1", about=one), attempt("a2", about=other, submitted_at=NOW + timedelta(minutes=5))
    story = Story(case=case(one, other, attempts=(older, newer)), now=NOW + timedelta(hours=1))
    story.answer(Choice.COME)
    assert [row.state for row in story.case.obligations] == [_OPEN, _ACK]
    story.answer(Choice.COME, ReplyChannel.AGENCY, obligation_id=ObligationId("rdv:1"), identity=Identity.AGENCY)
    assert [row.state for row in story.case.obligations] == [_ACK, _ACK]


def test_the_desk_speaks_of_the_next_duty_when_it_names_none() -> None:
    """And of the actualisation when it says done."""
    story = Story(case=case(meeting(), actualisation()), now=paris("2026-11-30", "11:00"))
    story.answer(Choice.COME, ReplyChannel.AGENCY, identity=Identity.AGENCY)
    assert story.obligation("cv:1").state is _ACK
    story.answer(Choice.DONE, ReplyChannel.AGENCY, identity=Identity.AGENCY)
    assert story.obligation("act:2026-11:leila").said_done_at == story.now


def test_stop_closes_sms_and_the_duty_goes_on() -> None:
    """The person is told by another channel, the référent reads it (SC-28, §4.2)."""
    story = _written()
    story.answer(Choice.STOP)
    assert story.case.contacts[0].closed_channels == (Channel.SMS,)
    assert story.case.contacts[0].status is ContactStatus.ACTIVE
    raised = story.decide().alerts
    assert [(alert.type, alert.severity) for alert in raised] == [(AlertType.INBOUND_MESSAGE, Severity.INFO)]
    story.answer(Choice.STOP, at=story.now + timedelta(minutes=1))
    assert story.case.contacts[0].closed_channels == (Channel.SMS,)


def test_a_wrong_number_is_disabled_once() -> None:
    """No further message to that number; the référent is told (SC-14, §5, §10.7)."""
    story = _written()
    story.answer(Choice.WRONG_PERSON)
    assert story.case.contacts[0].status is ContactStatus.DISABLED
    assert AlertType.WRONG_PERSON in [alert.type for alert in story.decide().alerts]
    story.answer(Choice.WRONG_PERSON, at=story.now + timedelta(minutes=1))
    assert [line[1] for line in story.lines].count("contact") == 1


def test_a_key_press_ends_the_call() -> None:
    """The call is delivered, whatever receipt follows."""
    story = _written(channel=Channel.VOICE)
    story.answer(Choice.COME, ReplyChannel.VOICE, identity=Identity.DTMF)
    assert story.attempt("a1").state is AttemptState.DELIVERED
    story.answer(Choice.CALL_ME_BACK, ReplyChannel.VOICE, identity=Identity.DTMF, at=story.now + timedelta(seconds=5))
    assert story.attempt("a1").state is AttemptState.DELIVERED


def test_a_key_press_after_the_call_came_back_as_a_strangers() -> None:
    """The answer is kept; the message stays failed."""
    story = _written(channel=Channel.VOICE, state=AttemptState.SKIPPED)
    story.answer(Choice.COME, ReplyChannel.VOICE)
    assert story.attempt("a1").state is AttemptState.SKIPPED


def test_the_time_and_the_reason_of_a_refusal_are_kept() -> None:
    """Both are published; the alert is at least high when mandatory, and goes to the meeting's own advisor (§2.2, §10.12)."""
    story = _written()
    story.put(replace(story.obligation("cv:1"), advisor_id="bak", due_at=paris("2026-12-18", "10:00")))
    story.answer(Choice.CANNOT_COME, reason="garde d'enfant")
    duty = story.obligation("cv:1")
    assert (duty.declined_at, duty.declined_reason) == (story.now, "garde d'enfant")
    alert = next(one for one in story.decide().alerts if one.type is AlertType.CANNOT_COME)
    assert (alert.severity, alert.advisor_id) == (Severity.HIGH, "bak")


def test_a_wish_to_be_called_back_has_two_working_days() -> None:
    """On a Friday afternoon: until Tuesday 18:00; before the duty when that is sooner (SC-20)."""
    story = _written()
    story.answer(Choice.CALL_ME_BACK)
    alert = next(one for one in story.decide().alerts if one.type is AlertType.CALLBACK_REQUESTED)
    assert alert.act_by == paris("2026-11-24", "18:00")
    soon = _written()
    soon.put(replace(soon.obligation("cv:1"), due_at=paris("2026-11-23", "09:00")))
    soon.answer(Choice.CALL_ME_BACK)
    alert = next(one for one in soon.decide().alerts if one.type is AlertType.CALLBACK_REQUESTED)
    assert alert.act_by == paris("2026-11-23", "09:00")


def test_evidence_never_falls() -> None:
    """After the desk (E4) an SMS is worth E3 and changes nothing of the level (§10.6)."""
    story = _written()
    story.answer(Choice.COME, ReplyChannel.AGENCY, identity=Identity.AGENCY, obligation_id=ObligationId("cv:1"))
    story.answer(Choice.COME)
    story.receive(story.attempt("a1"), ReceiptStatus.DELIVERED)
    assert story.obligation("cv:1").evidence is Evidence.E4


def test_the_last_reminder_goes_by_sms_when_only_a_mailbox_has_answered() -> None:
    """A third party may be reading it (SC-03, §10.9)."""
    duty = meeting(due_at=paris("2026-12-10", "10:00"))
    mail = attempt(about=duty, channel=Channel.EMAIL, contact_id=mailbox().contact_id, state=AttemptState.ACCEPTED)
    who = person(preferred_channel=Channel.EMAIL)
    story = Story(case=case(duty, who=who, contacts=(mailbox(), mobile()), attempts=(mail,)), now=paris("2026-11-23", "10:00"))
    story.answer(Choice.COME, ReplyChannel.LINK, attempt_id=AttemptId("a1"), identity=Identity.LINK)
    outlook = story.decide().outlooks[0]
    assert [(intent.step, intent.channel) for intent in outlook.ahead] == [("R2", Channel.SMS)]


@pytest.mark.parametrize(("newer", "late"), [(Choice.CANNOT_COME, Choice.COME), (Choice.COME, Choice.CANNOT_COME)])
def test_an_answer_that_comes_late_does_not_undo_a_newer_one(newer: Choice, late: Choice) -> None:
    """The last wins, as people gave them: an SMS of 10:00 that reaches us after the link of 10:05 changes no state; a human asks."""
    story = Story(case=case(meeting()))
    story.decide(NOW)
    story.answer(newer, at=NOW + timedelta(minutes=5))
    before = story.obligation("cv:1")
    ledger = Ledger(NOW + timedelta(minutes=6))
    apply_reply(ledger, story.case, reply("late", late, at=NOW + timedelta(minutes=1)), story.env.policy.link)
    story.store(ledger)
    after = story.obligation("cv:1")
    assert (after.state, after.declined_at) == (before.state, before.declined_at)
    assert AlertType.CONTRADICTORY_REPLIES in [alert.type for alert in story.decide(NOW + timedelta(minutes=7)).alerts]


def test_who_cannot_actualise_is_helped_while_there_is_time() -> None:
    """« Je ne peux pas » to a reminder: E3, the advisor reads it and does it with her; said again after that, again (§10.12)."""
    duty = actualisation()
    story = Story(case=case(duty, attempts=(attempt(about=duty),)), now=paris("2026-12-05", "12:00"))
    assert story.answer(Choice.CANNOT_COME) is ReplyEffect.FORWARDED
    alert = next(one for one in story.decide().alerts if one.type is AlertType.INBOUND_MESSAGE)
    assert (alert.type, alert.severity, alert.next_action) == (AlertType.INBOUND_MESSAGE, Severity.INFO, "actualise_by_phone")
    assert (alert.known[0].code, alert.known[0].parameters["channel"]) == ("cannot_do", "sms")
    assert story.obligation(duty.obligation_id).evidence is Evidence.E3
