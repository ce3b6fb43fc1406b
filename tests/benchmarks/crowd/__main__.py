"""`python -m tests.benchmarks.crowd`: one opening day for millions of people on this machine, with an appointment a second meanwhile."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.adapters.kafka.connection import KafkaUnavailable
from services.core.ports.store import StoreUnavailable
from services.runtime.errors import NotThere
from services.runtime.logs import set_up_logs
from services.runtime.supervisor import on_stop_signals
from tests.benchmarks.crowd.day import Day, live
from tests.benchmarks.machine import machine

_EVERYBODY = 6_500_000
_SAID_EVERY = 30.0
#: what a server that is there for this alone would be given of a machine with 24 GiB
_BUFFERS = "4GB"


class _Bars:
    """A bar for each stage; where there is no terminal, a line now and then."""

    def __init__(self, progress: Progress, people: int) -> None:
        self._progress = progress
        self._people = people
        self._tasks: dict[str, TaskID] = {}
        self._said = 0.0

    def __call__(self, stage: str, done: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=self._people)
        self._progress.update(self._tasks[stage], completed=done)
        if not self._progress.console.is_terminal and monotonic() - self._said > _SAID_EVERY:
            self._said = monotonic()
            self._progress.console.print(f"{stage}: {done:,} of {self._people:,}")


def main() -> None:
    """Live the day, print it, write JSON when asked to; exit code 3 when a server is not there."""
    options = _options()
    set_up_logs(level="ERROR", form="console")
    console = Console(width=None if Console().is_terminal else 200, highlight=False)
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, refresh_per_second=2) as progress:
            day = asyncio.run(_lived(options.people, _Bars(progress, options.people)))
    except asyncio.CancelledError:
        console.print("stopped; nothing was measured")
        sys.exit(1)
    except (NotThere, KafkaUnavailable, StoreUnavailable) as problem:
        console.print(str(problem), style="red")
        sys.exit(3)
    _print(console, day)
    if options.plans:
        for name, lines in day.plans.items():
            console.print(f"\n{name}", style="bold")
            console.print("\n".join(lines), markup=False)
    if options.json is not None:
        options.json.write_text(json.dumps(asdict(day), indent=1) + "\n", "utf-8")


async def _lived(people: int, tell: _Bars) -> Day:
    async with machine(rounds=1, quick=False, buffers=_BUFFERS) as ours:
        day = asyncio.ensure_future(live(ours, people, tell))
        # SIGTERM and Ctrl-C clear everything away
        with on_stop_signals(day.cancel):
            return await day


def _print(console: Console, day: Day) -> None:
    table = Table(title=f"an opening day for {day.people:,} people")
    table.add_column("what")
    table.add_column("figure", justify="right")
    for what, (count, seconds) in day.stages.items():
        table.add_row(what, f"{timedelta(seconds=round(seconds))}  ({count / seconds:,.0f} a second)" if count > 1 else f"{seconds:.1f} s")
    for name, share in (("p50", 0.5), ("p99", 0.99), ("longest", 1.0)):
        table.add_row(f"meanwhile: appointment → SMSC, {name} of {len(day.waits)}", f"{day.wait(share):,.0f} ms")
    for stage, seconds in day.longest.items():
        table.add_row(f"of the longest: {stage}", f"{seconds:.1f} s after it was published")
    for process, held in day.memory.items():
        table.add_row(f"{process}: most memory", f"{held:,.0f} MiB")
    for name, took in day.statements.items():
        table.add_row(name, f"{took:,.1f} ms")
    for name, (count, rows, indexes) in day.sizes.items():
        table.add_row(f"{name}: {count:,} rows", f"{rows:,.0f} MiB + {indexes:,.0f} MiB of indexes")
    console.print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.crowd", description=__doc__)
    parser.add_argument("--people", type=_positive, default=_EVERYBODY, help="default %(default)s; takes hours, 100000 takes minutes")
    parser.add_argument("--plans", action="store_true", help="print what PostgreSQL does for the statements that are asked all day")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    main()
