"""The meeting as a calendar file (RFC 5545) that any telephone or computer takes."""

from datetime import datetime, timedelta
from typing import Final

from icalendar import Calendar, Event

from services.web.link import Duty

#: Length shown in the calendar when the source does not say how long the meeting takes.
_USUAL_MINUTES: Final = 30


def calendar_file(duties: tuple[Duty, ...], summary: str, description: str, now: datetime) -> bytes:
    """One entry per meeting, local time with its zone; the same entry is updated when the meeting moves (UID, SEQUENCE)."""
    calendar = Calendar()
    calendar.add("prodid", "-//Sans Faute//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for duty in duties:
        obligation = duty.obligation
        event = Event()
        event.add("uid", f"{obligation.obligation_id}@sans-faute")
        event.add("sequence", obligation.revision)
        event.add("dtstamp", now)
        event.add("dtstart", duty.at)
        event.add("dtend", duty.at + timedelta(minutes=obligation.duration_minutes or _USUAL_MINUTES))
        event.add("summary", summary)
        event.add("description", description)
        place = obligation.place
        if place is not None:
            event.add("location", ", ".join(part for part in (place.name, place.address) if part))
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
