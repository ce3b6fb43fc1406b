"""STOP closes SMS and nothing else: at the next contact the person is told that their duties remain (§10.12, SC-28)."""

from datetime import datetime

from services.core.model import Attempt, Case
from services.core.words import AttemptState, Channel, Choice, Step

#: it may have been read
_OUT = frozenset({AttemptState.SUBMITTING, AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.UNKNOWN})
#: a cancellation asks for nothing; a question about a contact point is about that
_SAYS_SOMETHING_ELSE = frozenset({Step.CANCELLATION, Step.VERIFICATION, Step.CHANGED})


def still_to_be_told(case: Case, attempt: Attempt, at: datetime) -> bool:
    """Is this message, written at ``at``, the first since they wrote STOP that can tell them so?

    A call that nobody took has told nothing.
    """
    stopped = max((reply.at for reply in case.replies if reply.choice is Choice.STOP and reply.at <= at), default=None)
    if stopped is None or not _can_tell(attempt):
        return False
    return not any(
        _can_tell(other) and _was_heard(other) and other.submitted_at is not None and stopped <= other.submitted_at < at
        for other in case.attempts
        if other.attempt_id != attempt.attempt_id
    )


def _can_tell(attempt: Attempt) -> bool:
    return attempt.channel is not Channel.SMS and all(item.step not in _SAYS_SOMETHING_ELSE for item in attempt.items)


def _was_heard(attempt: Attempt) -> bool:
    return attempt.state is AttemptState.DELIVERED if attempt.channel is Channel.VOICE else attempt.state in _OUT
