"""The date has passed: ACTUALISATION_MISSED, and the dossier of a meeting missed without proof (§2.3, §10.5)."""

from datetime import timedelta

from services.core.actualisation.campaign import closing_day
from services.core.alerts.found import Found
from services.core.evidence.verdict import faults
from services.core.model import Fact, Obligation
from services.core.view import View
from services.core.words import Evidence, Kind, ObligationState


def actualisation_missed(view: View, obligation: Obligation) -> Found | None:
    """Not done in time: the next working day, 08:00, with the level of proof (§10.5, A6)."""
    if obligation.kind is not Kind.ACTUALISATION or obligation.state is not ObligationState.LAPSED:
        return None
    day = view.working.on_or_after(closing_day(view, obligation) + timedelta(days=1))
    return Found(
        at=view.working.instant(day, view.policy.alerts.missed.hour),
        next_action="explain_registration",
        facts=(Fact(code="evidence", parameters={"level": obligation.evidence}),),
        # before that day is over: each day without registration costs the person
        act_by=view.working.instant(day, view.policy.alerts.day_ends),
    )


def non_receipt(view: View, obligation: Obligation) -> Found | None:
    """Missed, and nothing proves that the person received anything (below E3): call before any procedure (SC-48)."""
    if obligation.kind is Kind.ACTUALISATION or obligation.state is not ObligationState.MISSED:
        return None
    if obligation.evidence >= Evidence.E3:
        return None
    return Found(
        at=obligation.settled_at or view.now,
        next_action="call_before_procedure",
        facts=(Fact(code="evidence", parameters={"level": obligation.evidence}), *faults(view, obligation)),
    )
