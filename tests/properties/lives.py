"""Lives that nobody wrote: people, duties and the world drawn at random, played through the rules, delivery and intake."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from services.core.calendar import Residence
from services.core.channels.phones import Phone
from services.core.decision import Decision
from services.core.events import (
    ActualisationCompleted,
    DeclaredContact,
    Event,
    MeetingAttended,
    MeetingCancelled,
    MeetingMissed,
    MeetingScheduled,
    PersonUpdated,
)
from services.core.evidence.answers import DECOY
from services.core.ledger import Ledger
from services.core.model import Attempt, Case, Contact, Hold, Obligation, Person, Place
from services.core.ports.providers import Accepted, Outcome, OutcomeUnknown, Refused, TryLater
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    Constraint,
    ContactStatus,
    DigitalEase,
    Identity,
    Kind,
    LineType,
    PointKind,
    ReceiptStatus,
    ReplyChannel,
    Why,
)
from services.delivery.claim import Claimed, Clerk
from services.delivery.outcome import remember
from services.delivery.ports import Senders
from services.intake.handlers import HANDLERS, Handling
from tests.unit.core.scene import (
    LEILA,
    Story,
    Words,
    actualisation,
    appointment,
    case,
    environment,
    landline,
    letterbox,
    mailbox,
    meeting,
    mobile,
    paris,
    person,
)

#: a Monday, so that every kind of day is near
START = paris("2026-11-23", "00:00")
_SENDERS = Senders(sms_sender="38123", sms_two_way=True, calling_number="09 48 12 34 56", public_url="https://rdv.example")
_MINUTES = 60 * 24 * 30

_POINTS = (mobile, mailbox, landline, letterbox)
T = TypeVar("T")

#: where people live: métropole, Alsace-Moselle, and every territory with a zone or holidays of its own (§3)
POSTAL_CODES = (
    "75011", "67000", "97110", "97133", "97150", "97200", "97300", "97400", "97500", "97600", "98600", "98713", "98800",
)  # fmt: skip

outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.just(Accepted(provider_ref="ref")),
    st.just(Accepted(provider_ref="ref")),
    st.just(Accepted(provider_ref="ref", parts=2)),
    st.sampled_from([ReceiptStatus.FAILED_HARD, ReceiptStatus.FAILED_POLICY]).map(lambda status: Refused(status=status, raw_status="no")),
    st.sampled_from([None, ReceiptStatus.FAILED_SOFT]).map(lambda status: TryLater(reason=Why.PROVIDER_UNAVAILABLE, status=status)),
    st.just(OutcomeUnknown(raw_status="silence")),
)


class NoSeals:
    """Implements ``services.delivery.ports.Seals`` without a key."""

    def link_token(self, attempt_id: str) -> str:
        """See ``Seals.link_token``."""
        return f"token-{attempt_id}"

    def reference(self, attempt_id: str) -> str:
        """See ``Seals.reference``."""
        return "K7Q4-PM2X"


def _phone(value: str, postal_code: str) -> Phone:
    return Phone(valid=True, e164="+33612345678", line_type=LineType.MOBILE, problem=None)


def _hash(value: str) -> str:
    return f"hash-{value}"


def _no_errors(lines: tuple[str, ...]) -> tuple[str, ...]:
    return ()


_CLERK = Clerk(texts=Words(), seals=NoSeals(), senders=_SENDERS)
_HANDLING = Handling(
    numbers=_phone,
    hashes=_hash,
    address_errors=_no_errors,
    residence=environment().residence,
    policy=environment().policy,
)


def _rarely(strategy: st.SearchStrategy[T], otherwise: T) -> st.SearchStrategy[T]:
    """Most lives are plain: a rare draw is the exception, and what shrinks to plain."""
    return st.integers(0, 5).flatmap(lambda one: strategy if one == 5 else st.just(otherwise))


@st.composite
def people(draw: st.DrawFn) -> Person:
    """Any profile that the contract allows."""
    until = draw(st.none() | st.dates(date(2026, 11, 24), date(2026, 12, 10)))
    nothing: frozenset[Channel] = frozenset()
    free: frozenset[Constraint] = frozenset()
    return person(
        postal_code=draw(_rarely(st.sampled_from(POSTAL_CODES), POSTAL_CODES[0])),
        known_at=draw(_rarely(st.just(START + timedelta(hours=60)), START - timedelta(days=300))),
        preferred_channel=draw(st.sampled_from(Channel)),
        forbidden_channels=tuple(sorted(draw(_rarely(st.frozensets(st.sampled_from(Channel), max_size=2), nothing)))),
        constraints=tuple(sorted(draw(_rarely(st.frozensets(st.sampled_from(Constraint), max_size=2), free)))),
        digital_ease=draw(_rarely(st.sampled_from(DigitalEase), DigitalEase.AT_EASE)),
        asked_opening_notice=draw(st.booleans()),
        missed_actualisations=draw(st.integers(0, 1)),
        hold=draw(_rarely(st.just(Hold(reason="accord", until=until)), None)),
    )


@st.composite
def points(draw: st.DrawFn) -> tuple[Contact, ...]:
    """Contact points in any condition; most people have most of them."""
    gone = draw(st.frozensets(st.sampled_from(_POINTS), max_size=2))
    status = _rarely(st.sampled_from(ContactStatus), ContactStatus.ACTIVE)
    return tuple(maker(status=draw(status)) for maker in _POINTS if maker not in gone)


@st.composite
def duties(draw: st.DrawFn) -> tuple[Obligation, ...]:
    """One to three duties that became known on the first day."""
    found: list[Obligation] = []
    for place in range(draw(st.integers(1, 3))):
        known_at = START + timedelta(minutes=draw(st.integers(60 * 24, 60 * 60)))
        kind = draw(st.sampled_from(Kind))
        if kind is Kind.ACTUALISATION:
            if not any(row.kind is Kind.ACTUALISATION for row in found):
                found.append(actualisation(draw(st.sampled_from(["2026-11", "2026-11", "2026-12", "2026-10"])), known_at=known_at))
            continue
        maker = meeting if kind is Kind.CONVOCATION else appointment
        soon, later = st.integers(60, 60 * 24 * 3), st.integers(60 * 24 * 3, _MINUTES)
        due_at = known_at + timedelta(minutes=draw(st.one_of(later, later, soon)))
        formal = draw(st.sampled_from(["informative", "formal"]))
        found.append(maker(f"{kind}:{place}", known_at=known_at, due_at=due_at, changed_at=known_at, legal_value=formal))
    return tuple(found)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A person, their points and their duties."""
    who = draw(people())
    zone = environment().residence(who.postal_code).zone
    owed = tuple(_rezoned(row, zone) for row in draw(duties()))
    return case(*owed, who=who, contacts=draw(points()))


