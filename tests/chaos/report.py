"""What a run found: a table for people, JSON for scripts, a page with a picture for the documentation."""

import json
from collections import Counter
from pathlib import Path
from string import Template
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.chaos.judge import GRACE
from tests.chaos.picture import picture
from tests.chaos.run import Outcome
from tests.chaos.script import Trouble

_PAGE: Final = Path(__file__).with_name("page.md")
_WORDS: dict[Trouble, str] = {
    Trouble.KILLED: "process killed (SIGKILL)",
    Trouble.STOPPED: "process stopped (SIGTERM)",
    Trouble.FROZEN: "process frozen (SIGSTOP … SIGCONT)",
    Trouble.CLOCK: "clock of a process wrong",
    Trouble.THIRD_COPY: "third copy comes and goes (rebalance)",
    Trouble.PROVIDER_RESETS: "provider resets connections",
    Trouble.PROVIDER_HANGS: "provider has it and hangs",
    Trouble.PROVIDER_SLOW: "provider answers late",
    Trouble.PROVIDER_BUSY: "provider says « not now »",
    Trouble.PROVIDER_AWAY: "provider's port closed",
    Trouble.KAFKA_KILLED: "Kafka killed",
    Trouble.KAFKA_RESTARTS: "Kafka restarted",
    Trouble.POSTGRES_FAST: "PostgreSQL restarted (fast)",
    Trouble.POSTGRES_IMMEDIATE: "PostgreSQL restarted (immediate)",
    Trouble.DISK_FULL: "disk full",
}


def print_table(console: Console, outcome: Outcome) -> None:
    """Counts first, then what became of the duties, then the faults."""
    plan = outcome.plan
    console.print()
    console.print(f"seed {plan.seed}: {plan.obligations} duties, {outcome.done.total()} faults, {outcome.seconds:.0f} s", style="bold")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("may never happen")
    table.add_column("looked at", justify="right")
    table.add_column("found", justify="right")
    table.add_column("for example")
    for name, found in outcome.verdict.counts.items():
        example = "; ".join(outcome.verdict.examples.get(name, [])[:2])
        table.add_row(name, f"{outcome.verdict.looked[name]:,}", f"[red]{found}[/]" if found else "[green]0[/]", example)
    console.print(table)
    for title, rows in _sections(outcome).items():
        console.print()
        console.print(title, style="bold")
        for name, number in rows.items():
            console.print(f"  {number:>7}  {name}", highlight=False)
    console.print()
    if outcome.unrest != "calm":
        console.print(f"calm did not come: {outcome.unrest}", style="red")
    for problem in outcome.failed:
        console.print(f"not brought back: {problem}", style="red", markup=False)
    if not outcome.full_disk:
        console.print("no full disk here: it needs root, which may mount a disk of its own")
    if outcome.logs is not None:
        console.print(f"logs of the processes: {outcome.logs}", soft_wrap=True)


def as_json(outcome: Outcome) -> str:
    """Every figure."""
    plan = outcome.plan
    return json.dumps(
        {
            "seed": plan.seed,
            "obligations": plan.obligations,
            "faults": dict(outcome.done),
            "in_vain": dict(outcome.in_vain),
            "failed": outcome.failed,
            "seconds": round(outcome.seconds, 1),
            "late": round(outcome.late, 1),
            "calm_after": round(outcome.calm_after, 1),
            "began": outcome.began.isoformat(),
            "good": outcome.good,
            "counts": outcome.verdict.counts,
            "looked": outcome.verdict.looked,
            "examples": outcome.verdict.examples,
            "unrest": outcome.unrest,
            **{title: dict(rows) for title, rows in _sections(outcome).items()},
        },
        indent=2,
        ensure_ascii=False,
    )


def write_page(outcome: Outcome, docs: Path) -> None:
    """``chaos.md`` and its picture."""
    (docs / "pictures" / "chaos.svg").write_text(picture(outcome), "utf-8")
    (docs / "chaos.md").write_text(_page(outcome), "utf-8")


def _sections(outcome: Outcome) -> dict[str, dict[str, int]]:
    lives = {
        "lives of 14 copies and a third one": outcome.lives,
        "ended in order when asked to": outcome.ended_in_order,
        "did not end within 30 s of being asked": outcome.too_slow_to_end,
        **{f"ended by itself: {what}": times for what, times in sorted(outcome.ended_by_themselves.items())},
    }
    return {
        "What became of the duties": dict(outcome.verdict.became.most_common()),
        "Messages at providers": {name: len(at) for name, at in sorted(outcome.arrivals.items())}
        | {"of these told from all others by name": outcome.verdict.named},
        "Attempts in the database": dict(Counter(outcome.attempts).most_common()),
        "Faults": {_WORDS[trouble]: outcome.done[trouble] for trouble in Trouble if outcome.done[trouble]}
        | {f"found nobody (down already): {_WORDS[trouble]}": number for trouble, number in sorted(outcome.in_vain.items())},
        "Processes": lives,
        "Seconds": _seconds(outcome),
    }


def _seconds(outcome: Outcome) -> dict[str, int]:
    """How busy the machine was, and how near boundaries came: what is within the grace is no finding, and measured."""
    return {
        **{f"{name}: over it by at most (grace {GRACE:.0f})": round(passed) for name, passed in outcome.verdict.passed_by.items()},
        "until Kafka was back, all its faults together": outcome.away["kafka"],
        "until PostgreSQL was back, all its faults together": outcome.away["postgres"],
        "a fault came later than planned by at most": round(outcome.latest_fault),
        "the storm began later than planned by": round(max(0.0, outcome.late)),
        "from the last fault until all was calm": round(outcome.calm_after),
        "from the first fault until all was counted": round(outcome.seconds),
    }


def _page(outcome: Outcome) -> str:
    plan = outcome.plan
    tables = []
    for title, rows in _sections(outcome).items():
        tables += [f"## {title}", "", "| | |", "|---|---:|", *(f"| {name} | {number:,} |" for name, number in rows.items()), ""]
    return Template(_PAGE.read_text("utf-8")).substitute(
        day=f"{outcome.began:%d %B %Y}",
        seed=plan.seed,
        obligations=plan.obligations,
        duties=f"{plan.obligations:,}",
        faults=plan.faults,
        done=outcome.done.total(),
        found=f"{sum(outcome.verdict.counts.values()):,}",
        took=_minutes(outcome.seconds),
        calm=f"{outcome.calm_after:.0f} s after the last fault" if outcome.unrest == "calm" else f"not reached ({outcome.unrest})",
        pace=f"{plan.pace:g}",
        minutes=_minutes(plan.seconds),
        counts="\n".join(f"| {name} | {outcome.verdict.looked[name]:,} | {found:,} |" for name, found in outcome.verdict.counts.items()),
        tables="\n".join(tables).rstrip(),
    )


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
