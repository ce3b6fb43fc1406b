"""`sans-faute preview`: what it foretells is what a simulation then sends, second for second and word for word."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.commands import run
from services.commands.exits import Exit
from services.commands.imagined import from_scenario
from services.core.changes import JournalLine
from services.core.explaining.branches import WORLDS, Branch
from services.core.explaining.preview import preview
from services.core.words import Channel
from services.simulator.app import memory_play, templates
from services.simulator.scenario.file import Reaction, Rule, Scenario
from services.simulator.scenario.parse import parse

pytestmark = pytest.mark.usefixtures("logs_put_back")

ROOT = Path(__file__).resolve().parents[3]
SCENARIOS = ROOT / "tests" / "acceptance" / "scenarios"
SAMPLE = ROOT / "contracts" / "samples" / "convocation.issued" / "valid.json"
#: how the simulated world does what a branch imagines
_RULES: dict[Branch, tuple[Rule, ...]] = {
    Branch.SILENT: (),
    Branch.SMS_FAILS: (Rule(channel=Channel.SMS, then=(Reaction(after=timedelta(seconds=5), receipt="undelivered unknown_subscriber"),)),),
    Branch.COMES: (
        Rule(
            channel=Channel.SMS,
            nth=1,
            then=(Reaction(after=timedelta(seconds=5), receipt="delivered"), Reaction(after=timedelta(minutes=10), reply="1")),
        ),
    ),
    Branch.CANNOT_COME: (
        Rule(
            channel=Channel.SMS,
            nth=1,
            then=(Reaction(after=timedelta(seconds=5), receipt="delivered"), Reaction(after=timedelta(minutes=10), reply="2")),
        ),
    ),
}


def _scenario(name: str) -> Scenario:
    read = parse(SCENARIOS / f"{name}.yaml")
    assert isinstance(read, Scenario)
    return read


def _told(lines: Sequence[JournalLine], person: str, until: datetime) -> list[tuple[object, ...]]:
    """What reaches the person and the advisor: instants, channels, words; severities and facts."""
    found: list[tuple[object, ...]] = []
    for line in lines:
        if line.at > until or line.fields.get("person") != person:
            continue
        if line.what == "sent":
            found.append((line.at, "sent", *(str(line.fields[name]) for name in ("channel", "step", "obligations", "text"))))
        if line.what == "alert":
            found.append((line.at, "alert", *(str(line.fields[name]) for name in ("type", "severity", "to", "known"))))
    return sorted(found, key=str)


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        *((name, Branch.SILENT) for name in ("SC-01", "SC-02", "SC-05-a", "SC-07", "SC-18", "SC-31", "SC-33-a", "SC-35")),
        ("SC-02", Branch.SMS_FAILS),
        ("SC-05-a", Branch.SMS_FAILS),
        ("SC-33-a", Branch.SMS_FAILS),
        ("SC-33-a", Branch.COMES),
        ("SC-33-a", Branch.CANNOT_COME),
    ],
)
def test_a_preview_is_what_is_played(name: str, branch: Branch) -> None:
    """A story in which the world does what the branch imagines sends the same messages and raises the same alerts."""
    scenario = replace(_scenario(name), world=_RULES[branch], expect=())
    played = asyncio.run(memory_play(scenario, JinjaTexts(templates())).play())
    for person in scenario.people:
        start = asyncio.run(from_scenario(scenario, person))
        foretold = preview(start.case, start.environment, start.now, WORLDS[branch], start.record, words=start.words)
        told = _told(foretold, person, scenario.until)
        assert told
        assert told == _told(played, person, scenario.until)


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["preview", *arguments, "--json"]) == Exit.DONE
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_an_event_is_imagined_for_somebody_else(capsys: pytest.CaptureFixture[str]) -> None:
    """The sample convocation names another person: what would Luc receive, from the instant of the event on?"""
    found = _json(capsys, "--scenario", "study", "--person", "luc", "--event", str(SAMPLE))
    assert (found["person"], found["zone"], found["at"]) == ("luc", "Europe/Paris", "2026-11-20T16:00:00+01:00")
    silent = next(one for one in found["branches"] if one["branch"] == "silent")
    first = next(line for line in silent["lines"] if line["what"] == "sent")
    assert "cv:cv-2041" in first["obligations"]
    assert "mardi 1er décembre à 10 h 30" in first["text"]


def test_people_read_it_in_french(capsys: pytest.CaptureFixture[str]) -> None:
    """A heading for each branch and day, the reason, the words; what a branch has in common with the first is not spelt out again."""
    assert run(["preview", "--scenario", str(SCENARIOS / "SC-02.yaml"), "--person", "claudia"]) == Exit.DONE
    told = capsys.readouterr().out
    assert told.startswith("Ce qui est prévu pour Claudia T., vu le vendredi 20 novembre à 16 h 05 (Europe/Paris)")
    titles = [
        "Si la personne ne répond pas",
        "Si le SMS n\u2019arrive pas",
        "Si la personne répond qu\u2019elle vient",
        "qu\u2019elle ne peut pas venir",
    ]
    places = [told.index(title) for title in titles]
    assert places == sorted(places)
    assert "samedi 21 novembre 2026\n  16:05  SMS, autre moyen\n         pourquoi : pas de réponse au message d\u2019avant" in told
    assert told.count("Quand : mardi 1er décembre à 10 h 30") < told.count("E-mail, premier message") + told.count("E-mail, dernier rappel")
    assert "Alerte au conseiller : sans réponse (urgent)" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scenario", "study", "--person", "nobody"], "nobody called nobody"),
        (["--scenario", "study", "--person", "luc", "--at", "soon"], "--at: not an instant"),
        (["--scenario", "study", "--person", "luc", "--event", str(SCENARIOS / "SC-02.yaml")], "is not a JSON document"),
        (["--scenario", "study", "--person", "luc", "--event", str(SAMPLE), "--at", "2026-12-10T10:00"], "the meeting is over"),
        (["--scenario", str(SAMPLE), "--person", "luc"], "valid.json"),
    ],
)
def test_bad_input_is_2_and_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A stranger, a wrong instant, a file that is no event, a meeting that is over, a file that is no scenario."""
    assert run(["preview", *arguments]) == Exit.WRONG_USAGE
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_without_a_database_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Exit code 3 names what is missing, as everywhere."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    assert run(["preview", "--person", "p-1"]) == Exit.NOT_THERE
    assert "DATABASE_URL" in capsys.readouterr().err