def _rezoned(row: Obligation, zone: str) -> Obligation:
    home = next(code for code in POSTAL_CODES if environment().residence(code).zone == zone)
    return replace(row, due_at=actualisation(row.period, home).due_at) if row.period else row


@dataclass(slots=True, kw_only=True)
class Life(Story):
    """A story in which the world answers: providers, receipts, the person, the source, the directory."""

    envelopes: list[Attempt] = field(default_factory=list)
    #: when what delivery did last wants the person to be looked at
    asked: datetime | None = None
    _events: int = 0

    @property
    def home(self) -> Residence:
        """Where the person lives."""
        assert self.case.person is not None
        return self.env.residence(self.case.person.postal_code)

    def wake_at(self, decision: Decision) -> datetime | None:
        """When the person wants to be looked at again."""
        return min((at for at in (decision.live_at, decision.campaign_at) if at is not None), default=None)

    def deliver(self, attempt: Attempt, outcome: Outcome) -> Attempt | None:
        """Claim, hand over, remember; answers the message when it was handed over."""
        ledger = Ledger(self.now)
        answer = _CLERK.claim(ledger, self.case, attempt, self.env)
        self.store(ledger)
        self.asked = _asked(ledger)
        if not isinstance(answer, Claimed):
            return None
        self.envelopes.append(answer.attempt)
        if isinstance(outcome, Accepted):
            outcome = replace(outcome, provider_ref=f"ref-{answer.attempt.attempt_id}")
        ledger = Ledger(self.now)
        remember(ledger, self.case, answer.attempt, answer.envelope, "a", outcome, [], self.env)
        self.store(ledger)
        self.asked = min((at for at in (self.asked, _asked(ledger)) if at is not None), default=None)
        return answer.attempt

    def happens(self, kind: str, duty: Obligation, hours: int) -> None:
        """The source tells of a duty."""
        self._events += 1
        event = _event(kind, duty, str(self._events), self.now, self.now + timedelta(hours=hours))
        ledger = Ledger(self.now)
        HANDLERS[type(event)](_HANDLING, ledger, self.case, event)
        self.store(ledger)

    def directory(self, *, forbidden: frozenset[Channel], dead: frozenset[str]) -> None:
        """A new snapshot: other forbidden channels, fewer points."""
        before = self.case.person
        assert before is not None
        self._events += 1
        kept = [contact for contact in self.case.contacts if contact.contact_id not in dead]
        event = PersonUpdated(
            source="dir",
            event_id=str(self._events),
            at=self.now,
            person_id=LEILA,
            revision=before.revision + 1,
            first_name=before.first_name,
            last_name=before.last_name,
            postal_code=before.postal_code,
            preferred_channel=before.preferred_channel,
            forbidden_channels=tuple(sorted(forbidden)),
            constraints=before.constraints,
            digital_ease=before.digital_ease,
            asked_opening_notice=before.asked_opening_notice,
            missed_actualisations=before.missed_actualisations,
            hold=None,
            contacts=tuple(_declared(contact) for contact in kept),
            referent_id=before.referent_id,
            agency_id=before.agency_id,
        )
        ledger = Ledger(self.now)
        HANDLERS[PersonUpdated](_HANDLING, ledger, self.case, event)
        self.store(ledger)

    def says(self, choice: Choice, channel: ReplyChannel, identity: Identity) -> None:
        """The person answers the newest message, or a duty at the desk."""
        reason = DECOY if choice is Choice.DECOY else None
        real = Choice.UNREADABLE if choice is Choice.DECOY else choice
        self.answer(real, channel, identity=identity, reason=reason)


