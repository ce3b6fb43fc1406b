"""French typography for what is laid out (HTML, PDF): curly apostrophes, no line break before « : » or inside « 10 h 30 ».

Plain texts keep ordinary spaces: they are searched, compared and read aloud.
"""

import re
from typing import Final

_NO_BREAK: Final = "\u00a0"

#: before « ; : ! ? » », after « « », inside « 10 h 30 », inside « 1er décembre » and « 15 minutes »
_TIED: Final = re.compile(r" (?=[;:!?»])|(?<=«) |(?<=\d) (?=h\b)|(?<=\d h) (?=\d\d\b)|(?<=\b1er) |(?<=\d) (?=minutes\b)")


def typographic(words: str) -> str:
    """The same words with the spaces and apostrophes of printed French."""
    return _TIED.sub(_NO_BREAK, words.replace("'", "\u2019"))
