"""What advisors are told, when, and when it is over (§10.5, §10.8)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.alerts import RULES
from services.core.alerts.known import known
from services.core.model import ContactId, Obligation
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    ContactStatus,
    DigitalEase,
    Evidence,
    Kind,
    ObligationState,
    ReceiptStatus,
    Severity,
    Step,
    Verdict,
)
from tests.unit.core.scene import (
    NOW,
    Story,
    actualisation,
    appointment,
    attempt,
    case,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    view,
)


def _types(story: Story, now: datetime | None = None) -> list[AlertType]:
    return [alert.type for alert in story.decide(now).alerts]


# ---- the clock runs


@pytest.mark.parametrize(
    ("kind", "due", "at"),
    [
        # convocation: three working days before, 08:00
        (Kind.CONVOCATION, ("2026-12-01", "10:30"), ("2026-11-26", "08:00")),
        (Kind.CONVOCATION, ("2026-12-07", "10:30"), ("2026-12-02", "08:00")),
        (Kind.CONVOCATION, ("2026-12-29", "10:30"), ("2026-12-23", "08:00")),
        # appointment: one working day before, 09:00
        (Kind.APPOINTMENT, ("2026-12-01", "10:30"), ("2026-11-30", "09:00")),
        (Kind.APPOINTMENT, ("2026-12-07", "10:30"), ("2026-12-04", "09:00")),
        # a Saturday, and the first of January after a bridge: Friday or the 31st would leave nobody a day to act
        (Kind.APPOINTMENT, ("2026-12-05", "10:00"), ("2026-12-03", "09:00")),
        (Kind.APPOINTMENT, ("2027-01-01", "10:00"), ("2026-12-30", "09:00")),
    ],
)
def test_unconfirmed_leaves_a_working_day(kind: Kind, due: tuple[str, str], at: tuple[str, str]) -> None:
    """Raised at its instant, not a second before (§10.1.3)."""
    duty = meeting(kind=kind, due_at=paris(*due), known_at=paris("2026-11-18", "10:00"))
    sent = attempt(about=duty, state=AttemptState.DELIVERED, delivered_at=NOW)
    story = Story(case=case(duty, attempts=(sent,)))
    assert AlertType.UNCONFIRMED not in _types(story, paris(*at) - timedelta(seconds=1))
    assert AlertType.UNCONFIRMED in _types(story, paris(*at))


def test_unconfirmed_waits_a_day_when_its_instant_was_past() -> None:
    """Known on Friday for Tuesday: three working days before is past; the first working 08:00 after a day is Monday."""
    duty = meeting(known_at=paris("2026-11-27", "10:00"), due_at=paris("2026-12-01", "11:00"))
    story = Story(case=case(duty), now=duty.known_at)
    assert not _types(story)
    assert AlertType.UNCONFIRMED in _types(story, paris("2026-11-30", "08:00"))


def test_unconfirmed_has_no_later_instant_short_notice_says_it() -> None:
    """Known on Wednesday evening for Saturday night: no working 08:00 after a day lies … but Friday's does."""
    late = meeting(known_at=paris("2026-11-27", "09:00"), due_at=paris("2026-11-30", "07:59"))
    story = Story(case=case(late), now=late.known_at)
    assert AlertType.SHORT_NOTICE in _types(story)
    friday = meeting(known_at=paris("2026-12-25", "07:00"), due_at=paris("2026-12-28", "07:30"))
    story = Story(case=case(friday), now=friday.known_at)
    assert _types(story) == [AlertType.SHORT_NOTICE]


@pytest.mark.parametrize(("hours", "raised"), [(71, True), (73, False)])
def test_short_notice_below_three_days(hours: int, raised: bool) -> None:
    """At once, and no UNCONFIRMED beside it."""
    start = paris("2026-11-23", "10:00")
    story = Story(case=case(meeting(known_at=start, due_at=start + timedelta(hours=hours))), now=start)
    types = _types(story)
    assert (AlertType.SHORT_NOTICE in types) is raised
    assert AlertType.UNCONFIRMED not in types


