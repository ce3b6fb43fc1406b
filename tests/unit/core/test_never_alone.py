"""A doubtful point is never written to alone: the next channel says the same step (§10.2, §10.7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.core.model import Attempt, Contact, Obligation
from services.core.never_alone import beside
from services.core.words import AttemptState, Channel, ContactStatus, DigitalEase, Evidence, ObligationState, Step
from tests.unit.core.scene import NOW, actualisation, attempt, case, letterbox, mailbox, meeting, mobile, paris, person, view

_SUSPECT = mobile(status=ContactStatus.SUSPECT, status_at=NOW - timedelta(days=9))
_REMINDED = paris("2026-11-28", "09:35")


def _beside(duty: Obligation, told: Attempt, point: Contact = _SUSPECT, *others: Attempt, **who: Any) -> list[tuple[Step, Channel]]:
    """What goes with this message, once it has left."""
    of = case(duty, who=person(**who), contacts=(point, mailbox()), attempts=(told, *others))
    return [(intent.step, intent.channel) for intent in beside(view(of, told.release_at), duty).intents]


def _told(duty: Obligation, step: Step, **changed: Any) -> Attempt:
    return attempt(about=duty, step=step, **{"release_at": _REMINDED, "state": AttemptState.RELEASED, **changed})


@pytest.mark.parametrize("status", [ContactStatus.SUSPECT, ContactStatus.UNVERIFIED])
@pytest.mark.parametrize("step", [Step.R1, Step.R2, Step.R3, Step.F, Step.CORRECTIVE])
def test_a_rung_on_a_doubtful_point(step: Step, status: ContactStatus) -> None:
    """The next channel of the ladder starts with it; e-mail here, because the window for calls is closed until Monday."""
    duty = meeting()
    found = _beside(duty, _told(duty, step), replace(_SUSPECT, status=status), forbidden_channels=(Channel.VOICE,))
    assert found == [(step, Channel.EMAIL)]


def test_a_good_point_is_enough() -> None:
    """One that is active, and was the same for long."""
    duty = meeting()
    assert _beside(duty, _told(duty, Step.R2), mobile(value_at=NOW - timedelta(days=30))) == []


@pytest.mark.parametrize(
    ("age", "company"),
    [(timedelta(hours=23), [(Step.R2, Channel.EMAIL)]), (timedelta(hours=24), [])],
)
def test_a_value_of_less_than_a_day(age: timedelta, company: list[tuple[Step, Channel]]) -> None:
    """Changed less than 24 hours before the step: also on a second channel."""
    duty = meeting()
    new = mobile(value_at=_REMINDED - age)
    assert _beside(duty, _told(duty, Step.R2), new, forbidden_channels=(Channel.VOICE,)) == company


def test_the_value_of_the_first_load_is_not_new() -> None:
    """Everybody's values are as old as we know the people (contracts §2)."""
    duty = meeting()
    first = mobile(value_at=_REMINDED - timedelta(hours=1))
    assert _beside(duty, _told(duty, Step.R2), first, known_at=_REMINDED - timedelta(hours=1)) == []


def test_it_has_company_once() -> None:
    """What the next channel said already is not said on a third."""
    duty = meeting()
    other = _told(duty, Step.R2, channel=Channel.EMAIL, contact_id="mail", attempt_id="a2")
    assert _beside(duty, _told(duty, Step.R2), _SUSPECT, other) == []


def test_what_is_learned_later_sends_no_old_message_again() -> None:
    """The point was good when the message left."""
    duty = meeting()
    assert _beside(duty, _told(duty, Step.R1), replace(_SUSPECT, status_at=_REMINDED + timedelta(hours=1))) == []


@pytest.mark.parametrize("step", [Step.N0, Step.L])
def test_the_first_notice_goes_its_own_way(step: Step) -> None:
    """It starts with the next channel of itself."""
    duty = meeting()
    assert _beside(duty, _told(duty, step)) == []


def test_a_failed_message_is_the_fallbacks() -> None:
    """The next channel comes for the failure."""
    duty = meeting()
    assert _beside(duty, _told(duty, Step.R2, state=AttemptState.FAILED)) == []


@pytest.mark.parametrize(
    ("state", "step", "company"),
    [
        (ObligationState.ACKNOWLEDGED, Step.R2, 1),
        (ObligationState.ACKNOWLEDGED, Step.R1, 0),
        (ObligationState.DECLINED, Step.R2, 0),
        (ObligationState.CANCELLED, Step.CANCELLATION, 1),
        (ObligationState.MISSED, Step.R2, 0),
    ],
)
def test_only_what_the_ladder_would_still_say(state: ObligationState, step: Step, company: int) -> None:
    """Nobody is reminded twice of what is over."""
    duty = meeting(state=state)
    assert len(_beside(duty, _told(duty, step), forbidden_channels=(Channel.VOICE,))) == company


def test_who_answered_is_still_reminded_on_two_channels() -> None:
    """A call-back was asked for (E3, open): reminders go on, the fallback does not."""
    duty = meeting(evidence=Evidence.E3)
    assert _beside(duty, _told(duty, Step.R2), forbidden_channels=(Channel.VOICE,)) == [(Step.R2, Channel.EMAIL)]
    assert _beside(duty, _told(duty, Step.F), forbidden_channels=(Channel.VOICE,)) == []


@pytest.mark.parametrize(("step", "channel"), [(Step.A1, Channel.EMAIL), (Step.A2, Channel.VOICE), (Step.A4, Channel.EMAIL)])
def test_a_step_of_an_actualisation(step: Step, channel: Channel) -> None:
    """A1 and A4 are not called (§10.4), not even to keep company."""
    duty = actualisation()
    told = _told(duty, step, release_at=paris("2026-12-10", "10:05"))
    assert _beside(duty, told) == [(step, channel)]


@pytest.mark.parametrize(("step", "company"), [(Step.A0, [(Step.A0, Channel.SMS)]), (Step.A2, [])])
def test_a_mailbox_of_somebody_without_the_web(step: Step, company: list[tuple[Step, Channel]]) -> None:
    """They prefer e-mail: the opening goes there, never alone (§10.9); the steps after it have their own order."""
    duty = actualisation()
    told = attempt(about=duty, step=step, channel=Channel.EMAIL, contact_id="mail", release_at=_REMINDED)
    assert _beside(duty, told, mobile(), digital_ease=DigitalEase.OFFLINE, forbidden_channels=(Channel.VOICE,)) == company
    assert _beside(duty, told, mobile(), forbidden_channels=(Channel.VOICE,)) == []


def test_no_other_channel_no_company() -> None:
    """A letter that would come too late keeps no company."""
    duty = meeting()
    told = _told(duty, Step.R2)
    of = case(duty, contacts=(_SUSPECT, letterbox()), who=person(forbidden_channels=(Channel.VOICE,)), attempts=(told,))
    assert beside(view(of, told.release_at), duty).intents == []
