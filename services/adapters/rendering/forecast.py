"""What will be sent and what will happen, as text in French: one heading for each branch, one for each day."""

from collections.abc import Sequence
from datetime import datetime
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

from services.adapters.rendering.french import French
from services.adapters.rendering.texts import environment
from services.core.explaining.branches import TOLD, Forecast


def forecast_text(templates_dir: Path, forecasts: Sequence[Forecast], name: str, now: datetime, zone: str) -> str:
    """All branches; instants in ``zone``. ``name`` is how the person is called on this page."""
    templates = environment(templates_dir, French.load(templates_dir / "words"))
    home = ZoneInfo(zone)
    # what a branch has in common with the first one is not spelt out again
    common = [(line.at, line.what, line.fields) for line in forecasts[0].lines] if forecasts else []
    branches = [
        (
            one.branch,
            [
                (line.at.astimezone(home), line.what, line.fields, place > 0 and (line.at, line.what, line.fields) in common)
                for line in one.lines
                if line.what in TOLD
            ],
        )
        for place, one in enumerate(forecasts)
    ]
    text = templates.get_template("terminal/preview.txt").render(branches=branches, name=name, now=now.astimezone(home), zone=zone)
    # the pages' words are written for HTML
    return unescape(text).replace("\u00a0", " ")
