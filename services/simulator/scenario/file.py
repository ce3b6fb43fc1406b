"""A scenario file as values: who exists, what happens when, how the world reacts, what must come out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.core.model import Place
from services.core.words import (
    AnsweredBy,
    Channel,
    Choice,
    Identity,
    ReceiptStatus,
    ReplyChannel,
    Step,
)
from services.simulator.scenario.people import Crowd, PersonChange, PersonSpec
from services.simulator.scenario.words import Action, CrashPoint, EventWord, Method, Process, What


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencySpec:
    """An agency; ``opening`` is weekday (0 = Monday) → [opens, closes] pairs."""

    name: str
    title: str
    phone: str
    address: str
    postal_code: str
    access_info: str
    opening: Mapping[int, tuple[tuple[str, str], ...]]
    closures: tuple[date, ...] = ()
    duty_email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorSpec:
    """A member of staff; absences are inclusive local dates."""

    name: str
    title: str
    agency: str
    email: str
    backup: str | None = None
    absences: tuple[tuple[date, date], ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One thing that the world does with a message: a receipt or an answer, later; or a refusal, or silence, at once."""

    after: timedelta | None = None
    at: datetime | None = None
    #: a word of the channel's provider (``words.PROVIDER_WORDS``)
    receipt: str | None = None
    reply: str | None = None
    refuse: str | None = None
    hang: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The first rule that matches an attempt decides what happens to it."""

    channel: Channel
    #: a person or a crowd
    person: str | None = None
    step: Step | None = None
    #: that person's nth attempt on the channel; further tries of one attempt count once
    nth: int | None = None
    #: instants of the hand-over, both included
    between: tuple[datetime, datetime] | None = None
    carrier: str | None = None
    provider: str | None = None
    then: tuple[Reaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """Which message is meant: the newest that fits."""

    step: Step | None = None
    channel: Channel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingEvent:
    """Something about an appointment or a convocation; what is none keeps what the meeting's earlier event said."""

    at: datetime
    word: EventWord
    id: str
    person: str
    #: none: the next one
    revision: int | None = None
    starts: datetime | None = None
    duration_minutes: int | None = None
    mandatory: bool | None = None
    legal_value: str | None = None
    place: Place | None = None
    purpose: str | None = None
    replaces: str | None = None
    advisor: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualisationEvent:
    """An actualisation opens, or is done."""

    at: datetime
    word: EventWord
    person: str
    period: str
    required: bool = True
    by: str = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUpdated:
    """The directory tells of changes."""

    at: datetime
    person: str
    change: PersonChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """The person asks to be forgotten."""

    at: datetime
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorUpdated:
    """Staff changes: ``spec`` is the whole new state."""

    at: datetime
    spec: AdvisorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyUpdated:
    """An agency changes: ``spec`` is the whole new state."""

    at: datetime
    spec: AgencySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyEvent:
    """Somebody answers; ``choice`` is what is meant, ``text`` and ``keys`` what is written and pressed."""

    at: datetime
    #: none when only a number or an address is known
    person: str | None = None
    sender: str | None = None
    channel: ReplyChannel
    choice: Choice | None = None
    text: str | None = None
    keys: tuple[str, ...] = ()
    identity: Identity | None = None
    answered_by: AnsweredBy | None = None
    reason: str | None = None
    #: staff member who took it
    by: str | None = None
    #: none: the newest message on that channel
    to: Pick | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEvent:
    """A provider's callback out of turn: late, repeated, forged or contradictory."""

    at: datetime
    person: str
    channel: Channel
    status: ReceiptStatus | None = None
    #: the provider's own word (``words.PROVIDER_WORDS``, or anything at all)
    raw: str | None = None
    to: Pick | None = None
    #: when the provider says that it happened
    reported_at: datetime | None = None
    forged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """Somebody or something opens the link of the newest message."""

    at: datetime
    person: str
    method: Method
    #: of a POST; ``decoy`` is the wrong date
    choice: Choice | None = None
    answered_by: AnsweredBy | None = None
    reason: str | None = None
    to: Pick | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A process dies the first time that it reaches ``when`` from ``at`` on, and comes back."""

    at: datetime
    process: Process
    when: CrashPoint
    restart_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Something is away from ``at`` until ``until``."""

    at: datetime
    until: datetime
    #: planner, delivery, kafka, postgres, ``provider:<name>`` …
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorAction:
    """An advisor does something on the page."""

    at: datetime
    advisor: str
    obligation: str
    action: Action


Event = (
    MeetingEvent
    | ActualisationEvent
    | PersonUpdated
    | Erase
    | AdvisorUpdated
    | AgencyUpdated
    | ReplyEvent
    | ReceiptEvent
    | OpenLink
    | Crash
    | Outage
    | AdvisorAction
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equals:
    """A plain value."""

    value: str | float | bool | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """``/…/``: a regular expression, searched for."""

    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains:
    """A list: every element is found."""

    elements: tuple["Equals | Matches", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """``{min, max}``: a number, both ends included."""

    least: float | None = None
    most: float | None = None


Wanted = Equals | Matches | Contains | Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Journal lines that must, or must not, be there."""

    #: position in the file
    line: int
    #: as it was written
    source: str
    what: What
    fields: Mapping[str, Wanted] = field(default_factory=dict)
    #: both ends included
    between: tuple[datetime, datetime] | None = None
    #: both excluded
    before: datetime | None = None
    after: datetime | None = None
    #: how many lines, both ends included; ``most`` none: any number
    least: int = 1
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story that can be played."""

    name: str
    title: str
    file: str
    zone: ZoneInfo
    #: overrides of policy values, by dotted name
    policy: Mapping[str, object]
    #: the directory's first load; an hour before the first event
    start: datetime
    until: datetime
    agencies: Mapping[str, AgencySpec]
    advisors: Mapping[str, AdvisorSpec]
    people: Mapping[str, PersonSpec]
    crowds: Mapping[str, Crowd]
    #: provider names by channel, in order of preference
    providers: Mapping[Channel, tuple[str, ...]]
    #: what a meeting is about when its event does not say
    purpose: str
    world: tuple[Rule, ...]
    #: in order of instant, then of the file
    events: tuple[Event, ...]
    expect: tuple[Expectation, ...]

    def members(self, name: str) -> Iterator[PersonSpec]:
        """The person of this name, or every member of the crowd of this name; raises ``KeyError`` for a stranger."""
        if name in self.crowds:
            yield from self.crowds[name].members()
        else:
            yield self.person(name)

    def person(self, name: str) -> PersonSpec:
        """One person, as the file first describes them; raises ``KeyError`` for a stranger."""
        if name in self.people:
            return self.people[name]
        for crowd in self.crowds.values():
            member = crowd.named(name)
            if member is not None:
                return member
        raise KeyError(name)

    def everyone(self) -> Iterator[PersonSpec]:
        """All people, crowds included, one by one."""
        yield from self.people.values()
        for crowd in self.crowds.values():
            yield from crowd.members()

    def belongs(self, person: str, name: str) -> bool:
        """``person`` is ``name``, or one of that crowd."""
        return person == name or (name in self.crowds and self.crowds[name].number_of(person) is not None)
