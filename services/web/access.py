"""Who may read whose file: nobody, unless the person is in the advisor's own portfolio (rules §8.4, deny by default)."""

import structlog

from services.core.model import Advisor, Alert, Case
from services.core.words import Routed


def follows(advisor: Advisor, case: Case) -> bool:
    """Whether this advisor follows this person.

    Follows: the referent and the named backup; who has an open alert of this person on the list or took it; the
    meeting's own advisor while it is ahead; the whole agency while an alert is routed to it. A partner body's advisor whom the
    directory names as a follower reads this person's file and no other (R13); acting on it stays with the service (``desk.follows``).
    """
    person = case.person
    if not advisor.active or person is None:
        return False
    if advisor.advisor_id in {person.referent_id, person.backup_id}:
        return True
    if any(advisor.advisor_id == follower.advisor_id for follower in person.followers):
        return True
    if any(obligation.advisor_id == advisor.advisor_id and obligation.settled_at is None for obligation in case.obligations):
        return True
    return any(_concerns(alert, advisor) for alert in case.alerts if alert.closed_at is None)


def _concerns(alert: Alert, advisor: Advisor) -> bool:
    if advisor.advisor_id in {alert.advisor_id, alert.claimed_by}:
        return True
    return alert.routed is Routed.AGENCY and alert.agency_id == advisor.agency_id


class AccessLog:
    """The access log on the service's own log: who, whom, why, granted or not (rules §8.4)."""

    def __init__(self) -> None:
        self._log = structlog.get_logger("access")

    def record(self, *, advisor_id: str, person_id: str, purpose: str, granted: bool) -> None:
        """One line; identifiers only. The log itself dates it."""
        event = "file access granted" if granted else "file access denied"
        self._log.info(event, action="access", advisor_id=advisor_id, person_id=person_id, purpose=purpose, granted=granted)
