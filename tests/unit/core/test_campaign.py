"""The ladder of an actualisation, A0 to A6 (§10.5), day by day and channel by channel."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.decide import decide
from services.core.model import Contact, Person, PersonId
from services.core.words import AttemptState, Channel, Constraint, DigitalEase, ReceiptStatus, Step, Why
from tests.unit.core.scene import (
    Story,
    actualisation,
    attempt,
    case,
    environment,
    landline,
    letterbox,
    mailbox,
    mobile,
    paris,
    person,
    residence,
)

_S, _V, _E, _L = Channel.SMS, Channel.VOICE, Channel.EMAIL, Channel.LETTER


def _ahead(
    period: str, who: Person, points: tuple[Contact, ...], now: datetime | None = None
) -> list[tuple[str, Channel, str, datetime, datetime]]:
    duty = actualisation(period, who.postal_code)
    decision = decide(case(duty, who=who, contacts=points), environment(), now or duty.known_at)
    home = residence(who.postal_code)
    return [
        (
            f"{one.step}" if one.occurrence == 1 else f"{one.step}.{one.occurrence}",
            one.channel,
            f"{home.local(one.at):%a %d}",
            one.at,
            one.not_after,
        )
        for one in decision.outlooks[0].ahead
    ]


def _days(*found: tuple[str, Channel, str, datetime, datetime]) -> dict[str, tuple[Channel, str]]:
    return {step: (channel, on) for step, channel, on, _, _ in found}


def test_november_by_sms() -> None:
    """SC-05: Monday 30, Saturday 5, Thursday 10, Friday 11 by voice, Monday 14, Tuesday 15 twice."""
    who = person(constraints=(Constraint.NO_INTERNET,))
    assert _days(*_ahead("2026-11", who, (mobile(),))) == {
        "A0": (_S, "Mon 30"),
        "A1": (_S, "Sat 05"),
        "A2": (_S, "Thu 10"),
        "A3": (_V, "Fri 11"),
        "A4": (_S, "Mon 14"),
        "A5": (_S, "Tue 15"),
        "A5.2": (_S, "Tue 15"),
    }


@pytest.mark.parametrize(
    ("who", "points", "a0"),
    [
        (person(), (mobile(),), False),
        (person(asked_opening_notice=True), (mobile(),), True),
        (person(missed_actualisations=1), (mobile(),), True),
        (person(digital_ease=DigitalEase.OFFLINE), (mobile(),), True),
        (person(), (letterbox(),), True),
        (person(preferred_channel=_L), (letterbox(), mobile()), False),
    ],
)
def test_who_is_told_of_the_opening(who: Person, points: tuple[Contact, ...], a0: bool) -> None:
    """Those who asked, missed one of the last three, depend on the agency, or have nothing but a letterbox (§10.5)."""
    assert ("A0" in _days(*_ahead("2026-11", who, points))) is a0


@pytest.mark.parametrize(
    ("period", "postal_code", "first", "at"),
    [
        ("2026-11", "75011", "Mon 30", "10:00"),
        # Easter, the change of clocks and a holiday: Tuesday 30 March
        ("2027-03", "75011", "Tue 30", "10:00"),
        ("2027-02", "75011", "Fri 26", "10:00"),
        ("2027-01", "97400", "Thu 28", "10:00"),
        # west of Paris it opens on the evening before: on Friday 27 November at 10:00 it was still closed
        ("2026-11", "97110", "Mon 30", "10:00"),
        ("2027-01", "97110", "Thu 28", "10:00"),
    ],
)
def test_the_opening_is_told_on_the_first_weekday(period: str, postal_code: str, first: str, at: str) -> None:
    """Between 10:00 and 18:00 of the residence (§10.1.2, §10.5)."""
    found = [one for one in _ahead(period, person(asked_opening_notice=True, postal_code=postal_code), (mobile(),)) if one[0] == "A0"]
    assert [one[2] for one in found] == [first]
    assert at <= f"{residence(postal_code).local(found[0][3]):%H:%M}" < "18:00"


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        # e-mail alone, any day
        ((mailbox(),), {"A1": (_E, "Sat 05"), "A2": (_E, "Thu 10"), "A4": (_E, "Mon 14"), "A5": (_E, "Tue 15")}),
        # voice alone: A1 and A4 are not called, A3 by voice again, one call on the 15th
        ((landline(),), {"A2": (_V, "Thu 10"), "A3": (_V, "Fri 11"), "A5": (_V, "Tue 15")}),
        # a letterbox alone: the opening only
        ((letterbox(),), {"A0": (_L, "Mon 30")}),
    ],
)
def test_people_with_one_channel(points: tuple[Contact, ...], expected: dict[str, tuple[Channel, str]]) -> None:
    """Each step on the first usable of SMS, voice, e-mail."""
    found = _days(*_ahead("2026-11", person(), points))
    found.pop("A5.2", None)
    assert found == expected


def test_the_fifth_before_the_end_falls_on_a_sunday() -> None:
    """December: J-5 is Sunday 10 January: Saturday for SMS, Friday for calls."""
    assert _days(*_ahead("2026-12", person(), (mobile(),)))["A2"] == (_S, "Sat 09")
    assert _days(*_ahead("2026-12", person(), (landline(),)))["A2"] == (_V, "Fri 08")


def test_nobody_is_called_on_a_closing_sunday() -> None:
    """The last day of October's period is Sunday 15 November: SMS goes, a call is skipped."""
    now = paris("2026-11-14", "20:00")
    assert [one[:3] for one in _ahead("2026-10", person(), (mobile(),), now)][:2] == [("A5", _S, "Sun 15"), ("A5.2", _S, "Sun 15")]
    duty = actualisation("2026-10")
    story = Story(case=case(duty, contacts=(landline(),)))
    assert not [one for one in story.decide(now).outlooks[0].ahead if one.step is Step.A5]
    skips = story.decide(paris("2026-11-15", "10:00")).skips
    assert {(one.items[0].step, one.reason) for one in skips} == {(Step.A5, Why.CLOSED_DAY)}


