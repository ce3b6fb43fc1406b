"""The ladders at the very instant of their limits, on both sides, and the days of a letter, one by one (§10.2 to §10.5, §10.10)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.actualisation.after import replacement
from services.core.actualisation.campaign import campaign, first_weekday, opening_day, waits_for_feed
from services.core.alarms import Alarm, alarm_id, standing_of
from services.core.channels.leadtime import expected_in_box, letter_limit
from services.core.channels.windows import next_opening, next_slot, spaced
from services.core.decision import Omission
from services.core.environment import Environment
from services.core.evidence.contacts import question
from services.core.kinds.contact import plan as question_plan
from services.core.meeting.first_notice import is_last_minute
from services.core.meeting.reminders import reminders
from services.core.model import Attempt, Obligation
from services.core.timers import timers_due
from services.core.timing import reliable_alone, soonest
from services.core.words import (
    AlarmType,
    AttemptState,
    Channel,
    Evidence,
    ObligationState,
    ReceiptStatus,
    Step,
    Why,
)
from tests.unit.core.scene import (
    NOW,
    actualisation,
    attempt,
    case,
    day,
    environment,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    residence,
    view,
)

_D, _H, _M, _S = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
_POLICY = environment().policy
_HOME = residence()
_CV, _ACT = meeting(), actualisation()


# ---- hours and slots


@pytest.mark.parametrize(
    ("last", "at", "far"),
    [
        (("2026-11-23", "11:00"), ("2026-11-23", "14:00"), True),
        (("2026-11-23", "11:00:01"), ("2026-11-23", "14:00"), False),
        # the same half-day of a date is too near, whatever the hours between; the afternoon begins with its hour
        (("2026-11-23", "14:00"), ("2026-11-23", "17:00"), False),
        (("2026-11-23", "17:00"), ("2026-11-24", "10:00"), True),
        (("2026-11-23", "10:00"), ("2026-11-24", "10:00"), True),
    ],
)
def test_how_far_calls_are_apart(last: tuple[str, str], at: tuple[str, str], far: bool) -> None:
    """Three hours, and another half-day (§10.4)."""
    assert spaced(_POLICY, _HOME, paris(*at), paris(*last)) is far


def test_a_slot_is_inside_its_window() -> None:
    """At its own instant it is still to come; a second later the next one counts."""
    fourteen = paris("2026-11-23", "14:00")
    assert next_slot(_POLICY, _HOME, fourteen, None) == (fourteen, paris("2026-11-23", "18:45"))
    assert next_slot(_POLICY, _HOME, fourteen + _S, None) == (paris("2026-11-23", "17:00"), paris("2026-11-23", "18:45"))
    assert next_slot(_POLICY, _HOME, paris("2026-11-23", "17:00:01"), None)[0] == paris("2026-11-24", "10:00")


def test_a_letter_may_be_given_at_any_hour() -> None:
    """No window: from now on, for a day."""
    assert next_opening(_POLICY, Channel.LETTER, _HOME, NOW) == (NOW, NOW + _D)


# ---- the days of a letter


def test_the_whole_count_of_a_letter() -> None:
    """From the day in the box back to the submission, each day with its role and whose calendar said so (§10.2).

    A Saturday after Christmas: two days before it the post works; Christmas and the Sunday do not count for it, the weekend and Christmas
    not for the printer.
    """
    counting = letter_limit(_POLICY.letters, _HOME, environment().residence("75000"), day("2027-01-04")).counting
    assert [(f"{one.day:%a %d}", one.role, one.calendar, one.counts) for one in counting] == [
        ("Sat 02", "in_the_box", "post", True),
        ("Fri 01", "holiday", "post", False),
        ("Thu 31", "transit", "post", True),
        ("Wed 30", "transit", "post", True),
        ("Tue 29", "transit", "post", True),
        ("Mon 28", "submission", "printer", True),
    ]
    counting = letter_limit(_POLICY.letters, _HOME, environment().residence("75000"), day("2026-12-31")).counting
    assert [(f"{one.day:%a %d}", one.role, one.calendar, one.counts) for one in counting] == [
        ("Tue 29", "in_the_box", "post", True),
        ("Mon 28", "transit", "post", True),
        ("Sun 27", "sunday", "post", False),
        ("Sat 26", "transit", "post", True),
        ("Fri 25", "holiday", "post", False),
        ("Thu 24", "transit", "post", True),
        ("Wed 23", "submission", "printer", True),
    ]


def test_a_letter_is_posted_on_a_day_of_the_printer() -> None:
    """Counted back to a Saturday after a holiday it is posted on the Thursday before; two days of production are told apart."""
    letters = replace(_POLICY.letters, production_days=2)
    counting = letter_limit(letters, _HOME, environment().residence("75000"), day("2027-01-08")).counting
    assert [(f"{one.day:%a %d}", one.role, one.calendar) for one in counting] == [
        ("Wed 06", "in_the_box", "post"),
        ("Tue 05", "transit", "post"),
        ("Mon 04", "transit", "post"),
        ("Sun 03", "sunday", "post"),
        ("Sat 02", "transit", "post"),
        ("Sat 02", "weekend", "printer"),
        ("Fri 01", "holiday", "printer"),
        ("Thu 31", "posted", "printer"),
        ("Wed 30", "production", "printer"),
        ("Tue 29", "submission", "printer"),
    ]


@pytest.mark.parametrize(("submitted", "there"), [("15:00", "2026-11-26"), ("15:00:01", "2026-11-27")])
def test_the_printer_takes_letters_until_its_hour(submitted: str, there: str) -> None:
    """At 15:00 it is in time (§10.2)."""
    assert expected_in_box(_POLICY.letters, _HOME, environment().residence("75000"), paris("2026-11-20", submitted)) == day(there)


# ---- when something is of use


def test_last_useful_instants() -> None:
    """An SMS is of use until an hour before, a letter until its limit: at that instant it still leaves."""
    seen = view(case(meeting(due_at=paris("2026-11-23", "12:00")), contacts=(mobile(),)), paris("2026-11-23", "11:00"))
    assert soonest(seen, seen.case.obligations[0], Channel.SMS, seen.now) == (seen.now, seen.now)
    late = replace(seen, now=seen.now + _S)
    assert soonest(late, seen.case.obligations[0], Channel.SMS, late.now) is Why.TOO_LATE
    limit = paris("2026-11-24", "15:00")
    assert soonest(view(case(_CV, contacts=(letterbox(),)), limit), _CV, Channel.LETTER, NOW) == (limit, limit)
    assert soonest(view(case(_CV, contacts=(letterbox(),)), limit + _S), _CV, Channel.LETTER, NOW) is Why.LETTER_TOO_LATE


@pytest.mark.parametrize(
    ("channel", "at", "alone"),
    [
        (Channel.SMS, _CV.due_at - 2 * _H, True),
        (Channel.SMS, _CV.due_at - 2 * _H + _S, False),
        (Channel.EMAIL, _CV.due_at - 72 * _H, True),
        (Channel.EMAIL, _CV.due_at - 72 * _H + _S, False),
        (Channel.LETTER, paris("2026-11-24", "15:00"), True),
        (Channel.LETTER, paris("2026-11-24", "15:00:01"), False),
    ],
)
def test_until_when_a_channel_may_be_relied_on_alone(channel: Channel, at: datetime, alone: bool) -> None:
    """To the second (§10.2)."""
    assert reliable_alone(view(case(_CV, contacts=(mobile(), mailbox(), letterbox()))), _CV, channel, at) is alone


@pytest.mark.parametrize(("notice", "last_minute"), [(24 * _H - _S, True), (24 * _H, False)])
def test_less_than_a_day(notice: timedelta, last_minute: bool) -> None:
    """24 hours of notice are not the last minute (§10.11)."""
    duty = meeting(known_at=_CV.due_at - notice)
    assert is_last_minute(view(case(duty)), duty) is last_minute


@pytest.mark.parametrize(("before", "hours"), [(30, 4), (28, 4), (26, 2), (25, 1), (24, 1), (3, 1)])
def test_how_long_a_receipt_is_waited_for(before: int, hours: int) -> None:
    """Four hours; but no longer than until 24 hours are left, and then 60 minutes (§10.5)."""
    accepted = _CV.due_at - before * _H
    row = attempt(about=_CV, accepted_at=accepted)
    assert timers_due(view(case(_CV, attempts=(row,)), accepted)).wakes == [accepted + hours * _H]


def test_a_call_without_an_end() -> None:
    """Nothing is heard of it for five minutes after it was taken, or released when that is not known."""
    for accepted, since in ((NOW + _M, NOW + _M), (None, NOW)):
        row = attempt(about=_CV, channel=Channel.VOICE, accepted_at=accepted, release_at=NOW)
        ends = since + _POLICY.timers.call_ends_within
        assert timers_due(view(case(_CV, attempts=(row,)), NOW)).wakes == [ends]
        assert [one.reason for one in timers_due(view(case(_CV, attempts=(row,)), ends)).timeouts] == [Why.NO_OUTCOME]


def test_a_message_that_somebody_claimed_and_forgot() -> None:
    """Asked about again after a while: since it was claimed, handed out again, or released."""
    wait = _POLICY.timers.submitting
    rows: list[tuple[dict[str, Any], datetime]] = [
        ({"claimed_at": NOW + 2 * _M, "dispatched_at": NOW + 1 * _M}, NOW + 2 * _M),
        ({"claimed_at": NOW + 2 * _M, "dispatched_at": NOW + 3 * _M}, NOW + 3 * _M),
        ({"claimed_at": None, "dispatched_at": None}, NOW),
        ({"claimed_at": NOW + 2 * _M, "dispatched_at": None}, NOW + 2 * _M),
    ]
    for changed, since in rows:
        row = attempt(about=_CV, state=AttemptState.SUBMITTING, release_at=NOW, accepted_at=None, **changed)
        assert timers_due(view(case(_CV, attempts=(row,)), NOW)).wakes == [since + wait]


# ---- reminders


@pytest.mark.parametrize(("ago", "reminded"), [(24 * _H, True), (24 * _H - _S, False)])
def test_an_answer_of_a_day_is_not_fresh(ago: timedelta, reminded: bool) -> None:
    """R2 is not said to who has just answered (§10.5)."""
    plan = reminders(view(case(_CV)), _CV)
    at = next(intent.at for intent in plan.intents if intent.step is Step.R2)
    said = meeting(state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3, evidence_at=at - ago)
    plan = reminders(view(case(said)), said)
    assert [intent.step for intent in plan.intents] == ([Step.R2] if reminded else [])
    assert [(one.step, one.reason, one.at) for one in plan.omissions] == ([] if reminded else [(Step.R2, Why.ACKNOWLEDGED, at)])


@pytest.mark.parametrize(("apart", "superseded"), [(24 * _H, False), (24 * _H - _S, True)])
def test_word_of_a_new_date_near_a_reminder(apart: timedelta, superseded: bool) -> None:
    """Closer than 24 hours, before or after, it takes the place of the reminder (§10.11)."""
    at = next(intent.at for intent in reminders(view(case(_CV)), _CV).intents if intent.step is Step.R2)
    for told in (at - apart, at + apart):
        left_out = [one.step for one in reminders(view(case(_CV)), _CV, [told]).omissions if one.reason is Why.SUPERSEDED]
        assert (Step.R2 in left_out) is superseded


# ---- the steps of a period


def test_the_first_weekday_is_the_next_one() -> None:
    """Day by day over weekends and holidays."""
    assert first_weekday(_HOME, day("2027-03-26")) == day("2027-03-26")
    assert first_weekday(_HOME, day("2027-03-27")) == day("2027-03-30")
    assert first_weekday(_HOME, day("2026-12-25")) == day("2026-12-28")
    assert first_weekday(_HOME, day("2027-01-01")) == day("2027-01-04")


def test_a_period_that_opens_at_the_hour_of_its_step() -> None:
    """At that very instant it is open: the step is on that day; a second later on the next."""
    ten = paris("2026-11-30", "10:00")
    hour = _POLICY.actualisation.steps[0].hour
    assert opening_day(_HOME, ten, hour) == day("2026-11-30")
    assert opening_day(_HOME, ten + _S, hour) == day("2026-12-01")


def test_a_letter_of_december_is_of_use_in_january() -> None:
    """Until the 6th of the month after, of the next year when it is January (§10.5)."""
    for name, limit in (("2026-12", "2027-01-06"), ("2026-11", "2026-12-06"), ("2027-01", "2027-02-06")):
        duty = actualisation(name)
        plan = campaign(view(case(duty, contacts=(letterbox(),)), duty.known_at), duty)
        assert [(intent.step, intent.not_after) for intent in plan.intents] == [(Step.A0, paris(limit, "15:00"))]


def test_a_full_cap_is_told_step_by_step() -> None:
    """Six SMS about this period: each step is left out at its own instant, with the reason (§10.4)."""
    who = person(forbidden_channels=(Channel.VOICE,))
    rows = tuple(attempt(f"f{n}", about=_ACT, step=Step.F, occurrence=n, release_at=_ACT.known_at - n * _D) for n in range(6))
    room = campaign(view(case(_ACT, who=who), _ACT.known_at), _ACT)
    full = campaign(view(case(_ACT, who=who, attempts=rows), _ACT.known_at), _ACT)
    assert [(one.step, one.occurrence) for one in room.intents] == [
        (Step.A1, 1),
        (Step.A2, 1),
        (Step.A4, 1),
        (Step.A5, 1),
        (Step.A5, 2),
    ]
    assert (room.omissions, full.intents) == ([], [])
    assert full.omissions == [
        Omission(obligation=_ACT, step=one.step, occurrence=one.occurrence, channel=Channel.SMS, reason=Why.CAP_REACHED, at=one.at)
        for one in room.intents
    ]


def _silent(since: datetime) -> Environment:
    alarm = Alarm(
        alarm_id=alarm_id(AlarmType.FEED_SILENT, "actualisation.completed", since),
        type=AlarmType.FEED_SILENT,
        scope="actualisation.completed",
        figures={},
        since=since,
        raised_at=since,
    )
    return environment().with_standing(standing_of([alarm], since + _H, {}))


def test_which_steps_wait_for_a_silent_feed() -> None:
    """A1 to A3 while nobody knows who has done it; A4 and A5 never; nobody who says that it is done (§10.16)."""
    now = paris("2026-12-10", "11:00")
    env = _silent(now - _H)
    seen = view(case(_ACT), now, env)
    assert [step for step in Step if waits_for_feed(seen, _ACT, step)] == [Step.A0, Step.A1, Step.A2, Step.A3]
    said = replace(_ACT, said_done_at=now)
    assert not any(waits_for_feed(seen, said, step) for step in Step)
    before = view(case(_ACT), now - 2 * _H, env)
    assert not any(waits_for_feed(before, _ACT, step) for step in Step)


_A2_AT = paris("2026-12-10", "11:00")


def _failed(step: Step = Step.A2, at: datetime = _A2_AT, **changed: Any) -> Attempt:
    facts: dict[str, Any] = {"state": AttemptState.FAILED, "last_status": ReceiptStatus.FAILED_HARD, "release_at": at, "closed_at": at + _M}
    return attempt("b1", about=_ACT, step=step, **{**facts, **changed})


def _replaced(row: Attempt, *, duty: Obligation = _ACT, next_step_at: datetime | None = None, env: Environment | None = None) -> list[Any]:
    of = case(duty, contacts=(mobile(), mailbox()), attempts=(row,), who=person(forbidden_channels=(Channel.VOICE,)))
    found = replacement(view(of, row.release_at + 2 * _M, env), duty, next_step_at).intents
    return [(one.step, one.occurrence, one.channel, one.at, one.cause) for one in found]


def test_a_step_that_failed_goes_on_by_the_next_channel() -> None:
    """At once, under its own name and number; not when the next step would be as soon; not while its feed is silent (§10.16)."""
    now = _failed().release_at + 2 * _M
    assert _replaced(_failed()) == [(Step.A2, 1, Channel.EMAIL, now, "hard_failure")]
    second = paris("2026-12-15", "16:10")
    again = _failed(Step.A5, second, occurrence=2)
    assert _replaced(again) == [(Step.A5, 2, Channel.EMAIL, second + 2 * _M, "hard_failure")]
    assert _replaced(_failed(), next_step_at=now) == []
    assert len(_replaced(_failed(), next_step_at=now + _S)) == 1
    assert _replaced(_failed(), env=_silent(now - _H)) == []
    assert len(_replaced(_failed(Step.A4, paris("2026-12-14", "11:00")), env=_silent(now))) == 1


@pytest.mark.parametrize(("seconds", "goes_on"), [(-1, True), (0, False), (1, False)])
def test_who_said_that_it_is_done_has_heard(seconds: int, goes_on: bool) -> None:
    """« C'est fait », said since the message left: nothing takes its place (§10.12)."""
    row = _failed()
    said = replace(_ACT, said_done_at=row.release_at + seconds * _S)
    assert bool(_replaced(row, duty=said)) is goes_on


