"""`sans-faute publish FILE…`: events from files into Kafka, all of them or none: every event is checked before the first is sent."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.adapters.contracts import Decoder, Schemas
from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.publisher import KafkaPublisher
from services.commands.connections import kafka_connection
from services.commands.counts import count
from services.commands.event_files import EventFile, Unreadable
from services.commands.event_routes import Router
from services.commands.exits import Exit
from services.core.ports.streams import Message, MissingTopics, NotPublished
from services.runtime.running import kafka_of
from services.runtime.settings import read_settings

#: events published before the broker's confirmation is awaited
_CHUNK = 5000
#: mistakes printed for people; scripts get all of them
_MOST_PRINTED = 50


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that is wrong with one event, or with a file."""

    #: file with line or index
    place: str
    #: path inside the event
    path: str
    message: str


class _NotAll(Exception):
    """Kafka did not confirm everything."""

    def __init__(self, published: Counter[str], why: str) -> None:
        self.published = published
        super().__init__(why)


def publish(
    files: Annotated[list[str], typer.Argument(help="CloudEvents as JSON, as an array or one a line; - for standard input.")],
    topic: Annotated[str | None, typer.Option(help="Where all events go; by default it follows from each one's type.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Publish events from files into Kafka. One wrong event, and nothing is sent: every mistake is named with file and line."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    router = Router(Decoder(Schemas()), topic)
    sources = [EventFile(name) for name in files]
    with _bars(console, hidden=as_json) as bars:
        events, mistakes = _check(sources, router, bars)
    if mistakes:
        _tell_mistakes(console, mistakes, as_json=as_json)
        raise typer.Exit(Exit.WRONG_USAGE)
    connection = kafka_connection(kafka_of(read_settings()))
    try:
        with _bars(console, hidden=as_json) as bars:
            published = asyncio.run(_send(connection, sources, router, events, bars))
    except _NotAll as problem:
        _tell(console, problem.published, as_json=as_json, problem=f"Kafka did not confirm everything: {problem}")
        raise typer.Exit(Exit.FAILED) from None
    _tell(console, published, as_json=as_json)


def _check(sources: Iterable[EventFile], router: Router, bars: Progress) -> tuple[Counter[str], list[Mistake]]:
    """Read every event; how many go to each topic, and everything that is wrong."""
    events: Counter[str] = Counter()
    mistakes: list[Mistake] = []
    bar = bars.add_task("Checking", total=None)
    for source in sources:
        try:
            for found in source.events():
                judged = router.judge(found.raw)
                if isinstance(judged, Message):
                    events[judged.topic] += 1
                else:
                    mistakes.extend(Mistake(found.place, problem.path, problem.message) for problem in judged)
                bars.advance(bar)
        except Unreadable as problem:
            mistakes.append(Mistake(source.name, "/", str(problem)))
    return events, mistakes


async def _send(
    connection: KafkaConnection, sources: Iterable[EventFile], router: Router, events: Counter[str], bars: Progress
) -> Counter[str]:
    """Publish everything, in the order of the files; raises ``MissingTopics`` before anything is sent, and ``_NotAll``."""
    missing = await KafkaAdmin(connection).missing_topics(sorted(events))
    if missing:
        raise MissingTopics(missing)
    bar = bars.add_task("Publishing", total=events.total())
    async with KafkaPublisher(connection) as publisher:
        for chunk in _chunks(_messages(sources, router)):
            try:
                await publisher.publish(chunk)
            except NotPublished as problem:
                raise _NotAll(publisher.published, str(problem)) from None
            bars.advance(bar, len(chunk))
        return publisher.published


def _messages(sources: Iterable[EventFile], router: Router) -> Iterator[Message]:
    """All events again: reading twice costs less than holding millions of them."""
    for source in sources:
        for found in source.events():
            judged = router.judge(found.raw)
            if isinstance(judged, Message):
                yield judged


def _chunks(messages: Iterator[Message]) -> Iterator[Sequence[Message]]:
    while chunk := list(islice(messages, _CHUNK)):
        yield chunk


def _tell_mistakes(console: Console, mistakes: Sequence[Mistake], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"published": {}, "mistakes": [asdict(mistake) for mistake in mistakes]}))
        return
    for mistake in mistakes[:_MOST_PRINTED]:
        # a file as a whole has no path inside
        inside = "" if mistake.path == "/" else f"{mistake.path}: "
        console.print(f"{mistake.place}: {inside}{mistake.message}", markup=False)
    if len(mistakes) > _MOST_PRINTED:
        console.print(f"… and {len(mistakes) - _MOST_PRINTED} more (all of them with --json)")
    places = len({mistake.place for mistake in mistakes})
    console.print(f"Nothing was published: {count(len(mistakes), 'mistake')} in {count(places, 'place')}.", style="red")


def _tell(console: Console, published: Counter[str], *, as_json: bool, problem: str | None = None) -> None:
    if as_json:
        typer.echo(json.dumps({"published": published, "mistakes": [], **({"problem": problem} if problem else {})}))
        return
    for name, events in published.items():
        console.print(f"{count(events, 'event')} published to {name}")
    if problem is not None:
        console.print(problem, style="red")


def _bars(console: Console, *, hidden: bool) -> Progress:
    """A progress bar, for people who look at a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=hidden or not console.is_terminal)
