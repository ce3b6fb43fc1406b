"""Whom we owe what after an outage of ours: duties about which a message was lost, and nobody was reached since. Identifiers only."""

from dataclasses import dataclass
from datetime import datetime

from services.core.model import ObligationId, PersonId
from services.core.words import AlertType, Kind, ObligationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A duty about which an outage cost a message, without one handed over since, an answer, or an advisor's settled alert."""

    person_id: PersonId
    obligation_id: ObligationId
    kind: Kind
    state: ObligationState
    due_at: datetime
    #: since when our outage made a message useless
    outage_at: datetime
    #: when the rules look at it again, perhaps to write; none: never
    next_at: datetime | None
    #: the newest open alert about it, whose agency's it is, and on whose list it is or who took it; none: no human was told
    alert: AlertType | None = None
    agency_id: str | None = None
    advisor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """All of it in figures, and those who can be helped soonest in full."""

    duties: int = 0
    #: of these, the ones whose date has passed
    past: int = 0
    #: of these, the ones without an open alert: no advisor was told
    untold: int = 0
    #: the oldest outage among them
    since: datetime | None = None
    #: dates ahead first, soonest first; then those that have passed
    first: tuple[Owed, ...] = ()
