"""`python -m tests.benchmarks`: how fast it is, each row beside its peer in one run. Reports, asserts nothing."""

import argparse
import asyncio
import cProfile
import os
import pstats
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from services.adapters.kafka.connection import KafkaUnavailable
from services.core.ports.store import StoreUnavailable
from services.runtime.errors import NotThere
from services.runtime.garbage import look_seldom
from services.runtime.logs import set_up_logs
from tests.benchmarks.machine import Machine, machine
from tests.benchmarks.measuring import Result
from tests.benchmarks.reporting import Run, print_table, write_json
from tests.benchmarks.rows import ROWS, Row


def main() -> None:
    """Measure, print, and write JSON when asked to."""
    options = _options()
    set_up_logs(level="ERROR", form="console")
    # as every process of ours does; the peers in this process have the same
    look_seldom()
    rounds = options.rounds or (2 if options.quick else 5)
    console = Console(width=None if Console().is_terminal else 200)
    profile = cProfile.Profile() if options.profile else None
    results = asyncio.run(_run(options.rows, rounds, quick=options.quick, profile=profile, console=console))
    run = Run(rounds=rounds, quick=options.quick, processors=os.cpu_count() or 1, results=results)
    print_table(console, run)
    if options.json is not None:
        write_json(options.json, run)
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(options.profile)


async def _run(names: Sequence[str], rounds: int, *, quick: bool, profile: cProfile.Profile | None, console: Console) -> dict[str, Result]:
    results: dict[str, Result] = {}
    async with machine(rounds=rounds, quick=quick) as ours:
        for name in names:
            with console.status(f"{name}: {ROWS[name].what}"):
                results[name] = await _measured(ROWS[name], ours, profile)
            console.print(f"{name}: {results[name].why_not or 'measured'}", highlight=False, markup=False)
    return results


async def _measured(row: Row, ours: Machine, profile: cProfile.Profile | None) -> Result:
    if profile is not None:
        profile.enable()
    try:
        return await row.measure(ours)
    except (NotThere, KafkaUnavailable, StoreUnavailable, RuntimeError, TimeoutError) as trouble:
        # one row's trouble must not cost the figures of the others
        return Result(why_not=str(trouble) or type(trouble).__name__)
    finally:
        if profile is not None:
            profile.disable()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    known = "; ".join(f"{name}: {row.what}" for name, row in ROWS.items())
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="NAME", help=known)
    parser.add_argument("--rounds", type=_positive, help="rounds of each contestant (default 5, quick 2)")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    parser.add_argument("--profile", type=_positive, metavar="N", help="print the N functions that took longest (slows everything down)")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    main()
