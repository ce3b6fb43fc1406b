"""The clock runs and nobody has answered: SHORT_NOTICE, UNCONFIRMED, and the two lists of the actualisation (§10.5)."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from services.core.actualisation.campaign import closing_day
from services.core.alerts.found import Found
from services.core.alerts.no_way import on_hold, only_a_letter_too_late
from services.core.calendar import WorkingDays
from services.core.meeting.first_notice import letter_cannot_arrive
from services.core.model import Fact, Obligation
from services.core.policy import DayBefore, WorkingDayBefore
from services.core.timing import is_short_notice
from services.core.view import View
from services.core.words import Evidence, Kind, ObligationState

#: so many answers about days are kept
_REMEMBERED = 4096


def short_notice(view: View, obligation: Obligation) -> Found | None:
    """Less than 72 hours of notice, or the preferred letter cannot arrive in time: at once (§10.5)."""
    if not _waiting(obligation) or obligation.kind is Kind.ACTUALISATION or on_hold(view):
        return None  # of somebody on hold NO_CHANNEL says all (§10.17)
    since = view.known_since(obligation)
    if is_short_notice(view, obligation) or _unconfirmed_at(view, obligation) is None:
        hours = max(0, int((obligation.due_at - since).total_seconds() // 3600))
        fact = Fact(code="short_notice", parameters={"hours": str(hours)})
        return Found(at=since, next_action="call_now", facts=(fact,)) if view.reach.order else None
    if letter_cannot_arrive(view, obligation) or only_a_letter_too_late(view, obligation):
        return Found(at=since, next_action="call_before_deadline", facts=(Fact(code="letter_too_late"),))
    return None


def unconfirmed(view: View, obligation: Obligation) -> Found | None:
    """Nobody has confirmed, and at least one working day is left (§10.1.3)."""
    if not _waiting(obligation) or obligation.kind is Kind.ACTUALISATION or is_short_notice(view, obligation):
        return None
    at = _unconfirmed_at(view, obligation)
    return Found(at=at, next_action="call_before_deadline") if at is not None else None


def at_risk(view: View, obligation: Obligation) -> Found | None:
    """Alert list 1: not done, and no delivery evidence or dependent on the agency (§10.5)."""
    if obligation.kind is not Kind.ACTUALISATION or obligation.state is not ObligationState.OPEN:
        return None
    if _delivered(obligation) and not view.person.non_web:
        return None
    return _listed(view, obligation, view.policy.alerts.at_risk, leaves_a_day=True)


def last_day(view: View, obligation: Obligation) -> Found | None:
    """Alert list 2: not done (§10.5)."""
    if obligation.kind is not Kind.ACTUALISATION or obligation.state is not ObligationState.OPEN:
        return None
    return _listed(view, obligation, view.policy.alerts.last_day, leaves_a_day=False)


def _delivered(obligation: Obligation) -> bool:
    return obligation.evidence >= Evidence.E2


def _listed(view: View, obligation: Obligation, rule: DayBefore, *, leaves_a_day: bool) -> Found:
    at = _list_at(view.working, rule, closing_day(view, obligation), leaves_a_day=leaves_a_day)
    return Found(at=max(at, view.known_since(obligation)), next_action="actualise_by_phone")


@lru_cache(maxsize=_REMEMBERED)
def _list_at(working: WorkingDays, rule: DayBefore, closing: date, *, leaves_a_day: bool) -> datetime:
    """When the list of a period is made, the same for everybody whose agency works alike."""
    day = working.on_or_before(closing - timedelta(days=rule.days_before))
    if leaves_a_day and not working.left(day, closing):
        # a bridge of closed days before the closing: a human needs a worked one (§10.1.3)
        day = working.shift(day, -1)
    return working.instant(day, rule.hour)


def _waiting(obligation: Obligation) -> bool:
    return obligation.state is ObligationState.OPEN and obligation.evidence < Evidence.E3


def _unconfirmed_at(view: View, obligation: Obligation) -> datetime | None:
    """The instant of UNCONFIRMED; none when it is past and no later one lies before the meeting (then SHORT_NOTICE at once)."""
    alerts = view.policy.alerts
    rule = alerts.unconfirmed.convocation if obligation.kind is Kind.CONVOCATION else alerts.unconfirmed.appointment
    at = _days_before(view.working, rule, obligation.due_at)
    since = view.known_since(obligation)
    if at > since:
        return at
    after = view.working.local(since + alerts.unconfirmed_grace)
    day = view.working.on_or_after(after.date())
    at = view.working.instant(day, alerts.unconfirmed_grace_hour)
    if at <= since + alerts.unconfirmed_grace:
        at = view.working.instant(view.working.shift(day, 1), alerts.unconfirmed_grace_hour)
    return at if at < obligation.due_at else None


@lru_cache(maxsize=_REMEMBERED)
def _days_before(working: WorkingDays, rule: WorkingDayBefore, due_at: datetime) -> datetime:
    """The rule's hour so many working days before a meeting, the same for everybody whose agency works alike."""
    meeting = working.local(due_at).date()
    day = working.shift(meeting, -rule.working_days_before)
    if not working.left(day, meeting):
        # a meeting on a Saturday or a holiday: the last worked day before it is too late to act (§10.1.3)
        day = working.shift(day, -1)
    return working.instant(day, rule.hour)
