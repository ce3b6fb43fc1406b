"""The monthly actualisation (art. L.5411-2 code du travail, arrêté du 22 décembre 2015): a period with an end, not a date to come to."""

from services.core.actualisation.after import replacement, too_late
from services.core.actualisation.campaign import campaign
from services.core.decision import Plan
from services.core.model import Obligation
from services.core.view import View
from services.core.words import ObligationState


def plan(view: View, obligation: Obligation) -> Plan:
    """A0 to A5 while it is open, A6 once it is too late (§10.5)."""
    if obligation.state is ObligationState.LAPSED:
        return too_late(view, obligation)
    plan = Plan()
    if obligation.state is not ObligationState.OPEN or view.now > obligation.due_at:
        return plan
    plan.add(campaign(view, obligation))
    next_step_at = min((intent.at for intent in plan.intents), default=None)
    plan.add(replacement(view, obligation, next_step_at))
    return plan
