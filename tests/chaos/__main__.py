"""`python -m tests.chaos`: everything goes wrong at once, over two copies of everything; what may never happen is counted outside."""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.runtime.errors import NotThere
from services.runtime.logs import set_up_logs
from services.runtime.settings import home_of_the_code
from services.runtime.supervisor import on_stop_signals
from tests.chaos.report import as_json, print_table, write_page
from tests.chaos.run import Outcome, Plan, Teller, play
from tests.chaos.seeds import keep
from tests.chaos.telling import Bars, Lines

_LARGEST_SEED = 10_000


def main() -> None:
    """Play, print, keep the seed when it found something; exit code 1 then, 3 when a server is not there."""
    options = _options()
    set_up_logs(level="ERROR", form="console")
    plan = Plan(seed=options.seed, obligations=options.obligations, faults=options.faults, pace=options.pace)
    console = Console(width=None if Console().is_terminal else 200, highlight=False)
    console.print(f"seed {plan.seed}", style="bold")
    try:
        with _teller(console, plan) as tell:
            outcome = asyncio.run(_until_told(plan, tell))
    except asyncio.CancelledError:
        console.print("stopped; nothing was counted")
        sys.exit(1)
    except NotThere as problem:
        console.print(str(problem), style="red")
        sys.exit(3)
    print_table(console, outcome)
    if options.json is not None:
        options.json.write_text(as_json(outcome) + "\n", "utf-8")
    if options.report:
        write_page(outcome, home_of_the_code() / "docs")
    if not outcome.good:
        keep(plan)
        console.print(f"seed {plan.seed} is kept in tests/chaos/seeds.txt", style="red")
        sys.exit(1)


@contextmanager
def _teller(console: Console, plan: Plan) -> Iterator[Teller]:
    if not console.is_terminal:
        yield Lines(console, plan)
        return
    columns = (TextColumn("{task.description:<42}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        yield Bars(progress, plan)


async def _until_told(plan: Plan, tell: Teller) -> Outcome:
    """SIGTERM and Ctrl-C clear everything away."""
    run = asyncio.ensure_future(play(plan, tell))
    with on_stop_signals(run.cancel):
        return await run


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(_LARGEST_SEED), help="play this one again")
    parser.add_argument("--obligations", type=_positive, default=Plan(seed=0).obligations, help="duties, default %(default)s")
    parser.add_argument("--faults", type=_positive, default=Plan(seed=0).faults, help="default %(default)s")
    parser.add_argument("--pace", type=float, default=Plan(seed=0).pace, help="seconds from one fault to the next, default %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    parser.add_argument("--report", action="store_true", help="write docs/chaos.md and its picture")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    main()
