"""Pages from templates: jinja2 with strict names and escaping, local instants, one place for the HTTP answer."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse


def local(instant: datetime, zone: str) -> datetime:
    """The same instant on the clocks of ``zone``."""
    return instant.astimezone(ZoneInfo(zone))


class Renderer:
    """The templates of the pages; the French is theirs, Python hands over values and codes."""

    def __init__(self, pages_dir: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(pages_dir),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["local"] = local

    def text(self, template: str, **values: object) -> str:
        """The words of one template."""
        return self._environment.get_template(template).render(values)

    def page(self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: object) -> HTMLResponse:
        """A page as an answer."""
        return HTMLResponse(self.text(template, **values), status_code=status, headers=dict(headers or {}))
