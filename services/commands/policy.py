"""`sans-faute policy check|show|diff`: the rules' numbers judged, read, and compared by what they would do to people."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.adapters.clock import SystemClock
from services.adapters.policy import SHIPPED, PolicyError, load_other, load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.owing import people_who_owe
from services.adapters.postgres.store import PostgresStore
from services.adapters.snapshots import Snapshots
from services.commands.exits import Exit
from services.commands.imagined import from_scenario, scenario_file
from services.commands.policies import dead_steps
from services.commands.policy_tables import as_data, tables
from services.commands.scenario_files import read_scenarios
from services.commands.wordless import RECORD
from services.core.environment import Environment
from services.core.explaining.branches import silence
from services.core.explaining.calendar_changes import Change, calendar_changes
from services.core.explaining.preview import preview
from services.core.model import Case
from services.core.policy import Policy
from services.runtime.logs import set_up_logs
from services.runtime.running import database_of
from services.runtime.settings import Settings, read_settings
from services.simulator.scenario.file import Scenario

app = typer.Typer(no_args_is_help=True, help="The rules' numbers: check them, read them, see what others would change.")

#: people compared unless more are asked for: about half a minute
_PEOPLE = 1000
_ALL = "all"
#: columns where there is no terminal
_WIDTH = 200

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]
#: one person to compare: case, environment under the policy in use, instant, and the same under the other
Pair = tuple[Case, Environment, datetime, Environment]


@app.command(epilog="Examples: sans-faute policy check; sans-faute policy check mine.toml --json")
def check(
    file: Annotated[
        Path | None, typer.Argument(help="A whole policy, or values laid over the shipped one (default: the one in use).")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Name every mistake of a policy together, and the steps that nobody could ever reach. Exit code 2 when it cannot be used."""
    path = file or read_settings().policy_file or SHIPPED
    try:
        policy = load_other(path) if file else load_policy(path)
    except PolicyError as problem:
        _mistakes(path, problem, as_json=as_json)
        raise typer.Exit(Exit.WRONG_USAGE) from None
    found = dead_steps(policy)
    if as_json:
        unreachable = [{"name": one.name, "why": one.why} for one in found]
        typer.echo(json.dumps({"file": str(path), "version": policy.version, "mistakes": [], "unreachable": unreachable}))
        return
    for one in found:
        typer.secho(f"{path}: {one.name}: can never be reached: {one.why}", fg=typer.colors.YELLOW)
    typer.echo(f"{path}: policy {policy.version} can be used{'' if not found else f'; {len(found)} steps are dead'}.")