@pytest.mark.parametrize(
    ("changed", "goes_on"),
    [
        ({"channel": Channel.VOICE, "last_status": ReceiptStatus.FAILED_SOFT}, False),
        ({"channel": Channel.VOICE, "last_status": ReceiptStatus.NO_ANSWER}, False),
        ({"channel": Channel.VOICE, "last_status": ReceiptStatus.FAILED_HARD}, True),
        ({"last_status": ReceiptStatus.FAILED_SOFT}, True),
        ({"channel": Channel.VOICE, "state": AttemptState.UNKNOWN, "last_status": None}, False),
        ({"state": AttemptState.UNKNOWN, "last_status": None}, True),
        # nobody knows when it was closed: from its release
        ({"closed_at": None}, True),
    ],
)
def test_what_calls_for_another_channel(changed: dict[str, Any], goes_on: bool) -> None:
    """A failure or a missing receipt; the telephone is tried again at the next step (§11.2)."""
    assert bool(_replaced(_failed(**changed))) is goes_on


# ---- questions about points


@pytest.mark.parametrize(("left", "asked"), [(timedelta(0), False), (_S, True)])
def test_a_question_is_asked_until_its_end(left: timedelta, asked: bool) -> None:
    """Whose number is this: not once the answer is not waited for any more; the message is of use until then."""
    point = mobile(only_verification=True)
    duty = replace(question(point.person_id, point, 1, NOW - _D, _POLICY.contacts), due_at=NOW + left)
    found = question_plan(view(case(duty, contacts=(point,)), NOW), duty).intents
    assert [(one.step, one.at, one.not_after, one.cause, one.chosen_by) for one in found] == (
        [(Step.VERIFICATION, NOW, NOW + _S, "verification", "the_point_itself")] if asked else []
    )
