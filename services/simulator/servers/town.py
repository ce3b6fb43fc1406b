"""The joint between simulated providers and the town of people behind them: what is submitted, what is answered, what comes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.core.words import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A message as it reached a provider."""

    channel: Channel
    #: name of the provider
    provider: str
    #: E.164 number or e-mail address; for a letter its last address line
    to: str
    #: the provider's own reference, given before the town is asked; for an SMS in parts, that of the first part
    provider_ref: str
    #: what the person would read or hear first; an SMS in parts is put together
    text: str
    #: our attempt, where the protocol carries it (e-mail, voice, letter)
    attempt_id: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Not taken. ``raw`` in the words of the protocol.

    sms: the name of a command status (``ESME_RINVDSTADR``, ``ESME_RTHROTTLED``);
    email: a whole answer (``550 5.1.1 unknown``), or a bare status (``5.1.1``);
    voice and letter: an HTTP status, with a provider's code behind it (``400 21211``, ``429``, ``503``).
    """

    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """The provider has it and does not answer, until somebody calls ``release`` or the caller gives up.

    ``for_`` is for whoever drives the clock: servers never wait by themselves.
    """

    for_: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The provider has it, and the connection dies before the answer."""


Answer = Accept | Refuse | Hang | Drop


class Town(Protocol):
    """Who lives behind the providers."""

    def answer(self, submission: Submission) -> Answer:
        """What the provider does with this message, at once; what happens later is reported through the ``Network``."""
        ...


class Network(Protocol):
    """A simulated provider, as the town speaks to it."""

    async def report(self, provider_ref: str, word: str, at: datetime | None = None) -> None:
        """Let the outside world happen to a message, in a word of the scenario language (``delivered``, ``bounce 5.1.1``,
        ``keys "1 1"`` …), performed over the provider's protocol. Returns once our side has taken it, or it is kept for ``resend``.
        ``at`` is when the provider says that it happened (default: now).

        Raises ``KeyError`` for a reference this provider never gave, ``ValueError`` for a word its channel does not know.
        """
        ...

    async def inbound(self, sender: str, text: str) -> None:
        """Somebody writes back, from this number or address."""
        ...

    async def release(self, provider_ref: str) -> None:
        """Give the answer that a ``Hang`` held back, if anybody still waits for it."""
        ...

    async def resend(self) -> None:
        """Try once more to hand over what our side did not take: it was away, or said "not now"."""
        ...

    @property
    def undelivered(self) -> int:
        """What ``resend`` would try."""
        ...

    @property
    def busy(self) -> int:
        """Requests being worked on; a hung one does not count. Nought means: nothing will happen unless somebody acts."""
        ...
