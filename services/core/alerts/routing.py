"""Whose list an alert stands on (§10.8, R7): the référent's, else the back-up's, else the agency's; never dropped, and moved on in time."""

from dataclasses import dataclass
from datetime import date, datetime, time

from services.core.alerts.found import today
from services.core.environment import Environment
from services.core.model import Alert
from services.core.view import View
from services.core.words import Routed, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One list; nobody's name when it is the agency's queue."""

    advisor_id: str | None
    routed: Routed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Where an open alert stands from now on."""

    place: Place
    #: false: whoever had claimed it has left
    claimed: bool
    #: routed anew now: the time to claim it runs again
    moved: bool


def route(view: View, first: str, after: Routed | None = None) -> Place:
    """The first list whose owner is there; ``after``: of those that come later than this one."""
    advisor = view.env.advisors.get(first)
    backup = view.person.backup_id or (advisor.backup_id if advisor else None)
    lists = ((first, Routed.REFERENT), (backup, Routed.BACKUP))
    order = tuple(Routed)
    for owner, routed in lists:
        later = after is None or order.index(routed) > order.index(after)
        if later and owner is not None and is_there(view.env, owner, today(view)):
            return Place(advisor_id=owner, routed=routed)
    return Place(advisor_id=None, routed=Routed.AGENCY)


def stay(view: View, alert: Alert, first: str, *, waits: bool) -> Stay:
    """Where this open alert belongs now: it moves on when nobody claims it in time, or when its owner is not there (any more).

    ``first``: who would be asked first. ``waits``: time is still a reason to move it.
    """
    here = Place(advisor_id=alert.advisor_id, routed=alert.routed)
    claimed = alert.claimed_by is not None and is_active(view.env, alert.claimed_by)
    if alert.routed_at is None:
        return Stay(place=here if claimed else route(view, first), claimed=claimed, moved=True)
    if _must_leave(view, alert, claimed=claimed, waits=waits):
        return Stay(place=route(view, first, alert.routed), claimed=claimed, moved=True)
    return Stay(place=here, claimed=claimed, moved=claimed is not (alert.claimed_by is not None))


def looks_again(view: View, *, place: Place, severity: Severity, routed_at: datetime, updated_at: datetime) -> list[datetime]:
    """When an unclaimed alert may have to move: its time is up, or the absence of its owner begins."""
    if place.routed is Routed.AGENCY:
        return []
    instants = [claim_by(view, severity, routed_at, updated_at)]
    advisor = view.env.advisors.get(place.advisor_id or "")
    starts = [start for start, _ in advisor.absences if start > today(view)] if advisor else []
    return [*instants, view.working.instant(min(starts), time(0))] if starts else instants


def claim_by(view: View, severity: Severity, routed_at: datetime, updated_at: datetime) -> datetime:
    """Until when somebody is to claim it: 4 working hours on one list; when critical, 1 plain hour since it is (§10.8)."""
    alerts = view.policy.alerts
    at = view.working.after(routed_at, alerts.unclaimed_hours, alerts.day_starts, alerts.day_ends)
    if severity is Severity.CRITICAL:
        return min(at, max(routed_at, updated_at) + alerts.unclaimed_critical)
    return at


def is_there(env: Environment, advisor_id: str, day: date) -> bool:
    """Is this advisor known, active and not absent on that day?"""
    advisor = env.advisors.get(advisor_id)
    if advisor is None or not advisor.active:
        return False
    return not any(start <= day <= end for start, end in advisor.absences)


def is_active(env: Environment, advisor_id: str) -> bool:
    """Does this advisor still work here, absent or not?"""
    advisor = env.advisors.get(advisor_id)
    return advisor is not None and advisor.active


def _must_leave(view: View, alert: Alert, *, claimed: bool, waits: bool) -> bool:
    if alert.advisor_id is None:
        return False
    if not is_active(view.env, alert.advisor_id):
        return True
    if claimed:
        return False
    if not is_there(view.env, alert.advisor_id, today(view)):
        return True
    # a claim that falls with its owner gives the list its time again
    fresh = alert.claimed_by is not None
    since = alert.routed_at or alert.raised_at
    return waits and not fresh and claim_by(view, alert.severity, since, alert.updated_at) <= view.now
