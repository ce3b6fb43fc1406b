"""Judging a journal by expectations."""

from datetime import UTC, datetime, timedelta

import pytest

from services.core.changes import JournalLine
from services.core.words import Channel, Evidence
from services.simulator.scenario.expect import Failure, judge
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse_text

TEN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def sent(minutes: float, **fields: object) -> JournalLine:
    """A message, some minutes after ten o'clock in Paris."""
    shown: dict[str, object] = {"channel": Channel.SMS, "person": "luc", "step": "N0", "obligations": ["rdv:rdv1"], "parts": 1}
    return JournalLine(at=TEN + timedelta(minutes=minutes), what="sent", fields=shown | {"text": "Répondez 1"} | fields)


def failures(expectation: str, *journal: JournalLine) -> list[Failure]:
    """What one expectation says of a journal."""
    scenario = parse_text(
        f"""
        scenario: judged
        people: {{luc: {{}}, lea: {{}}}}
        events:
          - {{at: 2026-11-25T10:00, event: appointment.scheduled, id: rdv1, person: luc, starts: 2026-12-03T14:00}}
          - {{at: 2026-11-25T10:00, event: appointment.scheduled, id: rdv2, person: luc, starts: 2026-12-03T14:00}}
        expect:
          - {expectation}
        """,
        "story.yaml",
    )
    assert isinstance(scenario, Scenario), scenario
    return judge(scenario, journal)


@pytest.mark.parametrize(
    ("expectation", "holds"),
    [
        ("{what: sent}", True),
        ("{what: alert}", False),
        ("{what: sent, channel: sms, person: luc, parts: 1}", True),
        ("{what: sent, parts: 2}", False),
        ("{what: sent, parts: {max: 1}}", True),
        ("{what: sent, parts: {min: 2}}", False),
        ("{what: sent, text: '/r[ée]pondez 1/i'}", True),
        ("{what: sent, text: '/répondez/'}", False),
        ("{what: sent, text: 'Répondez 1'}", True),
        ("{what: sent, text: 'Répondez'}", False),
        ("{what: sent, channel: '/sms|voice/'}", True),
        ("{what: sent, obligations: ['rdv:rdv1']}", True),
        ("{what: sent, obligations: ['rdv:rdv1', 'rdv:rdv2']}", False),
        ("{what: sent, obligations: ['/^rdv:/', '/1$/']}", True),
        ("{what: sent, obligations: '/rdv1/'}", True),
        ("{what: sent, encoding: GSM-7}", False),
        ("{what: sent, encoding: null}", True),
        ("{what: sent, at: 2026-11-25T10:00}", True),
        ("{what: sent, at: 2026-11-25T10:01}", False),
        ("{what: sent, at: [2026-11-25T09:00, 2026-11-25T10:00]}", True),
        ("{what: sent, at: [2026-11-25T10:00, 2026-11-25T10:05]}", True),
        ("{what: sent, at: [2026-11-25T10:00:01, 2026-11-25T10:05]}", False),
        ("{what: sent, before: 2026-11-25T10:00}", False),
        ("{what: sent, before: 2026-11-25T10:00:01}", True),
        ("{what: sent, after: 2026-11-25T10:00}", False),
        ("{what: sent, after: 2026-11-25T09:59:59}", True),
        ("{what: sent, never: true}", False),
        ("{what: sent, person: lea, never: true}", True),
        ("{what: sent, times: 1}", True),
        ("{what: sent, times: 2}", False),
        ("{only: {what: sent, times: {min: 1, max: 3}}}", True),
        ("{only: {what: sent, after: 2026-11-25T10:00, times: 0}}", True),
    ],
)
def test_a_line_matches_as_the_language_says(expectation: str, holds: bool) -> None:
    """Values, patterns, lists, bounds, windows and counts, against one SMS at ten o'clock sharp."""
    assert (failures(expectation, sent(0)) == []) is holds


def test_words_and_instants_compare_whatever_their_type() -> None:
    """Enumerations compare by their value; instants as instants, and as local text for a pattern."""
    level = JournalLine(at=TEN, what="evidence", fields={"person": "luc", "level": Evidence.E2, "how": "delivered"})
    assert failures("{what: evidence, level: E2}", level) == []
    assert failures("{what: evidence, level: '/E[345]/', never: true}", level) == []
    for act_by in (datetime(2026, 12, 3, 23, 30, tzinfo=UTC), "2026-12-03T23:30:00Z"):
        alert = JournalLine(at=TEN, what="alert", fields={"type": "UNCONFIRMED", "act_by": act_by})
        assert failures("{what: alert, act_by: '/^2026-12-04/'}", alert) == []
        assert failures("{what: alert, act_by: 2026-12-04T00:30}", alert) == []
        assert failures("{what: alert, act_by: 2026-12-03T23:30}", alert) != []


def test_a_list_of_texts_is_found_in_the_lines_of_a_fact_list() -> None:
    """Every pattern must be found in some element."""
    alert = JournalLine(at=TEN, what="alert", fields={"known": ["Un e-mail envoyé", "Un SMS envoyé", "Appel sans réponse"]})
    assert failures("{what: alert, known: ['/mail/i', '/SMS/', '/appel/i']}", alert) == []
    assert failures("{what: alert, known: ['/mail/i', '/lettre/']}", alert) != []


def test_a_failure_shows_the_lines_that_came_nearest() -> None:
    """The lines that agree most come first; lines of another kind never come."""
    lines = [sent(0, person="lea", channel="voice"), sent(90), sent(5, step="R1", person="lea"), sent(8)]
    (failure,) = failures("{what: sent, person: luc, channel: sms, at: [2026-11-25T10:01, 2026-11-25T10:07]}", *lines)
    assert (failure.found, failure.least, failure.most, failure.line) == (0, 1, None, 8)
    assert failure.nearest == tuple(sorted(lines, key=lambda line: line.at))
    assert failure.expectation.startswith("{what: sent, person: luc")
    (only_two,) = failures(
        "{what: sent, channel: sms, at: 2026-11-25T11:30:01}", *lines, *[sent(200 + n, channel="voice") for n in range(5)]
    )
    assert sent(90) in only_two.nearest


def test_what_must_never_come_is_shown_itself() -> None:
    """The surplus lines are the evidence."""
    (failure,) = failures("{what: sent, channel: voice, never: true}", sent(0), sent(5, channel="voice"))
    assert [line.fields["channel"] for line in failure.nearest] == ["voice"]
    assert failure.most == 0
