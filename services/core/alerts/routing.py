"""Whose list an alert stands on (§10.8, R7): the référent, else the back-up, else the agency; never dropped."""

from datetime import date

from services.core.alerts.found import Found, today
from services.core.environment import Environment
from services.core.view import View
from services.core.words import Routed


def route(view: View, found: Found) -> tuple[str | None, Routed]:
    """(advisor, list): nobody when it is the agency's queue."""
    first = found.advisor_id or view.person.referent_id
    if is_there(view.env, first, today(view)):
        return first, Routed.REFERENT
    advisor = view.env.advisors.get(first)
    backup = view.person.backup_id or (advisor.backup_id if advisor else None)
    if backup is not None and is_there(view.env, backup, today(view)):
        return backup, Routed.BACKUP
    return None, Routed.AGENCY


def is_there(env: Environment, advisor_id: str, day: date) -> bool:
    """Is this advisor known, active and not absent on that day?"""
    advisor = env.advisors.get(advisor_id)
    if advisor is None or not advisor.active:
        return False
    return not any(start <= day <= end for start, end in advisor.absences)
