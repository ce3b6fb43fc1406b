"""Compares the alerts that the rules want with the ones that are open: raise, update on change, close (§10.8)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.core.alerts import ABOUT_POINTS, ASKED, RULES_OF, Rule
from services.core.alerts.found import Found, act_by, severity_changes, severity_of, soon
from services.core.alerts.known import known
from services.core.alerts.no_way import on_hold, ways_left
from services.core.alerts.routing import looks_again, route, stay
from services.core.alerts.spoken import refused_together
from services.core.alerts.travels import at_stake
from services.core.decision import AlertClosed, AlertWanted
from services.core.evidence.verdict import lost_to_outage
from services.core.model import Alert, Fact, Obligation
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import AlertType, Evidence, Kind, ObligationState, Routed

#: what stays open until a human closes it, whatever becomes of the duty
_STAYS = frozenset({AlertType.NON_RECEIPT_DOSSIER, AlertType.ACTUALISATION_MISSED}) | ABOUT_POINTS
#: what asks for a human before the date: a new date asks anew
_ABOUT_THE_DATE = frozenset({AlertType.NO_CHANNEL, AlertType.UNREACHABLE, AlertType.SHORT_NOTICE, AlertType.UNCONFIRMED})
#: the person was left without a message, and may have missed the date for it
_CALL_ALL_THE_SAME = "call_after_outage"
#: nothing can carry word of the duty, until something can
_NO_WAY = frozenset({AlertType.NO_CHANNEL, AlertType.UNREACHABLE})
#: the date that it was about is not the date any more
_SUPERSEDED = "superseded"
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
    stored = _stored(view, obligation) if view.case.alerts else {}
    for type_, rule in _rules(view, obligation, stored):
        alert = stored.get(type_)
        if alert is not None and alert.closed_at is not None:
            # what the person says after a human closed it asks anew (§10.12)
            again = rule(view, obligation) if type_ in _SPOKEN else None
            if again is not None and again.at > alert.closed_at:
                _raise(view, obligation, type_, again, due)
            continue
        if alert is not None and (reason := _over(view, obligation, alert)):
            due.closed.append(AlertClosed(alert_id=alert.alert_id, reason=reason))
            continue
        found = rule(view, obligation)
        if found is not None and found.at > view.now:
            due.wakes.append(found.at)
            found = None
        if alert is not None and found is None and alert.type in _ABOUT_THE_DATE and _is_of_another_date(alert, obligation):
            due.closed.append(AlertClosed(alert_id=alert.alert_id, reason=_SUPERSEDED))
            continue
        if alert is not None:
            _go_on(view, obligation, alert, found, due)
        elif found is not None:
            _raise(view, obligation, type_, found, due)
    return due


def _stored(view: View, obligation: Obligation) -> dict[AlertType, Alert]:
    mine = (alert for alert in view.case.alerts if alert.obligation_id == obligation.obligation_id)
    return {alert.type: alert for alert in mine if not _comes_back(alert, obligation)}


def _rules(view: View, obligation: Obligation, stored: dict[AlertType, Alert]) -> Iterable[tuple[AlertType, Rule]]:
    """The rules to ask: all of its kind when alerts stand, which may be over; else those that can find something."""
    if stored:
        return RULES_OF[obligation.kind].items()
    sent, answered = bool(view.messages.about(obligation.obligation_id)), bool(view.case.replies)
    return ASKED[obligation.kind, obligation.state, sent, answered]


def _raise(view: View, obligation: Obligation, type_: AlertType, found: Found, due: AlertsDue) -> None:
    """A new line on somebody's list."""
    place = route(view, found.advisor_id or view.person.referent_id)
    severity = severity_of(view, obligation.due_at, found)
    too_late = _came_too_late(view, obligation, type_)
    due.wanted.append(
        AlertWanted(
            type=type_,
            severity=severity,
            obligation=obligation,
            advisor_id=place.advisor_id,
            routed=place.routed,
            deadline=obligation.due_at if obligation.kind is not Kind.CONTACT else None,
            known=_facts(view, obligation, found),
            next_action=_CALL_ALL_THE_SAME if too_late else found.next_action,
            act_by=soon(view) if too_late else found.act_by or act_by(view, obligation.due_at),
        )
    )
    _look_again(view, obligation, type_, found, due)
    if _waits(view, obligation, type_):
        due.wakes += looks_again(view, place=place, severity=severity, routed_at=view.now, updated_at=view.now)


def _facts(view: View, obligation: Obligation, found: Found) -> tuple[Fact, ...]:
    """What its rule found, what an outage of ours cost, and what is known of the duty."""
    lost = tuple(fact for fact in lost_to_outage(obligation) if fact not in found.facts)
    return (*found.facts, *lost, *known(view, obligation))


def _came_too_late(view: View, obligation: Obligation, type_: AlertType) -> bool:
    """Nobody looked in time: it asks for a human before a date that has passed, because of us."""
    return obligation.outage_at is not None and obligation.due_at <= view.now and type_ in _ABOUT_THE_DATE


