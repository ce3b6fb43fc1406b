"""What can be said of the reception once the date has passed (contracts §3, §10.5): read first by any procedure."""

from services.core.model import Alert, Fact, Obligation
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import AlertType, Choice, Evidence, ReplyEffect, Verdict

#: alerts that the person set off themselves, and the fact that says that nobody answered
_OWED = {AlertType.CANNOT_COME: "cannot_come_unhandled", AlertType.CALLBACK_REQUESTED: "callback_unhandled"}
_ANSWERS = frozenset({Choice.COME, Choice.CANNOT_COME})


def verdict_of(view: View, obligation: Obligation) -> Verdict:
    """Our own fault first; then an absence that was announced; else proved from E3 on."""
    if faults(view, obligation):
        return Verdict.SERVICE_AT_FAULT
    if _absence_announced(view, obligation):
        return Verdict.ABSENCE_ANNOUNCED
    return Verdict.PROVED if obligation.evidence >= Evidence.E3 else Verdict.NOT_PROVED


def faults(view: View, obligation: Obligation) -> tuple[Fact, ...]:
    """What of ours lies between the person and the duty: what they asked and nobody handled in time; an outage, when nobody answered."""
    found = [
        Fact(code=_OWED[alert.type], parameters={"at": alert.raised_at.isoformat()})
        for alert in view.case.alerts
        if alert.obligation_id == obligation.obligation_id and alert.type in _OWED and _unhandled(alert, obligation)
    ]
    return (*found, *lost_to_outage(obligation))


def lost_to_outage(obligation: Obligation) -> tuple[Fact, ...]:
    """That an outage of ours cost a message about a duty which nobody has answered, and since when."""
    if obligation.outage_at is None or obligation.evidence >= Evidence.E3:
        return ()
    return (Fact(code="outage", parameters={"at": obligation.outage_at.isoformat()}),)


def _unhandled(alert: Alert, obligation: Obligation) -> bool:
    """Raised before the date, and not closed by then but because the date came."""
    if alert.raised_at >= obligation.due_at:
        return False
    return alert.closed_at is None or alert.closed_at > obligation.due_at or alert.close_reason in SETTLED


def _absence_announced(view: View, obligation: Obligation) -> bool:
    """Said before the date, and not taken back since."""
    if obligation.declined_at is None or obligation.declined_at >= obligation.due_at:
        return False
    valid = [reply for reply in view.replies_to(obligation) if reply.choice in _ANSWERS and reply.effect is ReplyEffect.ACKNOWLEDGED]
    return not valid or valid[-1].choice is Choice.CANNOT_COME
