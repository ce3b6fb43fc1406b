"""`sans-faute export`: what we hold about a person who asks for it (SC-49), in plain French; each export is in the access log."""

import asyncio
import json
import os
import pwd
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from services.adapters.clock import SystemClock
from services.adapters.postgres.archive import PostgresArchive
from services.adapters.postgres.connection import open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.export import export_text
from services.commands.exits import Exit
from services.core.explaining.access_request import Holdings, answered, told
from services.core.model import ContactId, PersonId
from services.runtime.logs import set_up_logs
from services.runtime.running import database_of
from services.runtime.settings import home_of_the_code, read_settings
from services.web.access import AccessLog
from services.web.portfolio import masked
from services.web.zones import zone_of_person


def export(
    person: Annotated[str, typer.Option(help="Identifier of the person who asks.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Print every message that a person was sent, with its words, where it went, when, and what became of it; and their answers.

    Contact points are masked; nothing about anybody else is in it. Who exported is written to the access log (standard error).
    """
    settings = read_settings()
    set_up_logs(level="INFO", form=settings.log_format)
    holdings = asyncio.run(_ask(database_of(settings), PersonId(person)))
    if holdings is None:
        typer.secho("sans-faute: nobody is known by this identifier", err=True, fg=typer.colors.RED)
        raise typer.Exit(Exit.FAILED)
    points, zone = {contact.contact_id: masked(contact) for contact in holdings.contacts}, zone_of_person(holdings.person)
    if as_json:
        typer.echo(json.dumps(_object(holdings, points, ZoneInfo(zone)), ensure_ascii=False))
        return
    messages, answers = told(holdings), answered(holdings)
    now, templates = SystemClock().now(), home_of_the_code() / "templates"
    typer.echo(export_text(templates, holdings.person, messages, answers, points=points, now=now, zone=zone))


async def _ask(database: str, person_id: PersonId) -> Holdings | None:
    async with open_pool(database, connections=1) as pool:
        holdings = await PostgresArchive(pool).holdings(person_id)
        who = pwd.getpwuid(os.getuid()).pw_name
        log = AccessLog(store=PostgresStore(pool), clock=SystemClock())
        await log.record(actor=who, person_id=person_id, purpose="access_request", granted=holdings is not None)
        return holdings


def _object(holdings: Holdings, points: Mapping[ContactId, str], zone: ZoneInfo) -> dict[str, object]:
    def instant(at: datetime | None) -> str | None:
        return at.astimezone(zone).isoformat() if at is not None else None

    return {
        "person_id": holdings.person.person_id,
        "messages": [
            {
                "at": instant(one.at),
                "channel": str(one.channel),
                "point": points[one.contact.contact_id] if one.contact else None,
                "obligations": [duty.obligation_id for duty in one.duties],
                "text": one.text,
                "result": str(one.state),
                "result_at": instant(one.result_at),
            }
            for one in told(holdings)
        ],
        "answers": [{"at": instant(one.at), "channel": str(one.channel), "choice": str(one.choice)} for one in answered(holdings)],
    }