def test_a_letter_that_cannot_arrive_is_short_notice() -> None:
    """The person asked for letters, and it is too late for one (§10.2)."""
    duty = meeting(known_at=paris("2026-11-24", "15:01"), due_at=paris("2026-12-01", "10:30"))
    who = person(preferred_channel=Channel.LETTER)
    story = Story(case=case(duty, who=who, contacts=(letterbox(), mobile())), now=duty.known_at)
    raised = story.decide().alerts
    assert [alert.type for alert in raised] == [AlertType.SHORT_NOTICE]
    assert raised[0].known[0].code == "letter_too_late"


@pytest.mark.parametrize(
    ("period", "first", "second"),
    [
        # the 12th is a Saturday: Friday 11; the 14th a Monday
        ("2026-11", ("2026-12-11", "08:00"), ("2026-12-14", "14:00")),
        ("2026-12", ("2027-01-12", "08:00"), ("2027-01-14", "14:00")),
        # Sunday 14 February: Friday 12, for both
        ("2027-01", ("2027-02-12", "08:00"), ("2027-02-12", "14:00")),
    ],
)
def test_the_two_lists_of_an_actualisation(period: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    """Three days and one before the end, moved earlier to a working day."""
    story = Story(case=case(actualisation(period)))
    assert AlertType.ACTUALISATION_AT_RISK not in _types(story, paris(*first) - timedelta(seconds=1))
    assert AlertType.ACTUALISATION_AT_RISK in _types(story, paris(*first))
    assert AlertType.ACTUALISATION_LAST_DAY not in _types(story, paris(*second) - timedelta(seconds=1))
    assert AlertType.ACTUALISATION_LAST_DAY in _types(story, paris(*second))


@pytest.mark.parametrize(
    ("evidence", "ease", "listed"),
    [
        (Evidence.E1, DigitalEase.AT_EASE, True),
        (Evidence.E2, DigitalEase.AT_EASE, False),
        (Evidence.E2, DigitalEase.OFFLINE, True),
    ],
)
def test_who_is_at_risk(evidence: Evidence, ease: DigitalEase, listed: bool) -> None:
    """Nothing was delivered, or the person depends on the agency; list 2 names everybody who has not done it."""
    duty = actualisation(evidence=evidence)
    story = Story(case=case(duty, who=person(digital_ease=ease)))
    assert (AlertType.ACTUALISATION_AT_RISK in _types(story, paris("2026-12-11", "08:00"))) is listed
    assert AlertType.ACTUALISATION_LAST_DAY in _types(story, paris("2026-12-14", "14:00"))


# ---- no way to reach somebody


def test_no_channel_at_planning() -> None:
    """Nothing can be used: the advisor hears of it at once; it closes when a point is there (§10.1.6)."""
    story = Story(case=case(meeting(), contacts=()))
    assert AlertType.NO_CHANNEL in _types(story)
    story.put(mobile())
    assert [closed.reason for closed in story.decide(NOW + timedelta(hours=1)).closed] == ["contact_fixed"]


def test_unreachable_once_every_channel_has_failed_hard() -> None:
    """Not before the last one, and then at once (§10.1.6)."""
    duty = meeting()
    story = Story(case=case(duty, contacts=(mobile(), mailbox()), who=person(forbidden_channels=(Channel.VOICE,))))
    sms = story.sent(story.decide().releases[0])
    story.receive(sms, ReceiptStatus.FAILED_HARD, NOW + timedelta(minutes=1))
    assert AlertType.UNREACHABLE not in _types(story)
    mail = story.sent(next(one for one in story.case.attempts if one.channel is Channel.EMAIL))
    story.receive(mail, ReceiptStatus.FAILED_HARD, NOW + timedelta(minutes=2))
    assert AlertType.UNREACHABLE in _types(story)


def test_a_soft_failure_is_not_unreachable() -> None:
    """A full mailbox may be emptied; when it is closed to us, too, nothing is left, and that is told (§10.1.6)."""
    duty = meeting()
    mail = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail", state=AttemptState.FAILED, last_status=ReceiptStatus.FAILED_SOFT)
    story = Story(case=case(duty, contacts=(mailbox(),), attempts=(mail,)))
    assert not {AlertType.UNREACHABLE, AlertType.NO_CHANNEL} & set(_types(story))
    story.put(mailbox(closed_channels=(Channel.EMAIL,)))
    types = _types(story)
    assert AlertType.UNREACHABLE not in types
    assert AlertType.NO_CHANNEL in types


@pytest.mark.parametrize(("delivered", "severity"), [(True, Severity.MEDIUM), (False, Severity.CRITICAL)])
def test_a_dead_point_is_as_urgent_as_what_is_left(delivered: bool, severity: Severity) -> None:
    """Medium when something else was delivered; by the days left otherwise (§10.13)."""
    duty = meeting(due_at=paris("2026-11-23", "10:00"))
    dead = attempt(
        about=duty,
        channel=Channel.EMAIL,
        contact_id="mail",
        state=AttemptState.FAILED,
        last_status=ReceiptStatus.FAILED_HARD,
        closed_at=NOW,
    )
    state = AttemptState.DELIVERED if delivered else AttemptState.ACCEPTED
    sms = attempt("a2", about=duty, step=Step.F, state=state, delivered_at=NOW)
    story = Story(case=case(duty, contacts=(mobile(), mailbox(status=ContactStatus.DISABLED)), attempts=(dead, sms)))
    found = next(alert for alert in story.decide().alerts if alert.type is AlertType.CONTACT_DEAD)
    assert found.severity is severity
    story.put(mailbox())
    assert "contact_fixed" in [closed.reason for closed in story.decide(NOW + timedelta(minutes=5)).closed]


def test_a_call_that_reached_somebody_else() -> None:
    """Key 9: told at once (§10.7)."""
    duty = meeting()
    call = attempt(about=duty, channel=Channel.VOICE)
    story = Story(case=case(duty, contacts=(mobile(), mailbox()), attempts=(call,)))
    story.receive(call, ReceiptStatus.WRONG_PERSON)
    assert AlertType.WRONG_PERSON in _types(story)


# ---- after the date


@pytest.mark.parametrize(
    ("evidence", "dossier", "alert"),
    [
        (Evidence.E0, True, True),
        (Evidence.E2, True, True),
        (Evidence.E3, True, False),
        (Evidence.E4, False, False),
        (Evidence.E5, False, False),
    ],
)
def test_a_missed_meeting(evidence: Evidence, dossier: bool, alert: bool) -> None:
    """Below E3: dossier and alert; E3: dossier; E4 and E5: nothing but the verdict (SC-48, §2.3, §10.5)."""
    duty = meeting(state=ObligationState.MISSED, evidence=evidence, settled_at=paris("2026-12-01", "12:00"))
    story = Story(case=case(duty))
    decision = story.decide(paris("2026-12-01", "12:00"))
    assert any(one.told for one in decision.dossiers) is dossier
    assert story.obligation(duty.obligation_id).verdict is (Verdict.PROVED if evidence >= Evidence.E3 else Verdict.NOT_PROVED)
    assert (AlertType.NON_RECEIPT_DOSSIER in [one.type for one in decision.alerts]) is alert
    assert not story.decide(paris("2026-12-01", "12:01")).dossiers


# ---- one alert, and its end


def test_an_alert_is_raised_once_and_again_only_when_more_urgent() -> None:
    """The same alert is updated at 08:00 when a day less is left."""
    duty = appointment(known_at=paris("2026-11-18", "10:00"), due_at=paris("2026-12-08", "10:00"))
    story = Story(case=case(duty, contacts=()))
    assert _types(story, paris("2026-11-30", "10:00"))[:1] == [AlertType.NO_CHANNEL]
    # somebody takes care of it: it stays on their list
    story.case = replace(story.case, alerts=tuple(replace(alert, claimed_by="adv") for alert in story.case.alerts))
    assert not _types(story, paris("2026-12-01", "10:00"))
    raised = story.decide(paris("2026-12-03", "08:00")).alerts
    assert [(alert.type, alert.severity) for alert in raised] == [(AlertType.NO_CHANNEL, Severity.HIGH)]
    assert len([alert for alert in story.case.alerts if alert.type is AlertType.NO_CHANNEL]) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": ObligationState.ACKNOWLEDGED, "evidence": Evidence.E3}, "acknowledged"),
        ({"state": ObligationState.DECLINED, "evidence": Evidence.E3}, "declined"),
        ({"state": ObligationState.HANDLED}, "handled"),
        ({"state": ObligationState.DONE}, "done"),
        ({"state": ObligationState.CANCELLED}, "cancelled"),
        ({"evidence": Evidence.E3}, "answered"),
    ],
)
def test_when_unconfirmed_is_over(changed: dict[str, object], reason: str) -> None:
    """Answered, handled or settled: the alert closes, with the reason, and is not raised again."""
    duty = meeting()
    sent = attempt(about=duty, state=AttemptState.DELIVERED, delivered_at=NOW)
    story = Story(case=case(duty, attempts=(sent,)))
    assert AlertType.UNCONFIRMED in _types(story, paris("2026-11-26", "08:00"))
    after: Obligation = replace(story.obligation("cv:1"), **changed)  # type: ignore[arg-type]
    story.put(after)
    decision = story.decide(paris("2026-11-26", "09:00"))
    assert reason in [closed.reason for closed in decision.closed]
    assert AlertType.UNCONFIRMED not in [alert.type for alert in decision.alerts]


