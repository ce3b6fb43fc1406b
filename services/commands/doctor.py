"""`sans-faute doctor`: what is missing on this machine, and how to get it."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.commands.connections import kafka_connection, mistake_of
from services.commands.exits import Exit
from services.commands.starting import settings_and_all_mistakes
from services.runtime.embedded.postgres_programs import find_programs
from services.runtime.errors import Mistake, NotThere
from services.runtime.manual import SETTINGS
from services.runtime.running import find_running
from services.runtime.settings import Settings, search_path

_PATIENCE_SECONDS = 3
#: columns where there is no terminal
_WIDTH = 150
#: Kafka's log segments, PostgreSQL's and the jars, with room for a fortnight of a small town
_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look found."""

    what: str
    #: what needs it
    needed_for: str
    found: bool
    #: can one do without?
    required: bool = True
    #: a version, a place
    detail: str = ""
    #: how to get it
    remedy: str = ""
    #: the setting that is wrong
    setting: str | None = None


Look = Callable[[Settings], Finding | None]


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
    settings: Annotated[bool, typer.Option("--settings", help="List every setting with its meaning and default.")] = False,
) -> None:
    """Say what is missing on this machine and how to get it; exit code 3 when something needed is, 2 when a setting is wrong."""
    if settings:
        _print_settings(as_json=as_json)
        return
    usable, mistakes = settings_and_all_mistakes()
    findings = [*_wrong_settings(mistakes), *asyncio.run(_all_looks(usable))]
    complete = all(finding.found or not finding.required for finding in findings)
    if as_json:
        typer.echo(json.dumps({"complete": complete, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _print(findings)
    if mistakes:
        raise typer.Exit(Exit.WRONG_USAGE)
    if not complete:
        raise typer.Exit(Exit.NOT_THERE)


def _wrong_settings(mistakes: Sequence[Mistake]) -> list[Finding]:
    return [
        Finding(what=f"setting {mistake.name}", needed_for="everything", found=False, remedy=mistake.problem, setting=mistake.name)
        for mistake in mistakes
    ]


async def _all_looks(settings: Settings) -> list[Finding]:
    findings = await asyncio.gather(*(asyncio.to_thread(look, settings) for look in LOOKS))
    return [finding for finding in findings if finding is not None]


def _python(_settings: Settings) -> Finding:
    version = sys.version.split(" ", 1)[0]
    return Finding(what="Python 3.11 or later", needed_for="everything", found=sys.version_info >= (3, 11), detail=version)


def _java(settings: Settings) -> Finding | None:
    if settings.kafka is not None:
        return None
    said = _said("java", "-version")
    major = re.search(r'version "(\d+)', said)
    return Finding(
        what="Java 17 or later",
        needed_for="the embedded Kafka",
        found=major is not None and int(major.group(1)) >= 17,
        detail=said.partition("\n")[0],
        remedy="apt-get install openjdk-17-jre-headless, or set KAFKA_BOOTSTRAP_SERVERS",
    )


def _maven(settings: Settings) -> Finding | None:
    if settings.kafka is not None:
        return None
    path = _path("mvn")
    return Finding(
        what="Maven",
        needed_for="fetching the embedded Kafka, once",
        found=path is not None,
        detail=path or "",
        remedy="apt-get install maven, or set KAFKA_BOOTSTRAP_SERVERS",
    )


def _postgres(settings: Settings) -> Finding | None:
    if settings.database_url is not None:
        return None
    what, purpose = "PostgreSQL 15 or later", "the embedded database"
    try:
        programs = find_programs()
    except NotThere as missing:
        return Finding(what=what, needed_for=purpose, found=False, remedy=str(missing))
    return Finding(what=what, needed_for=purpose, found=True, detail=f"{programs.major} in {programs.folder}")


def _configured_kafka(settings: Settings) -> Finding | None:
    if settings.kafka is None:
        return None
    from services.adapters.kafka.admin import KafkaAdmin
    from services.adapters.kafka.connection import KafkaRefused, KafkaUnavailable

    admin = KafkaAdmin(kafka_connection(settings.kafka), patience=timedelta(seconds=_PATIENCE_SECONDS))
    look = partial(Finding, what="Kafka of KAFKA_BOOTSTRAP_SERVERS", needed_for="everything")
    try:
        brokers = asyncio.run(admin.brokers())
    except KafkaRefused as refused:
        mistake = mistake_of(refused)
        return look(found=False, remedy=f"{mistake.name}: {mistake.problem}", setting=mistake.name)
    except KafkaUnavailable as problem:
        return look(found=False, remedy=f"{problem}; start it, or correct KAFKA_BOOTSTRAP_SERVERS or KAFKA_SECURITY_PROTOCOL")
    return look(found=True, detail=f"{len(brokers)} brokers")


def _configured_database(settings: Settings) -> Finding | None:
    if settings.database_url is None:
        return None
    import asyncpg

    async def version() -> str:
        connection = await asyncpg.connect(settings.database_url, timeout=_PATIENCE_SECONDS)
        try:
            return str(await connection.fetchval("SHOW server_version"))
        finally:
            await connection.close()

    try:
        found = asyncio.run(version())
    except (OSError, asyncpg.PostgresError, TimeoutError) as problem:
        return Finding(
            what="PostgreSQL of DATABASE_URL",
            needed_for="everything",
            found=False,
            detail=type(problem).__name__,
            remedy="start it, or correct DATABASE_URL",
        )
    enough = int(found.partition(".")[0]) >= 15
    return Finding(what="PostgreSQL of DATABASE_URL", needed_for="everything", found=enough, detail=found, remedy="use version 15 or later")


def _state_folder(settings: Settings) -> Finding:
    folder = settings.state_dir
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    running = ", servers running" if find_running(folder) else ""
    return Finding(
        what="2 GB of room for the state folder",
        needed_for="embedded servers and logs",
        found=free >= _FREE_BYTES,
        required=settings.kafka is None or settings.database_url is None,
        detail=f"{free / 1024**3:.0f} GB free in {folder}{running}",
        remedy="make room, or set STATE_DIR to another folder",
    )


def _chromium(_settings: Settings) -> Finding:
    path = _path("chromium") or _path("chromium-browser") or _path("google-chrome")
    return Finding(
        what="Chromium",
        needed_for="browser tests and pictures",
        found=path is not None,
        required=False,
        detail=path or "",
        remedy="apt-get install chromium",
    )


def _espeak(_settings: Settings) -> Finding:
    path = _path("espeak-ng")
    return Finding(
        what="espeak-ng",
        needed_for="hearing the voice scripts",
        found=path is not None,
        required=False,
        detail=path or "",
        remedy="apt-get install espeak-ng",
    )


#: A new look is one function and one line here; it answers nothing when the settings make it pointless.
LOOKS: tuple[Look, ...] = (
    _python,
    _java,
    _maven,
    _postgres,
    _configured_kafka,
    _configured_database,
    _state_folder,
    _chromium,
    _espeak,
)


def _path(program: str) -> str | None:
    return shutil.which(program, path=search_path())


def _said(program: str, *arguments: str) -> str:
    """What a program says of itself; nothing when it is not there."""
    path = _path(program)
    if path is None:
        return ""
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stderr + done.stdout).strip()


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark = "[green]yes[/]" if finding.found else "[red]no[/]" if finding.required else "[yellow]no[/]"
        table.add_row(mark, finding.what, _what_to_know(finding))
    console = _console()
    console.print(table)
    missing = [finding for finding in findings if finding.required and not finding.found]
    if not missing:
        console.print("Everything needed is there.")
    if any(finding.setting is None for finding in missing):
        console.print("[red]Something needed is missing.[/] `make setup` installs what it can.")
    if any(finding.setting is not None for finding in missing):
        console.print("[red]Some settings cannot be used.[/] Correct them; `sans-faute doctor --settings` says what each means.")


def _what_to_know(finding: Finding) -> str:
    """What was found; or what to do about it, and what it is for."""
    if finding.found:
        return escape(finding.detail)
    if finding.setting is not None:
        return escape(finding.remedy)
    return f"{escape(finding.remedy)} [dim](for {escape(finding.needed_for)})[/]"


def _print_settings(*, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({name: asdict(setting) for name, setting in SETTINGS.items()}, indent=2))
        return
    table = Table("Setting", "Meaning", "Default", box=None, padding=(0, 2, 0, 0))
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        # an address is longer than a narrow column
        column.overflow = "fold"
    for name, setting in SETTINGS.items():
        table.add_row(name, escape(setting.meaning), escape(setting.default))
    _console().print(table)


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
