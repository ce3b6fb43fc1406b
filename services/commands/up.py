"""`sans-faute up`: servers unless configured, then every process side by side under one supervisor, until Ctrl-C."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import typer
from rich.console import Console

from services.commands.arrival import servers_answer, servers_there
from services.commands.exits import Exit
from services.commands.policies import warn_of_dead_steps
from services.commands.preparations import PREPARATIONS
from services.commands.processes import PROCESSES, body_of
from services.commands.simulated import with_providers
from services.commands.starting import checked_settings
from services.runtime.embedded.servers import Servers, started_servers
from services.runtime.garbage import look_seldom
from services.runtime.health import Health
from services.runtime.keys import service_key
from services.runtime.logs import set_up_logs
from services.runtime.metrics import Metrics
from services.runtime.readers import Listen
from services.runtime.settings import Settings
from services.runtime.supervisor import Outcome, Supervisor, on_stop_signals
from services.runtime.surroundings import Surroundings
from services.runtime.witness import LogWitness


def up() -> None:
    """Run every process until Ctrl-C; Kafka and PostgreSQL are started unless configured, providers are simulated unless configured."""
    settings = checked_settings()
    set_up_logs(level=settings.log_level, form=settings.log_format)
    warn_of_dead_steps(settings)
    look_seldom()
    console = Console(highlight=False)
    try:
        outcome = asyncio.run(_run(settings, console))
    except (asyncio.CancelledError, KeyboardInterrupt):
        console.print("Stopped before everything had started.")
        return
    if outcome.sentence is not None:
        typer.secho(f"sans-faute: {outcome.sentence}", err=True, fg=typer.colors.RED)
        raise typer.Exit(Exit.FAILED)
    console.print("Everything has stopped.")


async def _run(settings: Settings, console: Console) -> Outcome:
    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False)

    with on_stop_signals(_cancelling_us()):
        say("Starting.")
        async with AsyncExitStack() as stack:
            servers = await stack.enter_async_context(started_servers(settings, say))
            settings = await stack.enter_async_context(with_providers(settings, say))
            surroundings = Surroundings(
                settings=settings,
                servers=servers,
                service_key=service_key(settings),
                instance="up",
                metrics=Metrics(),
                health=Health(),
                overall=Health(),
            )
            await _wait(partial(servers_answer, surroundings), surroundings)
            for name, prepare in PREPARATIONS.items():
                say(f"Preparing {name}")
                await prepare(surroundings)
            await _wait(partial(servers_there, PROCESSES, surroundings), surroundings)
            bodies = {**servers.watches, **{name: body_of(name, process, surroundings) for name, process in PROCESSES.items()}}
            supervisor = Supervisor(bodies=bodies, witness=LogWitness(metrics=surroundings.metrics))
            with on_stop_signals(supervisor.stop):
                _print_addresses(console, settings, servers)
                return await supervisor.run()


async def _wait(servers: Callable[[Collection[Listen]], Awaitable[None]], surroundings: Surroundings) -> None:
    """For servers of somebody else's, in health (on the web's listeners) and in the log; ours have answered already."""
    settings = surroundings.settings
    if settings.kafka is not None or settings.database_url is not None:
        await servers([settings.public_listen, settings.staff_listen])


def _cancelling_us() -> Callable[[], object]:
    main = asyncio.current_task()
    if main is None:
        raise RuntimeError("called outside a task")
    return main.cancel


def _as_started() -> str:
    """How whoever started us can start another command: the program need not be on their path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "sans-faute" else "sans-faute"


def _print_addresses(console: Console, settings: Settings, servers: Servers) -> None:
    """Where everything is; no password among it."""
    database = servers.database_url.rpartition("@")[2]
    console.print()
    console.print(f"  Advisors     http://{settings.staff_listen}/advisor")
    console.print(f"  Operations   http://{settings.staff_listen}/operations")
    console.print(f"  Job seekers  {settings.public_url}/a/…")
    console.print(f"  Kafka        {servers.kafka.bootstrap}")
    console.print(f"  PostgreSQL   {database}")
    console.print(f"  State, logs  {settings.state_dir}")
    console.print()
    console.print(f"Next, in another terminal: {_as_started()} publish FILE…  (contracts/samples has events of every kind)")
    console.print(f"At night and on Sundays nobody is called or sent an SMS: {_as_started()} preview --person ID  says what comes when.")
    console.print("Ctrl-C stops everything.")
