"""What a simulation prints."""

import json
from datetime import UTC, datetime
from pathlib import Path

from services.core.changes import JournalLine
from services.core.words import Channel, Step
from services.simulator.report import Wording, comparable, failed, for_people, for_scripts, read_wording, summary
from services.simulator.scenario.expect import judge
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse_text

TEMPLATES = Path(__file__).parents[3] / "templates"

JOURNAL = [
    JournalLine(
        at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
        what="planned",
        fields={
            "person": "luc",
            "obligation": "rdv:rdv1",
            "wake_at": datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
            "excluded": ["email: forbidden"],
        },
    ),
    JournalLine(
        at=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
        what="sent",
        fields={
            "channel": Channel.SMS,
            "person": "luc",
            "obligations": ("rdv:rdv1",),
            "step": Step.N0,
            "text": "Bonjour\nà demain",
            "attempt": "x1",
            "parts": 1,
        },
    ),
    JournalLine(
        at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
        what="state",
        fields={"person": "luc", "obligation": "rdv:rdv1", "from": "open", "to": "done"},
    ),
]


def scenario(expect: str = "[]") -> Scenario:
    """A story with these expectations."""
    read = parse_text(f"{{scenario: S-1, title: Luc's day, people: {{luc: {{}}}}, expect: {expect}}}", "s1.yaml")
    assert isinstance(read, Scenario), read
    return read


def wording() -> Wording:
    """The shipped words."""
    return read_wording(
        (TEMPLATES / "terminal" / "journal.toml").read_text(encoding="utf-8"),
        (TEMPLATES / "words" / "dates.toml").read_text(encoding="utf-8"),
    )


def test_people_read_local_times_and_french_days() -> None:
    """A heading for each local day, words for codes, the text as the person reads it, no identifier of an attempt."""
    assert list(for_people(scenario(), JOURNAL, wording())) == [
        "S-1 · Luc's day",
        "",
        "mardi 1er décembre 2026",
        "  00:30:00  prévu      luc  rdv:rdv1",
        "             wake_at: 2026-12-01T09:00:00+01:00",
        "             excluded: email: forbidden",
        "  09:00:00  envoyé     luc  SMS · N0 · rdv:rdv1",
        "             │ Bonjour",
        "             │ à demain",
        "  10:00:00  état       luc  open → done · rdv:rdv1",
    ]
    assert list(for_people(scenario(), [], wording()))[-1] == "  (rien ne s'est passé)"


def test_scripts_read_one_object_on_one_line() -> None:
    """Name, verdict, failures and the whole journal; instants with the zone's offset."""
    story = scenario("[{what: alert}]")
    text = for_scripts(story, JOURNAL, judge(story, JOURNAL))
    assert "\n" not in text
    told = json.loads(text)
    assert (told["scenario"], told["passed"], len(told["failures"])) == ("S-1", False, 1)
    assert told["failures"][0]["expectation"] == "{what: alert}"
    assert told["journal"][1] == {
        "at": "2026-12-01T09:00:00+01:00",
        "what": "sent",
        "channel": "sms",
        "person": "luc",
        "obligations": ["rdv:rdv1"],
        "step": "N0",
        "text": "Bonjour\nà demain",
        "attempt": "x1",
        "parts": 1,
    }


def test_two_plays_compare_without_identifiers_and_order() -> None:
    """The same lines in another order, under other attempt ids, are the same journal."""
    renamed = {"attempt": "y"}
    other = [
        JournalLine(at=line.at, what=line.what, fields={**line.fields, **(renamed if line.what == "sent" else {})}) for line in JOURNAL
    ]
    assert comparable(JOURNAL, scenario()) == comparable(list(reversed(other)), scenario())


def test_a_failure_names_file_line_expectation_and_neighbours() -> None:
    """Whoever reads it sees what was wanted, how much was found, and what came nearest."""
    story = scenario("[{what: sent, channel: voice}, {what: sent, never: true}, {what: alert, times: {min: 1, max: 2}}]")
    voice, never, alert = judge(story, JOURNAL)
    nearest = 'channel: "sms", person: "luc", obligations: ["rdv:rdv1"], step: "N0", text: "Bonjour\\nà demain", attempt: "x1", parts: 1'
    assert list(failed(voice, story)) == [
        "s1.yaml:1: no lines match, at least 1 expected",
        "  expected: {what: sent, channel: voice}",
        f"  nearest:  2026-12-01T09:00:00+01:00 sent {{{nearest}}}",
    ]
    assert next(failed(never, story)) == "s1.yaml:1: 1 line matches, none expected"
    assert list(failed(alert, story))[0::2] == ["s1.yaml:1: no lines match, 1 to 2 expected", "  the journal has no line of this kind"]
    assert summary(56, 1) == "56 passed, 1 failed"
