"""STOP closes SMS, not the duties: who is told so, and when (§10.12, SC-28)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.evidence.stopped import still_to_be_told
from services.core.model import Attempt
from services.core.words import AttemptState, Channel, Choice, Step
from tests.unit.core.scene import NOW, attempt, case, meeting, reply

_STOP = reply("y1", Choice.STOP, at=NOW)
_V, _E, _L, _S = Channel.VOICE, Channel.EMAIL, Channel.LETTER, Channel.SMS
_A = AttemptState


def _message(attempt_id: str, channel: Channel, step: Step = Step.F, minutes: int = 60, state: AttemptState = _A.SUBMITTING) -> Attempt:
    row = attempt(attempt_id, about=meeting(), step=step, channel=channel, state=state)
    return replace(row, submitted_at=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("channel", "step", "told"),
    [
        (_V, Step.F, True),
        (_E, Step.R2, True),
        (_L, Step.N0, True),
        (_E, Step.CORRECTIVE, True),
        (_E, Step.A2, True),
        # an SMS comes only when the directory has opened the number again
        (_S, Step.R2, False),
        (_E, Step.CANCELLATION, False),
        (_E, Step.VERIFICATION, False),
        (_E, Step.CHANGED, False),
    ],
)
def test_which_message_tells_it(channel: Channel, step: Step, told: bool) -> None:
    """The next one that is no SMS, and that asks for something."""
    mine = _message("mine", channel, step)
    assert still_to_be_told(case(meeting(), attempts=(mine,), replies=(_STOP,)), mine, NOW + timedelta(hours=1)) is told


@pytest.mark.parametrize(
    ("before", "told"),
    [
        # a telephone that only rang has told nothing
        (_message("b", _V, state=_A.FAILED), True),
        (_message("b", _V, state=_A.ACCEPTED), True),
        (_message("b", _V, state=_A.DELIVERED), False),
        (_message("b", _E, state=_A.ACCEPTED), False),
        (_message("b", _E, state=_A.UNKNOWN), False),
        (_message("b", _E, state=_A.FAILED), True),
        (_message("b", _E, state=_A.SKIPPED), True),
        (_message("b", _L, state=_A.ACCEPTED), False),
        (_message("b", _E, minutes=-5, state=_A.ACCEPTED), True),
        (_message("b", _E, Step.CANCELLATION, state=_A.ACCEPTED), True),
        (_message("b", _S, state=_A.DELIVERED), True),
    ],
)
def test_it_is_told_once(before: Attempt, told: bool) -> None:
    """As long as no message since then can have told it."""
    mine = _message("mine", _E, minutes=120)
    assert still_to_be_told(case(meeting(), attempts=(before, mine), replies=(_STOP,)), mine, NOW + timedelta(hours=2)) is told


def test_who_never_wrote_stop_is_told_nothing() -> None:
    """Neither before it nor without it."""
    mine = _message("mine", _E)
    assert not still_to_be_told(case(meeting(), attempts=(mine,)), mine, NOW)
    assert not still_to_be_told(case(meeting(), attempts=(mine,), replies=(_STOP,)), mine, NOW - timedelta(minutes=1))
    asks = reply("y2", Choice.CALL_ME_BACK, at=NOW)
    assert not still_to_be_told(case(meeting(), attempts=(mine,), replies=(asks,)), mine, NOW + timedelta(hours=1))
