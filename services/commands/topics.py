"""`sans-faute topics`: create the topics of contracts/topics.yaml that are missing, and say what differs from it."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.adapters.kafka.admin import KafkaAdmin, TopicReport, TopicsRefused
from services.adapters.kafka.topics import Topic, WrongTopicsFile, load_topics
from services.commands.connections import kafka_connection, topic_changes
from services.commands.exits import Exit
from services.runtime.running import kafka_of
from services.runtime.settings import read_settings


def topics(
    *,
    check: Annotated[bool, typer.Option("--check", help="Create nothing; exit code 1 when a topic is missing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Create missing topics and compare the others with contracts/topics.yaml; what differs is named and left to you (exit code 1)."""
    settings = read_settings()
    try:
        wanted = load_topics(changes=topic_changes(settings.topics))
    except WrongTopicsFile as problem:
        raise _failed("the topics cannot be used", problem, Exit.WRONG_USAGE) from None
    try:
        report = asyncio.run(KafkaAdmin(kafka_connection(kafka_of(settings))).ensure_topics(wanted.values(), create=not check))
    except TopicsRefused as problem:
        raise _failed("the cluster does not create the topics", problem, Exit.FAILED) from None
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        _print(Console(highlight=False), wanted.values(), report)
    if not report.as_it_should_be:
        raise typer.Exit(Exit.FAILED)


def _failed(what: str, problem: Exception, code: Exit) -> typer.Exit:
    typer.secho(f"sans-faute: {what}:", err=True, fg=typer.colors.RED)
    for line in str(problem).splitlines():
        typer.echo(f"  {line}", err=True)
    return typer.Exit(code)


def _print(console: Console, wanted: Collection[Topic], report: TopicReport) -> None:
    """A line for each topic, then what differs."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("topic", "partitions", "keeps", "reader", ""):
        table.add_column(heading, justify="right" if heading == "partitions" else "left")
    different = {difference.topic for difference in report.differences}
    for topic in wanted:
        if topic.name in report.created:
            state = "[green]created[/]"
        elif topic.name in report.missing:
            state = "[red]missing[/]"
        else:
            state = "[yellow]differs[/]" if topic.name in different else "as it should be"
        table.add_row(topic.name, str(topic.partitions), _keeps(topic), topic.reader.value, state)
    console.print(table)
    for difference in report.differences:
        console.print(f"{difference.topic}: {difference.what} is {difference.found}, should be {difference.wanted}", style="yellow")
    if report.missing:
        console.print("Create what is missing with: sans-faute topics", style="red")


def _keeps(topic: Topic) -> str:
    if topic.retention is None:
        return "last of each key"
    days = topic.retention / timedelta(days=1)
    return f"{days:g} days" if days != 1 else "1 day"