@app.command(epilog="Examples: sans-faute policy show; sans-faute policy show mine.toml --json")
def show(
    file: Annotated[
        Path | None, typer.Argument(help="A whole policy, or values laid over the shipped one (default: the one in use).")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """The ladders, caps, windows, waits and deadlines as tables that need no programmer."""
    policy = _policy(file) if file else _in_use(read_settings())
    if as_json:
        typer.echo(json.dumps(as_data(policy)))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    console.print(f"Policy {policy.version}. Hours are local to the person; alerts, to the agency.")
    for table in tables(policy):
        console.print()
        console.print(table)


@app.command(epilog="Examples: sans-faute policy diff mine.toml --people all; sans-faute policy diff mine.toml --scenario study --json")
def diff(
    other: Annotated[Path, typer.Argument(help="The other policy: whole, or values laid over the shipped one.")],
    *,
    people: Annotated[str, typer.Option(help="How many stored people to compare, or all.")] = str(_PEOPLE),
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="People of this scenario file instead of the stored ones; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who would be contacted differently under another policy, from now on and in silence: which steps move, appear and vanish."""
    settings = read_settings()
    set_up_logs(level="ERROR", form=settings.log_format)
    limit = _limit(people)
    mine, theirs = _in_use(settings), _policy(other)
    pairs = _from_scenarios(scenario, other) if scenario else _from_database(settings, mine, theirs, limit)
    with _bar(hidden=as_json) as bar:
        compared, changed = asyncio.run(_compare(pairs, bar, None if scenario else limit))
    if as_json:
        _tell_scripts(mine, theirs, compared, changed)
    else:
        _tell_people(mine, theirs, compared, changed)


# ---- policies


def _in_use(settings: Settings) -> Policy:
    path = settings.policy_file or SHIPPED
    try:
        return load_policy(path)
    except PolicyError as problem:
        _mistakes(path, problem)
        raise typer.Exit(Exit.WRONG_USAGE) from None


def _policy(path: Path) -> Policy:
    try:
        return load_other(path)
    except PolicyError as problem:
        _mistakes(path, problem)
        raise typer.Exit(Exit.WRONG_USAGE) from None


def _mistakes(path: Path, problem: PolicyError, *, as_json: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps({"file": str(path), "mistakes": problem.mistakes, "unreachable": []}))
        return
    for mistake in problem.mistakes:
        typer.secho(f"{path}: {mistake}", err=True, fg=typer.colors.RED)
    count = len(problem.mistakes)
    typer.secho(f"sans-faute: this policy cannot be used: {count} mistake{'s' if count > 1 else ''}", err=True, fg=typer.colors.RED)


def _limit(people: str) -> int | None:
    if people == _ALL:
        return None
    if not people.isascii() or not people.isdigit() or int(people) == 0:
        typer.secho(f"sans-faute: --people: expected a number from 1 on, or {_ALL}", err=True, fg=typer.colors.RED)
        raise typer.Exit(Exit.WRONG_USAGE)
    return int(people)


# ---- people


async def _from_scenarios(names: Sequence[str], other: Path) -> AsyncIterator[Pair]:
    """Everybody of these files, each at their first duty; the files' own overrides count on both sides."""
    read, mistakes = read_scenarios([scenario_file(name) for name in names])
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if mistakes:
        raise typer.Exit(Exit.WRONG_USAGE)
    for one in read:
        theirs = load_other(other, one.policy)
        for person in _written_to(one):
            start = await from_scenario(one, person)
            yield start.case, start.environment, start.now, _under(start.environment, theirs)


def _written_to(scenario: Scenario) -> list[str]:
    return [one.name for one in scenario.everyone() if one.known_from is None]


async def _from_database(settings: Settings, mine: Policy, theirs: Policy, limit: int | None) -> AsyncIterator[Pair]:
    now = SystemClock().now()
    async with open_pool(database_of(settings), connections=settings.database_connections) as pool:
        store = PostgresStore(pool)
        async with store.unit() as unit:
            staff = await unit.staff()
        environment = Snapshots(policy=mine)(now).with_staff(staff.agencies, staff.advisors)
        other = _under(environment, theirs)
        async for page in people_who_owe(pool, now, limit):
            async with store.unit() as unit:
                cases = await unit.load(page)
            for person in page:
                if person in cases:
                    yield cases[person], environment, now, other


def _under(environment: Environment, policy: Policy) -> Environment:
    return replace(environment, policy=policy, _residences={}, _working={})


async def _compare(pairs: AsyncIterator[Pair], bar: Progress, total: int | None) -> tuple[int, list[tuple[str, tuple[Change, ...]]]]:
    task = bar.add_task("Comparing", total=total)
    compared, changed = 0, list[tuple[str, tuple[Change, ...]]]()
    async for case, environment, now, other in pairs:
        found = calendar_changes(preview(case, environment, now, silence, RECORD), preview(case, other, now, silence, RECORD))
        compared += 1
        bar.advance(task)
        if found:
            changed.append((case.person_id, found))
    return compared, changed


# ---- telling


def _tell_scripts(mine: Policy, theirs: Policy, compared: int, changed: Sequence[tuple[str, tuple[Change, ...]]]) -> None:
    people = [{"person_id": person, "changes": [_object(one) for one in changes]} for person, changes in changed]
    typer.echo(json.dumps({"policy": mine.version, "other": theirs.version, "compared": compared, "changed": people}))


def _object(change: Change) -> dict[str, object]:
    found = {
        "obligation_id": change.obligation_id,
        "what": change.what,
        "change": _kind(change),
        "before": change.before.isoformat() if change.before else None,
        "after": change.after.isoformat() if change.after else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _kind(change: Change) -> str:
    return "appears" if change.before is None else "vanishes" if change.after is None else "moves"


def _tell_people(mine: Policy, theirs: Policy, compared: int, changed: Sequence[tuple[str, tuple[Change, ...]]]) -> None:
    for person, changes in changed:
        typer.secho(person, bold=True)
        for one in changes:
            instants = " -> ".join(f"{at:%Y-%m-%d %H:%M:%SZ}" for at in (one.before, one.after) if at is not None)
            typer.echo(f"  {one.obligation_id}  {one.what}  {_kind(one)}: {instants}")
    typer.echo(f"{len(changed)} of {compared} people would be contacted differently (policy {mine.version} against {theirs.version}).")


def _bar(*, hidden: bool) -> Progress:
    """For people who wait at a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=hidden or not console.is_terminal)
