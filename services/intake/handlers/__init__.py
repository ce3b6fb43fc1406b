"""What each event does to the facts: one function for each type, one line here."""

from collections.abc import Callable, Mapping
from typing import Any

from services.core import events
from services.core.ledger import Ledger
from services.core.model import Case
from services.intake.handlers import actualisations, meetings, people, staff
from services.intake.handlers.handling import Handling

__all__ = ["HANDLERS", "Handling"]

#: type of event → its handler; the answer is the case afterwards, or none when the event changes nothing (stale)
HANDLERS: Mapping[type, Callable[[Handling, Ledger, Case | None, Any], Case | None]] = {
    events.MeetingScheduled: meetings.scheduled,
    events.MeetingCancelled: meetings.cancelled,
    events.MeetingAttended: meetings.attended,
    events.MeetingMissed: meetings.missed,
    events.ActualisationOpened: actualisations.opened,
    events.ActualisationCompleted: actualisations.completed,
    events.PersonUpdated: people.updated,
    events.PersonRemoved: people.removed,
    events.AdvisorUpdated: staff.advisor,
    events.AgencyUpdated: staff.agency,
}
