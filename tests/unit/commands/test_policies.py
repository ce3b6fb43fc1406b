"""`sans-faute policy check|show|diff`: for whoever writes the numbers."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.adapters.policy import SHIPPED, load_policy
from services.commands import run
from services.commands.exits import Exit
from services.commands.policies import warn_of_dead_steps
from services.commands.policy_tables import tables
from services.core.policy import Policy
from services.runtime.settings import read_settings

pytestmark = pytest.mark.usefixtures("logs_put_back")

SCENARIOS = Path(__file__).resolve().parents[2] / "acceptance" / "scenarios"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A policy in which R2 comes an hour later, R1 never, and the campaign is shorter."""
    path = tmp_path / "other.toml"
    path.write_text(
        'version = "other"\n[actualisation]\nspread = "4h"\n[meeting.reminders.R2]\nhour = "10:00"\n'
        '[meeting.reminders.R1]\nonly_if_known_before = "90d"\n',
        encoding="utf-8",
    )
    return path


def test_the_shipped_policy_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    """No mistake, no dead step; the version is told."""
    assert run(["policy", "check", "--json"]) == Exit.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["mistakes"], found["unreachable"]) == ([], [])
    assert found["version"] in SHIPPED.read_text("utf-8")


def test_dead_steps_are_told(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file can be used, so the exit code is 0; the step is named with file and reason."""
    assert run(["policy", "check", str(other)]) == Exit.DONE
    told = capsys.readouterr().out
    assert f"{other}: meeting.reminders.R1: can never be reached" in told
    assert f"{other}: policy other can be used; 1 steps are dead." in told


def test_mistakes_are_2_and_all_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, dotted name, what is wrong: all of them, for people and for scripts."""
    path = tmp_path / "wrong.toml"
    path.write_text('[actualisation]\nsped = "4h"\n[alerts.missed]\nhour = "25:00"\n', encoding="utf-8")
    assert run(["policy", "check", str(path)]) == Exit.WRONG_USAGE
    told = capsys.readouterr().err
    assert f"{path}: actualisation.sped: the policy has no such value" in told
    assert f"{path}: alerts.missed.hour: expected an hour" in told
    assert run(["policy", "check", str(path), "--json"]) == Exit.WRONG_USAGE
    assert len(json.loads(capsys.readouterr().out)["mistakes"]) == 2
    assert run(["policy", "diff", str(path), "--scenario", "study"]) == Exit.WRONG_USAGE
    assert run(["policy", "check", str(tmp_path / "absent.toml")]) == Exit.WRONG_USAGE


def test_dead_steps_are_a_warning_at_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever starts a process under such a policy finds one line for each dead step in the log."""
    whole = tmp_path / "whole.toml"
    shipped = SHIPPED.read_text("utf-8")
    assert 'only_if_known_before = "10d"' in shipped
    whole.write_text(shipped.replace('only_if_known_before = "10d"', 'only_if_known_before = "90d"'), encoding="utf-8")
    monkeypatch.setenv("POLICY_FILE", str(whole))
    with capture_logs() as lines:
        warn_of_dead_steps(read_settings())
    assert [(line["log_level"], line["setting"]) for line in lines] == [("warning", "meeting.reminders.R1")]


def test_show_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """The ladders as sentences: day, hour, channel, spread."""
    assert run(["policy", "show"]) == Exit.DONE
    told = " ".join(capsys.readouterr().out.split())
    assert "R2 2 days before the date, 09:00 where the evidence is best, else as N0 30m everybody" in told
    assert "A3 2 days before the closing day, 10:00 (calls 14:00) another than the step before 8h" in told
    assert "A5 (2) on the closing day, 16:00, never another day the first usable of sms, email 90m" in told
    assert "UNCONFIRMED, convocation 3 working days before, 08:00" in told
    assert "voice 10:00-12:45, 14:00-18:45 never never never" in told


#: numbers of the machinery, which nobody outside reads; and those whose effect is told by another one's row
_NOT_TOLD = {
    "letters.actualisation_last_day",
    "sms.validity",
    "timers.short_below",
    "timers.letter_silence_before",
    *(f"timers.{name}" for name in ("provider_retry", "provider_retries", "unclaimed", "again_at_most", "hand_over", "submitting")),
    "timers.call_ends_within",
    "voice_slots.afternoon_from",
    "meeting.near_a_change",
    "actualisation.makes_room_until",
    "actualisation.after.not_after_days",
    *(f"alerts.{name}" for name in ("unconfirmed_grace", "unconfirmed_grace_hour", "day_starts", "day_ends")),
    *(f"watch.{name}" for name in ("every", "look_back", "receipts_low.settles", "receipts_low.usual_percent")),
    "watch.receipts_low.closing_within_days",
    *(f"watch.{name}.calm" for name in ("forged_callbacks", "dead_letters")),
    *(f"watch.overdue_work.{name}" for name in ("submitting", "adrift", "quarantined", "kafka", "behind")),
    "watch.late_after_outage.after_date",
    *(f"retention.{name}" for name in ("every", "batch", "pause", "outbox", "inbox")),
}


def _numbers(value: Any, path: str = "") -> Iterator[str]:
    """Dotted paths of the numbers, spans and hours below a dataclass."""
    for each in dataclasses.fields(value):
        inner = getattr(value, each.name)
        if dataclasses.is_dataclass(inner):
            yield from _numbers(inner, f"{path}{each.name}.")
        elif isinstance(inner, int | timedelta | time) and not isinstance(inner, bool):
            yield f"{path}{each.name}"


def _changed(value: Any, path: str) -> Any:
    name, _, rest = path.partition(".")
    inner = getattr(value, name)
    if rest:
        return dataclasses.replace(value, **{name: _changed(inner, rest)})
    new = inner + 7 if isinstance(inner, int) else inner + timedelta(minutes=7) if isinstance(inner, timedelta) else time(3, 33)
    return dataclasses.replace(value, **{name: new})


def _told(policy: Policy) -> list[list[str]]:
    return [[str(cell) for column in table.columns for cell in column.cells] for table in tables(policy)]


def test_every_number_that_people_ask_about_is_shown() -> None:
    """Another number is another table; what is not told is named here."""
    policy = load_policy(SHIPPED)
    said = _told(policy)
    asked = [path for path in _numbers(policy) if not path.startswith("floods.")]
    assert {path for path in asked if _told(_changed(policy, path)) == said} == _NOT_TOLD


def test_show_for_scripts(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same names and notation as in the file."""
    assert run(["policy", "show", str(other), "--json"]) == Exit.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], found["actualisation"]["spread"], found["windows"]["sms"]["saturday"]) == (
        "other",
        "4h",
        [["09:30", "18:00"]],
    )
    assert found["meeting"]["reminders"][1]["hour"] == "10:00"


