"""Hours at which people may be reached while chaos reigns: at any time of any day some are open, some close meanwhile and some open."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from services.adapters.policy import SHIPPED

#: how long the channels stay closed on the other side of the boundary
_CLOSED_FOR: Final = timedelta(hours=2)
_LINE = re.compile(r"(weekday|saturday|closed_day|closing_day) =")
#: what must not take longer than chaos itself
_NUMBERS: Final = {
    "hand_over": "8s",
    "submitting": "40s",
    "unclaimed": "20s",
    "provider_retry": "4s",
    "no_receipt": "60s",
    "no_receipt_short": "60s",
    "call_ends_within": "40s",
    "early_suspect": "0s",
    "pause": "20s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where people live: the zone decides about their hours."""

    postal_code: str
    city: str
    zone: ZoneInfo


OPEN: Final = Place(postal_code="59000", city="59000 LILLE", zone=ZoneInfo("Europe/Paris"))
CLOSES: Final = Place(postal_code="97400", city="97400 SAINT DENIS", zone=ZoneInfo("Indian/Reunion"))
OPENS: Final = Place(postal_code="97200", city="97200 FORT DE FRANCE", zone=ZoneInfo("America/Martinique"))
#: half of all people, a third, a sixth
PLACES: Final = (OPEN, OPEN, OPEN, CLOSES, CLOSES, OPENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The two boundaries of a run, as instants."""

    #: in La Réunion nobody writes or calls from here on
    closes_at: datetime
    #: in Martinique nobody writes or calls before
    opens_at: datetime

    def breach(self, place: Place, at: datetime) -> float:
        """Seconds by which an instant lies outside the hours of a place; 0 inside."""
        if place is CLOSES:
            return max(0.0, (at - self.closes_at).total_seconds())
        return max(0.0, (self.opens_at - at).total_seconds()) if place is OPENS else 0.0


def hours_of(start: datetime, seconds: float) -> Hours:
    """Boundaries on whole minutes, because that is what rules have, well inside a run of so many seconds."""
    return Hours(closes_at=_minute(start + timedelta(seconds=seconds * 0.5)), opens_at=_minute(start + timedelta(seconds=seconds * 0.35)))


def write_policy(path: Path, hours: Hours, start: datetime, seconds: float, period_closes: datetime) -> Path:
    """The shipped rules with these hours for SMS, calls and e-mails; the actualisation's A1 is due in the middle of the run."""
    open_spans = _open(
        [_span(hours.closes_at, CLOSES), _span(hours.opens_at - _CLOSED_FOR, OPENS)],
    )
    spans = ", ".join(f'["{start:%H:%M}", "{end:%H:%M}"]' for start, end in open_spans)
    local = (start + timedelta(seconds=seconds * 0.3)).astimezone(OPEN.zone)
    spread = max(1, round(seconds * 0.4 / 60))
    a1 = {"days_before": str((period_closes.astimezone(OPEN.zone).date() - local.date()).days), "hour": f'"{local:%H:%M}"'}
    lines: list[str] = []
    table = step = ""
    for line in SHIPPED.read_text("utf-8").splitlines():
        if line.startswith("["):
            table, step = line.partition("#")[0].strip(), ""
        name = line.partition(" ")[0]
        step = line.partition('"')[2].rstrip('"') if name == "step" else step
        if table in ("[windows.sms]", "[windows.voice]", "[windows.email]") and _LINE.match(line):
            lines.append(f"{name} = [{spans}]")
        elif table == "[[actualisation.steps]]" and step == "A1" and name in a1:
            lines.append(f"{name} = {a1[name]}" + (f'\nspread = "{spread}m"' if name == "hour" else ""))
        elif name in _NUMBERS and table in ("[timers]", "[link]", "[watch.provider_down]", "[watch.policy_rejections]"):
            lines.append(f'{name} = "{_NUMBERS[name]}"')
        else:
            lines.append(line)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _span(begins: datetime, place: Place) -> tuple[time, time]:
    """Closed hours, as the clock shows them in that place."""
    return begins.astimezone(place.zone).time(), (begins + _CLOSED_FOR).astimezone(place.zone).time()


def _open(closed: list[tuple[time, time]]) -> list[tuple[time, time]]:
    """What is left of a day, whose last minute no rule can name."""
    pieces = [piece for start, end in closed for piece in ([(start, end)] if start < end else [(start, time(23, 59)), (time(0), end)])]
    left, at = [], time(0)
    for start, end in sorted(pieces):
        if start > at:
            left.append((at, start))
        at = max(at, end)
    return [*left, (at, time(23, 59))] if at < time(23, 59) else left
