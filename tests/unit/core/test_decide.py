"""One decision over all of a person's duties: taken back, handed out again, left out, timed, and never the same thing twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.decide import UndecidableError, decide
from services.core.evidence.verdict import verdict_of
from services.core.model import Case, Hold, Item
from services.core.states import Happened
from services.core.view import see
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    ContactStatus,
    Evidence,
    Kind,
    ObligationState,
    ReceiptStatus,
    Step,
    Verdict,
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
    day,
    environment,
    landline,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
)


def test_nobody_can_be_planned_before_the_directory_speaks() -> None:
    """Duties may come first: nothing is decided, nothing is lost."""
    decision = decide(Case(person_id=LEILA, obligations=(meeting(),)), environment(), NOW)
    assert not decision.releases
    assert not decision.outlooks


def test_the_first_notice_leaves_at_once_and_only_once() -> None:
    """Inside the window: now; deciding again at the same instant gives nothing new (§10.1.5)."""
    story = Story(case=case(meeting()))
    released = story.decide().releases
    assert [(one.channel, one.items[0].step, one.chosen_by) for one in released] == [(Channel.SMS, Step.N0, "preferred")]
    assert released[0].release_at == NOW
    again = story.decide()
    assert not again.releases
    assert not again.alerts


def test_the_same_decision_gives_the_same_identifiers() -> None:
    """A second planner cannot release a twin (§10.1.1)."""
    one, other = (decide(case(meeting()), environment(), NOW) for _ in range(2))
    assert one.releases == other.releases


def test_why_this_channel_and_why_not_the_others() -> None:
    """Each message keeps what was left out and why (R8, §10.1.1)."""
    who = person(forbidden_channels=(Channel.EMAIL,))
    released = Story(case=case(meeting(), who=who, contacts=(mobile(), mailbox()))).decide().releases
    assert set(released[0].excluded) == {"email: forbidden", "letter: no_contact", "voice: later_rung"}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (ObligationState.ACKNOWLEDGED, Why.ACKNOWLEDGED),
        (ObligationState.DECLINED, Why.DECLINED),
        (ObligationState.HANDLED, Why.HANDLED),
        (ObligationState.DONE, Why.DONE),
        (ObligationState.CANCELLED, Why.CANCELLED_AT_SOURCE),
        (ObligationState.MISSED, Why.MISSED),
        (ObligationState.LAPSED, Why.TOO_LATE),
        (ObligationState.NOT_REQUIRED, Why.DONE),
    ],
)
def test_what_nobody_wants_any_more_is_taken_back(state: ObligationState, reason: Why) -> None:
    """A released message that nobody has claimed yet, with the reason; it is not handed out again in the same breath (§10.1.4)."""
    story = Story(case=case(meeting()))
    story.decide()
    story.put(replace(story.obligation("cv:1"), state=state))
    decision = story.decide(NOW + timedelta(minutes=30))
    assert [cancel.reason for cancel in decision.cancels] == [reason]
    assert not decision.redispatches
    assert story.case.attempts[0].state is AttemptState.CANCELLED


def test_a_message_about_an_older_date_is_taken_back() -> None:
    """A new revision, and a duty that nobody knows any more."""
    story = Story(case=case(meeting()))
    story.decide()
    story.put(replace(story.obligation("cv:1"), revision=2))
    assert [cancel.reason for cancel in story.decide().cancels] == [Why.SUPERSEDED]
    erased = Story(case=case(meeting()))
    erased.decide()
    erased.case = replace(erased.case, obligations=())
    assert [cancel.reason for cancel in erased.decide().cancels] == [Why.ERASED]


def test_a_reminder_in_short_form_survives_the_acknowledgement() -> None:
    """R2 goes to those who have answered, too (§10.5)."""
    duty = meeting(state=ObligationState.ACKNOWLEDGED)
    waiting = attempt(about=duty, step=Step.R2, state=AttemptState.RELEASED, dispatched_at=NOW, tries=0)
    assert not decide(case(duty, attempts=(waiting,)), environment(), NOW).cancels


def test_an_unclaimed_message_is_handed_out_again_and_again() -> None:
    """Ten minutes without a claim; ten minutes later, when that was lost too; then after twice the time, and so on."""
    story = Story(case=case(meeting()))
    story.decide()
    for minutes, following in ((10, 20), (20, 40), (40, 80)):
        decision = story.decide(NOW + timedelta(minutes=minutes))
        assert len(decision.redispatches) == 1
        assert decision.live_at == NOW + timedelta(minutes=following)
        assert not story.decide(NOW + timedelta(minutes=following, seconds=-1)).redispatches
    assert len(story.case.attempts) == 1


def test_who_comes_back_after_days_finds_a_message_that_still_stands() -> None:
    """Handed out every six hours at most: some copies of each message, not hundreds, and one that its topic still keeps."""
    story = Story(case=case(meeting(due_at=NOW + timedelta(days=20))))
    released = story.decide().releases[0]
    since = NOW + timedelta(days=3)
    story.put(replace(released, dispatched_at=since))
    assert not story.decide(since + timedelta(hours=5, minutes=59)).redispatches
    (again,) = story.decide(since + timedelta(hours=6)).redispatches
    assert again.attempt.attempt_id == released.attempt_id


def test_a_message_goes_out_again_when_the_provider_said() -> None:
    """Not before, and then at once."""
    story = Story(case=case(meeting()))
    released = story.decide().releases[0]
    story.put(replace(released, tries=1, try_at=NOW + timedelta(hours=1)))
    assert story.decide(NOW + timedelta(minutes=59)).live_at == NOW + timedelta(hours=1)
    assert len(story.decide(NOW + timedelta(hours=1)).redispatches) == 1


def test_somebody_who_died_while_sending_is_asked_after() -> None:
    """Found submitting for five minutes: delivery gets the message again, to ask the provider (SC-26, §10.1.5)."""
    story = Story(case=case(meeting()))
    released = story.decide().releases[0]
    story.put(replace(released, state=AttemptState.SUBMITTING, tries=1, claimed_at=NOW, submitted_at=NOW))
    assert not story.decide(NOW + timedelta(minutes=4, seconds=59)).redispatches
    assert len(story.decide(NOW + timedelta(minutes=5)).redispatches) == 1
    assert len(story.decide(NOW + timedelta(minutes=10)).redispatches) == 1


@pytest.mark.parametrize(
    ("due", "hours"),
    # the last day begins while the receipt is waited for: after 60 minutes, or when it begins
    [(("2026-12-01", "10:30"), 4), (("2026-11-21", "15:00"), 1), (("2026-11-21", "16:30"), 1), (("2026-11-21", "18:00"), 2)],
)
def test_no_receipt_means_unknown(due: tuple[str, str], hours: int) -> None:
    """Four hours; one when less than a day is left by then. Never delivered (§4.4, §10.5)."""
    story = Story(case=case(meeting(due_at=paris(*due)), contacts=(mobile(), mailbox())))
    released = story.decide().releases[0]
    story.sent(released)
    assert not story.decide(NOW + timedelta(hours=hours, seconds=-1)).timeouts
    decision = story.decide(NOW + timedelta(hours=hours))
    assert [timeout.reason for timeout in decision.timeouts] == [Why.NO_RECEIPT]
    assert story.attempt(released.attempt_id).state is AttemptState.UNKNOWN


def test_a_call_without_an_end_is_unknown_after_five_minutes() -> None:
    """And it counts as unanswered: the next slot (§10.10)."""
    story = Story(case=case(meeting(), who=person(preferred_channel=Channel.VOICE), contacts=(landline(),)))
    released = story.decide().releases[0]
    story.sent(released)
    decision = story.decide(NOW + timedelta(minutes=5))
    assert [timeout.reason for timeout in decision.timeouts] == [Why.NO_OUTCOME]
    assert decision.live_at == paris("2026-11-23", "10:00")


def test_an_email_without_a_receipt_waits_for_the_person() -> None:
    """Mail servers say nothing: no timer, only silence."""
    story = Story(case=case(meeting(), who=person(preferred_channel=Channel.EMAIL), contacts=(mailbox(), mobile())))
    story.sent(story.decide().releases[0])
    assert not story.decide(NOW + timedelta(hours=23)).timeouts


@pytest.mark.parametrize(("kind", "hours"), [(Kind.CONVOCATION, 24), (Kind.APPOINTMENT, 48)])
def test_silence_brings_the_next_channel(kind: Kind, hours: int) -> None:
    """Delivered and not answered: 24 hours for a convocation, 48 for an appointment (§10.5)."""
    story = Story(case=case(meeting(kind=kind), contacts=(mobile(), mailbox())), now=paris("2026-11-23", "10:00"))
    story.put(replace(story.obligation("cv:1"), known_at=story.now))
    released = story.decide().releases[0]
    story.sent(released)
    story.receive(released, ReceiptStatus.DELIVERED)
    due = story.now + timedelta(hours=hours)
    assert not story.decide(due - timedelta(seconds=1)).releases
    voice = story.decide(due).releases
    assert [(one.channel, one.cause) for one in voice] == [(Channel.VOICE, "silence")]


def test_one_sms_a_day_even_when_it_is_late() -> None:
    """Two meetings of one day, decided two days late: the second notice does not go by a second SMS of that day (§10.4, §10.15)."""
    duties = [appointment(f"rdv:{place}", due_at=paris("2026-11-25", "15:00")) for place in range(2)]
    story = Story(case=case(*duties))
    story.decide(paris("2026-11-24", "10:00"))
    sms = [one for one in story.case.attempts if one.channel is Channel.SMS and one.state is AttemptState.RELEASED]
    assert len(sms) == 1


def test_a_reminder_is_not_sent_at_the_end_of_its_window() -> None:
    """After an outage until 19:30 sharp: too late, since check-at-send would say so (§10.3)."""
    duty = appointment(due_at=paris("2026-11-27", "10:00"), known_at=paris("2026-11-20", "10:00"))
    first = attempt(about=duty, state=AttemptState.DELIVERED, delivered_at=NOW)
    story = Story(case=case(duty, attempts=(first,), who=person(forbidden_channels=(Channel.VOICE,))))
    decision = story.decide(paris("2026-11-25", "19:30"))
    assert not decision.releases
    assert [(skip.items[0].step, skip.reason) for skip in decision.skips] == [(Step.R2, Why.TOO_LATE)]


def test_a_meeting_whose_outcome_nobody_tells_lapses_after_seven_days() -> None:
    """No alert, no dossier (§10.5)."""
    duty = meeting(state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3)
    decision = decide(case(duty), environment(), duty.due_at + timedelta(days=7))
    assert [transition.happened for transition in decision.transitions] == [Happened.EXPIRED]
    assert not decision.alerts
    assert not decision.dossiers
    assert not decide(case(duty), environment(), duty.due_at + timedelta(days=7, seconds=-1)).transitions


def test_an_actualisation_lapses_at_the_end_of_the_fifteenth() -> None:
    """With its dossier; the alert comes the next working day at 08:00, A6 at 10:00 or later (§2.1, §10.5)."""
    story = Story(case=case(actualisation()))
    decision = story.decide(paris("2026-12-15", "23:59:59"))
    assert story.obligation("act:2026-11:leila").state is ObligationState.LAPSED
    assert len(decision.dossiers) == 1
    assert not decision.alerts
    decision = story.decide(paris("2026-12-16", "08:00"))
    assert [alert.type for alert in decision.alerts] == [AlertType.ACTUALISATION_MISSED]
    assert decision.campaign_at is not None
    assert paris("2026-12-16", "10:00") <= decision.campaign_at < paris("2026-12-16", "18:00")
    released = story.decide(decision.campaign_at).releases
    assert [one.items[0].step for one in released] == [Step.A6]


def test_an_actualisation_that_an_advisor_took_care_of_lapses_all_the_same() -> None:
    """Only a completion counts: without one the advisor is told at the end, too (§10.5)."""
    story = Story(case=case(actualisation(state=ObligationState.HANDLED)))
    assert story.decide(paris("2026-12-10", "11:00")).live_at == paris("2026-12-15", "23:59:59")
    story.decide(paris("2026-12-15", "23:59:59"))
    assert story.obligation("act:2026-11:leila").state is ObligationState.LAPSED


def test_how_to_register_again_is_told_for_five_days_only() -> None:
    """Known a week after the end: nothing is sent, not even by letter (§10.5)."""
    late = actualisation("2026-10", known_at=paris("2026-11-23"))
    for points in ((mobile(),), (letterbox(),), (mailbox(),)):
        story = Story(case=case(late, contacts=points))
        assert not story.decide(paris("2026-11-24", "11:00")).releases


@pytest.mark.parametrize(
    ("evidence", "declined", "verdict"),
    [
        (Evidence.E0, False, Verdict.NOT_PROVED),
        (Evidence.E2, False, Verdict.NOT_PROVED),
        (Evidence.E3, False, Verdict.PROVED),
        (Evidence.E3, True, Verdict.ABSENCE_ANNOUNCED),
    ],
)
def test_what_can_be_said_once_the_date_has_passed(evidence: Evidence, declined: bool, verdict: Verdict) -> None:
    """From E3 on reception is proved; an absence that was announced is said first (§2.3)."""
    duty = meeting(evidence=evidence, declined_at=NOW if declined else None)
    view = see(case(duty), environment(), NOW)
    assert view is not None
    assert verdict_of(view, duty) is verdict


def test_nobody_writes_to_a_person_on_hold_and_the_advisor_knows() -> None:
    """One NO_CHANNEL alert at planning, with the reason; planning goes on when the local day begins (§10.17)."""
    who = person(hold=Hold(reason="accord téléphonique", until=day("2026-11-24")))
    story = Story(case=case(meeting(), who=who))
    decision = story.decide()
    assert not decision.releases
    assert [(alert.type, alert.known[0].code) for alert in decision.alerts] == [(AlertType.NO_CHANNEL, "hold")]
    # four working hours later nobody has claimed it: the back-up's list (§10.8), and no message
    assert [alert.advisor_id for alert in story.decide(paris("2026-11-23", "12:00")).alerts] == ["bak"]
    assert story.decide(paris("2026-11-24", "09:00")).releases


def test_the_end_of_a_hold_wakes_the_person() -> None:
    """Without anything else to wait for before it (§10.17)."""
    who = person(hold=Hold(reason="accord", until=day("2026-11-24")))
    story = Story(case=case(meeting(), who=who))
    decision = story.decide()
    assert decision.live_at is not None
    assert decision.live_at <= paris("2026-11-24", "09:00")


def test_a_rule_that_never_ends_is_one_persons_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rounds are bounded: the planner puts that person aside, the batch goes on."""
    monkeypatch.setattr("services.core.decide._ROUNDS", 0)
    with pytest.raises(UndecidableError):
        decide(case(meeting()), environment(), NOW)


def test_the_letter_of_a_formal_convocation_leaves_once() -> None:
    """It stands beside the first notice: when the first notice falls to a letter too, one letter says both (§10.4: one a duty, §2.4)."""
    duty = meeting(legal_value="formal", due_at=paris("2026-12-04", "10:00"))
    points = (mobile(status=ContactStatus.UNVERIFIED), letterbox())
    story = Story(case=case(duty, contacts=points))
    story.decide()
    assert [one.channel for one in story.case.attempts if one.channel is Channel.LETTER] == [Channel.LETTER]


def test_a_first_notice_obeys_the_caps_of_its_duty() -> None:
    """A letter of an older date was refused by the printer: the new date does not go by letter again (§10.4)."""
    duty = meeting(revision=2)
    old = replace(attempt(about=duty, channel=Channel.LETTER, state=AttemptState.FAILED), items=())
    old = replace(old, items=(Item(obligation_id=duty.obligation_id, revision=1, step=Step.N0),))
    story = Story(case=case(duty, contacts=(letterbox(),), attempts=(old,)))
    decision = story.decide()
    assert not decision.releases
    assert [skip.reason for skip in decision.skips if skip.items[0].step is Step.N0] == [Why.CAP_REACHED]
