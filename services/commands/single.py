"""`sans-faute intake`, `planner`, `relay`, `delivery`, `evidence`, `watch`, `web`: one process, as many copies of it as you like."""

import asyncio
from functools import partial

import typer

from services.commands.arrival import servers_there
from services.commands.exits import Exit
from services.commands.policies import warn_of_dead_steps
from services.commands.processes import PROCESSES, body_of
from services.commands.starting import checked_settings
from services.runtime.embedded.servers import Servers
from services.runtime.errors import Gone
from services.runtime.garbage import look_seldom
from services.runtime.health import Health
from services.runtime.keys import service_key
from services.runtime.logs import set_up_logs
from services.runtime.metrics import Metrics
from services.runtime.running import database_of, kafka_of
from services.runtime.settings import Settings
from services.runtime.supervisor import Body, Outcome, RestartPolicy, Supervisor, on_stop_signals
from services.runtime.surroundings import Surroundings
from services.runtime.witness import LogWitness


def intake() -> None:
    """Read appointments, convocations, actualisations, people and advisors into the database."""
    _run("intake")


def planner() -> None:
    """Decide what is due for whom, and when to look again."""
    _run("planner")


def relay() -> None:
    """Publish what the others have written for Kafka."""
    _run("relay")


def delivery() -> None:
    """Send what is due through the providers, on the channels that we own."""
    _run("delivery")


def evidence() -> None:
    """Read receipts and replies into facts."""
    _run("evidence")


def watch() -> None:
    """Alarm operations when somebody may not be reached, and e-mail staff what stands on their lists."""
    _run("watch")


def web() -> None:
    """Serve the link page, callbacks, advisors and operations."""
    _run("web")


def _run(name: str) -> None:
    settings = checked_settings(name)
    set_up_logs(level=settings.log_level, form=settings.log_format, process=name)
    if name == "planner":
        # whose steps they are; the others would only say it again
        warn_of_dead_steps(settings)
    look_seldom()
    outcome = asyncio.run(_supervised(name, settings))
    if outcome.sentence is not None:
        typer.secho(f"sans-faute: {outcome.sentence}", err=True, fg=typer.colors.RED)
        raise typer.Exit(Exit.FAILED)


async def _supervised(name: str, settings: Settings) -> Outcome:
    """Until a signal, or until it dies: then whoever started us starts us again."""
    surroundings = Surroundings(
        settings=settings,
        servers=Servers(kafka=kafka_of(settings), database_url=database_of(settings), watches={}),
        service_key=service_key(settings),
        instance=name,
        metrics=Metrics(),
        health=Health(),
        overall=Health(),
    )
    try:
        await _arrived(name, surroundings)
    except asyncio.CancelledError:
        # asked to stop before it had begun
        return Outcome(code=0)
    except Gone as problem:
        return Outcome(code=1, sentence=f"{name} cannot run: {problem}")
    bodies: dict[str, Body] = {name: body_of(name, PROCESSES[name], surroundings)}
    if settings.health_listen is not None and name != "web":
        # uvicorn, for those who listen
        from services.commands.monitoring import serve_monitoring

        bodies["monitoring"] = partial(serve_monitoring, surroundings, settings.health_listen)
    supervisor = Supervisor(bodies=bodies, witness=LogWitness(metrics=surroundings.metrics), policy=RestartPolicy(limit=0))
    with on_stop_signals(supervisor.stop):
        return await supervisor.run()


async def _arrived(name: str, surroundings: Surroundings) -> None:
    """Wait for the servers, in health and in the log; a signal ends it at once. See ``servers_there`` for what it raises."""
    settings = surroundings.settings
    # the web has its health on its own two listeners
    listen = [settings.public_listen, settings.staff_listen] if name == "web" else [settings.health_listen]
    task = asyncio.create_task(servers_there([name], surroundings, [where for where in listen if where is not None]))
    with on_stop_signals(task.cancel):
        await task
