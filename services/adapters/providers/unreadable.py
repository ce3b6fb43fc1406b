"""What a provider sent and nobody can read: counted, because a network that changes its ways shows here first."""

from collections.abc import Callable
from enum import StrEnum


class Unread(StrEnum):
    """What it should have been; a metric's label."""

    #: octets that are no SMPP: the connection is given up
    FRAME = "frame"
    #: an SMPP delivery that ends too early, or says what the topic cannot carry
    DELIVERY = "delivery"
    #: an SMPP receipt that names no message
    REPORT = "report"
    #: a mail to our mailbox that is none, or says what the topic cannot carry
    MAIL = "mail"
    #: a mail server's answer without a code
    ANSWER = "answer"


#: told the provider's name and what it should have been
TellUnread = Callable[[str, Unread], None]


def untold(_provider: str, _what: Unread) -> None:
    """Nobody counts."""
