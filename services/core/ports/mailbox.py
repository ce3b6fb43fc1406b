"""E-mails to staff: what is due as values, and the narrow ports that list, word, send and remember them (§10.8, §10.13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.core.model import Alert


class StaffNote(StrEnum):
    """What an e-mail to staff is; its words stand in ``templates/staff/<note>.txt``."""

    #: one critical alert, at once
    PUSH = "push"
    #: what came since the last one, at 08:00
    DIGEST = "digest"
    #: an advisor has more open alerts than anybody can handle
    CROWDED = "crowded"
    #: a network swallowed the agency's people's SMS, and the actualisation closes soon
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpushed:
    """An open alert that nobody claimed, and that was not e-mailed to whom it is routed."""

    alert: Alert
    #: none when the directory never told us of this person
    first_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """An advisor with more open alerts than the budget, of which nobody was told that day."""

    advisor_id: str
    agency_id: str
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An agency's people whose SMS a provider took and a network swallowed, shortly before a closing day (rules §12 SC-23)."""

    agency_id: str
    people: int
    #: of them, who was reached since, or answered
    reached: int
    #: when the actualisation closes
    closes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One e-mail that is due, to one of these addresses: the next is tried when a server refuses the one before for good."""

    note: StaffNote
    #: the same for the same e-mail, however often it is sent
    key: str
    to: tuple[str, ...]
    #: zone in which its instants are worded
    zone: str
    #: the list that it leads to; none: the agency's
    advisor_id: str | None
    #: as staff know them; empty when it is the agency's
    name: str
    lines: tuple[Unpushed, ...] = ()
    #: open alerts of a crowded list
    open: int = 0
    #: whose messages were lost
    lost: Lost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMail:
    """Worded: plain text, one link, nobody's contact data."""

    key: str
    to: str
    subject: str
    text: str


class Sent(StrEnum):
    """What became of an e-mail."""

    #: the server has it, or may have it
    TAKEN = "taken"
    #: not now; the same e-mail again, later
    LATER = "later"
    #: never to this address
    REFUSED = "refused"


class Mailbox(Protocol):
    """A mail server."""

    async def send(self, mail: StaffMail) -> Sent:
        """Hand it over; the same ``key`` is the same Message-ID, so that a repeated e-mail shows once."""
        ...


class StaffWords(Protocol):
    """The templates."""

    def staff_mail(self, push: Push, to: str, link: str) -> StaffMail:
        """An e-mail in French."""
        ...


class PushList(Protocol):
    """What waits to be e-mailed, answered by the database. Raises ``StoreUnavailable``."""

    async def unpushed(self) -> Sequence[Unpushed]:
        """Open, unclaimed, not e-mailed; soonest ``act_by`` first."""
        ...

    async def pushed(self, alerts: Sequence[Alert], at: datetime) -> None:
        """They were e-mailed; an alert that moved on or became more severe meanwhile stays on the list."""
        ...

    async def crowded(self, budget: int, now: datetime) -> Sequence[Crowd]:
        """Advisors with more open alerts than this, in order of id; those of whom somebody was told on this day in Paris are left out."""
        ...

    async def crowd_told(self, advisor_id: str, now: datetime) -> None:
        """Somebody was told of this advisor's list."""
        ...

    async def lost(self, now: datetime) -> Sequence[Lost]:
        """Agencies of people whose SMS were lost near a closing day that is ahead, and not all reached since; in order of id.

        Those that were told on this day in Paris are left out.
        """
        ...

    async def lost_told(self, agency_id: str, now: datetime) -> None:
        """This agency was told."""
        ...
