"""Who may read whose file: nobody, unless the person is in the advisor's own portfolio (rules §8.4, deny by default)."""

from dataclasses import dataclass
from typing import Final

import structlog

from services.core.changes import Changes, FileAccess
from services.core.model import Advisor, Alert, Case
from services.core.ports.clock import Clock
from services.core.ports.store import Store
from services.core.words import Routed

_log = structlog.get_logger("access")
#: characters of an identifier (contracts §2)
_LONGEST: Final = 160


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """Implements ``services.web.ports.Access``: on the service's own log, and in the database, where the watch counts (rules §8.4)."""

    store: Store
    clock: Clock

    async def record(self, *, actor: str, person_id: str, purpose: str, granted: bool) -> None:
        """See ``Access.record``."""
        # nobody's identifier is longer; what is not an identifier is cut
        access = FileAccess(at=self.clock.now(), actor=actor, person_id=person_id[:_LONGEST], purpose=purpose, granted=granted)
        event = "file access granted" if granted else "file access denied"
        _log.info(event, action="access", advisor_id=actor, person_id=access.person_id, purpose=purpose, granted=granted)
        async with self.store.unit() as unit:
            await unit.write(Changes(accesses=[access]))
