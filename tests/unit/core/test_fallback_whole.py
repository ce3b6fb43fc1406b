"""The next rung, whole: its count, its channel, its instant, why it comes and why on that channel (§10.5, §10.10, §10.11)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.decision import Intent
from services.core.meeting.fallback import fallback
from services.core.model import Attempt, Contact, Obligation
from services.core.words import AttemptState, Channel, ReceiptStatus, Step
from tests.unit.core.scene import NOW, attempt, case, landline, letterbox, mailbox, meeting, mobile, paris, person, view

_M, _H = timedelta(minutes=1), timedelta(hours=1)
_MONDAY = paris("2026-11-23", "10:00")
_FAR = meeting(known_at=_MONDAY, due_at=paris("2026-12-11", "09:00"))
#: known on a Friday at 16:00, at noon of the next day
_SOON = meeting(due_at=NOW + 20 * _H)
_BY_CALL = (landline(), mailbox(), letterbox())


def _next(
    duty: Obligation, *rows: Attempt, now: datetime, contacts: tuple[Contact, ...] = (mobile(), mailbox()), **who: Any
) -> list[Intent]:
    return fallback(view(case(duty, who=person(**who), contacts=contacts, attempts=rows), now), duty, ()).intents


def _rung(duty: Obligation, channel: Channel, at: datetime, not_after: datetime, cause: str, chosen_by: str, occurrence: int = 1) -> Intent:
    return Intent(
        obligation=duty, step=Step.F, occurrence=occurrence, channel=channel, at=at, not_after=not_after, cause=cause, chosen_by=chosen_by
    )


def _call(duty: Obligation = _FAR, attempt_id: str = "a1", at: datetime = _MONDAY, **changed: Any) -> Attempt:
    facts: dict[str, Any] = {"state": AttemptState.FAILED, "closed_at": at + _M, "release_at": at, "submitted_at": at, **changed}
    return attempt(attempt_id, about=duty, channel=Channel.VOICE, contact_id="fixe", **facts)


@pytest.mark.parametrize(
    "end",
    [
        {"last_status": ReceiptStatus.NO_ANSWER},
        {"last_status": ReceiptStatus.FAILED_SOFT},
        {"last_status": ReceiptStatus.VOICEMAIL_LEFT, "state": AttemptState.DELIVERED},
        # nobody knows how it ended
        {"last_status": None, "state": AttemptState.UNKNOWN},
    ],
)
def test_a_call_that_reached_nobody(end: dict[str, Any]) -> None:
    """The next slot in another half-day; its second repeat is counted as such."""
    who: dict[str, Any] = {"contacts": _BY_CALL, "preferred_channel": Channel.VOICE}
    again = _rung(_FAR, Channel.VOICE, paris("2026-11-23", "14:00"), paris("2026-11-23", "18:45"), "unanswered", "again")
    assert _next(_FAR, _call(**end), now=_MONDAY + 2 * _M, **who) == [again]
    afternoon = _call(attempt_id="a2", at=paris("2026-11-23", "14:00"), step=Step.F, **end)
    third = _rung(_FAR, Channel.VOICE, paris("2026-11-24", "10:00"), paris("2026-11-24", "12:45"), "unanswered", "again", 2)
    assert _next(_FAR, _call(**end), afternoon, now=paris("2026-11-23", "14:02"), **who) == [third]


def test_a_call_to_a_number_that_does_not_exist() -> None:
    """The next channel at once, as its first rung."""
    now = _MONDAY + 2 * _M
    found = _next(
        _FAR, _call(last_status=ReceiptStatus.FAILED_HARD), now=now, contacts=(landline(), mailbox()), preferred_channel=Channel.VOICE
    )
    assert found == [_rung(_FAR, Channel.EMAIL, now, paris("2026-11-23", "20:00"), "hard_failure", "order")]


def test_a_call_that_is_being_placed_is_waited_for() -> None:
    """Claimed, whatever was heard of an earlier try; or taken, and not over yet."""
    for changed in ({"state": AttemptState.SUBMITTING, "last_status": ReceiptStatus.NO_ANSWER}, {"state": AttemptState.ACCEPTED}):
        assert _next(_FAR, _call(closed_at=None, **changed), now=_MONDAY + _M, contacts=_BY_CALL) == []


def _sms(step: Step = Step.N0, **changed: Any) -> Attempt:
    return attempt(about=_SOON, step=step, **changed)


_QUICK = _rung(_SOON, Channel.VOICE, NOW + 30 * _M, paris("2026-11-20", "18:45"), "last_minute", "order")


@pytest.mark.parametrize("step", [Step.N0, Step.CORRECTIVE])
def test_less_than_a_day_is_a_call_half_an_hour_later(step: Step) -> None:
    """After a first notice or word of a new date, delivered or not, without waiting for a slot; the day's caps hold (§10.11)."""
    assert _next(_SOON, _sms(step), now=NOW) == [_QUICK]
    lost = _sms(step, state=AttemptState.UNKNOWN, closed_at=NOW + _H)
    late = _rung(_SOON, Channel.VOICE, NOW + _H, paris("2026-11-20", "18:45"), "last_minute", "order")
    assert _next(_SOON, lost, now=NOW + _H) == [late]


def test_the_quick_call_comes_once_and_after_first_words_only() -> None:
    """Not after a call, a rung of the fallback, or a failure; not where nobody may call."""
    called = _call(_SOON, "a0", NOW - _M, last_status=ReceiptStatus.NO_ANSWER, closed_at=NOW)
    for rows in (
        (called, _sms()),
        (_sms(Step.F),),
        (_sms(state=AttemptState.FAILED, last_status=ReceiptStatus.FAILED_HARD, closed_at=NOW),),
    ):
        assert [one.cause for one in _next(_SOON, *rows, now=NOW) if one.cause == "last_minute"] == []
    assert _next(_SOON, _sms(), now=NOW, forbidden_channels=(Channel.VOICE,)) == []


def test_a_day_of_notice_waits_for_its_slot() -> None:
    """24 hours are not the last minute: nothing is known of the message, so the next channel waits for a receipt."""
    duty = meeting(due_at=NOW + 24 * _H)
    assert _next(duty, attempt(about=duty), now=NOW) == []
