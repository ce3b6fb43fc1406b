"""`sans-faute dead-letters list|show|replay`: records that nobody could read, and how they come in again once the cause is mended."""

import asyncio
import json
import os
import pwd
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.adapters.clock import SystemClock
from services.adapters.kafka.connection import KafkaUnavailable
from services.adapters.kafka.originals import KafkaOriginals
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.postgres.connection import Pool, open_pool
from services.adapters.postgres.letters import PostgresLetters
from services.adapters.postgres.store import PostgresStore
from services.commands.connections import kafka_connection
from services.commands.exits import Exit
from services.core.dead_letters import PERSONAL, place_of
from services.core.ports.dead_letters import Original, Sought
from services.core.ports.store import DeadLetter, LetterPlace
from services.runtime.running import database_of, kafka_of
from services.runtime.settings import read_settings
from services.web.replay import LONGEST, Outcome, Replayed, Replayer

app = typer.Typer(no_args_is_help=True, help="Records that nobody could read: list them, look at one, publish them again.")

_AGO: Final = re.compile(r"([1-9]\d{0,4})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SAID: Final = {
    Outcome.REPLAYED: "published again",
    Outcome.ALREADY: "replayed before, and left alone (--again replays them)",
    Outcome.REMOVED: "gone: Kafka's retention has removed the record; ask its producer to publish it again",
    Outcome.UNKNOWN: "not known",
    Outcome.NOT_CONFIRMED: "not confirmed by Kafka: replay them again",
}
T = TypeVar("T")

