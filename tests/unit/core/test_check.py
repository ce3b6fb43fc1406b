"""Check-at-send (§10.1.4): everything is read again just before the provider is called."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.check import AlreadyClaimed, DoNotSend, NotYet, Send, may_send
from services.core.model import Attempt, Case, Obligation
from services.core.words import AttemptState, Channel, Constraint, ContactStatus, LineType, ObligationState, Step, Why
from tests.unit.core.scene import (
    LEILA,
    NOW,
    actualisation,
    appointment,
    attempt,
    case,
    environment,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
)


def _released(about: Obligation, **changed: Any) -> Attempt:
    return attempt(about=about, **{"state": AttemptState.RELEASED, "tries": 0, "release_at": NOW, "submitted_at": None, **changed})


def _why(of: Case, row: Attempt, now: datetime = NOW) -> Why | None:
    verdict = may_send(of, row, environment(), now)
    return verdict.reason if isinstance(verdict, DoNotSend) else None


def test_what_is_still_wanted_goes() -> None:
    """To the point as it is now, about the duties as they are now."""
    duty = meeting()
    verdict = may_send(case(duty), _released(duty), environment(), NOW)
    assert isinstance(verdict, Send)
    assert verdict.obligations == (duty,)
    assert verdict.contact.contact_id == "tel"


@pytest.mark.parametrize("state", [state for state in AttemptState if state is not AttemptState.RELEASED])
def test_only_a_released_message_can_be_claimed(state: AttemptState) -> None:
    """Somebody has it, or it is over."""
    duty = meeting()
    assert isinstance(may_send(case(duty), _released(duty, state=state), environment(), NOW), AlreadyClaimed)


def test_nothing_goes_to_somebody_who_was_erased() -> None:
    """The profile is gone."""
    assert _why(Case(person_id=LEILA), _released(meeting())) is Why.ERASED


def test_not_before_its_instant() -> None:
    """The release instant, or the later one that the provider asked for."""
    duty = meeting()
    early = may_send(case(duty), _released(duty, release_at=NOW + timedelta(hours=1)), environment(), NOW)
    assert early == NotYet(at=NOW + timedelta(hours=1))
    again = may_send(case(duty), _released(duty, try_at=NOW + timedelta(hours=2)), environment(), NOW)
    assert again == NotYet(at=NOW + timedelta(hours=2))


def test_not_after_it_is_of_use() -> None:
    """One second later it is too late."""
    duty = meeting()
    row = _released(duty, not_after=NOW)
    assert _why(case(duty), row) is None
    assert _why(case(duty), row, NOW + timedelta(seconds=1)) is Why.TOO_LATE


@pytest.mark.parametrize(
    ("state", "step", "reason"),
    [
        (ObligationState.ACKNOWLEDGED, Step.N0, Why.ACKNOWLEDGED),
        (ObligationState.ACKNOWLEDGED, Step.R2, None),
        (ObligationState.DECLINED, Step.R2, Why.DECLINED),
        (ObligationState.HANDLED, Step.F, Why.HANDLED),
        (ObligationState.DONE, Step.R1, Why.DONE),
        (ObligationState.CANCELLED, Step.R1, Why.CANCELLED_AT_SOURCE),
        (ObligationState.CANCELLED, Step.CANCELLATION, None),
        (ObligationState.MISSED, Step.N0, Why.MISSED),
        (ObligationState.LAPSED, Step.A5, Why.TOO_LATE),
        (ObligationState.LAPSED, Step.A6, None),
    ],
)
def test_the_duty_is_read_again(state: ObligationState, step: Step, reason: Why | None) -> None:
    """Satisfied, cancelled or answered meanwhile: the message stays, with the reason."""
    duty = meeting(state=state)
    assert _why(case(duty), _released(duty, step=step)) is reason


def test_the_point_is_read_again() -> None:
    """Gone, disabled, closed by the person, invalid, or not a mobile any more."""
    duty = meeting()
    row = _released(duty)
    assert _why(case(duty, contacts=(mailbox(),)), row) is Why.CONTACT_CHANGED
    assert _why(case(duty, contacts=(mobile(status=ContactStatus.DISABLED),)), row) is Why.CONTACT_DISABLED
    assert _why(case(duty, contacts=(mobile(closed_channels=(Channel.SMS,)),)), row) is Why.STOPPED
    assert _why(case(duty, contacts=(mobile(problem="not_a_number"),)), row) is Why.CONTACT_INVALID
    assert _why(case(duty, contacts=(mobile(line_type=LineType.FIXED_LINE),)), row) is Why.NOT_A_MOBILE


def test_the_persons_wishes_are_read_again() -> None:
    """A forbidden channel beats everything (§10.1.7)."""
    duty = meeting()
    assert _why(case(duty, who=person(forbidden_channels=(Channel.SMS,))), _released(duty)) is Why.FORBIDDEN
    call = _released(duty, channel=Channel.VOICE)
    assert _why(case(duty, who=person(constraints=(Constraint.NO_VOICE,))), call) is Why.CONSTRAINT


def test_the_window_is_read_again() -> None:
    """A minute after its end, the message stays for the next decision (§10.3)."""
    duty = meeting()
    assert _why(case(duty), _released(duty), paris("2026-11-20", "19:29")) is None
    assert _why(case(duty), _released(duty), paris("2026-11-20", "19:30")) is Why.OUTSIDE_WINDOW


def test_the_closing_day_opens_a_sunday_for_its_own_messages_only() -> None:
    """SMS about the actualisation that ends that day; not about a meeting, nor A6."""
    sunday = paris("2026-11-15", "11:00")
    duty, other = actualisation("2026-10"), appointment(known_at=paris("2026-11-10"))
    late = {"release_at": paris("2026-11-15", "10:30"), "not_after": paris("2026-11-15", "18:00")}
    assert _why(case(duty, other), _released(duty, step=Step.A5, **late), sunday) is None
    assert _why(case(duty, other), _released(other, **late), sunday) is Why.OUTSIDE_WINDOW


def test_of_a_bundle_only_what_is_still_wanted_is_said() -> None:
    """One duty of two was cancelled: the message goes about the other; about none, it stays."""
    one, other = appointment("rdv:1"), appointment("rdv:2", state=ObligationState.CANCELLED)
    row = _released(one)
    row = replace(row, items=(*row.items, replace(row.items[0], obligation_id=other.obligation_id)))
    verdict = may_send(case(one, other), row, environment(), NOW)
    assert isinstance(verdict, Send)
    assert verdict.obligations == (one,)
    assert _why(case(other), row) is Why.ERASED
