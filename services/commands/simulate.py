"""`sans-faute simulate FILE…`: plays scenario files through the product's own steps, and says which expectations hold."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.adapters.rendering.texts import JinjaTexts
from services.commands.exits import Exit
from services.commands.scenario_files import read_scenarios
from services.core.changes import JournalLine
from services.runtime.logs import set_up_logs
from services.runtime.running import embedded_kafka_settings, find_running
from services.runtime.settings import Settings, read_settings
from services.simulator.actors import CannotHappen
from services.simulator.app import memory_play, templates
from services.simulator.patience import StuckError
from services.simulator.report import Wording, failed, for_people, for_scripts, read_wording, summary
from services.simulator.scenario.expect import Failure, judge
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.schema import text as schema_text

#: fewer files are done before a progress bar says anything
_MANY = 5


class On(StrEnum):
    """Where a story is played."""

    MEMORY = "memory"
    STACK = "stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A scenario that was played."""

    scenario: Scenario
    journal: Sequence[JournalLine]
    failures: Sequence[Failure]
    #: why it could not be played to its end
    trouble: str | None = None

    @property
    def passed(self) -> bool:
        """Every expectation holds."""
        return not self.failures and self.trouble is None


#: plays one scenario to its end
Play = Callable[[Scenario], Awaitable[Sequence[JournalLine]]]


def simulate(
    files: Annotated[list[Path] | None, typer.Argument(help="Scenario files (YAML).", metavar="FILE…", show_default=False)] = None,
    *,
    on: Annotated[On, typer.Option(help="In memory, or on real Kafka and PostgreSQL (started unless configured).")] = On.MEMORY,
    journal: Annotated[bool, typer.Option("--journal", help="Print what happens, in French and in local time.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of scenario files, for editors.")] = False,
) -> None:
    """Play scenarios on a clock that each story owns. Exit code 0: all expectations hold, 1: one falls short, 2: a file is wrong."""
    if schema:
        typer.echo(schema_text(), nl=False)
        return
    if not files:
        raise typer.BadParameter("name at least one scenario file", param_hint="FILE…")
    settings = read_settings()
    # a story may be about an outage: what is only news there is no news here
    set_up_logs(level="ERROR", form=settings.log_format)
    scenarios, mistakes = read_scenarios(files)
    if mistakes:
        for mistake in mistakes:
            typer.echo(str(mistake), err=True)
        count = len(mistakes)
        typer.secho(f"sans-faute: nothing was played: {count} {'mistake' if count == 1 else 'mistakes'}", err=True, fg=typer.colors.RED)
        raise typer.Exit(Exit.WRONG_USAGE)
    wording = _wording() if journal else None
    hidden = journal or len(scenarios) < _MANY
    with _bar(hidden=hidden) as bar:
        task = bar.add_task("Playing", total=len(scenarios))

        def tell(played: Played) -> None:
            bar.advance(task)
            _tell(played, wording, as_json=as_json)

        outcome = asyncio.run(_play_all(scenarios, settings, on, tell))
    passed = sum(one.passed for one in outcome)
    # with --json, standard output is for the objects alone
    typer.echo(summary(passed, len(outcome) - passed), err=as_json)
    if passed < len(outcome):
        raise typer.Exit(Exit.FAILED)


async def _play_all(scenarios: Sequence[Scenario], settings: Settings, on: On, tell: Callable[[Played], None]) -> list[Played]:
    outcome: list[Played] = []
    async with _PLACES[on](settings, JinjaTexts(templates())) as play:
        for scenario in scenarios:
            played = await _play(scenario, play)
            outcome.append(replace(played, journal=()))
            tell(played)
    return outcome


async def _play(scenario: Scenario, play: Play) -> Played:
    try:
        journal = await play(scenario)
    except (CannotHappen, StuckError) as problem:
        return Played(scenario=scenario, journal=(), failures=(), trouble=str(problem))
    return Played(scenario=scenario, journal=journal, failures=judge(scenario, journal))


@asynccontextmanager
async def _in_memory(_settings: Settings, texts: JinjaTexts) -> AsyncIterator[Play]:
    async def play(scenario: Scenario) -> Sequence[JournalLine]:
        return await memory_play(scenario, texts).play()

    yield play


@asynccontextmanager
async def _on_stack(settings: Settings, texts: JinjaTexts) -> AsyncIterator[Play]:
    """Plays have topics and databases of their own: servers that others use, running ones of ours included, are fine."""
    from services.commands.connections import kafka_connection
    from services.runtime.embedded.servers import started_servers
    from services.simulator.app.stack import open_playground

    async with (
        started_servers(_with_running(settings), lambda line: typer.echo(line, err=True)) as servers,
        open_playground(kafka_connection(servers.kafka), servers.database_url) as ground,
    ):

        async def play(scenario: Scenario) -> Sequence[JournalLine]:
            async with ground.play(scenario, texts) as conductor:
                return await conductor.play()

        yield play


#: where a story can be played
_PLACES = {On.MEMORY: _in_memory, On.STACK: _on_stack}


def _with_running(settings: Settings) -> Settings:
    """The servers of a running `sans-faute up` stand for the ones that are not configured."""
    running = find_running(settings.state_dir)
    if running is None:
        return settings
    kafka = embedded_kafka_settings(running.kafka_bootstrap) if running.kafka_bootstrap else None
    return replace(settings, kafka=settings.kafka or kafka, database_url=settings.database_url or running.database_url)


def _tell(played: Played, wording: Wording | None, *, as_json: bool) -> None:
    scenario = played.scenario
    if as_json:
        typer.echo(for_scripts(scenario, played.journal, played.failures, played.trouble))
        return
    if wording is not None:
        for line in for_people(scenario, played.journal, wording):
            typer.echo(line)
        typer.echo()
    if played.passed:
        return
    if played.trouble is not None:
        typer.secho(f"{scenario.file}: cannot be played: {played.trouble}", fg=typer.colors.RED)
    for failure in played.failures:
        for line in failed(failure, scenario):
            typer.echo(line)


def _wording() -> Wording:
    folder = templates()
    return read_wording(
        (folder / "terminal" / "journal.toml").read_text(encoding="utf-8"),
        (folder / "words" / "dates.toml").read_text(encoding="utf-8"),
    )


def _bar(*, hidden: bool) -> Progress:
    """For people who wait at a terminal; what is printed meanwhile goes where it would without the bar."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=hidden or not console.is_terminal)