def test_every_alert_that_a_rule_raises_has_its_line() -> None:
    """One line for each type, and each answers for each kind of duty without trouble."""
    duties = [replace(made, state=state) for made in (meeting(), appointment(), actualisation()) for state in ObligationState]
    for rule in RULES.values():
        for duty in duties:
            rule(view(case(duty), paris("2026-12-20")), duty)


# ---- what is known


def test_what_is_known_is_told_in_codes() -> None:
    """Every message by channel, what failed, what is excluded, and what was said (R3, §10.1.1)."""
    duty = actualisation(said_done_at=paris("2026-12-09", "10:00"))
    late: dict[str, Any] = {"release_at": paris("2026-12-10", "11:00"), "submitted_at": paris("2026-12-10", "11:00")}
    tries = (
        attempt("a1", about=duty, step=Step.A1, state=AttemptState.UNKNOWN),
        attempt(
            "a2", about=duty, step=Step.A2, channel=Channel.VOICE, state=AttemptState.FAILED, last_status=ReceiptStatus.NO_ANSWER, **late
        ),
        attempt("a3", about=duty, step=Step.A3, channel=Channel.EMAIL, state=AttemptState.FAILED, last_status=ReceiptStatus.FAILED_HARD),
        attempt("a4", about=duty, step=Step.A0, channel=Channel.LETTER, state=AttemptState.ACCEPTED),
    )
    who = person(missed_actualisations=1, digital_ease=DigitalEase.OFFLINE, forbidden_channels=(Channel.EMAIL,))
    codes = [fact.code for fact in known(view(case(duty, who=who, attempts=tries)), duty)]
    for code in (
        "no_receipt",
        "no_answer",
        "failed_hard",
        "letter_on_its_way",
        "excluded",
        "says_done",
        "not_done",
        "missed_before",
        "non_web",
    ):
        assert code in codes, code


