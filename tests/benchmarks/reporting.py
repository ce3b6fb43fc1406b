"""Prints what was measured: a table for people, JSON for scripts."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.benchmarks.measuring import Figures, Goal, Line, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was asked for, and what came out."""

    rounds: int
    quick: bool
    processors: int
    results: Mapping[str, Result]


def print_table(console: Console, run: Run) -> None:
    """Minimum / median / maximum over the rounds; compare within a line only."""
    hurry = ", quick: small sizes, figures mean little" if run.quick else ""
    title = f"{run.rounds} interleaved rounds, {run.processors} processors, minimum / median / maximum{hurry}"
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("row")
    table.add_column("what", overflow="fold")
    table.add_column("ours", justify="right")
    table.add_column("peer", justify="right")
    table.add_column("unit")
    table.add_column("against", overflow="fold")
    table.add_column("ratio", justify="right")
    table.add_column("goal", justify="right")
    for name, result in run.results.items():
        for line in result.lines:
            table.add_row(*_cells(line))
        if result.why_not is not None:
            table.add_row(name, f"[yellow]not measured: {escape(result.why_not)}[/]")
    console.print(table)
    for name, result in run.results.items():
        for remark in result.remarks:
            console.print(f"{name}: {remark}", highlight=False, soft_wrap=True)


def write_json(file: Path, run: Run) -> None:
    """Every round's figure, under the names of the table."""
    rows = {
        name: {"lines": [_plain(line) for line in result.lines], "remarks": list(result.remarks), "not_measured": result.why_not}
        for name, result in run.results.items()
    }
    about = {"rounds": run.rounds, "quick": run.quick, "processors": run.processors, "python": platform.python_version()}
    file.write_text(json.dumps({**about, "rows": rows}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _cells(line: Line) -> tuple[str, ...]:
    ratio = line.ratio
    return (
        line.row,
        line.what,
        _three(line.ours),
        "" if line.peer is None else _three(line.peer),
        line.unit,
        line.against,
        "" if ratio is None else _three(ratio),
        _goal(line.goal, reached=line.reached),
    )


def _goal(goal: Goal | None, *, reached: bool | None) -> str:
    if goal is None:
        return ""
    return f"[{'green' if reached else 'red'}]{'≥' if goal.at_least else '≤'} {goal.limit:,g} {'yes' if reached else 'NO'}[/]"


def _three(figures: Figures) -> str:
    return " / ".join(_number(value) for value in (figures.low, figures.median, figures.high))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _plain(line: Line) -> dict[str, object]:
    return {
        "what": line.what,
        "unit": line.unit,
        "ours": list(line.ours.values),
        "peer": None if line.peer is None else list(line.peer.values),
        "against": line.against or None,
        "ratio": None if line.ratio is None else list(line.ratio.values),
        "goal": None if line.goal is None else {"limit": line.goal.limit, "at_least": line.goal.at_least, "of_ratio": line.goal.of_ratio},
        "reached": line.reached,
    }
