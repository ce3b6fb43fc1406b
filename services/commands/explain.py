"""`sans-faute explain …`: "why?" answered by the functions that the planner uses (contracts §5), for people and for scripts."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from services.adapters.calendars import holiday_name, holidays_of
from services.adapters.clock import SystemClock
from services.adapters.phones import parse_phone
from services.adapters.policy import SHIPPED, PolicyError, load_policy
from services.commands.exits import Exit
from services.core.channels.addresses import normalise
from services.core.channels.gsm7 import measure, prepare
from services.core.channels.leadtime import Counted
from services.core.channels.senders import check_sender
from services.core.environment import METROPOLE, Environment
from services.core.explaining.explain import channels_of, explain_letter, explain_period, explain_windows
from services.core.period import period as period_of
from services.core.territory import territory_of
from services.core.words import Channel
from services.runtime.settings import Settings, settings_and_mistakes

app = typer.Typer(no_args_is_help=True, help="Why this date, this limit, this number? Answered by the functions that the planner uses.")

_POSTAL_CODE = re.compile(r"[0-9]{5}", re.ASCII)
#: years around the one asked about: a month reaches into the next, a letter into the one before
_AROUND = 1

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]
PostalCode = Annotated[str, typer.Option("--postal-code", help="Where the person lives: decides zone and holidays.")]

#: what an answer is made of, ready for JSON
Answer = Mapping[str, object]


@app.command(epilog="Example: sans-faute explain period 2026-11 --postal-code 97110")
def period(
    name: Annotated[str, typer.Argument(help="The month, as 2026-11.", metavar="PERIOD")],
    *,
    postal_code: PostalCode = METROPOLE,
    channel: Annotated[Channel, typer.Option(help="Steps of somebody who is reached on this channel alone.")] = Channel.SMS,
    closed: Annotated[list[str] | None, typer.Option("--closed", help="A day on which the agency is closed; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """When a month's actualisation opens and ends, and when each step begins (before it is spread over people)."""
    try:
        year = period_of(name).opens_at.year
    except ValueError as problem:
        raise _wrong("PERIOD", str(problem)) from None
    closures = tuple(_day("--closed", day) for day in closed or ())
    found = explain_period(_environment(year), name, _postal_code(postal_code), channel, closures)
    zone = ZoneInfo(found.zone)
    answer: dict[str, object] = {
        "opens_at": _instant(found.opens_at, zone),
        "closes_at": _instant(found.closes_at, zone),
        "first_contactable_day": found.first_contactable_day.isoformat(),
        "last_usable_agency_day": found.last_usable_agency_day.isoformat() if found.last_usable_agency_day else None,
        "steps": {step: _instant(at, zone) for step, at in found.steps.items()},
    }
    _tell(answer, as_json=as_json)


@app.command(epilog="Example: sans-faute explain letter --for 2026-12-01T10:30 --postal-code 75011 --at 2026-11-24T14:59")
def letter(
    *,
    event: Annotated[str, typer.Option("--for", help="Instant of the duty; local time of the postal code unless it has an offset.")],
    postal_code: PostalCode,
    at: Annotated[str | None, typer.Option(help="When the letter would be handed over (default: now).")] = None,
    as_json: AsJson = False,
) -> None:
    """Until when a letter about a duty can be handed to the printer, with the days counted one by one, backwards."""
    place = _postal_code(postal_code)
    zone = ZoneInfo(territory_of(place).zone)
    event_at = _when("--for", event, zone)
    found = explain_letter(_environment(event_at.year), event_at, place, _when("--at", at, zone) if at else SystemClock().now())
    answer: dict[str, object] = {
        "submit_by": _instant(found.limit.submit_by, zone),
        "feasible": found.feasible,
        "transit_days": found.limit.transit_days,
        "counting": [_counted(day) for day in found.limit.counting],
    }
    _tell(answer, as_json=as_json)


@app.command(epilog='Example: sans-faute explain phone "0690 12 34 56" --postal-code 97110')
def phone(
    number: Annotated[str, typer.Argument(help="As somebody wrote it.")], *, postal_code: PostalCode = METROPOLE, as_json: AsJson = False
) -> None:
    """What a telephone number is, and what it can be used for."""
    found = parse_phone(number, _postal_code(postal_code))
    answer: dict[str, object] = {
        "valid": found.valid,
        "e164": found.e164,
        "type": str(found.line_type),
        "channels": [str(channel) for channel in channels_of(found)],
        "problem": found.problem,
    }
    _tell(answer, as_json=as_json)


@app.command(epilog="""Example: sans-faute explain sms "Leïla, votre rendez-vous est demain." """)
def sms(text: Annotated[str, typer.Argument(help="What would be sent.")], *, as_json: AsJson = False) -> None:
    """How a text leaves as an SMS: its letters, what it costs, what was replaced."""
    prepared = prepare(text)
    cost = measure(prepared.text)
    answer: dict[str, object] = {
        "text": prepared.text,
        "encoding": str(cost.encoding),
        "length": cost.length,
        "parts": cost.parts,
        "changed": list(prepared.changed),
    }
    _tell(answer, as_json=as_json)


