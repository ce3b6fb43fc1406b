"""The claim of a channel's owner just before it sends (contracts §3), as the web border sees it and delivery answers it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.core.model import AttemptId
from services.core.ports.providers import Envelope
from services.core.words import Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """The gateway may send this, until the lease ends."""

    envelope: Envelope
    leased_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedBefore:
    """Somebody else has it (409)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """The window is closed or a provider said later (425)."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Acted, cancelled, changed or too late (410)."""

    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownAttempt:
    """No such attempt (404)."""


Lease = Leased | ClaimedBefore | NotYet | Never | UnknownAttempt


class Claims(Protocol):
    """The same claim that our own delivery uses in process."""

    async def claim(self, attempt_id: AttemptId, now: datetime) -> Lease:
        """Claim just before sending, with every check at send; raises ``StoreUnavailable``."""
        ...
