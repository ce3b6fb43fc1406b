"""One template file with several short texts: each begins with a line ``== name``."""

import re
from typing import Final

_MARK: Final = re.compile(r"^== ([a-z0-9_.]+)$", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """The texts by name, the white space of each made single spaces; what stands before the first mark is none of them."""
    _, *pieces = _MARK.split(text)
    return {name: " ".join(words.split()) for name, words in zip(pieces[::2], pieces[1::2], strict=True)}