def _asked(ledger: Ledger) -> datetime | None:
    return min((wake.live_at for wake in ledger.changes.wakes if wake.live_at is not None), default=None)


def _event(kind: str, duty: Obligation, event_id: str, now: datetime, starts_at: datetime) -> Event:
    revision = duty.last_revision + 1
    match kind:
        case "completed":
            period = duty.period or "2026-11"
            return ActualisationCompleted(
                source="si",
                event_id=event_id,
                at=now,
                obligation_id=duty.obligation_id,
                person_id=LEILA,
                period=period,
                happened_at=now,
                by="web",
            )
        case "cancelled":
            return MeetingCancelled(
                source="si", event_id=event_id, at=now, obligation_id=duty.obligation_id, person_id=LEILA, revision=revision
            )
        case "attended" | "missed":
            outcome = MeetingAttended if kind == "attended" else MeetingMissed
            return outcome(
                source="si",
                event_id=event_id,
                at=now,
                obligation_id=duty.obligation_id,
                person_id=LEILA,
                revision=revision,
                happened_at=now,
            )
        case _:
            return MeetingScheduled(
                source="si",
                event_id=event_id,
                at=now,
                kind=Kind.CONVOCATION if duty.kind is Kind.CONVOCATION else Kind.APPOINTMENT,
                obligation_id=duty.obligation_id,
                revision=revision,
                person_id=LEILA,
                starts_at=starts_at,
                place=duty.place or Place(kind="phone", name="Téléphone"),
                purpose="Point",
                legal_value=duty.legal_value,
            )


def _declared(contact: Contact) -> DeclaredContact:
    return DeclaredContact(
        contact_id=contact.contact_id,
        kind=contact.kind,
        value=contact.e164 if contact.kind is PointKind.PHONE else contact.value,
        lines=contact.lines,
        declared_by=contact.declared_by,
        verified_at=contact.verified_at,
    )


def sendable(of: Case) -> list[Attempt]:
    """Released messages, oldest first."""
    return [attempt for attempt in of.attempts if attempt.state is AttemptState.RELEASED]


def reported(of: Case) -> list[Attempt]:
    """Messages about which a receipt may come."""
    return [attempt for attempt in of.attempts if attempt.submitted_at is not None]
