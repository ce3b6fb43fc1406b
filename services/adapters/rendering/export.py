"""What we hold about a person, in plain French, for this person (SC-49)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

from services.adapters.rendering.french import French
from services.adapters.rendering.texts import environment
from services.core.explaining.access_request import Told
from services.core.model import ContactId, Person, Reply


def export_text(
    templates_dir: Path,
    person: Person,
    messages: Sequence[Told],
    answers: Sequence[Reply],
    *,
    points: Mapping[ContactId, str],
    now: datetime,
    zone: str,
) -> str:
    """All of it, oldest first; instants in ``zone``, contact points as ``points`` masks them."""
    templates, home = environment(templates_dir, French.load(templates_dir / "words")), ZoneInfo(zone)
    text = templates.get_template("terminal/export.txt").render(
        person=person, messages=messages, answers=answers, points=points, now=now, local=lambda at: at.astimezone(home)
    )
    # the pages' words are written for HTML
    return unescape(text)
