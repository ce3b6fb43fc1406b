"""`sans-faute up`: servers unless configured, then every process side by side under one supervisor, until Ctrl-C."""

import asyncio
from collections.abc import Callable

import typer
from rich.console import Console

from services.commands.exits import Exit
from services.commands.preparations import PREPARATIONS
from services.commands.processes import PROCESSES, Process, Surroundings
from services.runtime.embedded.servers import Servers, started_servers
from services.runtime.health import Health
from services.runtime.keys import service_key
from services.runtime.logs import set_up_logs
from services.runtime.metrics import Metrics
from services.runtime.settings import Settings, read_settings
from services.runtime.supervisor import Body, Outcome, Supervisor, on_stop_signals
from services.runtime.witness import LogWitness


def up() -> None:
    """Run every process until Ctrl-C; Kafka and PostgreSQL are started unless configured."""
    settings = read_settings()
    set_up_logs(level=settings.log_level, form=settings.log_format)
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
    with on_stop_signals(_cancelling_us()):
        console.print("Starting.")
        async with started_servers(settings, lambda line: console.print(line, soft_wrap=True, markup=False)) as servers:
            surroundings = Surroundings(
                settings=settings, servers=servers, service_key=service_key(settings), metrics=Metrics(), health=Health()
            )
            for name, prepare in PREPARATIONS.items():
                console.print(f"Preparing {name}")
                await prepare(surroundings)
            bodies = {**servers.watches, **{name: _body(process, surroundings) for name, process in PROCESSES.items()}}
            supervisor = Supervisor(bodies=bodies, witness=LogWitness(metrics=surroundings.metrics))
            with on_stop_signals(supervisor.stop):
                _print_addresses(console, settings, servers)
                return await supervisor.run()


def _cancelling_us() -> Callable[[], object]:
    main = asyncio.current_task()
    if main is None:
        raise RuntimeError("called outside a task")
    return main.cancel


def _body(process: Process, surroundings: Surroundings) -> Body:
    async def body() -> None:
        await process(surroundings)

    return body


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
    console.print("Ctrl-C stops everything.")
