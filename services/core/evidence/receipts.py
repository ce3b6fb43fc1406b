"""A receipt and what it changes: the attempt, the evidence, the contact point (§4.4, §10.6, §10.7, §11).

Receipts are merged by rank, whatever order they come in: delivered is never left, but by a letter that came back.
"""

from dataclasses import replace
from datetime import datetime

from services.core.evidence.contacts import failed_hard
from services.core.evidence.presumption import is_presumed, rest_proves
from services.core.ledger import Ledger
from services.core.messages import carries
from services.core.model import Attempt, Case, Contact, Obligation, Receipt
from services.core.states import Moved, attempt_after
from services.core.words import AttemptState, Channel, ContactStatus, Evidence, ReceiptEffect, ReceiptStatus, Why

_MOVES: dict[ReceiptStatus, Moved | None] = {
    ReceiptStatus.ACCEPTED: Moved.ACCEPTED,
    ReceiptStatus.SENT: None,
    ReceiptStatus.DELIVERED: Moved.DELIVERED,
    ReceiptStatus.FAILED_HARD: Moved.FAILED,
    ReceiptStatus.FAILED_SOFT: Moved.FAILED,
    ReceiptStatus.FAILED_POLICY: Moved.FAILED,
    ReceiptStatus.EXPIRED: Moved.FAILED,
    ReceiptStatus.UNKNOWN: Moved.UNKNOWN,
    ReceiptStatus.RETURNED: Moved.RETURNED,
    ReceiptStatus.REFUSED_BY_PERSON: Moved.FAILED,
    ReceiptStatus.COMPLAINT: None,
    ReceiptStatus.NO_ANSWER: Moved.FAILED,
    ReceiptStatus.BUSY: Moved.FAILED,
    # at most E2: the telephone was picked up, nobody chose (§5, §10.6)
    ReceiptStatus.ANSWERED_NO_INPUT: Moved.DELIVERED,
    ReceiptStatus.VOICEMAIL_LEFT: Moved.DELIVERED,
    ReceiptStatus.WRONG_PERSON: Moved.RETURNED,
}

#: the final words about a message, the weakest first: a receipt changes what is known only when it says more (contracts §3)
_RANK = {
    status: rank
    for rank, status in enumerate(
        (
            ReceiptStatus.UNKNOWN,
            ReceiptStatus.NO_ANSWER,
            ReceiptStatus.BUSY,
            ReceiptStatus.EXPIRED,
            ReceiptStatus.FAILED_SOFT,
            ReceiptStatus.FAILED_POLICY,
            ReceiptStatus.REFUSED_BY_PERSON,
            ReceiptStatus.FAILED_HARD,
            ReceiptStatus.VOICEMAIL_LEFT,
            ReceiptStatus.ANSWERED_NO_INPUT,
            ReceiptStatus.DELIVERED,
            ReceiptStatus.WRONG_PERSON,
            ReceiptStatus.RETURNED,
        )
    )
}
_FINAL = frozenset({AttemptState.FAILED, AttemptState.DELIVERED})

#: the point is not to be used any more (§10.7)
_DISABLES = frozenset({ReceiptStatus.FAILED_HARD, ReceiptStatus.RETURNED, ReceiptStatus.WRONG_PERSON})
_SIGNED = "acknowledged"
_NOT_CLAIMED = "not_claimed"


def apply_receipt(ledger: Ledger, case: Case, attempt: Attempt, receipt: Receipt) -> Case:
    """Apply one receipt to the case it is about; returns the case as it is now. The receipt is stored with its effect."""
    effect = _effect(case, attempt, receipt)
    stored = replace(receipt, attempt_id=attempt.attempt_id, person_id=attempt.person_id, effect=effect)
    ledger.changes.receipts.append(stored)
    for item in attempt.items:
        ledger.line(
            "receipt",
            channel=str(attempt.channel),
            person=attempt.person_id,
            obligation=item.obligation_id,
            step=str(item.step),
            status=str(receipt.status),
            effect=str(effect),
        )
    case = replace(case, receipts=(*case.receipts, stored))
    if effect is not ReceiptEffect.APPLIED:
        return case
    moved = _MOVES[receipt.status]
    if moved is Moved.DELIVERED and not _all_parts(case, attempt):
        return case
    if moved is not None:
        after = ledger.attempt(_with_news(attempt, receipt, moved, ledger.now), moved)
        if after is not None:
            case = _with_attempt(case, after)
            case = _raise_evidence(ledger, case, after, receipt)
            case = _withdraw_presumption(ledger, case, after)
    case = _touch_contact(ledger, case, attempt, receipt)
    ledger.wake(attempt.person_id)
    return case


def _all_parts(case: Case, attempt: Attempt) -> bool:
    """Delivered means all parts (§4.4); the receipt at hand is in the case."""
    if attempt.parts == 1:
        return True
    there = {
        receipt.part
        for receipt in case.receipts
        if receipt.attempt_id == attempt.attempt_id and receipt.status is ReceiptStatus.DELIVERED and receipt.part is not None
    }
    whole = any(
        receipt.attempt_id == attempt.attempt_id and receipt.status is ReceiptStatus.DELIVERED and receipt.part is None
        for receipt in case.receipts
    )
    return whole or len(there) >= attempt.parts