def test_spread_over_the_windows() -> None:
    """SMS of A2 over eight hours, calls over their half-day, the last days over an hour and a half; always inside the window (§10.4)."""
    for number in range(200):
        who = replace(person(), person_id=PersonId(f"p{number}"))
        hours = {step: f"{residence().local(at):%H:%M}" for step, _, _, at, _ in _ahead("2026-11", who, (mobile(),))}
        assert "10:00" <= hours["A1"] < "18:00"
        assert "10:00" <= hours["A2"] < "18:00"
        assert "14:00" <= hours["A3"] < "18:45"
        assert "10:00" <= hours["A4"] < "11:30"
        assert "10:00" <= hours["A5"] < "11:30"
        assert "16:00" <= hours["A5.2"] < "17:30"


def test_a_step_that_was_missed_is_left_out_as_too_late() -> None:
    """The planner was away all the tenth: nothing is flushed the next day."""
    story = Story(case=case(actualisation()))
    skips = story.decide(paris("2026-12-11", "12:00")).skips
    assert (Step.A2, Why.TOO_LATE) in [(one.items[0].step, one.reason) for one in skips]


def test_a_period_that_became_known_late_makes_up_for_nothing() -> None:
    """Known on the eleventh: from A3 on, and no word of what is past (§10.1.3)."""
    duty = actualisation(known_at=paris("2026-12-11", "20:00"))
    story = Story(case=case(duty, contacts=(mobile(), mailbox())), now=paris("2026-12-11", "20:00"))
    decision = story.decide()
    assert not decision.skips
    assert {one.step for one in decision.outlooks[0].ahead} == {Step.A3, Step.A4, Step.A5}


