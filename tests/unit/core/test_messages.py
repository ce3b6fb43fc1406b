"""One person's messages, sorted once: adding one is as sorting all of them anew (§10.4)."""

from datetime import timedelta
from itertools import product

from services.core.messages import Messages
from services.core.model import Attempt
from services.core.words import AttemptState, Channel, Step, Why
from tests.unit.core.scene import NOW, actualisation, appointment, attempt, meeting

_DUTIES = (meeting(), appointment(), actualisation())
_H = timedelta(hours=1)


def _rows() -> list[Attempt]:
    """Messages about each duty, and about two at once, by telephone and in writing, under way, over and never sent."""
    states = [(AttemptState.RELEASED, None), (AttemptState.DELIVERED, None), (AttemptState.SKIPPED, Why.UNRENDERABLE)]
    found: list[Attempt] = []
    for duty, channel, (state, reason) in product(_DUTIES, (Channel.SMS, Channel.VOICE), states):
        number = len(found)
        row = attempt(f"a{number}", about=duty, channel=channel, state=state, reason=reason, release_at=NOW - number % 7 * _H)
        found.append(row)
    both = attempt("both", about=_DUTIES[0], step=Step.R1).items + attempt("both", about=_DUTIES[1], step=Step.R1).items
    return [*found, attempt("both", about=_DUTIES[0], items=both)]


def _answers(of: Messages) -> list[object]:
    """All that rules can ask."""
    asked: list[object] = [of.waiting, of.calls, of.sms]
    for duty in _DUTIES:
        asked += [list(of.about(duty.obligation_id)), list(of.tries_of(duty)), list(of.all_of(duty))]
        asked += [(of.counted(channel, duty.obligation_id), of.writable(duty, channel)) for channel in Channel]
    return asked


def test_one_more_is_as_all_of_them_anew() -> None:
    """Whichever is the newest, and whatever was asked before; the older ones are left as they were."""
    rows = _rows()
    for newest in rows:
        others = [row for row in rows if row is not newest]
        before = Messages(others)
        answers = _answers(before)
        assert _answers(before.and_also(newest)) == _answers(Messages([*others, newest]))
        assert _answers(before) == answers
