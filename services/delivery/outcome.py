"""What a provider answered, remembered: the attempt, the evidence, and receipts that came before the answer."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.core.changes import MessageSent
from services.core.channels.windows import next_opening
from services.core.content import SmsContent
from services.core.environment import Environment
from services.core.evidence.receipts import apply_receipt, attempts_of, with_obligation
from services.core.ledger import Ledger
from services.core.model import Attempt, Case, Receipt
from services.core.ports.providers import Accepted, Envelope, Outcome, OutcomeUnknown, Refused, TryLater
from services.core.states import Moved
from services.core.timers import no_receipt_at
from services.core.words import AttemptState, Channel, Evidence, ReceiptEffect, ReceiptStatus, Why


def remember(
    ledger: Ledger,
    case: Case,
    attempt: Attempt,
    envelope: Envelope,
    provider: str,
    outcome: Outcome,
    waiting: list[Receipt],
    environment: Environment,
) -> None:
    """Write one outcome; ``waiting`` are receipts that knew the provider's reference before we did."""
    if not (isinstance(outcome, TryLater) and outcome.status is None):
        _sent(ledger, attempt, envelope, provider)
    match outcome:
        case Accepted():
            after = _accepted(ledger, case, attempt, provider, outcome, waiting)
            if _nothing_follows(case, after):
                ledger.wake_by(attempt.person_id, no_receipt_at(case, after, ledger.now, environment.policy.timers))
                return
        case Refused():
            _refused(ledger, case, attempt, provider, outcome.status, outcome.raw_status)
        case TryLater():
            _try_later(ledger, case, attempt, provider, outcome, environment)
        case OutcomeUnknown():
            _unknown(ledger, attempt, provider)
    ledger.wake(attempt.person_id)


def _sent(ledger: Ledger, attempt: Attempt, envelope: Envelope, provider: str) -> None:
    """A message was handed over, or may have been: the words are kept as proof."""
    content = envelope.content
    sms = content if isinstance(content, SmsContent) else None
    ledger.changes.messages.append(
        MessageSent(
            attempt_id=attempt.attempt_id,
            try_number=attempt.tries,
            person_id=attempt.person_id,
            text=content.words,
            parts=sms.parts if sms else 1,
            encoding=sms.encoding if sms else None,
            provider=provider,
            at=ledger.now,
        )
    )
    ledger.line(
        "sent",
        channel=str(attempt.channel),
        person=attempt.person_id,
        obligations=[item.obligation_id for item in attempt.items],
        revision=attempt.items[0].revision,
        step=str(attempt.items[0].step),
        contact=attempt.contact_id,
        text=content.words,
        parts=sms.parts if sms else 1,
        encoding=sms.encoding if sms else None,
        provider=provider,
        attempt=attempt.attempt_id,
    )


def _nothing_follows(case: Case, accepted: Attempt) -> bool:
    """An SMS that was taken makes nothing due: its receipt will, or its timer (§10.5), unless it is news for an advisor's item."""
    plain = accepted.channel is Channel.SMS and accepted.state is AttemptState.ACCEPTED
    return plain and all(alert.closed_at is not None for alert in case.alerts)


def _accepted(ledger: Ledger, case: Case, attempt: Attempt, provider: str, outcome: Accepted, waiting: list[Receipt]) -> Attempt:
    news = replace(attempt, provider=provider, provider_ref=outcome.provider_ref, parts=outcome.parts)
    after = ledger.attempt(replace(news, accepted_at=ledger.now), Moved.ACCEPTED)
    if after is None:
        # a receipt by our own reference overtook the answer: only the provider's reference is new
        after = news
        ledger.changes.attempts.append(after)
    case = replace(case, attempts=tuple(after if row.attempt_id == after.attempt_id else row for row in case.attempts))
    for obligation in case.obligations:
        if any(item.obligation_id == obligation.obligation_id and item.revision == obligation.revision for item in after.items):
            proved = ledger.proved(obligation, Evidence.E1, "accepted", ledger.now)
            if proved is not obligation:
                case = with_obligation(case, ledger.obligation(obligation, proved, attempts=attempts_of(case, obligation)))
    for receipt in waiting:
        newest = next(row for row in case.attempts if row.attempt_id == after.attempt_id)
        case = apply_receipt(ledger, case, newest, receipt)
    return after