@pytest.mark.parametrize(
    ("status", "cause"),
    [(ReceiptStatus.FAILED_HARD, "hard_failure"), (ReceiptStatus.UNKNOWN, "no_receipt"), (ReceiptStatus.EXPIRED, "hard_failure")],
)
def test_between_steps_a_failure_brings_the_next_channel(status: ReceiptStatus, cause: str) -> None:
    """Under the same step; a dead telephone leaves the mailbox."""
    start = paris("2026-12-10", "11:00")
    duty = actualisation()
    sms = attempt(about=duty, step=Step.A2, release_at=start, submitted_at=start, accepted_at=start)
    story = Story(case=case(duty, contacts=(mobile(), mailbox()), attempts=(sms,)), now=start)
    story.receive(sms, status, start + timedelta(minutes=5))
    later = story.decide(paris("2026-12-10", "14:00")).releases if status is not ReceiptStatus.FAILED_HARD else story.decide().releases
    assert [(one.items[0].step, one.cause) for one in later] == [(Step.A2, cause)]
    assert later[0].channel is not _S


@pytest.mark.parametrize("status", [ReceiptStatus.NO_ANSWER, ReceiptStatus.BUSY, ReceiptStatus.VOICEMAIL_LEFT])
def test_an_unanswered_call_waits_for_the_next_step(status: ReceiptStatus) -> None:
    """No repeat between steps."""
    start = paris("2026-12-10", "11:00")
    duty = actualisation()
    call = attempt(about=duty, step=Step.A2, channel=_V, contact_id="fixe", release_at=start, submitted_at=start)
    story = Story(case=case(duty, contacts=(landline(), mailbox()), attempts=(call,)), now=start)
    story.receive(call, status, start + timedelta(minutes=1))
    assert not story.decide().releases
    assert not story.decide(paris("2026-12-11", "09:00")).releases


def test_the_next_channel_after_two_failures_is_not_the_first_again() -> None:
    """Every channel of the step was tried: the next step has its turn."""
    start = paris("2026-12-10", "11:00")
    duty = actualisation()
    failed: dict[str, Any] = {"state": AttemptState.FAILED, "last_status": ReceiptStatus.FAILED_SOFT, "closed_at": start}
    sms = attempt("a1", about=duty, step=Step.A2, release_at=start, **failed)
    mail = attempt("a2", about=duty, step=Step.A2, channel=_E, contact_id="mail", release_at=start + timedelta(minutes=1), **failed)
    who = person(forbidden_channels=(_V,))
    story = Story(case=case(duty, who=who, contacts=(mobile(), mailbox()), attempts=(sms, mail)), now=start + timedelta(hours=1))
    assert not story.decide().releases


def test_after_the_end_the_best_channel_tells_how_to_register_again() -> None:
    """The one that was delivered; a letter when there is nothing else."""
    duty = actualisation()
    mail = attempt(
        about=duty, step=Step.A5, channel=_E, contact_id="mail", state=AttemptState.DELIVERED, delivered_at=paris("2026-12-15", "11:00")
    )
    story = Story(case=case(duty, contacts=(mobile(), mailbox()), attempts=(mail,)))
    ahead = story.decide(paris("2026-12-16", "00:00")).outlooks[0].ahead
    assert [(one.step, one.channel, one.chosen_by) for one in ahead] == [(Step.A6, _E, "best_evidence")]
    story = Story(case=case(duty, contacts=(letterbox(),)))
    ahead = story.decide(paris("2026-12-16", "00:00")).outlooks[0].ahead
    assert [(one.channel, one.at) for one in ahead] == [(_L, paris("2026-12-16", "10:00"))]


@pytest.mark.parametrize(
    ("step", "on", "channel"),
    [(Step.A1, "2026-12-07", None), (Step.A4, "2026-12-14", None), (Step.A2, "2026-12-10", _V), (Step.A5, "2026-12-15", _V)],
)
def test_a_call_in_place_of_an_sms_only_on_the_steps_that_call(step: Step, on: str, channel: Channel | None) -> None:
    """A1 and A4 are not called (§10.4): a dead mobile leaves them to the next step."""
    start = paris(on, "11:00")
    duty = actualisation()
    sms = attempt(about=duty, step=step, release_at=start, submitted_at=start, accepted_at=start)
    story = Story(case=case(duty, contacts=(mobile("tel"), landline()), attempts=(sms,)), now=start)
    story.receive(sms, ReceiptStatus.FAILED_HARD, start + timedelta(minutes=5))
    again = [one.channel for one in story.decide().releases if one.items[0].step is step]
    assert again == ([channel] if channel else [])
