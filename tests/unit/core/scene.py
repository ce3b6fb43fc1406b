"""One person's case for tests of the rules, and a story that decides, stores and decides again; a test names only what it is about."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from services.adapters.calendars import holidays_of
from services.adapters.policy import load_policy
from services.core.calendar import Residence
from services.core.changes import Changes
from services.core.content import Content, EmailContent, LetterContent, Notice, SmsContent, VoiceContent
from services.core.decide import decide
from services.core.decision import Decision
from services.core.environment import Environment
from services.core.evidence.answers import apply_reply
from services.core.evidence.receipts import apply_receipt
from services.core.ledger import Ledger
from services.core.model import (
    Advisor,
    Agency,
    Alert,
    Attempt,
    AttemptId,
    Case,
    Contact,
    ContactId,
    Fact,
    Item,
    Obligation,
    ObligationId,
    Person,
    PersonId,
    Place,
    Receipt,
    Reply,
)
from services.core.period import period as period_of
from services.core.view import View, see
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    DeclaredBy,
    Identity,
    Kind,
    LineType,
    ObligationState,
    PointKind,
    ReceiptEffect,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Step,
)
from services.planner.record import record

LEILA = PersonId("leila")
_YEARS = range(2025, 2029)


def paris(day: str, hour: str = "00:00", zone: str = "Europe/Paris") -> datetime:
    """A local day and hour as an instant in UTC; seconds when given."""
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


#: the Friday afternoon of the first scenario
NOW = paris("2026-11-20", "16:00")


@cache
def environment() -> Environment:
    """The shipped policy, the holidays of the years around the scenarios, one agency with an advisor and a back-up."""
    agency = Agency(agency_id="agence", name="Agence", phone="3949", address="1 rue de la Gare 75012 PARIS", postal_code="75000")
    staff = [Advisor(advisor_id=name, name=name, agency_id="agence", email=f"{name}@agence.example") for name in ("adv", "bak")]
    return Environment(
        policy=load_policy(),
        holidays=holidays_of(_YEARS),
        agencies={agency.agency_id: agency},
        advisors={one.advisor_id: one for one in staff},
    )


def residence(postal_code: str = "75011") -> Residence:
    """Zone and holidays of a postal code."""
    return environment().residence(postal_code)


def person(**changed: Any) -> Person:
    """Somebody who prefers SMS, known for long."""
    row = Person(
        person_id=LEILA,
        revision=1,
        known_at=paris("2026-01-05", "08:00"),
        first_name="Leila",
        last_name="Test",
        postal_code="75011",
        preferred_channel=Channel.SMS,
        referent_id="adv",
        backup_id="bak",
        agency_id="agence",
    )
    return replace(row, **changed)


def mobile(contact_id: str = "tel", **changed: Any) -> Contact:
    """A mobile phone."""
    return replace(_point(contact_id, PointKind.PHONE, "+33612345678"), **{"line_type": LineType.MOBILE, "e164": "+33612345678", **changed})


def landline(contact_id: str = "fixe", **changed: Any) -> Contact:
    """A fixed line: calls only."""
    row = _point(contact_id, PointKind.PHONE, "+33140010000")
    return replace(row, **{"line_type": LineType.FIXED_LINE, "e164": "+33140010000", **changed})


def mailbox(contact_id: str = "mail", **changed: Any) -> Contact:
    """An e-mail address."""
    return replace(_point(contact_id, PointKind.EMAIL, "leila@example.org"), **changed)


def letterbox(contact_id: str = "home", **changed: Any) -> Contact:
    """A postal address."""
    row = _point(contact_id, PointKind.POSTAL, None)
    return replace(row, **{"lines": ("LEILA TEST", "12 RUE DES LILAS", "75011 PARIS"), **changed})


def _point(contact_id: str, kind: PointKind, value: str | None) -> Contact:
    return Contact(
        contact_id=ContactId(contact_id),
        person_id=LEILA,
        kind=kind,
        value=value,
        declared_by=DeclaredBy.SELF,
        verified_at=paris("2026-06-01"),
        status=ContactStatus.ACTIVE,
    )


def meeting(obligation_id: str = "cv:1", **changed: Any) -> Obligation:
    """The convocation of Tuesday 1 December 2026 at 10:30, issued on Friday 20 November at 16:00."""
    row = Obligation(
        obligation_id=ObligationId(obligation_id),
        person_id=LEILA,
        kind=Kind.CONVOCATION,
        revision=1,
        last_revision=1,
        state=ObligationState.OPEN,
        known_at=NOW,
        due_at=paris("2026-12-01", "10:30"),
        place=Place(kind="agency", name="Agence", address="1 rue de la Gare 75012 PARIS", access_info="Métro Gare", agency_id="agence"),
        purpose="Point sur votre recherche",
        mandatory=True,
        changed_at=NOW,
    )
    return replace(row, **changed)


def appointment(obligation_id: str = "rdv:1", **changed: Any) -> Obligation:
    """An appointment at the same time, not mandatory."""
    return meeting(obligation_id, **{"kind": Kind.APPOINTMENT, "mandatory": False, **changed})


def actualisation(name: str = "2026-11", postal_code: str = "75011", **changed: Any) -> Obligation:
    """The actualisation of a month, known when it opens."""
    span = period_of(name)
    row = Obligation(
        obligation_id=ObligationId(f"act:{name}:{LEILA}"),
        person_id=LEILA,
        kind=Kind.ACTUALISATION,
        revision=1,
        last_revision=1,
        state=ObligationState.OPEN,
        known_at=span.opens_at,
        opens_at=span.opens_at,
        due_at=span.closes_for(residence(postal_code).zone),
        period=name,
        mandatory=True,
        changed_at=span.opens_at,
    )
    return replace(row, **changed)


def attempt(attempt_id: str = "a1", *, about: Obligation, step: Step = Step.N0, occurrence: int = 1, **changed: Any) -> Attempt:
    """An SMS that the provider has accepted when the duty became known."""
    row = Attempt(
        attempt_id=AttemptId(attempt_id),
        person_id=LEILA,
        channel=Channel.SMS,
        contact_id=ContactId("tel"),
        items=(Item(obligation_id=about.obligation_id, revision=about.revision, step=step, occurrence=occurrence),),
        state=AttemptState.ACCEPTED,
        cause="first_notice",
        release_at=about.known_at,
        not_after=about.due_at - timedelta(hours=1),
        tries=1,
        dispatched_at=about.known_at,
        claimed_at=about.known_at,
        submitted_at=about.known_at,
        accepted_at=about.known_at,
        provider="a",
        provider_ref=f"ref-{attempt_id}",
    )
    return replace(row, **changed)


def case(*obligations: Obligation, who: Person | None = None, contacts: Iterable[Contact] | None = None, **changed: Any) -> Case:
    """A case of one person with a mobile phone, unless told otherwise."""
    points = tuple(contacts) if contacts is not None else (mobile(),)
    row = Case(person_id=LEILA, person=who or person(), contacts=points, obligations=obligations)
    return replace(row, **changed)


def view(of: Case, now: datetime = NOW, env: Environment | None = None) -> View:
    """The case seen at an instant."""
    seen = see(of, env or environment(), now)
    assert seen is not None
    return seen


class Words:
    """Texts that say nothing: for tests that are about who is told what and when."""

    def notice(self, notice: Notice) -> Content:
        """See ``Texts.notice``."""
        match notice.channel:
            case Channel.SMS:
                return SmsContent(text="texte", encoding="GSM-7", parts=1)
            case Channel.VOICE:
                return VoiceContent(
                    greeting="bonjour",
                    identity_question="est-ce vous",
                    body="texte",
                    choices="touches",
                    thanks={"1": "merci"},
                    unknown_key="encore",
                    goodbye="au revoir",
                    voicemail="rappelez",
                )
            case Channel.EMAIL:
                return EmailContent(subject="objet", text="texte", html="<p>texte</p>")
            case Channel.LETTER:
                return LetterContent(pdf=b"%PDF", text="texte", pages=1, address_lines=())

    def fact(self, fact: Fact, zone: str) -> str:
        """See ``Texts.fact``."""
        return fact.code

    def next_action(self, alert: Alert, zone: str) -> str:
        """See ``Texts.next_action``."""
        return alert.next_action


def merged(of: Case, changes: Changes) -> Case:
    """The case once the changes of a step are stored."""
    obligations = {row.obligation_id: row for row in (*of.obligations, *changes.obligations)}
    for instant in changes.next_instants:
        obligations[instant.obligation_id] = replace(obligations[instant.obligation_id], next_at=instant.at)
    attempts = {row.attempt_id: row for row in (*of.attempts, *changes.attempts)}
    contacts = {row.contact_id: row for row in (*of.contacts, *changes.contacts)}
    receipts = {row.receipt_id: row for row in (*of.receipts, *changes.receipts)}
    replies = {row.reply_id: row for row in (*of.replies, *changes.replies)}
    alerts = {row.alert_id: row for row in (*of.alerts, *changes.alerts)}
    return replace(
        of,
        person=changes.profiles[-1] if changes.profiles else of.person,
        obligations=tuple(obligations.values()),
        attempts=tuple(sorted(attempts.values(), key=lambda row: (row.release_at, row.attempt_id))),
        contacts=tuple(row for row in contacts.values() if (row.person_id, row.contact_id) not in changes.removed_contacts),
        receipts=tuple(receipts.values()),
        replies=tuple(replies.values()),
        alerts=tuple(alerts.values()),
    )


@dataclass(slots=True, kw_only=True)
class Story:
    """One person's days: every change goes through the rules and is stored before the next."""

    case: Case
    env: Environment = field(default_factory=environment)
    now: datetime = NOW
    lines: list[tuple[datetime, str, dict[str, object]]] = field(default_factory=list)
    _count: int = 0

    def decide(self, now: datetime | None = None) -> Decision:
        """Look at the person, and store what is decided."""
        self.now = now or self.now
        ledger = Ledger(self.now)
        decision = decide(self.case, self.env, self.now)
        if self.case.person is not None:
            record(ledger, self.case, decision, self.env, Words())
        self.store(ledger)
        return decision

    def store(self, ledger: Ledger) -> None:
        """Keep what a step changed."""
        self.case = merged(self.case, ledger.changes)
        self.lines += [(line.at, line.what, dict(line.fields)) for line in ledger.changes.journal]

    def sent(self, released: Attempt, **news: Any) -> Attempt:
        """The provider has accepted it now."""
        facts = {"provider": "a", "provider_ref": f"ref-{released.attempt_id}", **news}
        after = replace(
            released, state=AttemptState.ACCEPTED, tries=1, claimed_at=self.now, submitted_at=self.now, accepted_at=self.now, **facts
        )
        self.put(after)
        return after

    def put(self, row: Attempt | Obligation | Contact | Person) -> None:
        """Replace a row."""
        changes = Changes()
        match row:
            case Attempt():
                changes.attempts.append(row)
            case Obligation():
                changes.obligations.append(row)
            case Contact():
                changes.contacts.append(row)
            case Person():
                changes.profiles.append(row)
        self.case = merged(self.case, changes)

    def attempt(self, attempt_id: str) -> Attempt:
        """The stored message."""
        return next(row for row in self.case.attempts if row.attempt_id == attempt_id)

    def obligation(self, obligation_id: str) -> Obligation:
        """The stored duty."""
        return next(row for row in self.case.obligations if row.obligation_id == obligation_id)

    def receive(self, about: Attempt, status: ReceiptStatus, at: datetime | None = None, **changed: Any) -> ReceiptEffect:
        """A receipt comes back; answers its effect."""
        self.now = at or self.now
        self._count += 1
        row = replace(receipt(f"r{self._count}", status, at=self.now, received_at=self.now), **changed)
        ledger = Ledger(self.now)
        apply_receipt(ledger, self.case, self.attempt(about.attempt_id), row)
        self.store(ledger)
        return ledger.changes.receipts[-1].effect

    def answer(
        self, choice: Choice, channel: ReplyChannel = ReplyChannel.SMS, at: datetime | None = None, **changed: Any
    ) -> ReplyEffect | None:
        """The person answers; answers its effect, none when it was known."""
        self.now = at or self.now
        self._count += 1
        ledger = Ledger(self.now)
        row = replace(reply(f"y{self._count}", choice, channel, at=self.now), **changed)
        apply_reply(ledger, self.case, row, self.env.policy.link)
        self.store(ledger)
        return ledger.changes.replies[-1].effect if ledger.changes.replies else None


def receipt(receipt_id: str, status: ReceiptStatus, **changed: Any) -> Receipt:
    """A provider's report about the first message."""
    row = Receipt(
        receipt_id=receipt_id,
        provider="a",
        provider_ref="ref-a1",
        status=status,
        raw_status=str(status),
        at=NOW,
        received_at=NOW,
        effect=ReceiptEffect.WAITING,
    )
    return replace(row, **changed)


def reply(reply_id: str, choice: Choice, channel: ReplyChannel = ReplyChannel.SMS, **changed: Any) -> Reply:
    """An answer by SMS to the newest one."""
    row = Reply(reply_id=reply_id, channel=channel, choice=choice, identity=Identity.NONE, at=NOW, effect=ReplyEffect.IGNORED)
    return replace(row, **changed)


def day(text: str) -> date:
    """An ISO date."""
    return date.fromisoformat(text)
