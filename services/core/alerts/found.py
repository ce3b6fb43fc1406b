"""What a rule for alerts answers, and the working-day arithmetic that they share (§10.13)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.core.model import Fact
from services.core.view import View
from services.core.words import Severity


# nobody changes it; not frozen, because a frozen one takes five times as long to make
@dataclass(slots=True, kw_only=True)
class Found:
    """An alert that is due at ``at`` (perhaps in the future)."""

    at: datetime
    next_action: str
    #: facts beside those that every alert tells
    facts: tuple[Fact, ...] = ()
    #: fixed severity; none: by the working days that are left
    severity: Severity | None = None
    #: at least this severity
    at_least: Severity = Severity.INFO
    #: the meeting's own advisor, when the alert is theirs
    advisor_id: str | None = None
    act_by: datetime | None = None


_ORDER = tuple(Severity)


def severity_of(view: View, deadline: datetime, found: Found) -> Severity:
    """By working days left in (today, date of the deadline] of the agency: one or none critical, up to three high (§10.13)."""
    if found.severity is not None:
        return found.severity
    alerts = view.policy.alerts
    left = view.working.left(today(view), view.working.local(deadline).date())
    by_time = Severity.CRITICAL if left <= alerts.critical_days else Severity.HIGH if left <= alerts.high_days else Severity.MEDIUM
    return max(by_time, found.at_least, key=_ORDER.index)


def severity_changes(view: View, deadline: datetime) -> datetime | None:
    """The next instant at which fewer working days make an alert more severe: the start of a working day."""
    alerts = view.policy.alerts
    last = view.working.local(deadline).date()
    day = today(view)
    left = view.working.left(day, last)
    for threshold in (alerts.high_days, alerts.critical_days):
        if left > threshold:
            while view.working.left(day, last) > threshold:
                day = view.working.shift(day, 1)
            return view.working.instant(day, alerts.day_starts)
    return None


def today(view: View) -> date:
    """The agency's date."""
    return view.working.local(view.now).date()


def act_by(view: View, deadline: datetime) -> datetime:
    """The end of the last working day before the duty; the duty itself when that is past."""
    before = view.working.on_or_before(view.working.local(deadline).date() - timedelta(days=1))
    at = view.working.instant(before, view.policy.alerts.day_ends)
    return at if at > view.now else max(deadline, view.now)


def soon(view: View) -> datetime:
    """The end of this working day, or of the next one: for what should have been done before."""
    day = view.working.on_or_after(today(view))
    end = view.working.instant(day, view.policy.alerts.day_ends)
    return end if end > view.now else view.working.instant(view.working.shift(day, 1), view.policy.alerts.day_ends)
