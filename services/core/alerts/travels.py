"""A meeting that was announced, is cancelled, and of which the person cannot be told in time: TRAVELS_FOR_NOTHING (§10.11)."""

from collections.abc import Sequence

from services.core.alerts.found import Found
from services.core.alerts.no_way import on_hold
from services.core.meeting.change import cancellation
from services.core.model import Attempt, Fact, Obligation
from services.core.view import View, step_of
from services.core.words import MEETINGS, AttemptState, Channel, ObligationState, Severity, Step

#: it may be in somebody's hands or mailbox
_ANNOUNCED = frozenset({AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.UNKNOWN, AttemptState.SUBMITTING})
#: it says "cancelled", or still may
_TOLD = _ANNOUNCED | {AttemptState.RELEASED}


def travels_for_nothing(view: View, obligation: Obligation) -> Found | None:
    """Only a letter went out and another would come too late; or nothing else can carry the news before the hour of the meeting."""
    if not at_stake(view, obligation) or (not on_hold(view) and cancellation(view, obligation).intents):
        return None
    announced = [row for row in _about(view, obligation) if row.state in _ANNOUNCED and step_of(row, obligation) is not Step.CANCELLATION]
    if not announced:
        return None
    return Found(at=view.known_since(obligation), next_action="tell_cancelled", facts=_facts(announced, obligation), at_least=Severity.HIGH)


def at_stake(view: View, obligation: Obligation) -> bool:
    """Cancelled, not yet its hour, not replaced by another meeting, and no word of it is under way."""
    if obligation.kind not in MEETINGS or obligation.state is not ObligationState.CANCELLED or view.now >= obligation.due_at:
        return False
    if any(other.replaces == obligation.obligation_id for other in view.case.obligations):
        return False
    return not any(row.state in _TOLD and step_of(row, obligation) is Step.CANCELLATION for row in _about(view, obligation))


def _about(view: View, obligation: Obligation) -> Sequence[Attempt]:
    return view.messages.about(obligation.obligation_id)


def _facts(announced: list[Attempt], obligation: Obligation) -> tuple[Fact, ...]:
    cancelled = Fact(code="cancelled", parameters={"at": (obligation.settled_at or obligation.changed_at).isoformat()})
    only_letters = all(row.channel is Channel.LETTER for row in announced)
    return (cancelled, Fact(code="letter_too_late")) if only_letters else (cancelled,)