def test_what_is_known_of_a_meeting() -> None:
    """Delivered, a voicemail, a letter that came back, an answer; nothing sent when nothing was."""
    duty = meeting(state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3, evidence_at=NOW, evidence_how="sms")
    tries = (
        attempt("a1", about=duty, state=AttemptState.DELIVERED, delivered_at=NOW),
        attempt("a2", about=duty, channel=Channel.VOICE, state=AttemptState.DELIVERED, last_status=ReceiptStatus.VOICEMAIL_LEFT),
        attempt("a3", about=duty, channel=Channel.LETTER, state=AttemptState.FAILED, last_status=ReceiptStatus.RETURNED),
    )
    codes = [fact.code for fact in known(view(case(duty, attempts=tries)), duty)]
    assert {"delivered", "voicemail", "returned", "acknowledged"} <= set(codes)
    assert "nothing_sent" in [fact.code for fact in known(view(case(duty)), duty)]


# ---- cancelled, and nobody can say so


def _cancelled(*, known_at: datetime, channel: Channel = Channel.LETTER, **changed: Any) -> Story:
    """An appointment of Tuesday 8 December that one message had announced, cancelled at ``known_at``."""
    duty = appointment(
        state=ObligationState.CANCELLED, known_at=known_at, due_at=paris("2026-12-08", "10:00"), settled_at=known_at, last_revision=2
    )
    point = "home" if channel is Channel.LETTER else "tel"
    told = attempt(about=duty, channel=channel, contact_id=ContactId(point), release_at=paris("2026-11-23", "10:00"), **changed)
    return Story(case=case(duty, contacts=(letterbox(),), attempts=(told,)), now=known_at)


