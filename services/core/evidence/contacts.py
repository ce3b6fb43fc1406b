"""The life of contact points: unverified → active → suspect → disabled, every transition in this one place (§10.7, §11.2, §11.3).

What somebody tells us (a receipt, an answer, the directory) changes a point at once; what only the clock or a number of the policy
can say (silence, age, a second failure) is seen when the person is decided about, stored once, and told to the directory once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final

from services.core.channels.availability import REPLACED, availability, contact_refusal
from services.core.evidence.statuses import email_answer, says_permanent
from services.core.ledger import Ledger
from services.core.model import QUESTION, Case, Contact, ContactId, Obligation, ObligationId, Person, PersonId, Receipt
from services.core.policy import ContactPolicy
from services.core.states import SETTLED, Happened
from services.core.view import View
from services.core.words import (
    AttemptState,
    Channel,
    Constraint,
    ContactStatus,
    Evidence,
    Kind,
    ObligationState,
    PointKind,
    ReceiptStatus,
    Step,
)

#: the uses of a point, the first one first
CHANNELS: Final[Mapping[PointKind, tuple[Channel, ...]]] = {
    PointKind.PHONE: (Channel.SMS, Channel.VOICE),
    PointKind.EMAIL: (Channel.EMAIL,),
    PointKind.POSTAL: (Channel.LETTER,),
}
_NEVER_LEFT = frozenset({AttemptState.SKIPPED, AttemptState.CANCELLED, AttemptState.RELEASED})
#: nothing was asked of the person any more: silence says nothing
_TAKEN_BACK = frozenset({ObligationState.CANCELLED, ObligationState.NOT_REQUIRED})
_OVER = frozenset({AttemptState.DELIVERED, AttemptState.FAILED, AttemptState.UNKNOWN, AttemptState.SKIPPED})


# ---- the questions that a point asks: duties of ours, never published


def question_id(person_id: PersonId, contact_id: ContactId, revision: int) -> ObligationId:
    """Derived from the snapshot that brought the point: a replay asks nothing twice."""
    return ObligationId(f"{QUESTION}{person_id}:{contact_id}:{revision}")


def point_id_of(question: Obligation) -> ContactId:
    """The point that a question is about."""
    return ContactId(question.obligation_id.removeprefix(f"{QUESTION}{question.person_id}:").rpartition(":")[0])


def point_of(case: Case, question: Obligation) -> Contact | None:
    """The point that a question is about; none when the directory has dropped it."""
    wanted = point_id_of(question)
    return next((contact for contact in case.contacts if contact.contact_id == wanted), None)


def asks_for(point: Contact) -> Step:
    """What is said to this point: that it was replaced, or the question whether it is theirs."""
    return Step.CHANGED if point.problem == REPLACED else Step.VERIFICATION


def question(person_id: PersonId, point: Contact, revision: int, now: datetime, policy: ContactPolicy) -> Obligation:
    """A question about this point, open until its answer is not waited for any more."""
    wait = policy.letter_answer_within if point.kind is PointKind.POSTAL else policy.answer_within
    return Obligation(
        obligation_id=question_id(person_id, point.contact_id, revision),
        person_id=person_id,
        kind=Kind.CONTACT,
        revision=1,
        last_revision=1,
        state=ObligationState.OPEN,
        known_at=now,
        due_at=now + wait,
        changed_at=now,
    )


def replaced_id(contact_id: ContactId, revision: int) -> ContactId:
    """The id under which a replaced value is kept; at most as long as the directory's own."""
    return ContactId(f"was-{blake2b(f'{contact_id}|{revision}'.encode(), digest_size=10).hexdigest()}")


def use_of(point: Contact, person: Person, step: Step) -> Channel | None:
    """The channel that carries a message to this very point; none when the person or the point allows none."""
    for channel in CHANNELS[point.kind]:
        forbidden = channel in person.forbidden_channels or (channel is Channel.VOICE and Constraint.NO_VOICE in person.constraints)
        if not forbidden and contact_refusal(point, channel, step) is None:
            return channel
    return None


# ---- what somebody tells us


def failed_hard(ledger: Ledger, contact: Contact, reason: str) -> Contact:
    """Disabled at once: unknown there, returned, or somebody else's."""
    return ledger.contact(replace(contact, failed_at=ledger.now), ContactStatus.DISABLED, reason)


