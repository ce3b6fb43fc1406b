"""SMS: one duty is one part; the richest variant that fits is the one that leaves (rules §4.3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from jinja2 import Template

from services.core.channels.gsm7 import PART_SEPTETS, SINGLE_SEPTETS, fit, measure, prepare
from services.core.content import SmsContent, Unrenderable

#: a name in a script that GSM-7 does not know: two parts of UCS-2 at most
UCS2_PARTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a variant has room for; templates leave out what it has not."""

    reference: bool = True
    name: bool = True
    #: whole sentences, where brief ones would do
    details: bool = True
    #: a sentence per idea, for people who need simple words
    sentences: bool = True
    #: small words and the spaces in a telephone number
    full_words: bool = True
    #: the sentence that announces our calls: the last to go
    call: bool = True
    link: bool = True
    place_letters: int = 40


_brief = partial(Room, reference=False, name=False, details=False, sentences=False)

#: from the richest to the barest: with the first name, without, with a short place (rules §4.3)
ROOMS: Final = (
    Room(),
    Room(reference=False),
    Room(reference=False, details=False),
    Room(reference=False, name=False),
    _brief(),
    _brief(place_letters=24),
    _brief(full_words=False, place_letters=24),
    _brief(full_words=False, place_letters=16),
    _brief(full_words=False, place_letters=16, call=False),
    _brief(full_words=False, place_letters=16, link=False),
    _brief(full_words=False, place_letters=12, link=False),
    _brief(full_words=False, place_letters=12, link=False, call=False),
)


def render_sms(template: Template, names: Mapping[str, object], *, parts: int) -> SmsContent:
    """The richest variant within so many parts. Raises ``Unrenderable("sms_too_long")``."""
    text = fit(_variants(template, names), SINGLE_SEPTETS if parts == 1 else parts * PART_SEPTETS)
    if text is None:
        text = prepare(_variant(template, names, ROOMS[-1])).text
    measured = measure(text)
    if measured.parts > (UCS2_PARTS if measured.encoding == "UCS-2" else parts):
        raise Unrenderable("sms_too_long")
    return SmsContent(text=text, encoding=measured.encoding.value, parts=measured.parts)


def _variants(template: Template, names: Mapping[str, object]) -> Iterator[str]:
    for room in ROOMS:
        yield _variant(template, names, room)


def _variant(template: Template, names: Mapping[str, object], room: Room) -> str:
    # as ``template.render`` does it, without a copy of Jinja's own functions for each of up to twelve variants
    context = template.new_context({**names, "room": room}, shared=True)
    return " ".join("".join(template.root_render_func(context)).split())
