"""Advisors and agencies (contracts §2)."""

from services.core.changes import WakeAlerted
from services.core.events import AdvisorUpdated, AgencyUpdated
from services.core.ledger import Ledger
from services.core.model import Advisor, Agency, Case, PersonId
from services.intake.handlers.handling import Handling

#: applied, to nobody's case
_NOBODY = Case(person_id=PersonId(""))
_WEEKDAYS = {"mon": "0", "tue": "1", "wed": "2", "thu": "3", "fri": "4", "sat": "5", "sun": "6"}


def advisor(handling: Handling, ledger: Ledger, case: Case | None, event: AdvisorUpdated) -> Case | None:
    """The newest snapshot wins: the topic is compacted, its key is the advisor."""
    ledger.changes.advisors.append(
        Advisor(
            advisor_id=event.advisor_id,
            name=event.name,
            agency_id=event.agency_id,
            email=event.email,
            backup_id=event.backup_id,
            absences=event.absences,
            active=event.active,
        )
    )
    # who leaves, or is away from today on, leaves no alert behind (§10.8)
    ledger.changes.alerted.append(WakeAlerted(advisor_id=event.advisor_id, at=ledger.now))
    return _NOBODY


def agency(handling: Handling, ledger: Ledger, case: Case | None, event: AgencyUpdated) -> Case | None:
    """The newest snapshot wins."""
    ledger.changes.agencies.append(
        Agency(
            agency_id=event.agency_id,
            name=event.name,
            phone=event.phone,
            address=event.address,
            postal_code=event.postal_code,
            access_info=event.access_info,
            opening={_WEEKDAYS.get(day, day): hours for day, hours in event.opening.items()},
            closures=event.closures,
            duty_email=event.duty_email,
        )
    )
    return _NOBODY
