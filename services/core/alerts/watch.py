"""Compares the alerts that the rules want with the ones that are open: raise, update on change, close (§10.8)."""

from dataclasses import dataclass, field
from datetime import datetime

from services.core.alerts import RULES
from services.core.alerts.found import Found, act_by, severity_changes, severity_of
from services.core.alerts.known import known
from services.core.alerts.no_way import on_hold
from services.core.alerts.routing import route
from services.core.decision import AlertClosed, AlertWanted
from services.core.model import Alert, Obligation
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import AlertType, ContactStatus, Evidence, ObligationState

#: what stays open until a human closes it, whatever becomes of the duty
_STAYS = frozenset({AlertType.NON_RECEIPT_DOSSIER, AlertType.ACTUALISATION_MISSED, AlertType.CONTACT_DEAD, AlertType.WRONG_PERSON})
_SPOKEN = frozenset({AlertType.CANNOT_COME, AlertType.CALLBACK_REQUESTED, AlertType.CONTRADICTORY_REPLIES, AlertType.INBOUND_MESSAGE})


@dataclass(slots=True, kw_only=True)
class AlertsDue:
    """What the advisors' list needs now, and when to look again."""

    wanted: list[AlertWanted] = field(default_factory=list)
    closed: list[AlertClosed] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)


def alerts_due(view: View, obligation: Obligation) -> AlertsDue:
    """All alerts about one obligation."""
    due = AlertsDue()
    stored = {alert.type: alert for alert in view.case.alerts if alert.obligation_id == obligation.obligation_id}
    for type_, rule in RULES.items():
        alert = stored.get(type_)
        if alert is not None and alert.closed_at is None and (reason := _over(view, obligation, alert)):
            due.closed.append(AlertClosed(alert_id=alert.alert_id, reason=reason))
            continue
        if alert is not None and alert.closed_at is not None:
            continue
        found = rule(view, obligation)
        if found is None:
            continue
        if found.at > view.now:
            due.wakes.append(found.at)
            continue
        if alert is None or _changed(view, obligation, alert, found):
            due.wanted.append(_wanted(view, obligation, type_, found))
        if found.severity is None and (change := severity_changes(view, obligation.due_at)) and change > view.now:
            due.wakes.append(change)
    return due


def _wanted(view: View, obligation: Obligation, type_: AlertType, found: Found) -> AlertWanted:
    advisor, routed = route(view, found)
    return AlertWanted(
        type=type_,
        severity=severity_of(view, obligation.due_at, found),
        obligation=obligation,
        advisor_id=advisor,
        routed=routed,
        deadline=obligation.due_at,
        known=(*found.facts, *known(view, obligation)),
        next_action=found.next_action,
        act_by=found.act_by or act_by(view, obligation.due_at),
    )


def _changed(view: View, obligation: Obligation, alert: Alert, found: Found) -> bool:
    """Re-raised only when it is more urgent than it was (§10.8)."""
    return severity_of(view, obligation.due_at, found) is not alert.severity and obligation.due_at > view.now


def _over(view: View, obligation: Obligation, alert: Alert) -> str | None:
    """Why an open alert has no cause any more; none while it has."""
    if alert.type is AlertType.CONTACT_DEAD:
        points = [contact for contact in view.case.contacts if contact.status is ContactStatus.DISABLED]
        return None if points else "contact_fixed"
    if alert.type in _STAYS:
        return "done" if obligation.state is ObligationState.DONE else None
    if obligation.state in SETTLED or obligation.state is ObligationState.HANDLED:
        return str(obligation.state)
    if alert.type is AlertType.CANNOT_COME:
        return None if obligation.state is ObligationState.DECLINED else str(obligation.state)
    if alert.type in _SPOKEN:
        return None
    if obligation.state in (ObligationState.ACKNOWLEDGED, ObligationState.DECLINED):
        return str(obligation.state)
    if alert.type in (AlertType.UNCONFIRMED, AlertType.SHORT_NOTICE, AlertType.UNREACHABLE) and obligation.evidence >= Evidence.E3:
        return "answered"
    if alert.type is AlertType.NO_CHANNEL and view.reach.order and not on_hold(view):
        return "contact_fixed"
    return None
