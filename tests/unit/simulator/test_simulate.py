"""`sans-faute simulate`: exit codes, the last line, mistakes with file, line and path, JSON for scripts."""

import json
from pathlib import Path

import pytest

from services.commands import run
from services.commands.exits import Exit

SCENARIOS = Path(__file__).parents[2] / "acceptance" / "scenarios"
GOOD = str(SCENARIOS / "SC-26-a.yaml")


pytestmark = pytest.mark.usefixtures("logs_put_back")


@pytest.fixture
def short(tmp_path: Path) -> str:
    """A story that wants what does not happen."""
    path = tmp_path / "short.yaml"
    path.write_text(
        (SCENARIOS / "SC-26-a.yaml")
        .read_text("utf-8")
        .replace("  - {what: dead_letter, never: true}", "  - {what: dead_letter, times: 3}"),
        encoding="utf-8",
    )
    return str(path)


def test_all_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and the last line counts."""
    assert run(["simulate", GOOD]) == Exit.DONE
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_one_falls_short(short: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1; the expectation is shown with its file and line, and the others count as passed."""
    assert run(["simulate", GOOD, short]) == Exit.FAILED
    out = capsys.readouterr().out.splitlines()
    line = 1 + Path(short).read_text("utf-8").splitlines().index("  - {what: dead_letter, times: 3}")
    assert out[0].startswith(f"{short}:{line}: no lines match, 3 expected")
    assert out[-1] == "1 passed, 1 failed"


def test_the_journal_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Local times under a French heading for each day, the words that were sent, and still the last line."""
    assert run(["simulate", "--journal", GOOD]) == Exit.DONE
    out = capsys.readouterr().out
    assert "mercredi 25 novembre 2026" in out
    assert "  10:02:00  envoyé     emilie  SMS · N0 · cv:cv1" in out
    assert out.splitlines()[-1] == "1 passed, 0 failed"


def test_json_is_for_scripts(short: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is one object a line and nothing else; the count goes to standard error."""
    assert run(["simulate", "--json", GOOD, short]) == Exit.FAILED
    said = capsys.readouterr()
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert (first["scenario"], first["passed"], first["failures"]) == ("SC-26-a", True, [])
    assert {line["what"] for line in first["journal"]} >= {"sent", "receipt", "evidence"}
    assert (second["passed"], second["failures"][0]["found"]) == (False, 0)
    assert said.err.splitlines()[-1] == "1 passed, 1 failed"


def test_every_mistake_is_named_and_nothing_is_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2: unknown keys, policy values that are not there, unreadable files; each with file, line and path."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("scenario: W\npolicy: {actualisation.spraed: 8h}\nevents: []\nexpect: []\n", encoding="utf-8")
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text("scenario: M\nevents: []\nexpect:\n  - {what: sent, chanel: sms}\n", encoding="utf-8")
    absent = str(tmp_path / "absent.yaml")
    assert run(["simulate", GOOD, str(wrong), str(misspelt), absent]) == Exit.WRONG_USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{wrong}:2: policy.actualisation.spraed: " in said.err
    assert f"{misspelt}:4: expect[0].chanel: " in said.err
    assert f"{absent}:1: cannot be read: " in said.err


def test_what_cannot_happen_fails_the_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A story in which somebody opens a link that nobody sent is not passed, and says why; the object for scripts too."""
    path = tmp_path / "link.yaml"
    path.write_text(
        'scenario: L\npeople: {luc: {first_name: Luc, postal_code: "59000", preferred: sms, phone: "06 12 34 56 78"}}\n'
        "events: [{at: 2026-11-25T10:00, event: open_link, person: luc, method: GET}]\nexpect: []\n",
        encoding="utf-8",
    )
    assert run(["simulate", str(path)]) == Exit.FAILED
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{path}: cannot be played: luc holds no message with a link")
    assert out[-1] == "0 passed, 1 failed"
    assert run(["simulate", "--json", str(path)]) == Exit.FAILED
    assert "trouble" in json.loads(capsys.readouterr().out)


def test_a_file_is_needed() -> None:
    """Without one the usage is wrong."""
    assert run(["simulate"]) == Exit.WRONG_USAGE
