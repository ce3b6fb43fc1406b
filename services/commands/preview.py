"""`sans-faute preview`: everything that one person will receive, and what happens if they stay silent, cannot be reached or answer."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from services.adapters.clock import SystemClock
from services.adapters.policy import PolicyError
from services.adapters.rendering.forecast import forecast_text
from services.commands.exits import Exit
from services.commands.imagined import STUDY, CannotImagine, Imagined, from_database, from_scenario, read_event, scenario_file, with_event
from services.commands.scenario_files import read_scenarios
from services.core.events import Event
from services.core.explaining.branches import TOLD, Forecast, forecasts
from services.runtime.logs import set_up_logs
from services.runtime.settings import read_settings
from services.simulator.app.parts import templates


def preview(
    person: Annotated[str, typer.Option(help="Identifier of a person who is stored, or a name of the scenario.")],
    *,
    event: Annotated[
        str | None, typer.Option(help="A CloudEvent that is only imagined, as if it were about this person.", metavar="FILE")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help=f"Take the person from this scenario file ({STUDY}: the people of the study), not from the database.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Seen from this instant (default: now; in a scenario, the event's, or the person's first duty).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Show all that a person will receive: in silence, when SMS fail, when they answer. Nothing is stored or sent.

    Examples: sans-faute preview --person p-1042; sans-faute preview --person p-1042 --event convocation.json;
    sans-faute preview --scenario study --person leila
    """
    settings = read_settings()
    set_up_logs(level="ERROR", form=settings.log_format)
    try:
        imagined = read_event(event) if event is not None else None
        start = asyncio.run(_start(person, scenario, at, imagined))
        if imagined is not None:
            start = with_event(start, imagined)
    except (CannotImagine, PolicyError) as problem:
        typer.secho(f"sans-faute: {problem}", err=True, fg=typer.colors.RED)
        raise typer.Exit(Exit.WRONG_USAGE) from None
    found = forecasts(start.case, start.environment, start.now, start.record, words=start.words)
    who = start.case.person
    if who is None:
        raise AssertionError("nobody is imagined without a profile")
    zone = start.environment.residence(who.postal_code).zone
    if as_json:
        typer.echo(json.dumps(_object(start, found, ZoneInfo(zone)), ensure_ascii=False))
        return
    typer.echo(forecast_text(templates(), found, f"{who.first_name} {who.last_name[:1]}.", start.now, zone))


async def _start(person: str, scenario: str | None, at: str | None, imagined: Event | None) -> Imagined:
    if scenario is None:
        now = _instant(at, ZoneInfo("Europe/Paris")) or SystemClock().now()
        return await from_database(read_settings(), person, now)
    read, mistakes = read_scenarios([scenario_file(scenario)])
    if mistakes:
        raise CannotImagine("\n".join(str(mistake) for mistake in mistakes))
    return await from_scenario(read[0], person, _instant(at, read[0].zone) or (imagined.at if imagined else None))


def _instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CannotImagine("--at: not an instant, expected YYYY-MM-DDTHH:MM, with or without an offset") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _object(start: Imagined, found: Sequence[Forecast], zone: ZoneInfo) -> dict[str, object]:
    return {
        "person": start.case.person_id,
        "at": start.now.astimezone(zone).isoformat(),
        "zone": zone.key,
        "branches": [
            {
                "branch": str(one.branch),
                "lines": [
                    {"at": line.at.astimezone(zone).isoformat(), "what": line.what}
                    | {name: _plain(value, zone) for name, value in line.fields.items()}
                    for line in one.lines
                    if line.what in TOLD
                ],
            }
            for one in found
        ],
    }


def _plain(value: object, zone: ZoneInfo) -> object:
    match value:
        case datetime():
            return value.astimezone(zone).isoformat()
        case date():
            return value.isoformat()
        case Enum():
            return value.value
        case list() | tuple():
            return [_plain(one, zone) for one in value]
        case Mapping():
            return {str(name): _plain(inner, zone) for name, inner in value.items()}
        case _:
            return value