def _go_on(view: View, obligation: Obligation, alert: Alert, found: Found | None, due: AlertsDue) -> None:
    """An open line: more urgent than it was, or on another list (§10.8)."""
    first = _first(view, alert, found)
    staying = stay(view, alert, first, waits=_waits(view, obligation, alert.type))
    more_urgent = found is not None and _changed(view, obligation, alert, found)
    severity = severity_of(view, obligation.due_at, found) if found is not None and more_urgent else alert.severity
    routed_at, updated_at = alert.routed_at or view.now, alert.updated_at
    if more_urgent or staying.moved:
        routed_at, updated_at = view.now if staying.moved else routed_at, view.now
        due.wanted.append(
            AlertWanted(
                type=alert.type,
                severity=severity,
                obligation=obligation,
                advisor_id=staying.place.advisor_id,
                routed=staying.place.routed,
                deadline=obligation.due_at if obligation.kind is not Kind.CONTACT else None,
                known=_facts(view, obligation, found) if found else alert.known,
                next_action=found.next_action if found else alert.next_action,
                act_by=(found.act_by or act_by(view, obligation.due_at)) if found else alert.act_by,
                claimed=staying.claimed,
                routed_at=routed_at,
            )
        )
    _look_again(view, obligation, alert.type, found, due)
    if not staying.claimed and _waits(view, obligation, alert.type):
        again = looks_again(view, place=staying.place, severity=severity, routed_at=routed_at, updated_at=updated_at)
        due.wakes += [instant for instant in again if instant > view.now]


def _look_again(view: View, obligation: Obligation, type_: AlertType, found: Found | None, due: AlertsDue) -> None:
    """When it becomes more urgent, or is over because the hour has come."""
    if type_ is AlertType.TRAVELS_FOR_NOTHING:
        due.wakes.append(obligation.due_at)
    if found is not None and found.severity is None and (change := severity_changes(view, obligation.due_at)) and change > view.now:
        due.wakes.append(change)


def _waits(view: View, obligation: Obligation, type_: AlertType) -> bool:
    """Would it still help to ask the next one? Not once the date has come, but for what is about the time after it."""
    return obligation.due_at > view.now or type_ in _STAYS


def _first(view: View, alert: Alert, found: Found | None) -> str:
    """Who is asked first: the meeting's own advisor when the alert is theirs."""
    if found is not None:
        return found.advisor_id or view.person.referent_id
    return alert.advisor_id if alert.advisor_id and alert.routed is Routed.REFERENT else view.person.referent_id


def _changed(view: View, obligation: Obligation, alert: Alert, found: Found) -> bool:
    """Re-raised only when it is more urgent than it was (§10.8), or the date is another one."""
    news = severity_of(view, obligation.due_at, found) is not alert.severity or _is_of_another_date(alert, obligation)
    return news and obligation.due_at > view.now


def _is_of_another_date(alert: Alert, obligation: Obligation) -> bool:
    """The meeting was moved since this was raised (§10.11)."""
    return alert.deadline is not None and alert.deadline != obligation.due_at


def _comes_back(alert: Alert, obligation: Obligation) -> bool:
    """A closed alert that is as if it had never been: the same one is raised anew when its rule asks for it.

    There was a channel again, and it may be gone by now (§10.1.6); or it was about another date than today's (§10.11).
    """
    if alert.closed_at is None:
        return False
    if alert.type in _NO_WAY and alert.close_reason == "contact_fixed":
        return True
    if alert.close_reason == _SUPERSEDED:
        return True
    if alert.type not in _ABOUT_THE_DATE:
        return False
    # the clocks of two processes do not say which came first, the end of the one date or the other date
    taken_back = alert.close_reason == ObligationState.CANCELLED and obligation.state is ObligationState.OPEN
    return taken_back or alert.closed_at < obligation.known_at or _is_of_another_date(alert, obligation)


def _said_since(view: View, alert: Alert) -> bool:
    """Did the person ask for this after an advisor had taken care of the duty? Then it is not settled with it."""
    settled = [
        row.closed_at
        for row in view.case.alerts
        if row.obligation_id == alert.obligation_id and row.close_reason == ObligationState.HANDLED and row.closed_at is not None
    ]
    return alert.type in _SPOKEN and all(at < alert.raised_at for at in settled)


def _over(view: View, obligation: Obligation, alert: Alert) -> str | None:
    """Why an open alert has no cause any more; none while it has."""
    if alert.type is AlertType.TRAVELS_FOR_NOTHING:
        return None if at_stake(view, obligation) else "over" if view.now >= obligation.due_at else "told"
    if alert.type in _STAYS:
        return "done" if obligation.state is ObligationState.DONE else None
    if obligation.state in SETTLED or (obligation.state is ObligationState.HANDLED and not _said_since(view, alert)):
        return str(obligation.state)
    if alert.type is AlertType.CANNOT_COME:
        refused = obligation.state is ObligationState.DECLINED or refused_together(view, obligation) is not None
        return None if refused else str(obligation.state)
    if alert.type in _SPOKEN:
        return None
    if obligation.state in (ObligationState.ACKNOWLEDGED, ObligationState.DECLINED):
        return str(obligation.state)
    if alert.type in (AlertType.UNCONFIRMED, AlertType.SHORT_NOTICE, AlertType.UNREACHABLE) and obligation.evidence >= Evidence.E3:
        return "answered"
    if alert.type in _NO_WAY and ways_left(view, obligation) and not on_hold(view):
        return "contact_fixed"
    return None
