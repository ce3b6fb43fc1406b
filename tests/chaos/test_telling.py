"""What is said of a run while it lasts and afterwards: lines where there is no terminal, a table, JSON, a page with a picture."""

import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests.chaos import telling
from tests.chaos.calm import Unrest
from tests.chaos.hours import Hours
from tests.chaos.judge import Verdict
from tests.chaos.report import as_json, print_table, write_page
from tests.chaos.run import Outcome, Plan
from tests.chaos.script import Fault, Trouble, script
from tests.chaos.telling import Lines

BEGAN = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
PLAN = Plan(seed=7, obligations=2000, faults=40, pace=4)


def outcome(found: int) -> Outcome:
    """A run that found so many messages sent twice."""
    verdict = Verdict(became=Counter({"at a provider": 1900, "an advisor knows": 100}))
    verdict.count("lost", [], 2000)
    verdict.count("sent twice", (f"at-{number}" for number in range(found)), 1234)
    return Outcome(
        plan=PLAN, began=BEGAN, seconds=251.4, verdict=verdict, faults=script(7, 40, PLAN.seconds), failed=[],
        hours=Hours(closes_at=BEGAN + timedelta(minutes=2), opens_at=BEGAN + timedelta(minutes=1)),
        done=Counter({Trouble.KILLED: 39}), in_vain=Counter({Trouble.KILLED: 1}), calm_after=31.0,
        arrivals={"sms": [1.0, 2.0, 130.0], "email": [3.0]},
    )  # fmt: skip


def test_without_a_terminal_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a log the parts stand at once, and every ten seconds how far it is: faults, duties, messages."""
    seconds = iter((0.0, 4.0, 11.0, 11.0, 15.0, 22.0, 22.0))
    monkeypatch.setattr(telling, "monotonic", lambda: next(seconds))
    stream = io.StringIO()
    lines = Lines(Console(file=stream, width=200), PLAN)
    lines.stage("storm")
    lines.fault(Fault(at=1, trouble=Trouble.KILLED, target="delivery-1"), 3)
    lines.published(10, 5)
    lines.published(40, 25)
    lines.unrest(Unrest(outbox=9))
    lines.unrest(Unrest(outbox=8))
    said = [line.partition(" ")[2] for line in stream.getvalue().splitlines()]
    assert said == ["storm", "faults 3/40 (last: killed delivery-1), duties 40/2000, messages 25", "still under way: outbox 8"]


def test_the_table_says_of_how_many() -> None:
    """Each promise stands with what was looked at and what was found; faults that hit nobody are told apart."""
    stream = io.StringIO()
    print_table(Console(file=stream, width=160), outcome(found=2))
    rows = [line.split() for line in stream.getvalue().splitlines()]
    assert ["lost", "2,000", "0"] in rows
    assert ["sent", "twice", "1,234", "2", "at-0;", "at-1"] in rows
    assert ["1", "found", "nobody", "(down", "already):", "process", "killed", "(SIGKILL)"] in rows


def test_figures_for_scripts() -> None:
    """JSON holds what was looked at, what was found, how long it took and whether it was good."""
    good, bad = json.loads(as_json(outcome(found=0))), json.loads(as_json(outcome(found=1)))
    assert (good["good"], bad["good"]) == (True, False)
    assert good["looked"] == {"lost": 2000, "sent twice": 1234}
    assert (good["seconds"], good["calm_after"], good["faults"]) == (251.4, 31.0, {"killed": 39})


def test_a_server_that_did_not_come_back_is_no_good_run() -> None:
    """A fault that could not be undone is said, and nothing is called good after it."""
    broken = outcome(found=0)
    broken.failed.append("kafka_killed kafka: ChildFailed: not listening")
    assert not broken.good
    assert json.loads(as_json(broken))["failed"] == broken.failed


def test_the_page_and_its_picture(tmp_path: Path) -> None:
    """The page has every count with its number looked at, faults by kind, messages by channel, durations; the picture is well-formed."""
    (tmp_path / "pictures").mkdir()
    write_page(outcome(found=0), tmp_path)
    page = (tmp_path / "chaos.md").read_text("utf-8")
    expected = (
        "| lost | 2,000 | 0 |", "| sent twice | 1,234 | 0 |", "| process killed (SIGKILL) | 39 |", "| sms | 3 |",
        "39 faults in 2 min 40 s", "31 s after the last fault", "With the count: 4 min 11 s",
        "--seed 7 --obligations 2000 --faults 40 --pace 4",
    )  # fmt: skip
    assert [words for words in expected if words not in page] == []
    assert "$" not in page
    svg = ET.fromstring((tmp_path / "pictures" / "chaos.svg").read_text("utf-8"))
    assert any("0 found wrong" in (text.text or "") for text in svg.iter("{http://www.w3.org/2000/svg}text"))
