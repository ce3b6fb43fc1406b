"""The whole ladder of a meeting, whatever its kind: what is wanted of the person from here on."""

from services.core.decision import Plan
from services.core.meeting.change import cancellation, corrective, told_at, was_announced_before
from services.core.meeting.fallback import fallback
from services.core.meeting.first_notice import first_notice, formal_letter
from services.core.meeting.reminders import reminders
from services.core.model import Obligation
from services.core.view import View
from services.core.words import Evidence, ObligationState

_AWAITED = frozenset({ObligationState.OPEN, ObligationState.ACKNOWLEDGED})


def meeting_plan(view: View, obligation: Obligation) -> Plan:
    """Messages about one meeting (§10.5): due, ahead, and left out with the reason."""
    if obligation.state is ObligationState.CANCELLED:
        return cancellation(view, obligation)
    if obligation.state not in _AWAITED or view.now >= obligation.due_at:
        return Plan()
    unheard = obligation.state is ObligationState.OPEN and obligation.evidence < Evidence.E3
    first = _first_words(view, obligation) if unheard else Plan()
    plan = reminders(view, obligation, told_at(view, obligation, first))
    if not unheard:
        return plan
    further = fallback(view, obligation, plan.intents)
    plan.add(first)
    plan.add(formal_letter(view, obligation))
    plan.add(further)
    return plan


def _first_words(view: View, obligation: Obligation) -> Plan:
    """Of this revision: « déplacé » when an older one was announced, else the first notice."""
    return corrective(view, obligation) if was_announced_before(view, obligation) else first_notice(view, obligation)
