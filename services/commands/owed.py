"""`sans-faute owed`: whom we owe what after an outage of ours, soonest date first; identifiers only."""

import asyncio
import json
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from services.adapters.clock import SystemClock
from services.adapters.policy import SHIPPED, load_policy
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.readings import PostgresReadings
from services.core.ports.owed import Owed, Owing
from services.runtime.running import database_of
from services.runtime.settings import Settings, read_settings

_PARIS = ZoneInfo("Europe/Paris")


def owed(
    *,
    limit: Annotated[int, typer.Option(min=1, help="The most urgent so many.")] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """List duties about which an outage of ours cost a message, and nobody was reached since: dates ahead first, then those that passed.

    A duty is off the list once a message about it was handed over, the person answered, or an advisor settled it.
    """
    settings = read_settings()
    owing = asyncio.run(_ask(settings, limit))
    if as_json:
        typer.echo(json.dumps(_object(owing)))
        return
    if not owing.duties:
        typer.echo("Nobody is owed anything.")
        return
    typer.echo(f"{owing.duties} duties since {_local(owing.since)}; {owing.past} of them past, {owing.untold} without an open alert.")
    rows = [("date", "outage since", "person", "duty", "told"), *map(_line, owing.first)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        typer.echo("  ".join((*(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)), row[4])))


def _line(one: Owed) -> tuple[str, ...]:
    told = f"{one.alert} {one.advisor_id or one.agency_id}" if one.alert else "nobody"
    return _local(one.due_at), _local(one.outage_at), one.person_id, one.obligation_id, told


async def _ask(settings: Settings, limit: int) -> Owing:
    after = load_policy(settings.policy_file or SHIPPED).watch.late_after_outage.after_date
    async with open_pool(database_of(settings), connections=1) as pool:
        return await PostgresReadings(pool).owing(SystemClock().now(), after, limit)


def _object(owing: Owing) -> dict[str, object]:
    return {
        "duties": owing.duties,
        "past": owing.past,
        "untold": owing.untold,
        "since": _instant(owing.since),
        "owed": [_row(one) for one in owing.first],
    }


def _row(one: Owed) -> dict[str, str | None]:
    return {
        "person_id": one.person_id,
        "obligation_id": one.obligation_id,
        "kind": one.kind,
        "state": one.state,
        "due_at": _instant(one.due_at),
        "outage_at": _instant(one.outage_at),
        "next_at": _instant(one.next_at),
        "alert": one.alert,
        "agency_id": one.agency_id,
        "advisor_id": one.advisor_id,
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(_PARIS).isoformat() if at is not None else None


def _local(at: datetime | None) -> str:
    return f"{at.astimezone(_PARIS):%Y-%m-%d %H:%M}" if at is not None else "-"