def test_diff_over_a_scenario(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R1 vanishes, R2 moves by an hour (a Saturday: from 09:30); identifiers only."""
    assert run(["policy", "diff", str(other), "--scenario", str(SCENARIOS / "SC-02.yaml"), "--json"]) == Exit.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["other"], found["compared"]) == ("other", 1)
    (person,) = found["changed"]
    assert person["person_id"] == "claudia"
    changes = {one["what"]: one for one in person["changes"]}
    assert (changes["R1 sms"]["change"], changes["R1 sms"]["before"][:10]) == ("vanishes", "2026-11-24")
    assert (changes["R2 sms"]["change"], changes["R2 sms"]["before"][:14], changes["R2 sms"]["after"][:14]) == (
        "moves",
        "2026-11-28T08:",
        "2026-11-28T09:",
    )
    assert "Claudia" not in json.dumps(found)


def test_diff_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same numbers under another name change nothing for anybody."""
    path = tmp_path / "same.toml"
    path.write_text('version = "renamed"\n', encoding="utf-8")
    assert run(["policy", "diff", str(path), "--scenario", "study"]) == Exit.DONE
    assert "0 of 13 people would be contacted differently" in capsys.readouterr().out


@pytest.mark.parametrize("people", ["0", "-1", "many"])
def test_a_wrong_number_of_people_is_2(other: Path, people: str) -> None:
    """A number from 1 on, or all."""
    assert run(["policy", "diff", str(other), "--people", people]) == Exit.WRONG_USAGE
