"""French typography for what is laid out (HTML, PDF): curly apostrophes, no line break before « : » or inside « 10 h 30 ».

Plain texts keep ordinary spaces: they are searched, compared and read aloud.
"""

import re
from typing import Final

_NO_BREAK: Final = "\u00a0"

#: before « ; : ! ? » », after « « », between a number and its word (10 h 30, 15 minutes, 1er décembre)
_TIED: Final = re.compile(r" (?=[;:!?»])|(?<=«) |(?<=\d) (?=[a-zéû])|(?<=\d h) (?=\d\d\b)|(?<=\b1er) ")


def typographic(words: str) -> str:
    """The same words with the spaces and apostrophes of printed French."""
    return _TIED.sub(_NO_BREAK, words.replace("'", "\u2019"))
