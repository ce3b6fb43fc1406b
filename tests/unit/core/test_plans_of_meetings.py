"""The whole plan of a meeting, situation by situation: every rung, its channel, its instant, until when, why, and why that channel."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.kinds import KINDS
from services.core.model import Attempt, Case, Item
from services.core.view import View
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    DigitalEase,
    Evidence,
    ObligationState,
    ReceiptStatus,
    ReplyEffect,
    Step,
)
from tests.unit.core.scene import (
    NOW,
    appointment,
    attempt,
    case,
    landline,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
    reply,
    view,
)

H = timedelta(hours=1)
_CV = meeting()
_ALL = (mobile(), mailbox(), letterbox())
_GONE = mobile(status=ContactStatus.DISABLED)
_DELIVERED: dict[str, Any] = {
    "state": AttemptState.DELIVERED,
    "last_status": ReceiptStatus.DELIVERED,
    "delivered_at": NOW + timedelta(minutes=2),
}
_LATE = meeting(known_at=paris("2026-11-30", "16:00"))
_MOVED = meeting(revision=2, last_revision=2, known_at=NOW + H)
#: a cancellation changes no schedule: what carried it is still of this revision
_CANCELLED = meeting(last_revision=2, state=ObligationState.CANCELLED)


def plan_lines(of: Case, now: datetime, lane: str = "live") -> list[str]:
    """The plan of the case's first duty, a line for each rung, in local time; what is left out has its reason."""
    seen: View = view(of, now)
    plan = KINDS[of.obligations[0].kind](seen, of.obligations[0])

    def local(at: datetime, form: str = "%a %d %H:%M:%S") -> str:
        return seen.residence.local(at).strftime(form)

    assert {intent.lane for intent in plan.intents} <= {lane, "live"}
    lines = [
        f"{one.step}{'' if one.occurrence == 1 else f'.{one.occurrence}'} {one.channel} {local(one.at)}"
        f" until {local(one.not_after, '%a %d %H:%M')} {one.cause} {one.chosen_by}"
        for one in sorted(plan.intents, key=lambda one: one.at)
    ]
    return lines + [f"no {one.step} {one.channel} {local(one.at)} {one.reason}" for one in plan.omissions]


def _row(attempt_id: str = "a1", step: Step = Step.N0, **changed: Any) -> Attempt:
    return attempt(attempt_id, about=_CV, step=step, **changed)


def _call(status: ReceiptStatus, **changed: Any) -> Attempt:
    ended = {"state": AttemptState.FAILED, "last_status": status, "closed_at": NOW + timedelta(minutes=3), **changed}
    return _row(channel=Channel.VOICE, **ended)


_R1 = "R1 sms Tue 24 10:08:42 until Tue 24 19:30 step"
_R2 = "R2 sms Sat 28 09:38:42 until Sat 28 18:00 step"
_R3 = "R3 voice Mon 30 10:08:42 until Mon 30 12:45 step another"
_N0 = "N0 sms Fri 20 16:00:00 until Fri 20 19:30 first_notice preferred"
_PLAIN = [f"{_R1} order", f"{_R2} order", _R3]
_BEST = [f"{_R1} best_evidence", f"{_R2} best_evidence", _R3]
_R3_SMS = "R3 sms Mon 30 10:08:42 until Mon 30 19:30 step another"


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(case(_CV, contacts=_ALL), [_N0, *_PLAIN], id="everything"),
        pytest.param(
            case(_CV, contacts=_ALL, who=person(digital_ease=DigitalEase.OFFLINE, preferred_channel=Channel.EMAIL)),
            [
                "N0 email Fri 20 16:00:00 until Fri 20 20:00 first_notice preferred",
                "N0 voice Fri 20 16:00:00 until Fri 20 18:45 not_alone order",
                "R1 email Tue 24 10:08:42 until Tue 24 20:00 step order",
                "R2 email Sun 29 09:08:42 until Sun 29 20:00 step order",
                _R3,
            ],
            id="a mailbox is never alone for who is offline",
        ),
        pytest.param(
            case(meeting(legal_value="formal"), contacts=_ALL),
            [
                _N0,
                "L letter Fri 20 16:00:00 until Tue 24 15:00 formal_convocation formal_convocation",
                *_PLAIN,
            ],
            id="a formal convocation",
        ),
        pytest.param(
            case(meeting(legal_value="formal", due_at=paris("2026-11-25", "10:30")), contacts=_ALL),
            [
                _N0,
                "R2 sms Mon 23 09:08:42 until Mon 23 19:30 step order",
                "R3 voice Tue 24 10:08:42 until Tue 24 12:45 step another",
                "no L letter Fri 20 16:00:00 letter_too_late",
            ],
            id="too late for its letter",
        ),
        pytest.param(
            case(_CV, contacts=(mobile(status=ContactStatus.SUSPECT), mailbox(status=ContactStatus.UNVERIFIED), letterbox())),
            [
                _N0,
                "N0 voice Fri 20 16:00:00 until Fri 20 18:45 not_alone order",
                "N0 email Fri 20 16:00:00 until Fri 20 20:00 not_alone order",
                "N0 letter Fri 20 16:00:00 until Tue 24 15:00 not_alone order",
                *_PLAIN,
            ],
            id="no point may be relied on alone",
        ),
        pytest.param(
            case(_CV, contacts=_ALL, who=person(preferred_channel=Channel.LETTER)),
            [
                "N0 letter Fri 20 16:00:00 until Tue 24 15:00 first_notice preferred",
                "R1 letter Tue 24 10:08:42 until Wed 25 10:00 step order",
                f"{_R2} order",
                _R3_SMS,
            ],
            id="letters are preferred",
        ),
    ],
)
def test_what_is_planned_when_a_meeting_becomes_known(of: Case, expected: list[str]) -> None:
    """N0 at once, the letter of a formal convocation, R1 to R3 at their hours with this person's jitter (§10.5, §10.9)."""
    assert plan_lines(of, NOW) == expected