@app.command(epilog="""Example: sans-faute explain address "Leïla Test" "12 bis, rue de l'Église-Neuve" "59000 Lille" """)
def address(
    lines: Annotated[list[str], typer.Argument(help="The lines, the first one first.", metavar="LINE…")], *, as_json: AsJson = False
) -> None:
    """How an address is printed in the window of the envelope, and what makes it unusable (NF Z10-011)."""
    found = normalise(lines)
    _tell({"lines": list(found.lines), "errors": list(found.errors)}, as_json=as_json)


@app.command(epilog="Example: sans-faute explain windows --channel sms --date 2026-12-19 --postal-code 97400")
def windows(
    *,
    channel: Annotated[Channel, typer.Option(help="The channel.")],
    day: Annotated[str, typer.Option("--date", help="The local day, as 2026-12-19.")],
    postal_code: PostalCode,
    closing_day: Annotated[bool, typer.Option("--closing-day", help="The day is the last one of an actualisation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Between which instants a channel may be used on a day, where the person lives."""
    place, date_ = _postal_code(postal_code), _day("--date", day)
    found = explain_windows(_environment(date_.year), channel, date_, place, closing_day=closing_day)
    zone = ZoneInfo(found.zone)
    answer: dict[str, object] = {
        "zone": found.zone,
        "holiday": holiday_name(territory_of(place).subdivision, date_) if found.holiday else None,
        "windows": [[_instant(opens, zone), _instant(closes, zone)] for opens, closes in found.windows],
    }
    _tell(answer, as_json=as_json)


@app.command(epilog="Example: sans-faute explain sender 38123")
def sender(value: Annotated[str, typer.Argument(help="A short code, a name or a number.")], *, as_json: AsJson = False) -> None:
    """Whether a sender may be shown in France, and whether people can answer it."""
    verdict = check_sender(value, _settings().verified_ranges)
    answer: dict[str, object] = {
        "valid": verdict.valid,
        "kind": str(verdict.kind),
        "two_way": verdict.two_way,
        "problem": str(verdict.problem) if verdict.problem else None,
    }
    _tell(answer, as_json=as_json)


# ---- reading


def _settings() -> Settings:
    """A wrong setting is no reason not to explain: this is how one finds the right one."""
    return settings_and_mistakes()[0]


def _environment(year: int) -> Environment:
    """The policy in use, and the holidays around a year. Raises exit code 2 when the policy is wrong."""
    path = _settings().policy_file or SHIPPED
    try:
        policy = load_policy(path)
    except PolicyError as problem:
        raise _wrong(str(path), str(problem)) from None
    return Environment(policy=policy, holidays=holidays_of(range(year - _AROUND, year + _AROUND + 1)))


def _postal_code(text: str) -> str:
    if not _POSTAL_CODE.fullmatch(text):
        raise _wrong("--postal-code", "a postal code has five digits")
    return text


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(name, "not a day, expected YYYY-MM-DD") from None


def _when(name: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(name, "not an instant, expected YYYY-MM-DDTHH:MM, with or without an offset") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _wrong(name: str, what: str) -> typer.Exit:
    typer.secho(f"sans-faute: {name}: {what}", err=True, fg=typer.colors.RED)
    return typer.Exit(Exit.WRONG_USAGE)


# ---- telling


def _instant(at: datetime, zone: ZoneInfo) -> str:
    """RFC 3339 on the clock of the place."""
    return at.astimezone(zone).isoformat()


def _counted(one: Counted) -> dict[str, object]:
    return {"day": one.day.isoformat(), "calendar": one.calendar, ("counted_as" if one.counts else "skipped"): one.role}


def _tell(answer: Answer, *, as_json: bool) -> None:
    present = {name: value for name, value in answer.items() if value is not None}
    if as_json:
        typer.echo(json.dumps(present, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    width = max(len(name) for name in present)
    for name, value in present.items():
        first, *others = _lines(value)
        console.print(f"{name.replace('_', ' '):<{width}}  {first}", markup=False)
        for line in others:
            console.print(f"{'':<{width}}  {line}", markup=False)


def _lines(value: object) -> Sequence[str]:
    """A value for people: a line each."""
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, Mapping):
        return [f"{name:<13} {_plain(inner)}" for name, inner in value.items()] or ["none"]
    if isinstance(value, list):
        return [_plain(one) for one in value] or ["none"]
    return [_plain(value)]


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        role = f"counts as {value['counted_as']}" if "counted_as" in value else f"skipped: {value['skipped']}"
        return f"{date.fromisoformat(str(value['day'])):%a %Y-%m-%d}  {role} ({value['calendar']})"
    if isinstance(value, list):
        return " to ".join(_plain(one) for one in value)
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{at:%a %Y-%m-%d %H:%M:%S %z}" if at.tzinfo else f"{at:%a %Y-%m-%d}"
