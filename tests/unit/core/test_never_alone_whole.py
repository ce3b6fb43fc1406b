"""The message that keeps a doubtful point company, whole: its rung, its count, its channel, its hour and its caps (§10.7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.decision import Intent
from services.core.model import Attempt, Contact, Item, Obligation, ObligationId
from services.core.never_alone import beside
from services.core.words import AttemptState, Channel, ContactStatus, Lane, ObligationState, Step
from tests.unit.core.scene import NOW, actualisation, attempt, case, letterbox, mailbox, meeting, mobile, paris, person, view

_D, _H = timedelta(days=1), timedelta(hours=1)
_SUSPECT = mobile(status=ContactStatus.SUSPECT, status_at=NOW - 9 * _D)
#: a Thursday morning
_AT = paris("2026-11-26", "10:05")
_CV = meeting()
_NO_CALLS: dict[str, Any] = {"forbidden_channels": (Channel.VOICE,)}


def _told(duty: Obligation = _CV, step: Step = Step.R1, attempt_id: str = "a1", **changed: Any) -> Attempt:
    return attempt(attempt_id, about=duty, step=step, **{"release_at": _AT, "state": AttemptState.RELEASED, **changed})


def _company(
    duty: Obligation, *told: Attempt, contacts: tuple[Contact, ...] = (_SUSPECT, mailbox(), letterbox()), at: datetime = _AT, **who: Any
) -> list[Intent]:
    return beside(view(case(duty, who=person(**who), contacts=contacts, attempts=told), at), duty).intents


def _intent(duty: Obligation, channel: Channel, at: datetime, not_after: datetime, **changed: Any) -> Intent:
    about: dict[str, Any] = {"step": Step.R1, "occurrence": 1, **changed}
    return Intent(obligation=duty, channel=channel, at=at, not_after=not_after, cause="not_alone", chosen_by="order", **about)


def test_a_reminder_of_a_meeting() -> None:
    """By the next channel of the ladder at its next slot; without calls by e-mail, at once and for as long as an e-mail is of use."""
    assert _company(_CV, _told()) == [_intent(_CV, Channel.VOICE, paris("2026-11-26", "14:00"), paris("2026-11-26", "18:45"))]
    by_mail = _intent(_CV, Channel.EMAIL, _AT, paris("2026-11-26", "20:00"))
    assert _company(_CV, _told(), **_NO_CALLS) == [by_mail]


def test_a_step_of_an_actualisation_is_a_campaign_s() -> None:
    """It stands in the lane of its step."""
    duty = actualisation()
    at = paris("2026-12-10", "10:05")
    found = _company(duty, _told(duty, Step.A2, release_at=at), at=at, **_NO_CALLS)
    assert found == [_intent(duty, Channel.EMAIL, at, paris("2026-12-10", "20:00"), step=Step.A2, lane=Lane.CAMPAIGN)]


def test_each_step_has_its_company_once() -> None:
    """Said on two channels it has company; what was taken back, another occurrence, another step or another duty is none."""
    other = meeting("cv:2")
    mail: dict[str, Any] = {"channel": Channel.EMAIL, "contact_id": "mail", "attempt_id": "a2"}
    assert _company(_CV, _told(), _told(**mail), **_NO_CALLS) == []
    strangers = [
        _told(**mail, state=AttemptState.CANCELLED),
        _told(**mail, occurrence=2),
        _told(step=Step.R3, **mail),
        _told(other, **mail),
        _told(replace(_CV, revision=2), **mail),
        # two duties in one message: the other one's reminder
        _told(
            **mail,
            items=(
                Item(obligation_id=ObligationId("cv:2"), revision=1, step=Step.R1),
                Item(obligation_id=ObligationId("cv:1"), revision=1, step=Step.N0),
            ),
        ),
    ]
    for stranger in strangers:
        assert [intent.channel for intent in _company(_CV, _told(), stranger, **_NO_CALLS)] == [Channel.EMAIL]


def test_a_message_of_several_duties_is_looked_at_for_each() -> None:
    """The occurrence is that of this duty in the message, not of the first."""
    items = (
        Item(obligation_id=ObligationId("cv:2"), revision=1, step=Step.R3, occurrence=4),
        Item(obligation_id=ObligationId("cv:1"), revision=1, step=Step.R1, occurrence=1),
    )
    (found,) = _company(_CV, _told(items=items), **_NO_CALLS)
    assert (found.step, found.occurrence) == (Step.R1, 1)


@pytest.mark.parametrize(
    ("before", "occurrence"),
    [
        ([], 1),
        # what the fallback said by e-mail before is counted; its calls are not
        ([(Channel.EMAIL, Step.F, -2)], 2),
        ([(Channel.EMAIL, Step.F, -2), (Channel.VOICE, Step.F, -1), (Channel.EMAIL, Step.R1, -1)], 2),
    ],
)
def test_rungs_of_the_fallback_are_counted_by_channel(before: list[tuple[Channel, Step, int]], occurrence: int) -> None:
    """Its first e-mail is the first, however many SMS there were."""
    rows = [
        _told(step=step, attempt_id=f"b{n}", channel=channel, contact_id="mail", release_at=_AT + hours * _H)
        for n, (channel, step, hours) in enumerate(before)
    ]
    told = _told(step=Step.F, occurrence=3)
    (found,) = _company(_CV, *rows, told, **_NO_CALLS)
    assert (found.channel, found.step, found.occurrence) == (Channel.EMAIL, Step.F, occurrence)


def test_company_of_the_fallback_is_what_left_since() -> None:
    """At the same instant or later."""
    told = _told(step=Step.F)
    for minutes, company in ((-1, 1), (0, 0), (1, 0)):
        mail = _told(step=Step.F, attempt_id="a2", channel=Channel.EMAIL, contact_id="mail", release_at=_AT + timedelta(minutes=minutes))
        assert len(_company(_CV, mail, told, **_NO_CALLS)) == company


def _written(count: int, channel: Channel) -> tuple[Attempt, ...]:
    """Messages about the duty that its cap for the channel counts."""
    return tuple(
        _told(step=Step.N0, attempt_id=f"c{n}", occurrence=n, channel=channel, contact_id="mail", release_at=NOW) for n in range(count)
    )


def test_a_channel_without_room_is_passed_over() -> None:
    """Three e-mails about this meeting: a letter goes along, when it is in time (§10.4)."""
    far = meeting(due_at=paris("2026-12-21", "10:30"))
    found = _company(far, *_written(3, Channel.EMAIL), _told(far), **_NO_CALLS)
    assert [intent.channel for intent in found] == [Channel.LETTER]
    found = _company(far, *_written(2, Channel.EMAIL), _told(far), **_NO_CALLS)
    assert [intent.channel for intent in found] == [Channel.EMAIL]
    assert _company(far, *_written(3, Channel.EMAIL), _told(far), contacts=(_SUSPECT, mailbox()), **_NO_CALLS) == []


@pytest.mark.parametrize(("state", "step"), [(ObligationState.OPEN, Step.CORRECTIVE), (ObligationState.CANCELLED, Step.CANCELLATION)])
def test_word_of_a_change_is_outside_the_caps(state: ObligationState, step: Step) -> None:
    """However many e-mails there were about it (§10.4)."""
    duty = meeting(state=state)
    found = _company(duty, *_written(3, Channel.EMAIL), _told(duty, step), **_NO_CALLS)
    assert [(intent.step, intent.channel, intent.at) for intent in found] == [(step, Channel.EMAIL, _AT)]


def test_a_channel_that_is_of_no_use_any_more_is_passed_over() -> None:
    """A letter would come too late, the next channel would not."""
    found = _company(_CV, _told(), preferred_channel=Channel.LETTER, **_NO_CALLS)
    assert [intent.channel for intent in found] == [Channel.EMAIL]


def test_a_point_that_became_doubtful_with_the_message() -> None:
    """Learned at the very instant at which it left: it counts; a second later it does not."""
    for seconds, company in ((0, 1), (1, 0)):
        point = replace(_SUSPECT, status_at=_AT + timedelta(seconds=seconds))
        assert len(_company(_CV, _told(), contacts=(point, mailbox()), at=_AT + _H, **_NO_CALLS)) == company


def test_a_message_that_needs_none_does_not_hide_the_next() -> None:
    """The first notice goes its own way; the reminder after it has company all the same."""
    first = _told(step=Step.N0, attempt_id="a0", release_at=NOW)
    gone = _told(step=Step.R1, attempt_id="b0", contact_id="gone", release_at=NOW + _H)
    found = _company(_CV, first, gone, _told(step=Step.R3), **_NO_CALLS)
    assert [intent.step for intent in found] == [Step.R3]
