"""The processes that `sans-faute up` runs side by side, in order of start; each is also a command of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from services.runtime.health import Health
from services.runtime.instances import instance_name
from services.runtime.supervisor import Body
from services.runtime.surroundings import Surroundings

#: Runs until it is cancelled.
Process = Callable[[Surroundings], Awaitable[None]]


async def _intake(surroundings: Surroundings) -> None:
    from services.intake.app import run

    await run(surroundings)


async def _planner(surroundings: Surroundings) -> None:
    from services.planner.app import run

    await run(surroundings)


async def _relay(surroundings: Surroundings) -> None:
    from services.relay.app import run

    await run(surroundings)


async def _delivery(surroundings: Surroundings) -> None:
    from services.delivery.app import run

    await run(surroundings)


async def _evidence(surroundings: Surroundings) -> None:
    from services.evidence.app import run

    await run(surroundings)


async def _watch(surroundings: Surroundings) -> None:
    from services.watch.app import run

    await run(surroundings)


async def _web(surroundings: Surroundings) -> None:
    # the web answers gateways and telephones with delivery's own claim, advisors with the planner's own decisions; here is where they meet
    from services.delivery.app import call_scripts, claims
    from services.planner.app import foresight
    from services.web.app import run

    await run(surroundings, claims=claims, scripts=call_scripts, foresight=foresight)


#: A new process is one ``app.py`` with such a function, and one line here.
PROCESSES: dict[str, Process] = {
    "intake": _intake,
    "planner": _planner,
    "relay": _relay,
    "delivery": _delivery,
    "evidence": _evidence,
    "watch": _watch,
    "web": _web,
}


def body_of(name: str, process: Process, surroundings: Surroundings) -> Body:
    """The process as the supervisor runs it, again and again; its checks count as one of the whole, and fail while it does not run."""
    current: list[Health] = []

    async def check() -> str | None:
        if not current:
            return "it is not running"
        if current[-1].asked_nothing:
            return "it is starting"
        missing = await current[-1].ready()
        return "; ".join(f"{each.check}: {each.problem}" for each in missing) or None

    async def body() -> None:
        health = Health()
        current.append(health)
        try:
            # a name for each process: another copy of it may run by itself beside `up`
            with instance_name(surroundings.settings, name) as instance:
                await process(replace(surroundings, health=health, instance=instance))
        finally:
            current.remove(health)

    surroundings.overall.ready_when(name, check)
    return body