def _effect(case: Case, attempt: Attempt, receipt: Receipt) -> ReceiptEffect:
    if any(known.receipt_id == receipt.receipt_id for known in case.receipts):
        return ReceiptEffect.REPEATED
    if receipt.status is attempt.last_status and receipt.status is not ReceiptStatus.FAILED_SOFT:
        return ReceiptEffect.REPEATED
    moved = _MOVES[receipt.status]
    if moved is None:
        return ReceiptEffect.APPLIED if attempt.state is not AttemptState.FAILED else ReceiptEffect.LATE
    if moved is Moved.ACCEPTED and attempt.state is not AttemptState.UNKNOWN:
        return ReceiptEffect.REPEATED
    if attempt_after(attempt.state, moved) is None or _says_less(attempt, receipt.status):
        return ReceiptEffect.LATE
    return ReceiptEffect.APPLIED


def _says_less(attempt: Attempt, status: ReceiptStatus) -> bool:
    """A stronger word about the message is known already."""
    if attempt.state not in _FINAL or attempt.last_status is None:
        return False
    return _RANK[status] <= _RANK.get(attempt.last_status, -1)


def _with_news(attempt: Attempt, receipt: Receipt, moved: Moved, now: datetime) -> Attempt:
    """The attempt with what the receipt tells of it, before the transition."""
    news = replace(attempt, last_status=receipt.status)
    if receipt.provider_ref and not attempt.provider_ref and attempt.state is not AttemptState.SUBMITTING:
        news = replace(news, provider=receipt.provider, provider_ref=receipt.provider_ref)
    if moved is Moved.DELIVERED:
        # the instant of reception is the truth: a provider's date has no zone (§4.4)
        news = replace(news, delivered_at=receipt.received_at, accepted_at=attempt.accepted_at or receipt.received_at, reason=None)
    if moved in (Moved.FAILED, Moved.UNKNOWN, Moved.RETURNED):
        reason = Why.NO_RECEIPT if moved is Moved.UNKNOWN else Why.REJECTED_BY_PROVIDER
        return replace(news, closed_at=now, reason=reason)
    return replace(news, closed_at=now) if attempt.channel is Channel.VOICE else news


def _raise_evidence(ledger: Ledger, case: Case, attempt: Attempt, receipt: Receipt) -> Case:
    level = Evidence.E2 if attempt.state is AttemptState.DELIVERED else None
    if level is not None and attempt.channel is Channel.LETTER and receipt.reason == _SIGNED:
        level = Evidence.E4  # the person signed for it (§11.4)
    if level is None:
        return case
    for obligation in case.obligations:
        if any(item.obligation_id == obligation.obligation_id and item.revision == obligation.revision for item in attempt.items):
            after = ledger.proved(obligation, level, str(receipt.status), receipt.received_at)
            if after is not obligation:
                case = with_obligation(case, ledger.obligation(obligation, after, attempts=attempts_of(case, obligation)))
    return case


def _withdraw_presumption(ledger: Ledger, case: Case, attempt: Attempt) -> Case:
    """The letter came back: it was not in the box after all (§10.6)."""
    if attempt.channel is not Channel.LETTER or attempt.state is not AttemptState.FAILED:
        return case
    for obligation in case.obligations:
        if carries(attempt, obligation) and is_presumed(obligation):
            after = ledger.withdrawn(obligation, *rest_proves(case, obligation))
            case = with_obligation(case, ledger.obligation(obligation, after, attempts=attempts_of(case, obligation)))
    return case


def _touch_contact(ledger: Ledger, case: Case, attempt: Attempt, receipt: Receipt) -> Case:
    contact = next((point for point in case.contacts if point.contact_id == attempt.contact_id), None)
    if contact is None:
        return case
    if receipt.status is ReceiptStatus.COMPLAINT and Channel.EMAIL not in contact.closed_channels:
        return _with_contact(case, ledger.closed_use(contact, Channel.EMAIL, "complaint"))
    if receipt.status in _DISABLES and receipt.reason != _NOT_CLAIMED and contact.status is not ContactStatus.DISABLED:
        return _with_contact(case, failed_hard(ledger, contact, str(receipt.status)))
    return case


def attempts_of(case: Case, obligation: Obligation) -> int:
    """How many messages about this obligation were released (contracts §3)."""
    quiet = (AttemptState.SKIPPED, AttemptState.CANCELLED)
    return sum(
        1
        for attempt in case.attempts
        if attempt.state not in quiet and any(item.obligation_id == obligation.obligation_id for item in attempt.items)
    )


def with_obligation(case: Case, obligation: Obligation) -> Case:
    """The case with this obligation in place of its older self."""
    rows = tuple(obligation if row.obligation_id == obligation.obligation_id else row for row in case.obligations)
    return replace(case, obligations=rows)


def _with_attempt(case: Case, attempt: Attempt) -> Case:
    rows = tuple(attempt if row.attempt_id == attempt.attempt_id else row for row in case.attempts)
    return replace(case, attempts=rows)


def _with_contact(case: Case, contact: Contact) -> Case:
    rows = tuple(contact if row.contact_id == contact.contact_id else row for row in case.contacts)
    return replace(case, contacts=rows)
