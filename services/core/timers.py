"""Every attempt has a timeout (§10.5): no receipt, a call without an end, a message nobody claimed, a provider that said "later".

A letter that does not come back has one too (§10.6).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.core.decision import Presumption, Redispatch, Timeout
from services.core.evidence.presumption import presumed_at
from services.core.messages import carries
from services.core.model import Attempt, Case
from services.core.policy import Timers
from services.core.view import View
from services.core.words import AttemptState, Channel, Why


@dataclass(slots=True, kw_only=True)
class TimersDue:
    """Timers that have run out, and when the next one will."""

    timeouts: list[Timeout] = field(default_factory=list)
    presumptions: list[Presumption] = field(default_factory=list)
    redispatches: list[Redispatch] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)


def timers_due(view: View) -> TimersDue:
    """Look at every message that waits for something."""
    due = TimersDue()
    for attempt in view.messages.waiting:
        if attempt.state is AttemptState.RELEASED:
            _released(view, attempt, due)
        elif attempt.state is AttemptState.SUBMITTING:
            _submitting(view, attempt, due)
        elif attempt.state is AttemptState.ACCEPTED:
            _accepted(view, attempt, due)
    for obligation in view.case.obligations:
        at = presumed_at(view, obligation)
        if at is not None and at <= view.now:
            due.presumptions.append(Presumption(obligation=obligation))
        elif at is not None:
            due.wakes.append(at)
    return due


def _released(view: View, attempt: Attempt, due: TimersDue) -> None:
    """A provider said "later", or nobody claimed the message: it is handed out again under the same id (contracts §3)."""
    handed_out = attempt.dispatched_at or attempt.release_at
    if attempt.try_at is not None and attempt.try_at > handed_out:
        again = attempt.try_at
    else:
        again = handed_out + _patience(view, attempt.try_at or attempt.release_at, handed_out, view.policy.timers.unclaimed)
    _redispatch_at(view, attempt, again, due)


def _submitting(view: View, attempt: Attempt, due: TimersDue) -> None:
    """Somebody died between the call and the record: delivery asks the provider, and says unknown when it cannot tell (SC-26)."""
    claimed = attempt.claimed_at or attempt.release_at
    handed_out = max(claimed, attempt.dispatched_at or claimed)
    _redispatch_at(view, attempt, handed_out + _patience(view, claimed, handed_out, view.policy.timers.submitting), due)


def _patience(view: View, since: datetime, handed_out: datetime, first: timedelta) -> timedelta:
    """Twice as long each time, up to a limit: whoever comes back after days finds few copies of each message, and one that still stands."""
    return max(first, min(handed_out - since, view.policy.timers.again_at_most))


def _redispatch_at(view: View, attempt: Attempt, at: datetime, due: TimersDue) -> None:
    if at <= view.now:
        due.redispatches.append(Redispatch(attempt=attempt))
    else:
        due.wakes.append(at)


def _accepted(view: View, attempt: Attempt, due: TimersDue) -> None:
    timers = view.policy.timers
    since = attempt.accepted_at or attempt.release_at
    if attempt.channel is Channel.SMS:
        at, reason = no_receipt_at(view.case, attempt, since, timers), Why.NO_RECEIPT
    elif attempt.channel is Channel.VOICE:
        at, reason = since + timers.call_ends_within, Why.NO_OUTCOME
    else:
        return
    if at <= view.now:
        due.timeouts.append(Timeout(attempt=attempt, reason=reason))
    else:
        due.wakes.append(at)


def no_receipt_at(case: Case, attempt: Attempt, since: datetime, timers: Timers) -> datetime:
    """A receipt is waited for four hours, but only 60 minutes once the duty is less than 24 hours away (§10.5)."""
    deadlines = [obligation.due_at for obligation in case.obligations if carries(attempt, obligation)]
    if not deadlines:
        return since + timers.no_receipt
    return min(since + timers.no_receipt, max(since + timers.no_receipt_short, min(deadlines) - timers.short_below))
