"""`sans-faute demo`: the people of the study live a fortnight on the real stack, in about a minute."""

import asyncio
import io
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.adapters.rendering.texts import JinjaTexts
from services.commands.connections import kafka_connection
from services.core.model import PersonId
from services.runtime.embedded.servers import started_servers
from services.runtime.logs import set_up_logs
from services.runtime.settings import Settings, read_settings
from services.runtime.supervisor import on_stop_signals
from services.simulator import study
from services.simulator.app.parts import templates
from services.simulator.app.stack import open_playground
from services.simulator.app.staff import StaffPages
from services.simulator.conductor import Conductor
from services.simulator.demo import Show
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse
from services.simulator.telling import SummaryRow, Teller, summary

#: of a whole play on a terminal: slow enough to follow, about a minute
_SECONDS_PER_LINE = 0.2
#: columns where there is no terminal
_WIDTH = 150


def demo(
    *,
    fast: Annotated[bool, typer.Option("--fast", help="As fast as the work goes, without pauses to read.")] = False,
    stay: Annotated[bool | None, typer.Option("--stay/--leave", help="Keep the pages open at the end (default: on a terminal).")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also write what the terminal showed as an SVG picture.")] = None,
) -> None:
    """Watch Geneviève, Luc, Leïla, Annie and the others being reached, on real Kafka, PostgreSQL and provider protocols."""
    settings = read_settings()
    set_up_logs(level="ERROR", form=settings.log_format)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    pause = 0.0 if fast or not console.is_terminal else _SECONDS_PER_LINE
    try:
        asyncio.run(_run(settings, console, pause, stay=console.is_terminal if stay is None else stay, picture=picture))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return


async def _run(settings: Settings, console: Console, pause: float, *, stay: bool, picture: Path | None) -> None:
    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False, style="dim")

    scenario = parse(study.FILE)
    if not isinstance(scenario, Scenario):
        raise TypeError("the study's own file is not a scenario")
    staff_names = {one.name: one.title for one in scenario.advisors.values()} | {one.name: one.title for one in scenario.agencies.values()}
    teller = Teller(_read("terminal/demo.toml"), _read("words/dates.toml"), staff_names)
    texts, names, folder = JinjaTexts(templates()), names_of(scenario), settings.output_dir / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    staff = StaffPages(texts=texts)
    started = time.monotonic()
    with on_stop_signals(_cancelling_us()):
        say(teller.words["starting"])
        async with AsyncExitStack() as stack:
            servers = await stack.enter_async_context(started_servers(settings, say))
            playground = await stack.enter_async_context(open_playground(kafka_connection(servers.kafka), servers.database_url))
            conductor = await stack.enter_async_context(playground.play(scenario, texts, folder=folder, beside=staff.beside))
            show = _show(conductor, console, teller, names, staff, folder, pause)
            await _play(conductor, show)
            async with conductor.stage.store.unit() as unit:
                cases = await unit.load([PersonId(person) for person in names])
            rows = summary(cases.values(), teller, names, lambda _, at: at.astimezone(scenario.zone))
            if picture is not None:
                _paint(picture, show, rows)
            console.print(show.summary(rows))
            words = {"seconds": round(time.monotonic() - started), **show.figures(), "instants": show.instants}
            console.print(teller.words["done_line"].format(**words))
            # pages close with us: their addresses are for who stays
            for line in (show.pages, show.folder) if stay else (show.folder,):
                console.print(line, soft_wrap=True)
            console.print(teller.words["stay" if stay else "left"])
            if stay:
                await asyncio.Event().wait()


async def _play(conductor: Conductor, show: Show) -> None:
    conductor.pace = show
    if not show.console.is_terminal:
        for line in (show.pages, show.folder):
            show.console.print(line, soft_wrap=True)
        await conductor.play()
        await show.catch_up()
        return
    with show.live():
        await conductor.play()
        await show.catch_up()
    show.over()


def _show(
    conductor: Conductor, console: Console, teller: Teller, names: Mapping[str, str], staff: StaffPages, folder: Path, pause: float
) -> Show:
    pages = teller.words["pages"].format(advisor=f"{staff.url}/advisor", operations=f"{staff.url}/operations")
    return Show(
        console=console,
        teller=teller,
        zone=conductor.scenario.zone,
        names=names,
        store=conductor.stage.store,
        seconds_per_line=pause,
        pages=pages,
        folder=teller.words["folder"].format(folder=_from_here(folder)),
        changed=staff.changed.set,
    )


def _paint(picture: Path, show: Show, rows: Sequence[SummaryRow]) -> None:
    """The last moment of the play and its summary, as a picture."""
    canvas = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
    canvas.print(show.picture())
    canvas.print()
    canvas.print(show.summary(rows))
    canvas.save_svg(str(picture), title="make demo")


def names_of(scenario: Scenario) -> dict[str, str]:
    """First names; with the initial where two people share one."""
    people = list(scenario.everyone())
    shared = {one.first_name for one in people if sum(other.first_name == one.first_name for other in people) > 1}
    return {one.name: f"{one.first_name} {one.last_name[0]}." if one.first_name in shared else one.first_name for one in people}


def _from_here(folder: Path) -> Path:
    """As short as it can be said."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _read(name: str) -> str:
    return (templates() / name).read_text(encoding="utf-8")


def _cancelling_us() -> Callable[[], object]:
    main = asyncio.current_task()
    if main is None:
        raise RuntimeError("called outside a task")
    return main.cancel
