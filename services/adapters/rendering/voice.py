"""The script of a call, cut out of one template with a section per part of the dialogue (rules §5)."""

from collections.abc import Mapping
from typing import Final

from jinja2 import Template

from services.adapters.rendering.sections import sections
from services.core.content import VoiceContent

#: per cent of the normal speed for people who need simple words (rules §12, SC-22)
SLOW: Final = 85
_THANKS = "thanks."


def render_voice(template: Template, names: Mapping[str, object]) -> VoiceContent:
    """The script; a template without one of the parts is a ``KeyError`` that names it."""
    parts = sections(template.render(names))
    slow = bool(names["simple"])
    return VoiceContent(
        greeting=parts["greeting"],
        identity_question=parts["identity_question"],
        body=parts["body"],
        choices=parts["choices"],
        thanks={key.removeprefix(_THANKS): words for key, words in parts.items() if key.startswith(_THANKS)},
        unknown_key=parts["unknown_key"],
        goodbye=parts["goodbye"],
        voicemail=parts["voicemail"],
        later_allowed=bool(names["discreet"]),
        rate=SLOW if slow else 100,
        repeat=slow,
    )
