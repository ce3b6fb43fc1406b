"""What ``decide()`` answers: values only; ``services/planner/wake.py`` turns them into rows and messages."""

from dataclasses import dataclass, field
from datetime import datetime

from services.core.evidence.contacts import PointsDue
from services.core.model import Attempt, ContactId, Fact, Obligation
from services.core.states import Happened
from services.core.words import AlertType, Channel, Lane, Routed, Severity, Step, Verdict, Why


# nobody changes it; not frozen, because a frozen one takes five times as long to make, and a decision makes a dozen
@dataclass(slots=True, kw_only=True)
class Intent:
    """One message that a rule wants, now or later."""

    obligation: Obligation
    step: Step
    occurrence: int = 1
    channel: Channel
    at: datetime
    not_after: datetime
    #: why now: step, hard_failure, no_receipt, silence, unanswered, not_alone, complement …
    cause: str
    #: why this channel: preferred, order, best_evidence, another, only_one, last_chance
    chosen_by: str
    lane: Lane = Lane.LIVE
    #: a point other than the one that serves the channel
    contact_id: ContactId | None = None


@dataclass(slots=True, kw_only=True)
class Omission:
    """One message that a rule leaves out, from ``at`` on."""

    obligation: Obligation
    step: Step
    occurrence: int = 1
    channel: Channel
    reason: Why
    at: datetime
    #: the point that was meant, when it is not the one that serves the channel (a question to a new point)
    contact_id: ContactId | None = None


@dataclass(slots=True, kw_only=True)
class Plan:
    """What the ladder of one obligation wants from here on."""

    intents: list[Intent] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    #: other instants at which to look again
    wakes: list[datetime] = field(default_factory=list)

    def add(self, other: "Plan") -> None:
        """Take over everything of another plan."""
        self.intents += other.intents
        self.omissions += other.omissions
        self.wakes += other.wakes


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """An obligation changes for a reason that only time gives: the date has passed."""

    obligation: Obligation
    happened: Happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """A message whose receipt did not come in time: unknown from now on."""

    attempt: Attempt
    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumption:
    """A letter about this duty did not come back: presumed to have arrived (§10.6)."""

    obligation: Obligation


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A released message that nobody has claimed yet is taken back."""

    attempt: Attempt
    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Redispatch:
    """The same message is handed out again: its provider said "later", or nobody claimed it."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWanted:
    """An alert as the rules want it now; compared with the stored one it is raised, updated or left."""

    type: AlertType
    severity: Severity
    obligation: Obligation | None
    advisor_id: str | None
    routed: Routed
    deadline: datetime | None
    known: tuple[Fact, ...]
    next_action: str
    act_by: datetime
    #: false: whoever had claimed it has left
    claimed: bool = True
    #: since when it stands on this list; none: from now on
    routed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertClosed:
    """An open alert whose cause is gone."""

    alert_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """The proof of reception attached to a missed duty, before anybody starts a procedure (§2.3, §10.5)."""

    obligation: Obligation
    lines: tuple[Fact, ...]
    verdict: Verdict
    #: false when reception is proved, identity and all: kept, and nobody is told
    told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """We were late, and a message about this duty is of no use any more (§10.5, after T)."""

    obligation: Obligation
    since: datetime


# not frozen, as an intent
@dataclass(slots=True, kw_only=True)
class Outlook:
    """What lies ahead of one obligation, for the journal, the pages and previews."""

    obligation: Obligation
    next_at: datetime | None
    excluded: tuple[str, ...]
    ahead: tuple[Intent, ...]


@dataclass(slots=True, kw_only=True)
class Decision:
    """Everything that is due now, and when to look again. Deciding again at the same instant, once this is stored, gives nothing."""

    releases: list[Attempt] = field(default_factory=list)
    skips: list[Attempt] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    timeouts: list[Timeout] = field(default_factory=list)
    presumptions: list[Presumption] = field(default_factory=list)
    redispatches: list[Redispatch] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    points: PointsDue = field(default_factory=PointsDue)
    alerts: list[AlertWanted] = field(default_factory=list)
    closed: list[AlertClosed] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    dossiers: list[Dossier] = field(default_factory=list)
    outlooks: list[Outlook] = field(default_factory=list)
    live_at: datetime | None = None
    campaign_at: datetime | None = None
