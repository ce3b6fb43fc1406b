"""The whole plan of an actualisation, situation by situation: every step, its channel, its instant, until when, and why that channel."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.kinds import KINDS
from services.core.model import Attempt, Case
from services.core.words import AttemptState, Channel, ContactStatus, DigitalEase, Lane, ObligationState, ReceiptStatus, Step
from tests.unit.core.scene import actualisation, attempt, case, landline, letterbox, mailbox, meeting, mobile, paris, person, view

H = timedelta(hours=1)
_ACT = actualisation()
_OPENS = _ACT.known_at
_ALL = (mobile(), mailbox(), letterbox())
_GONE = mobile(status=ContactStatus.DISABLED)
_A2_AT = paris("2026-12-10", "11:00")
_OTHER = meeting(due_at=paris("2026-12-12", "10:30"))


def _lines(of: Case, now: datetime) -> list[str]:
    """The plan of the case's first duty, a line for each step, in local time; what replaces a step is in the living's lane."""
    seen = view(of, now)
    plan = KINDS[of.obligations[0].kind](seen, of.obligations[0])

    def local(at: datetime, form: str = "%a %d %H:%M:%S") -> str:
        return seen.residence.local(at).strftime(form)

    steps = [
        f"{one.step}{'' if one.occurrence == 1 else f'.{one.occurrence}'} {one.channel} {local(one.at)}"
        f" until {local(one.not_after, '%a %d %H:%M')} {one.cause} {one.chosen_by}{' now' if one.lane is Lane.LIVE else ''}"
        for one in sorted(plan.intents, key=lambda one: (one.at, one.step))
    ]
    return steps + [f"no {one.step} {one.channel} {local(one.at)} {one.reason}" for one in plan.omissions]


def _row(attempt_id: str = "b1", step: Step = Step.A2, **changed: Any) -> Attempt:
    sent = {"release_at": _A2_AT, "submitted_at": _A2_AT, "accepted_at": _A2_AT, **changed}
    return attempt(attempt_id, about=_ACT, step=step, **sent)


_A1 = "A1 sms Sat 05 12:19:22 until Sat 05 18:00 step order"
_A2 = "A2 sms Thu 10 12:19:22 until Thu 10 19:30 step order"
_A3 = "A3 voice Fri 11 15:22:45 until Fri 11 18:45 step another"
_LAST = [
    "A4 sms Mon 14 10:26:08 until Mon 14 19:30 step order",
    "A5 sms Tue 15 10:26:08 until Tue 15 19:30 step order",
    "A5.2 sms Tue 15 16:26:08 until Tue 15 19:30 step order",
]
_PLAIN = [_A1, _A2, _A3, *_LAST]
_A0 = "A0 sms Mon 30 12:19:22 until Mon 30 19:30 step preferred"


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(case(_ACT), _PLAIN, id="nobody who needs the opening"),
        pytest.param(case(_ACT, contacts=_ALL, who=person(asked_opening_notice=True)), [_A0, *_PLAIN], id="asked for it"),
        pytest.param(case(_ACT, contacts=_ALL, who=person(missed_actualisations=1)), [_A0, *_PLAIN], id="missed one"),
        pytest.param(case(_ACT, contacts=_ALL, who=person(digital_ease=DigitalEase.OFFLINE)), [_A0, *_PLAIN], id="offline"),
        pytest.param(
            case(_ACT, who=person(asked_opening_notice=True, preferred_channel=Channel.EMAIL)),
            ["A0 sms Mon 30 12:19:22 until Mon 30 19:30 step order", *_PLAIN],
            id="asked for it, by a mailbox that is not there",
        ),
        pytest.param(
            case(_ACT, contacts=(letterbox(),)), ["A0 letter Mon 30 11:27:06 until Sun 06 15:00 step order"], id="nothing but a letterbox"
        ),
        pytest.param(
            case(_ACT, contacts=(landline(),)),
            [
                "A2 voice Thu 10 10:47:54 until Thu 10 12:45 step order",
                "A3 voice Fri 11 15:22:45 until Fri 11 18:45 step only_one",
                "A5 voice Tue 15 10:26:08 until Tue 15 12:45 step order",
            ],
            id="nothing but a telephone: A1 and A4 are not called, the 15th has one call",
        ),
        pytest.param(
            case(actualisation(postal_code="97400"), contacts=(mobile(), mailbox()), who=person(postal_code="97400")),
            _PLAIN,
            id="the same local hours in La Réunion",
        ),
    ],
)
def test_what_is_planned_at_the_opening(of: Case, expected: list[str]) -> None:
    """A0 for who needs it, A1 to A5 at this person's own instants, inside the windows of the residence (§10.4, §10.5)."""
    assert _lines(of, of.obligations[0].known_at) == expected


def test_nobody_is_called_on_a_closing_sunday() -> None:
    """A5 is left out, with the reason; the other calls stay (§10.5)."""
    october = actualisation("2026-10")
    assert _lines(case(october, contacts=(landline(),)), october.known_at) == [
        "A2 voice Tue 10 10:47:54 until Tue 10 12:45 step order",
        "A3 voice Fri 13 15:22:45 until Fri 13 18:45 step only_one",
        "no A5 voice Sun 15 10:00:00 closed_day",
    ]


