"""What may be kept of a mail server's words: codes. Whoever it speaks of is quoted there, by address, and by name as well (§8.3)."""

import re
from typing import Final

#: a reply code, an enhanced status (RFC 3463), a French provider's own code (``LPN007_416``, ``ofr_506``)
_CODE: Final = re.compile(
    r"(?<![\w.])[245]\d\d(?![\w.])|(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![\w.])|(?<!\w)[A-Za-z]{3}\d{0,3}_\d{3}(?!\w)", re.ASCII
)
#: RFC 3464, 2.3.3
_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_MOST: Final = 10


def codes_of(answer: str) -> str:
    """The codes in a server's answer, in order; nothing when it has none."""
    return " ".join(_CODE.findall(answer)[:_MOST])


def codes_of_report(action: str, status: str, diagnostic: str) -> str:
    """The same of one recipient in a delivery status notification, with what was done where that is one of the standard's words."""
    done = action.lower() if action.lower() in _ACTIONS else ""
    return f"{done} {codes_of(f'{status} {diagnostic}')}".strip()