def test_the_last_minute() -> None:
    """Less than a day: e-mail beside the first notice, and a call half an hour after it (§10.11)."""
    first = "N0 sms Mon 30 16:00:00 until Mon 30 19:30 first_notice preferred"
    beside = "N0 email Mon 30 16:00:00 until Mon 30 20:00 last_minute complement"
    assert plan_lines(case(_LATE, contacts=_ALL), _LATE.known_at) == [first, beside]
    sent = attempt(about=_LATE)
    mail = attempt("a2", about=_LATE, channel=Channel.EMAIL, contact_id="mail", chosen_by="complement")
    assert plan_lines(case(_LATE, contacts=_ALL, attempts=(sent, mail)), _LATE.known_at + H / 6) == [
        "F voice Mon 30 16:30:00 until Mon 30 18:45 last_minute order"
    ]


@pytest.mark.parametrize(
    ("of", "now", "expected"),
    [
        pytest.param(
            case(_CV, contacts=_ALL, attempts=(_row(**_DELIVERED),)),
            NOW + H,
            ["F voice Mon 23 10:00:00 until Mon 23 12:45 silence order", *_BEST],
            id="delivered and silent",
        ),
        pytest.param(
            case(appointment(), contacts=_ALL, attempts=(attempt(about=appointment(), **_DELIVERED),)),
            NOW + H,
            ["F voice Mon 23 10:00:00 until Mon 23 12:45 silence order", *_BEST],
            id="an appointment waits two days",
        ),
        pytest.param(
            case(
                _CV,
                contacts=(_GONE, mailbox(), landline(), letterbox()),
                attempts=(_row(state=AttemptState.FAILED, last_status=ReceiptStatus.FAILED_HARD, closed_at=NOW + H),),
            ),
            NOW + H,
            [
                "F voice Fri 20 17:00:00 until Fri 20 18:45 hard_failure order",
                "R1 voice Tue 24 10:08:42 until Tue 24 12:45 step order",
                "R2 voice Fri 27 10:08:42 until Fri 27 12:45 step order",
                "R3 email Mon 30 10:08:42 until Mon 30 20:00 step another",
            ],
            id="failed hard",
        ),
        pytest.param(
            case(_CV, contacts=_ALL, attempts=(_row(state=AttemptState.UNKNOWN, closed_at=NOW + 4 * H),)),
            NOW + 4 * H,
            ["F voice Mon 23 10:00:00 until Mon 23 12:45 no_receipt order", *_BEST],
            id="no receipt",
        ),
        pytest.param(
            case(_CV, contacts=_ALL, attempts=(_row(channel=Channel.EMAIL, contact_id="mail"),)),
            NOW + H,
            [
                "F sms Sat 21 16:00:00 until Sat 21 18:00 silence order",
                "R1 email Tue 24 10:08:42 until Tue 24 20:00 step best_evidence",
                "R2 email Sun 29 09:08:42 until Sun 29 20:00 step best_evidence",
                _R3_SMS,
            ],
            id="a silent mailbox",
        ),
        pytest.param(
            case(_CV, contacts=_ALL, attempts=(_row(channel=Channel.LETTER, contact_id="home"),)),
            NOW + H,
            [f"{_R1} order", "F sms Fri 27 17:00:00 until Fri 27 19:30 silence order", f"{_R2} order", _R3_SMS],
            id="a silent letter",
        ),
        pytest.param(
            case(_CV, contacts=_ALL, attempts=(_call(ReceiptStatus.NO_ANSWER),)),
            NOW + H,
            ["F voice Mon 23 10:00:00 until Mon 23 12:45 unanswered again", *_PLAIN],
            id="nobody answered",
        ),
        pytest.param(
            case(_CV, contacts=_ALL, attempts=(_call(ReceiptStatus.FAILED_HARD),)),
            NOW + H,
            ["F sms Fri 20 17:00:00 until Fri 20 19:30 hard_failure order", *_PLAIN],
            id="the call failed hard",
        ),
        pytest.param(
            case(
                _CV,
                contacts=(mobile(), mailbox()),
                attempts=(
                    _row("a1", **_DELIVERED),
                    _row("a2", Step.F, channel=Channel.VOICE, state=AttemptState.FAILED, release_at=NOW + 24 * H, closed_at=NOW + 25 * H),
                    _row("a3", Step.F, channel=Channel.EMAIL, contact_id="mail", release_at=NOW + 26 * H, submitted_at=NOW + 26 * H),
                ),
            ),
            NOW + 30 * H,
            _BEST,
            id="all were tried: room is left for the reminders",
        ),
        pytest.param(
            case(
                replace(_CV, state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3, evidence_how="sms", evidence_at=NOW + H),
                contacts=_ALL,
                attempts=(_row(**_DELIVERED),),
                replies=(
                    reply(
                        "y1",
                        Choice.COME,
                        at=NOW + H,
                        attempt_id="a1",
                        obligation_id="cv:1",
                        revision=1,
                        effect=ReplyEffect.ACKNOWLEDGED,
                    ),
                ),
            ),
            NOW + 2 * H,
            [f"{_R2} best_evidence"],
            id="acknowledged: R2 only",
        ),
    ],
)
def test_what_follows_a_message(of: Case, now: datetime, expected: list[str]) -> None:
    """One rung at a time after a failure, a missing receipt or silence, and the reminders where they were (§10.5, §10.9, §10.10)."""
    assert plan_lines(of, now) == expected


