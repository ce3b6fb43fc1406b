"""The command line: which commands there are, and where each one's function is."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from services.adapters.kafka.connection import KafkaRefused, KafkaUnavailable
from services.adapters.store_errors import NotLetIn
from services.commands.exits import Exit
from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import MissingTopics
from services.runtime.errors import NotThere, WrongSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: the line that ``--help`` shows, and where its function is."""

    summary: str
    #: ``module:function``, whose parameters and docstring typer reads; or ``module:app``, a ``typer.Typer`` with commands of its own
    target: str


#: A new command is one function and one line here. Imported only when it runs, so that ``--help`` is fast.
COMMANDS: dict[str, Command] = {
    "up": Command(summary="Run every process; Kafka and PostgreSQL are started unless configured.", target="services.commands.up:up"),
    "intake": Command(summary="One process: events into facts.", target="services.commands.single:intake"),
    "planner": Command(summary="One process: what is due for whom.", target="services.commands.single:planner"),
    "relay": Command(summary="One process: the outbox into Kafka.", target="services.commands.single:relay"),
    "delivery": Command(summary="One process: messages to the providers.", target="services.commands.single:delivery"),
    "evidence": Command(summary="One process: receipts and replies into facts.", target="services.commands.single:evidence"),
    "watch": Command(summary="One process: alarms for operations, e-mails for staff.", target="services.commands.single:watch"),
    "web": Command(summary="One process: link page, callbacks, advisors, operations.", target="services.commands.single:web"),
    "migrate": Command(summary="Bring the database to this version's schema.", target="services.commands.migrate:migrate"),
    "topics": Command(summary="Create missing Kafka topics and say what differs.", target="services.commands.topics:topics"),
    "publish": Command(summary="Publish events from files into Kafka.", target="services.commands.publish:publish"),
    "dead-letters": Command(
        summary="List records that nobody could read, and publish them again.", target="services.commands.dead_letters:app"
    ),
    "owed": Command(summary="List whom we owe what after an outage of ours.", target="services.commands.owed:owed"),
    "export": Command(summary="Everything that a person was sent, for a person who asks.", target="services.commands.export:export"),
    "simulate": Command(summary="Play scenario files and say which expectations hold.", target="services.commands.simulate:simulate"),
    "policy": Command(summary="Check, show and compare the rules' numbers.", target="services.commands.policy:app"),
    "preview": Command(
        summary="Show what a person will receive, and what if they stay silent.", target="services.commands.preview:preview"
    ),
    "explain": Command(summary="Say why: a period, a letter's limit, a number, a text, a window.", target="services.commands.explain:app"),
    "demo": Command(summary="Watch the people of the study live a fortnight, in about a minute.", target="services.commands.demo:demo"),
    "doctor": Command(summary="Say what is missing on this machine and how to get it.", target="services.commands.doctor:doctor"),
}


def run(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name and return the exit code; what a user can mend is one line, not a traceback."""
    try:
        _application(arguments)(list(arguments), prog_name="sans-faute")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else Exit.DONE
    except WrongSettings as problem:
        return _say_wrong(problem)
    except (KafkaRefused, NotLetIn) as refused:
        # the Kafka client, for those who have met it
        from services.commands.connections import mistake_of

        return _say_wrong(WrongSettings([mistake_of(refused)]))
    except (NotThere, MissingTopics, StoreUnavailable, KafkaUnavailable) as problem:
        return _say("a needed service is not there:", problem, Exit.NOT_THERE)
    return Exit.DONE


def _application(arguments: Sequence[str]) -> typer.Typer:
    """All commands by name and summary, the wanted one loaded."""
    application = typer.Typer(
        name="sans-faute",
        help="Makes sure that no job seeker misses an obligation because a message did not reach them.",
        add_completion=False,
        no_args_is_help=True,
        # a traceback that shows local variables would show people's data
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    application.callback()(_root)
    for name, command in COMMANDS.items():
        if name != wanted:
            application.command(name, help=command.summary)(_root)
            continue
        target = _load(command.target)
        if isinstance(target, typer.Typer):
            application.add_typer(target, name=name, help=command.summary)
        else:
            application.command(name)(target)
    return application


def _load(target: str) -> Any:
    """A function of any signature, or a Typer."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _root() -> None:
    """Nothing by itself; holds the place of a command that was not asked for."""


def _say_wrong(problem: WrongSettings) -> Exit:
    code = _say("these settings cannot be used:", problem, Exit.WRONG_USAGE)
    typer.echo("Correct them and start again; `sans-faute doctor --settings` says what each means.", err=True)
    return code


def _say(what: str, problem: Exception, code: Exit) -> Exit:
    typer.secho(f"sans-faute: {what}", err=True, fg=typer.colors.RED)
    typer.echo(f"  {str(problem).replace(chr(10), chr(10) + '  ')}", err=True)
    return code
