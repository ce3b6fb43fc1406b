"""A run as a picture: messages that reached providers, second by second, and every fault above them. Plain SVG, made here."""

from collections import Counter
from typing import Final
from xml.sax.saxutils import escape

from tests.chaos.run import Outcome
from tests.chaos.script import Fault, Trouble

_WIDTH, _LEFT, _RIGHT = 1000, 130, 20
_LANE, _TOP, _PLOT = 15, 46, 150
_COLOURS: Final = {"sms": "#1f6feb", "email": "#2da44e", "voice": "#bf8700", "letter": "#8250df"}
_LANES: Final[dict[str, tuple[Trouble, ...]]] = {
    "killed, stopped": (Trouble.KILLED, Trouble.STOPPED),
    "frozen": (Trouble.FROZEN,),
    "clock wrong": (Trouble.CLOCK,),
    "third copy": (Trouble.THIRD_COPY,),
    "providers": tuple(trouble for trouble in Trouble if trouble.startswith("provider_")),
    "Kafka": (Trouble.KAFKA_KILLED, Trouble.KAFKA_RESTARTS),
    "PostgreSQL, disk": (Trouble.POSTGRES_FAST, Trouble.POSTGRES_IMMEDIATE, Trouble.DISK_FULL),
}


def picture(outcome: Outcome) -> str:
    """The whole SVG."""
    end = max(outcome.seconds, 1.0)
    bottom = _TOP + len(_LANES) * _LANE + 14 + _PLOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 40}" font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{bottom + 40}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(_title(outcome))}</text>',
        *_legend(outcome),
        *_lanes(outcome.faults, end),
        *_plot(outcome, end, bottom),
        *_boundaries(outcome, end, bottom),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _title(outcome: Outcome) -> str:
    wrong = sum(outcome.verdict.counts.values())
    return f"Seed {outcome.plan.seed}: {outcome.plan.obligations:,} duties, {outcome.done.total()} faults, {wrong} found wrong"


def _legend(outcome: Outcome) -> list[str]:
    parts, x = [], _LEFT
    for name, colour in _COLOURS.items():
        words = f"{name} {len(outcome.arrivals.get(name, ())):,}"
        parts.append(f'<rect x="{x}" y="26" width="9" height="9" fill="{colour}"/><text x="{x + 13}" y="35">{words}</text>')
        x += 110
    return parts


def _x(second: float, end: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max(second, 0.0), end) / end, 1)


def _lanes(faults: list[Fault], end: float) -> list[str]:
    parts = []
    for number, (name, troubles) in enumerate(_LANES.items()):
        y = _TOP + number * _LANE
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 10}" text-anchor="end">{name}</text>')
        for fault in faults:
            if fault.trouble in troubles:
                width = max(1.5, _x(fault.until, end) - _x(fault.at, end))
                parts.append(
                    f'<rect x="{_x(fault.at, end)}" y="{y + 1}" width="{width:.1f}" height="11" fill="#cf222e" fill-opacity="0.65"/>'
                )
    return parts


def _plot(outcome: Outcome, end: float, bottom: int) -> list[str]:
    """Stacked columns."""
    columns = 200
    counts = {
        name: Counter(min(columns - 1, max(0, int(at / end * columns))) for at in outcome.arrivals.get(name, ())) for name in _COLOURS
    }
    highest = max((sum(counts[name][column] for name in _COLOURS) for column in range(columns)), default=0) or 1
    width = (_WIDTH - _LEFT - _RIGHT) / columns
    parts = [
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{_WIDTH - _RIGHT}" y2="{bottom}" stroke="#57606a"/>',
        f'<text x="{_LEFT - 8}" y="{bottom - _PLOT + 10}" text-anchor="end">{highest / (end / columns):.0f} a second</text>',
        f'<text x="{_LEFT - 8}" y="{bottom}" text-anchor="end">at providers</text>',
    ]
    for column in range(columns):
        y = float(bottom)
        for name, colour in _COLOURS.items():
            height = _PLOT * counts[name][column] / highest
            y -= height
            if height:
                x = _LEFT + column * width
                parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}" fill="{colour}"/>')
    parts += [
        f'<text x="{_x(second, end)}" y="{bottom + 14}" text-anchor="middle">{second // 60} min</text>'
        for second in range(0, int(end) + 1, 60 * max(1, round(end / 60 / 12)))
    ]
    return parts


def _boundaries(outcome: Outcome, end: float, bottom: int) -> list[str]:
    parts = []
    for at, words in ((outcome.hours.closes_at, "La Réunion closes"), (outcome.hours.opens_at, "Martinique opens")):
        x = _x((at - outcome.began).total_seconds(), end)
        parts.append(f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}" stroke="#57606a" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{x}" y="{bottom + 30}" text-anchor="middle">{words}</text>')
    return parts
