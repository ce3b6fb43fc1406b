"""The last day on which an agency can still be used for a duty (R15, §10.5): some people actualise nowhere else."""

from datetime import date, datetime, time, timedelta

from services.core.environment import Environment
from services.core.model import Obligation
from services.core.period import CLOSING_DAY
from services.core.words import Kind

#: days to look back for one on which the agency is open
_LOOK_BACK = 15


def last_agency_day(obligation: Obligation, agency_id: str, environment: Environment) -> date | None:
    """The last day up to the deadline on which the agency is open (R15, §10.5); none for a meeting, and when it is closed for long."""
    if obligation.kind is not Kind.ACTUALISATION:
        return None
    working = environment.working_days(agency_id)
    agency = environment.agencies.get(agency_id)
    day = working.local(obligation.due_at).date()
    day = day.replace(day=min(day.day, CLOSING_DAY))
    for _ in range(_LOOK_BACK):
        opens = agency is None or not agency.opening or bool(agency.opening.get(str(day.weekday())))
        if opens and working.is_working(day):
            return day
        day -= timedelta(days=1)
    return None


def is_agency_over(obligation: Obligation, agency_id: str, environment: Environment, now: datetime) -> bool:
    """Has the agency closed its doors for the last time before the deadline (R15)? « Venez aujourd'hui » would be too late.

    Never for a meeting; an agency whose hours nobody told us is open all day.
    """
    day = last_agency_day(obligation, agency_id, environment)
    agency = environment.agencies.get(agency_id)
    if day is None or agency is None:
        return False
    working = environment.working_days(agency_id)
    hours = agency.opening.get(str(day.weekday()))
    closes = working.instant(day, time.fromisoformat(hours[-1][1])) if hours else working.instant(day + timedelta(days=1), time(0))
    return now >= closes