def answered(ledger: Ledger, case: Case, contact_id: ContactId, *, proves: bool) -> Case:
    """A human being answered there. ``proves``: with an answer of theirs (E3), which makes the point active and settles its question.

    A disabled point is not enabled by it: only the directory can do that, and a person of a shared value who confirms it (SC-14).
    """
    contact = next((point for point in case.contacts if point.contact_id == contact_id), None)
    if contact is None or contact.problem == REPLACED:
        return case
    after = replace(contact, human_at=ledger.now, silent_duties=0)
    confirmed = contact.status is ContactStatus.DISABLED and contact.status_reason == ReceiptStatus.WRONG_PERSON
    if proves and (confirmed or contact.status in (ContactStatus.SUSPECT, ContactStatus.UNVERIFIED)):
        after = ledger.contact(replace(after, only_verification=False, failed_at=None), ContactStatus.ACTIVE, "answered")
        ledger.observed(after, "verified", "answered")
    else:
        ledger.changes.contacts.append(after)
    case = with_point(case, after)
    return _questions_over(ledger, case, contact_id) if proves else case


def ended(ledger: Ledger, case: Case, before: Obligation, after: Obligation) -> Case:
    """A duty is over: the points at which it was written about, and nobody answered, were silent once more (§10.7)."""
    if before.state in SETTLED or after.state not in SETTLED or after.state in _TAKEN_BACK or after.kind is Kind.CONTACT:
        return case
    reached = {
        attempt.contact_id
        for attempt in case.attempts
        if attempt.state not in _NEVER_LEFT and any(item.obligation_id == after.obligation_id for item in attempt.items)
    }
    for contact in case.contacts:
        if contact.contact_id in reached:
            count = 0 if after.evidence >= Evidence.E3 else contact.silent_duties + 1
            if count != contact.silent_duties:
                changed = replace(contact, silent_duties=count)
                ledger.changes.contacts.append(changed)
                case = with_point(case, changed)
    return case


def with_point(case: Case, contact: Contact) -> Case:
    """The case with this point in place of its older self."""
    rows = tuple(contact if row.contact_id == contact.contact_id else row for row in case.contacts)
    return replace(case, contacts=rows)


def _questions_over(ledger: Ledger, case: Case, contact_id: ContactId) -> Case:
    rows: list[Obligation] = []
    for row in case.obligations:
        asked = row.kind is Kind.CONTACT and row.state not in SETTLED and point_id_of(row) == contact_id
        rows.append(_settled(ledger, row) if asked else row)
    return replace(case, obligations=tuple(rows))


def _settled(ledger: Ledger, row: Obligation) -> Obligation:
    proved = ledger.proved(row, Evidence.E3, "answered", ledger.now)
    return ledger.obligation(row, replace(ledger.moved(proved, Happened.SATISFIED), settled_at=ledger.now))


# ---- what the clock and the numbers say


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A point changes for a reason that no message told: it is suspect, or one use of it is closed."""

    contact: Contact
    reason: str
    #: the one use that closes; none: the whole point is suspect
    closes: Channel | None = None

    def after(self) -> Contact:
        """The point as it is from now on."""
        if self.closes is not None:
            return replace(self.contact, closed_channels=(*self.contact.closed_channels, self.closes))
        return replace(self.contact, status=ContactStatus.SUSPECT, status_reason=self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsDue:
    """What is to be stored about points now, and when to look again."""

    observed: tuple[Observed, ...] = ()
    #: replaced values that have been told so, or that nobody needs any more
    dropped: tuple[ContactId, ...] = ()


def points_due(view: View) -> PointsDue:
    """Everything that time and numbers say about this person's points at this instant."""
    observed: list[Observed] = []
    dropped: list[ContactId] = []
    for contact in view.case.contacts:
        if contact.problem == REPLACED:
            if _done_with(view, contact):
                dropped.append(contact.contact_id)
        elif contact.status is not ContactStatus.DISABLED:
            observed += _seen_of(view, contact)
    return PointsDue(observed=tuple(observed), dropped=tuple(dropped))


def after_points(view: View, due: PointsDue) -> View:
    """The view once these are stored."""
    if not due.observed and not due.dropped:
        return view
    case = view.case
    for observed in due.observed:
        case = with_point(case, observed.after())
    case = replace(case, contacts=tuple(row for row in case.contacts if row.contact_id not in due.dropped))
    return replace(view, case=case, reach=availability(view.person, case.contacts, view.policy.channels))


def _done_with(view: View, contact: Contact) -> bool:
    """A replaced value that worked: told, or too late to tell. One that did not work is remembered for a while, to be known again."""
    if contact.status is ContactStatus.DISABLED:
        return view.now - (contact.failed_at or contact.status_at or view.person.known_at) >= view.policy.contacts.remembered
    asked = [row for row in view.case.obligations if row.kind is Kind.CONTACT and point_id_of(row) == contact.contact_id]
    told = any(
        attempt.contact_id == contact.contact_id and attempt.state in _OVER and attempt.reason is None for attempt in view.case.attempts
    )
    told = told or any(attempt.contact_id == contact.contact_id and attempt.state is AttemptState.FAILED for attempt in view.case.attempts)
    return told or all(row.state in SETTLED or view.now >= row.due_at for row in asked)