_BY_POST = _row("a3", channel=Channel.LETTER, contact_id="home")
_OLD = (_row("a1", **_DELIVERED), _row("a2", channel=Channel.EMAIL, contact_id="mail"), _BY_POST)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(
            case(_MOVED, contacts=_ALL, attempts=_OLD[:2]),
            [
                "corrective sms Fri 20 17:00:00 until Fri 20 19:30 change carried_the_old_date",
                "corrective email Fri 20 17:00:00 until Fri 20 20:00 change carried_the_old_date",
                *_PLAIN,
            ],
            id="moved, on every channel that carried the old date",
        ),
        pytest.param(
            case(replace(_MOVED, due_at=NOW + 20 * H), contacts=_ALL, attempts=(_OLD[0], _BY_POST)),
            [
                "corrective sms Fri 20 17:00:00 until Fri 20 19:30 change carried_the_old_date",
                "corrective email Fri 20 17:00:00 until Fri 20 20:00 last_minute complement",
                "no corrective letter Fri 20 17:00:00 letter_too_late",
            ],
            id="moved to tomorrow",
        ),
        pytest.param(
            case(_CANCELLED, contacts=_ALL, attempts=(_OLD[0], _BY_POST)),
            ["cancellation sms Fri 20 17:00:00 until Fri 20 19:30 change best_evidence"],
            id="cancelled",
        ),
        pytest.param(
            case(_CANCELLED, contacts=(letterbox(), mailbox()), attempts=(_BY_POST,)),
            ["cancellation letter Fri 20 17:00:00 until Tue 24 15:00 change best_evidence"],
            id="cancelled by letter, nothing faster",
        ),
        pytest.param(
            case(_CANCELLED, contacts=(letterbox(), landline()), attempts=(replace(_BY_POST, state=AttemptState.DELIVERED),)),
            [
                "cancellation letter Fri 20 17:00:00 until Tue 24 15:00 change best_evidence",
                "cancellation voice Fri 20 17:00:00 until Fri 20 18:45 change best_evidence",
            ],
            id="cancelled by letter and at once by voice",
        ),
        pytest.param(case(_CANCELLED, contacts=_ALL, attempts=(_call(ReceiptStatus.FAILED_HARD),)), [], id="nothing had gone out"),
    ],
)
def test_word_of_a_change(of: Case, expected: list[str]) -> None:
    """« Déplacé » on what carried the old date, « annulé » on the best channel and at once where a letter left (§10.11)."""
    assert plan_lines(of, NOW + H) == expected


def test_a_bundle_of_items_counts_its_own_occurrence() -> None:
    """A second fallback by the same channel is its second occurrence (§10.1)."""
    again = _row("a2", Step.F, channel=Channel.VOICE, state=AttemptState.FAILED, last_status=ReceiptStatus.BUSY, release_at=NOW + 66 * H)
    again = replace(
        again, submitted_at=NOW + 66 * H, closed_at=NOW + 66 * H, items=(Item(obligation_id=_CV.obligation_id, revision=1, step=Step.F),)
    )
    lines = plan_lines(case(_CV, contacts=_ALL, attempts=(_row(**_DELIVERED), again)), NOW + 67 * H)
    assert lines[0] == "F.2 voice Mon 23 14:00:00 until Mon 23 18:45 unanswered again"
