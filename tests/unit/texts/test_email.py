"""What an e-mail says, its page and its calendar file."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from services.adapters.rendering.texts import JinjaTexts
from services.core.content import EmailContent, Notice
from services.core.model import Place
from services.core.words import Channel, Constraint, Step
from tests.unit.texts.notices import LINK, actualisation, meeting, notice, person


def email(texts: JinjaTexts, of: Notice) -> EmailContent:
    """The e-mail of a notice."""
    content = texts.notice(of)
    assert isinstance(content, EmailContent)
    return content


def test_the_subject_begins_alike_and_says_what_and_when(texts: JinjaTexts) -> None:
    """A constant prefix is how one recognises us (rules §8.2)."""
    assert email(texts, notice(Channel.EMAIL)).subject == "France Travail : votre convocation du mardi 1er décembre à 10 h 30"
    assert email(texts, notice(Channel.EMAIL, to=person(constraints=[Constraint.DISCREET]))).subject == (
        "France Travail : un message important pour vous"
    )


def test_without_a_link_there_is_no_address_at_all(texts: JinjaTexts) -> None:
    """Martine takes no links: none in the text, none in the page, nothing remote (SC-19, §7, §8.2)."""
    content = email(texts, notice(Channel.EMAIL))
    for part in (content.text, content.html):
        assert "http" not in part
        assert "<img" not in part
        assert "3949" in part
        assert "K7Q4-PM2X" in part


def test_with_a_link_there_is_one_button(texts: JinjaTexts) -> None:
    """The same address in text and page, once each (SC-03, §7)."""
    content = email(texts, replace(notice(Channel.EMAIL, to=person(constraints=[Constraint.LINK_OK])), link=LINK))
    assert content.text.count(LINK) == 1
    assert content.html.count(f'href="{LINK}"') == 1


@pytest.mark.parametrize("constraints", [[], [Constraint.NO_VOICE]])
def test_the_relay_service_is_told(texts: JinjaTexts, constraints: list[Constraint]) -> None:
    """Deaf people read how to reach us; who cannot telephone is not told to (SC-39, loi 2005-102 art. 78, §5)."""
    text = email(texts, notice(Channel.EMAIL, to=person(constraints=constraints))).text
    assert "service relais" in text
    assert "langue des signes" in text
    assert ("Appelez le 3949." in text) is not bool(constraints)


def test_html_is_escaped(texts: JinjaTexts) -> None:
    """A name is never markup (rules §10.18)."""
    html = email(texts, notice(Channel.EMAIL, to=person("<script>alert(1)</script>"))).html
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_hostile_data_cannot_make_a_button_or_a_block(texts: JinjaTexts) -> None:
    """What comes from outside stays words on one line."""
    place = Place(
        kind="agency", name="Lille", address="x", access_info="[Cliquez](https://evil.example)\n\n# Payez\n\n[a](https://evil.example)"
    )
    content = email(texts, notice(Channel.EMAIL, meeting(place=place)))
    assert "href" not in content.html
    assert "<h2" not in content.html.partition("Payez")[0].rpartition("Comment venir")[2]


def test_the_calendar_file_follows_the_meeting(texts: JinjaTexts) -> None:
    """One stable UID, the revision as SEQUENCE, local time with its zone (RFC 5545) (§7)."""
    of = notice(Channel.EMAIL, meeting(revision=3))
    calendar = email(texts, of).calendar
    assert calendar is not None
    parsed = Calendar.from_ical(calendar)
    (event,) = parsed.walk("VEVENT")
    assert parsed["METHOD"] == "PUBLISH"
    assert event["UID"] == "convocation:01@sans-faute"
    assert event["SEQUENCE"] == 3
    assert event["STATUS"] == "CONFIRMED"
    assert event.decoded("DTSTART") == datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    assert event["DTSTART"].params["TZID"] == "Europe/Paris"
    assert b"DTSTAMP:20261120T150000Z" in calendar
    assert len(parsed.walk("VTIMEZONE")) == 1


def test_a_cancelled_meeting_is_cancelled_in_the_calendar_too(texts: JinjaTexts) -> None:
    """Same UID, STATUS:CANCELLED."""
    calendar = email(texts, notice(Channel.EMAIL, step=Step.CANCELLATION)).calendar
    assert calendar is not None
    assert b"STATUS:CANCELLED" in calendar


def test_an_actualisation_has_no_calendar_file(texts: JinjaTexts) -> None:
    """It is not a meeting."""
    content = email(texts, notice(Channel.EMAIL, actualisation(), step=Step.A2))
    assert content.calendar is None
    assert "Dernier jour : mardi 15 décembre" in content.text


def test_the_same_notice_gives_the_same_bytes(texts: JinjaTexts) -> None:
    """No clock, no random boundary: what was said can be shown again."""
    assert email(texts, notice(Channel.EMAIL)) == email(texts, notice(Channel.EMAIL))
