"""The port ``Texts`` over the folder ``templates/``: one message is a folder, one channel a file (or two).

Next: services/adapters/providers.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.adapters.rendering.french import French
from services.adapters.rendering.scene import scene
from services.adapters.rendering.sms import render_sms
from services.adapters.rendering.voice import render_voice
from services.core.content import Content, Notice
from services.core.model import Alert, Fact
from services.core.words import Channel


class JinjaTexts:
    """Words of every notice, and of what advisors read. Safe to share between tasks; keeps compiled templates and loaded fonts."""

    def __init__(self, templates_dir: Path) -> None:
        self._french = French.load(templates_dir / "words")
        self._plain = self._environment(templates_dir, autoescape=False)

    def notice(self, notice: Notice) -> Content:
        """The message in French; raises ``Unrenderable`` (sms_too_long)."""
        names = scene(notice)
        match notice.channel:
            case Channel.SMS:
                return render_sms(self._template(notice, "sms.txt"), names, bundle=len(notice.obligations) > 1)
            case Channel.VOICE:
                return render_voice(self._template(notice, "voice.txt"), names)
            case _:
                raise NotImplementedError

    def fact(self, fact: Fact, zone: str) -> str:
        raise NotImplementedError

    def next_action(self, alert: Alert, zone: str) -> str:
        raise NotImplementedError

    def _template(self, notice: Notice, file: str) -> Template:
        return self._plain.get_template(f"notices/{notice.obligations[0].kind.value}/{file}")

    def _environment(self, templates_dir: Path, *, autoescape: bool) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(templates_dir),
            undefined=StrictUndefined,
            autoescape=autoescape,
            trim_blocks=False,
            keep_trailing_newline=False,
            auto_reload=False,
        )
        environment.filters.update(self._french.filters())
        return environment