Topic = Annotated[str | None, typer.Option(help="Only letters of this topic.")]
Since = Annotated[str | None, typer.Option(help="Only letters since then: 2026-11-20, 2026-11-20T09:00+01:00, or 90m, 24h, 7d ago.")]
Error = Annotated[str | None, typer.Option(metavar="PATH", help="Only letters with an error at this path, as in /data/starts_at.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]


@dataclass(frozen=True, slots=True)
class _Servers:
    """What a command needs of the outside."""

    letters: PostgresLetters
    store: PostgresStore
    originals: KafkaOriginals
    publisher: KafkaPublisher


@app.command("list")
def list_(
    topic: Topic = None,
    since: Since = None,
    error: Error = None,
    *,
    replayed: Annotated[bool | None, typer.Option("--replayed/--not-replayed", help="Only those that were, or were not, replayed.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first: where, when, what is wrong. Never what they say."""
    sought = Sought(topic=topic, since=_instant(since), replayed=replayed, error=error, limit=limit)

    async def ask() -> Sequence[DeadLetter]:
        async with open_pool(database_of(read_settings()), connections=1) as pool:
            return await PostgresLetters(pool).dead_letters(sought)

    letters = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps({"dead_letters": [_json(letter) for letter in letters]}))
    else:
        _print_list(Console(highlight=False), letters)


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="topic/partition/offset, as the list shows it.")],
    *,
    payload: Annotated[bool, typer.Option("--payload", help="Also what the record says; never for people.v1.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter with every error and each of its replays."""
    (place,) = _places([letter_id])
    if payload and place[0] == PERSONAL:
        raise typer.BadParameter(f"{PERSONAL} carries personal data: what its records say is never shown", param_hint="--payload")
    letter, original = asyncio.run(_with_servers(lambda servers: _look(servers, place, payload=payload)))
    if letter is None:
        raise _failed(f"there is no dead letter {letter_id}")
    if as_json:
        shown = {"payload": original.value.decode("utf-8", "replace") if original else None} if payload else {}
        typer.echo(json.dumps({**_json(letter), **shown}))
    else:
        _print_one(Console(highlight=False), letter)
        if payload:
            typer.echo(original.value.decode("utf-8", "replace") if original else _SAID[Outcome.REMOVED])


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="topic/partition/offset, as the list shows them.")] = None,
    *,
    reason: Annotated[str, typer.Option(help="Why they can be read now; kept with each of them.")],
    every: Annotated[bool, typer.Option("--all", help="Every letter that was not replayed.")] = False,
    topic: Topic = None,
    since: Since = None,
    error: Error = None,
    again: Annotated[bool, typer.Option("--again", help="Also those that were replayed before.")] = False,
    by: Annotated[str | None, typer.Option(help="Who you are; by default the account of this machine.")] = None,
    as_json: AsJson = False,
) -> None:
    """Publish the records of dead letters again, as they came, onto the topic where they were. Repeating is harmless."""
    chosen = any(each is not None for each in (topic, since, error))
    if bool(ids) == (every or chosen):
        raise typer.BadParameter("say which: ID…, or --all, or some of --topic, --since and --error", param_hint="ID…")
    who = (by if by is not None else pwd.getpwuid(os.getuid()).pw_name).strip()
    for name, value in (("--reason", reason), ("--by", who)):
        if not 0 < len(value.strip()) <= LONGEST:
            raise typer.BadParameter(f"needs 1 to {LONGEST} characters", param_hint=name)
    sought = Sought(topic=topic, since=_instant(since), error=error, replayed=None if again else False)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    given = _places(ids) if ids else None

    async def do(servers: _Servers) -> Replayed:
        places = given if given is not None else [letter.place for letter in await servers.letters.dead_letters(sought)]
        replayer = Replayer(store=servers.store, originals=servers.originals, publisher=servers.publisher, clock=SystemClock())
        with _bars(console, hidden=as_json) as bars:
            bar = bars.add_task("Replaying", total=len(places))
            return await replayer.replay(places, by=who, reason=reason, again=again, advanced=lambda count: bars.advance(bar, count))

    done = asyncio.run(_with_servers(do))
    _tell(console, done, as_json=as_json)
    if not done.all_done:
        raise typer.Exit(Exit.FAILED)


async def _with_servers(work: Callable[[_Servers], Awaitable[T]]) -> T:
    """Do it with the database and Kafka open; raises ``KafkaUnavailable``."""
    settings = read_settings()
    connection = kafka_connection(kafka_of(settings))
    async with AsyncExitStack() as stack:
        pool: Pool = await stack.enter_async_context(open_pool(database_of(settings), connections=2))
        publisher = await stack.enter_async_context(KafkaPublisher(connection))
        servers = _Servers(PostgresLetters(pool), PostgresStore(pool), KafkaOriginals(connection), publisher)
        try:
            return await work(servers)
        except ConnectionError as problem:
            raise KafkaUnavailable(connection, str(problem)) from None


async def _look(servers: _Servers, place: LetterPlace, *, payload: bool) -> tuple[DeadLetter | None, Original | None]:
    topic, partition, offset = place
    letter = next(iter(await servers.letters.dead_letters(Sought(topic=topic, partition=partition, offset=offset))), None)
    if letter is None or not payload:
        return letter, None
    return letter, (await servers.originals.originals([letter])).get(place)


def _places(ids: Sequence[str]) -> list[LetterPlace]:
    places = []
    for each in ids:
        place = place_of(each)
        if place is None:
            raise typer.BadParameter(f"{each!r} is not topic/partition/offset", param_hint="ID")
        places.append(place)
    return places


def _instant(given: str | None) -> datetime | None:
    """An instant, or so long ago; a day begins at midnight UTC."""
    if given is None:
        return None
    if ago := _AGO.fullmatch(given):
        return SystemClock().now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter("is neither a date, an instant nor a duration such as 24h", param_hint="--since") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _json(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.letter_id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "errors": [{"path": path, "message": message} for path, message in letter.errors],
        "recorded_at": letter.at.isoformat(),
        "replay_of": letter.ancestor,
        "replays": [{**asdict(each), "at": each.at.isoformat()} for each in letter.replays],
    }


def _print_list(console: Console, letters: Sequence[DeadLetter]) -> None:
    if not letters:
        console.print("No dead letters.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "recorded", "errors", "replayed"):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        errors = escape("\n".join(f"{path}: {message}" for path, message in letter.errors))
        last = letter.replays[-1] if letter.replays else None
        replayed = f"{last.at:%Y-%m-%d %H:%MZ} by {escape(last.by)}" if last else ""
        table.add_row(letter.letter_id, f"{letter.at:%Y-%m-%d %H:%M:%SZ}", errors, replayed)
    console.print(table)


def _print_one(console: Console, letter: DeadLetter) -> None:
    lines = [letter.letter_id, f"recorded {letter.at:%Y-%m-%d %H:%M:%SZ}"]
    if letter.ancestor is not None:
        lines.append(f"replay of {letter.ancestor}")
    lines += [f"error {path}: {message}" for path, message in letter.errors]
    lines += [f"replayed {each.at:%Y-%m-%d %H:%M:%SZ} by {each.by}: {each.reason}" for each in letter.replays]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _tell(console: Console, done: Replayed, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"letters": {"/".join(map(str, place)): str(each) for place, each in done.outcomes.items()}}))
        return
    if not done.outcomes:
        console.print("No dead letter to replay.")
    for outcome, words in _SAID.items():
        if count := done.count(outcome):
            console.print(f"{count} {words}", style="" if outcome in (Outcome.REPLAYED, Outcome.ALREADY) else "red")


def _failed(what: str) -> typer.Exit:
    typer.secho(f"sans-faute: {what}", err=True, fg=typer.colors.RED)
    return typer.Exit(Exit.FAILED)


def _bars(console: Console, *, hidden: bool) -> Progress:
    """A progress bar, for people who look at a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal)