def _refused(ledger: Ledger, case: Case, attempt: Attempt, provider: str, status: ReceiptStatus, raw: str) -> None:
    receipt = Receipt(
        receipt_id=f"{attempt.attempt_id}.{attempt.tries}",
        provider=provider,
        status=status,
        raw_status=raw,
        at=ledger.now,
        received_at=ledger.now,
        effect=ReceiptEffect.WAITING,
    )
    apply_receipt(ledger, case, replace(attempt, provider=provider), receipt)


def _try_later(ledger: Ledger, case: Case, attempt: Attempt, provider: str, outcome: TryLater, environment: Environment) -> None:
    again = _next_try(attempt, outcome, environment, ledger.now)
    if again is None:
        _refused(ledger, case, attempt, provider, outcome.status or ReceiptStatus.FAILED_SOFT, outcome.raw_status)
        return
    if outcome.status is not None:
        ledger.changes.receipts.append(_soft_failure(attempt, provider, outcome.status, outcome.raw_status, ledger.now))
        for item in attempt.items:
            ledger.line(
                "receipt",
                channel=str(attempt.channel),
                person=attempt.person_id,
                obligation=item.obligation_id,
                step=str(item.step),
                status=str(outcome.status),
                effect="applied",
            )
    if attempt.channel is not Channel.LETTER and case.person is not None:
        residence = environment.home(case.person)
        again = next_opening(environment.policy, attempt.channel, residence, again)[0]
    # a further try of the same attempt: useful until its duty, not only until its first window's end
    due = min((row.due_at for row in case.obligations if row.obligation_id == attempt.items[0].obligation_id), default=attempt.not_after)
    until = due - environment.policy.not_after[attempt.channel]
    news = replace(
        attempt,
        try_at=again,
        provider=provider,
        last_status=outcome.status or attempt.last_status,
        not_after=max(attempt.not_after, until) if outcome.status is not None else attempt.not_after,
    )
    ledger.attempt(news, Moved.POSTPONED)


def _soft_failure(attempt: Attempt, provider: str, status: ReceiptStatus, raw: str, at: datetime) -> Receipt:
    """The fact that this try failed: failures on different days make a point suspect (§11.3)."""
    return Receipt(
        receipt_id=f"{attempt.attempt_id}.{attempt.tries}",
        provider=provider,
        attempt_id=attempt.attempt_id,
        person_id=attempt.person_id,
        status=status,
        raw_status=raw,
        at=at,
        received_at=at,
        effect=ReceiptEffect.APPLIED,
    )


def _next_try(attempt: Attempt, outcome: TryLater, environment: Environment, now: datetime) -> datetime | None:
    """When to try again; none when it was tried often enough (§11.3: 1 h, 4 h, 24 h after the first failure)."""
    timers = environment.policy.timers
    if outcome.status is None:
        if attempt.tries > timers.provider_retries:
            return None
        return now + (outcome.after or timers.provider_retry)
    if attempt.channel is not Channel.EMAIL or attempt.tries > len(timers.email_retries):
        return None
    first_failure = attempt.submitted_at or now
    wait: timedelta = timers.email_retries[attempt.tries - 1]
    return max(first_failure + wait, now)


def _unknown(ledger: Ledger, attempt: Attempt, provider: str) -> None:
    """It may have it: this try is never repeated (§10.1.5)."""
    news = replace(
        attempt,
        provider=provider,
        reason=Why.NO_OUTCOME,
        closed_at=ledger.now,
        accepted_at=ledger.now,
        last_status=ReceiptStatus.UNKNOWN,
    )
    if ledger.attempt(news, Moved.UNKNOWN) is None:
        # a receipt has told more than the provider can
        ledger.changes.attempts.append(replace(attempt, provider=provider))
        return
    for item in attempt.items:
        ledger.line(
            "receipt",
            channel=str(attempt.channel),
            person=attempt.person_id,
            obligation=item.obligation_id,
            step=str(item.step),
            status=str(ReceiptStatus.UNKNOWN),
            effect="applied",
        )