def test_somebody_travels_for_nothing() -> None:
    """Only a letter went out, another would come too late: at once, at least high, until the hour of the meeting (§10.11)."""
    story = _cancelled(known_at=paris("2026-12-01", "16:00"))
    raised = story.decide().alerts
    assert [(alert.type, alert.severity, alert.next_action) for alert in raised] == [
        (AlertType.TRAVELS_FOR_NOTHING, Severity.HIGH, "tell_cancelled")
    ]
    assert [fact.code for fact in raised[0].known[:2]] == ["cancelled", "letter_too_late"]
    urgent = story.decide(paris("2026-12-07", "08:00")).alerts
    assert [(alert.type, alert.severity) for alert in urgent] == [(AlertType.TRAVELS_FOR_NOTHING, Severity.CRITICAL)]
    assert [closed.reason for closed in story.decide(paris("2026-12-08", "10:00")).closed] == ["over"]


def test_a_letter_that_still_arrives_is_enough() -> None:
    """Submitted in time it says so itself (§10.11)."""
    story = _cancelled(known_at=paris("2026-11-24", "10:00"))
    decision = story.decide()
    assert [row.channel for row in decision.releases] == [Channel.LETTER]
    assert not decision.alerts


def test_whom_a_call_can_still_tell_does_not_travel() -> None:
    """Another channel carries the news (§10.11)."""
    story = _cancelled(known_at=paris("2026-12-01", "16:00"))
    story.put(mobile())
    decision = story.decide()
    assert AlertType.TRAVELS_FOR_NOTHING not in [alert.type for alert in decision.alerts]
    assert decision.releases


def test_the_number_is_dead_and_the_meeting_cancelled() -> None:
    """An SMS had announced it, and nothing is left to say that it is off (§10.11)."""
    story = _cancelled(known_at=paris("2026-12-07", "16:00"), channel=Channel.SMS, state=AttemptState.DELIVERED)
    story.case = replace(story.case, contacts=())
    assert [alert.type for alert in story.decide().alerts] == [AlertType.TRAVELS_FOR_NOTHING]


def test_who_was_never_told_does_not_travel() -> None:
    """Nothing had reached a provider (§10.11)."""
    story = _cancelled(known_at=paris("2026-12-07", "16:00"), state=AttemptState.FAILED, last_status=ReceiptStatus.FAILED_HARD)
    assert AlertType.TRAVELS_FOR_NOTHING not in _types(story)


@pytest.mark.parametrize("preferred", [Channel.LETTER, Channel.SMS])
def test_nothing_but_a_letter_and_it_is_too_late(preferred: Channel) -> None:
    """SHORT_NOTICE says so, whatever the person prefers; NO_CHANNEL does not as well (§10.2)."""
    duty = meeting(known_at=paris("2026-11-24", "15:01"), due_at=paris("2026-12-01", "10:30"))
    story = Story(case=case(duty, who=person(preferred_channel=preferred), contacts=(letterbox(),)), now=duty.known_at)
    raised = story.decide().alerts
    assert [(alert.type, alert.known[0].code) for alert in raised] == [(AlertType.SHORT_NOTICE, "letter_too_late")]