def _seen_of(view: View, contact: Contact) -> list[Observed]:
    found: list[Observed] = []
    receipts = _receipts_since(view.case, contact)
    numbers = view.policy.contacts
    if receipts and _count(receipts, "call_rejected") >= numbers.rejected_calls and Channel.VOICE not in contact.closed_channels:
        found.append(Observed(contact=contact, reason="call_rejected", closes=Channel.VOICE))
    if contact.status is not ContactStatus.SUSPECT:
        suspicions = {**_TOLD, **_SILENT} if receipts else _SILENT
        for reason, holds in suspicions.items():
            if holds(view, contact, receipts):
                found.append(Observed(contact=contact, reason=reason))
                break
    elif contact.status_reason != _REASSIGNED and _possibly_reassigned(view, contact, receipts):
        found.append(Observed(contact=contact, reason=_REASSIGNED))
    return found


def _receipts_since(case: Case, contact: Contact) -> list[Receipt]:
    """What providers said of this point since it was last known to be good."""
    if not case.receipts:
        return []
    mine = {attempt.attempt_id for attempt in case.attempts if attempt.contact_id == contact.contact_id}
    since = max((at for at in (contact.human_at, contact.value_at, contact.status_at) if at is not None), default=None)
    return [row for row in case.receipts if row.attempt_id in mine and (since is None or row.received_at >= since)]


def _count(receipts: Iterable[Receipt], reason: str) -> int:
    return sum(1 for receipt in receipts if receipt.status is ReceiptStatus.FAILED_SOFT and receipt.reason == reason)


def _long_silent(view: View, contact: Contact, receipts: list[Receipt]) -> bool:
    return contact.silent_duties >= view.policy.contacts.silent_duties


def _nobody_for_a_year(view: View, contact: Contact, receipts: list[Receipt]) -> bool:
    """No human interaction for 12 months: an answer there, or the verification that the directory tells of."""
    if contact.status is not ContactStatus.ACTIVE:
        return False
    known = [at for at in (contact.human_at, contact.verified_at) if at is not None]
    since = max(known) if known else contact.value_at or view.person.known_at
    return view.now - since >= view.policy.contacts.without_human


def _possibly_reassigned(view: View, contact: Contact, receipts: list[Receipt]) -> bool:
    """It failed hard for 45 days or more and takes messages again: perhaps it is somebody else's now (§4.1)."""
    failed = contact.failed_at
    if contact.kind is not PointKind.PHONE or failed is None or (contact.verified_at is not None and contact.verified_at > failed):
        return False
    delivered = [row.received_at for row in receipts if row.status is ReceiptStatus.DELIVERED]
    return any(at - failed >= view.policy.contacts.reassigned_after for at in delivered)


def _often_out_of_order(view: View, contact: Contact, receipts: list[Receipt]) -> bool:
    return _count(receipts, "out_of_order") >= view.policy.contacts.out_of_order


def _full_for_long(view: View, contact: Contact, receipts: list[Receipt]) -> bool:
    full = {row.attempt_id for row in receipts if _mail_failure(row) == "mailbox_full"}
    duties = {item.obligation_id for attempt in view.case.attempts if attempt.attempt_id in full for item in attempt.items}
    return len(duties) >= view.policy.contacts.full_mailbox_duties


def _refused_on_days(view: View, contact: Contact, receipts: list[Receipt]) -> bool:
    days = {view.residence.local(row.received_at).date() for row in receipts if _mail_failure(row) == "permanent"}
    return contact.kind is PointKind.EMAIL and len(days) >= view.policy.contacts.soft_failure_days


def _mail_failure(receipt: Receipt) -> str | None:
    """``mailbox_full``; ``permanent`` for another 5.x.x; none for what may pass."""
    if receipt.status is not ReceiptStatus.FAILED_SOFT or receipt.reason == "delayed":
        return None
    if "mailbox_full" in (receipt.reason, email_answer(receipt.raw_status).reason):
        return "mailbox_full"
    return "permanent" if says_permanent(receipt.raw_status) else None


_REASSIGNED: Final = "possible_reassignment"
#: why a point becomes suspect, by what providers said of it: the reason, and when it holds
_TOLD: Final[Mapping[str, Callable[[View, Contact, list[Receipt]], bool]]] = {
    _REASSIGNED: _possibly_reassigned,
    "mailbox_full": _full_for_long,
    "refused_twice": _refused_on_days,
    "out_of_order": _often_out_of_order,
}
#: and although they said nothing
_SILENT: Final[Mapping[str, Callable[[View, Contact, list[Receipt]], bool]]] = {
    "no_answer_for_duties": _long_silent,
    "no_human_for_a_year": _nobody_for_a_year,
}