@pytest.mark.parametrize(
    ("of", "now", "expected"),
    [
        pytest.param(
            case(replace(_ACT, said_done_at=paris("2026-12-05", "09:30"))),
            paris("2026-12-05", "09:30"),
            ["A1 sms Mon 07 09:00:00 until Mon 07 19:30 step order", _A2, _A3, *_LAST],
            id="said done: a day's pause, over a Sunday",
        ),
        pytest.param(
            case(actualisation(known_at=paris("2026-12-10", "12:00"))), paris("2026-12-10", "12:00"), [_A2, _A3, *_LAST], id="known late"
        ),
        pytest.param(
            case(actualisation(known_at=paris("2026-12-10", "12:30"))), paris("2026-12-10", "12:30"), [_A3, *_LAST], id="known after A2"
        ),
        pytest.param(case(_ACT), paris("2026-12-06", "10:30"), [_A2, _A3, *_LAST, "no A1 sms Sat 05 18:00:00 too_late"], id="A1 missed"),
        pytest.param(
            case(_ACT, _OTHER, attempts=(attempt("m", about=_OTHER, release_at=paris("2026-12-05", "10:00")),)),
            paris("2026-12-05", "10:30"),
            ["A1 sms Mon 07 12:19:22 until Mon 07 19:30 step order", _A2, _A3, *_LAST],
            id="another SMS that day: the next allowed day",
        ),
        pytest.param(
            case(
                _ACT,
                contacts=(landline(),),
                attempts=(
                    attempt(
                        "m",
                        about=_OTHER,
                        channel=Channel.VOICE,
                        contact_id="fixe",
                        release_at=paris("2026-12-10", "09:58"),
                        submitted_at=paris("2026-12-10", "09:58"),
                    ),
                ),
            ),
            paris("2026-12-10", "09:59"),
            [
                "A2 voice Thu 10 15:22:45 until Thu 10 18:45 step order",
                "A3 voice Fri 11 15:22:45 until Fri 11 18:45 step only_one",
                "A5 voice Tue 15 10:26:08 until Tue 15 12:45 step order",
            ],
            id="another call that morning: the afternoon's slot",
        ),
    ],
)
def test_what_moves_a_step(of: Case, now: datetime, expected: list[str]) -> None:
    """A pause, a late event, another message of that day; what was missed is left out, not made up for (§10.4, §10.12, §10.15)."""
    assert _lines(of, now) == expected


_HARD: dict[str, Any] = {"state": AttemptState.FAILED, "last_status": ReceiptStatus.FAILED_HARD, "closed_at": _A2_AT + H}
_MISSED = "no A1 sms Sat 05 18:00:00 too_late"


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(
            case(_ACT, contacts=(_GONE, landline(), mailbox()), attempts=(_row(**_HARD),)),
            [
                "A2 voice Thu 10 12:00:00 until Thu 10 12:45 hard_failure order now",
                _A3,
                "A4 email Mon 14 10:26:08 until Mon 14 20:00 step order",
                "A5 voice Tue 15 10:26:08 until Tue 15 12:45 step order",
                "A5.2 email Tue 15 16:26:08 until Tue 15 20:00 step order",
                "no A1 email Sat 05 20:00:00 too_late",
            ],
            id="failed hard: the next channel at once",
        ),
        pytest.param(
            case(
                _ACT,
                contacts=(mobile(), mailbox()),
                attempts=(_row(state=AttemptState.UNKNOWN, last_status=ReceiptStatus.UNKNOWN, closed_at=_A2_AT + H),),
            ),
            ["A2 voice Thu 10 14:00:00 until Thu 10 18:45 no_receipt order now", _A3, *_LAST, _MISSED],
            id="no receipt: a call at the next slot",
        ),
        pytest.param(
            case(
                _ACT,
                contacts=(mobile(), mailbox()),
                attempts=(_row(channel=Channel.VOICE, state=AttemptState.DELIVERED, last_status=ReceiptStatus.VOICEMAIL_LEFT),),
            ),
            ["A3 sms Sat 12 12:19:22 until Sat 12 18:00 step another", *_LAST, _MISSED],
            id="A2 was a call: A3 is an SMS, earlier than the Sunday",
        ),
        pytest.param(
            case(
                _ACT,
                attempts=(
                    _row(channel=Channel.VOICE, state=AttemptState.FAILED, last_status=ReceiptStatus.NO_ANSWER, closed_at=_A2_AT + H),
                ),
            ),
            ["A3 sms Sat 12 12:19:22 until Sat 12 18:00 step another", *_LAST, _MISSED],
            id="nobody answered: the next step",
        ),
    ],
)
def test_what_follows_a_step(of: Case, expected: list[str]) -> None:
    """Between steps only a hard failure or a missing receipt brings the next channel; A3 goes by another than A2 (§10.5)."""
    assert _lines(of, _A2_AT + H) == expected


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ((), "A6 sms Wed 16 12:19:22 until Wed 16 19:30 lapsed order"),
        (
            (_row(channel=Channel.EMAIL, contact_id="mail", state=AttemptState.DELIVERED, delivered_at=_A2_AT),),
            "A6 email Wed 16 12:19:22 until Wed 16 20:00 lapsed best_evidence",
        ),
    ],
)
def test_how_to_register_again(attempts: tuple[Attempt, ...], expected: str) -> None:
    """A6: once, the first weekday after the end, on the channel with the best evidence, else as a first notice (§10.5)."""
    of = case(replace(_ACT, state=ObligationState.LAPSED), contacts=_ALL, attempts=attempts)
    assert _lines(of, paris("2026-12-16", "00:00")) == [expected]
    assert _lines(case(replace(_ACT, state=ObligationState.DONE), contacts=_ALL), paris("2026-12-16", "00:00")) == []
