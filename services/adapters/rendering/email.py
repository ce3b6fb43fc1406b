"""E-mails: subject, text and HTML from one source of words, and the meetings as a calendar file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import lru_cache
from typing import Final

from icalendar import Calendar, Event, Timezone
from jinja2 import Template

from services.adapters.rendering.blocks import parse, plain
from services.adapters.rendering.scene import Meeting
from services.adapters.rendering.sections import sections
from services.core.content import EmailContent, Notice

#: length shown in a calendar when the source does not say how long the meeting takes
USUAL_MINUTES: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailTemplates:
    """The files of one message; an actualisation has no calendar file."""

    subject: Template
    words: Template
    page: Template
    calendar: Template | None


def render_email(templates: EmailTemplates, notice: Notice, names: Mapping[str, object], meetings: Sequence[Meeting]) -> EmailContent:
    """Subject, text and HTML (the same words), and an .ics for meetings."""
    subject = " ".join(templates.subject.render(names).split())
    blocks = parse(templates.words.render(names))
    return EmailContent(
        subject=subject,
        text=plain(blocks),
        html=templates.page.render(names, subject=subject, blocks=blocks),
        calendar=None if templates.calendar is None else calendar_file(templates.calendar, notice, names, meetings),
    )


def calendar_file(template: Template, notice: Notice, names: Mapping[str, object], meetings: Sequence[Meeting]) -> bytes:
    """The meetings as iCalendar (RFC 5545, METHOD:PUBLISH): local times with their TZID, the stamp in UTC.

    The UID is the obligation's and SEQUENCE its revision, so that an agenda moves a meeting instead of showing it twice.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Sans Faute//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for obligation, meeting in zip(notice.obligations, meetings, strict=True):
        event = Event()
        event.add("uid", f"{obligation.obligation_id}@sans-faute")
        event.add("sequence", obligation.revision)
        event.add("dtstamp", notice.now.astimezone(UTC))
        event.add("dtstart", meeting.at)
        event.add("dtend", meeting.at + timedelta(minutes=obligation.duration_minutes or USUAL_MINUTES))
        event.add("status", "CANCELLED" if names["situation"] == "cancelled" else "CONFIRMED")
        for part, words in sections(template.render(names, meeting=meeting)).items():
            event.add(part, words)
        calendar.add_component(event)
    years = {meeting.at.year for meeting in meetings}
    calendar.subcomponents.insert(0, _zone(notice.zone, min(years), max(years)))
    return bytes(calendar.to_ical())


@lru_cache(maxsize=64)
def _zone(name: str, first_year: int, last_year: int) -> Timezone:
    """The VTIMEZONE of these years; working one out takes longer than all the rest of an e-mail."""
    return Timezone.from_tzid(name, first_date=date(first_year, 1, 1), last_date=date(last_year + 1, 1, 1))
