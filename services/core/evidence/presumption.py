"""A letter that did not come back in three weeks: presumed to be in the box (§10.6), the only evidence that can be withdrawn.

It is a fact of our own, never a receipt: the message stays "accepted". A return withdraws it, back to what the rest proves.

Next: services/planner/record.py
"""

from datetime import datetime

from services.core.messages import carries
from services.core.model import Attempt, Case, Obligation
from services.core.view import View
from services.core.words import PRESUMED, AttemptState, Channel, Evidence, ObligationState, ReceiptStatus

#: nobody will ask whether word of it arrived
_NO_MATTER = frozenset({ObligationState.CANCELLED, ObligationState.NOT_REQUIRED, ObligationState.DONE})

Proof = tuple[Evidence, str | None, datetime | None]


def posted_at(case: Case, letter: Attempt) -> datetime:
    """When the printer put it in its envelope, as far as it told us; else when it took it (§11.4)."""
    told = [
        receipt.received_at for receipt in case.receipts if receipt.attempt_id == letter.attempt_id and receipt.status is ReceiptStatus.SENT
    ]
    return min(told, default=letter.accepted_at or letter.release_at)


def presumed_at(view: View, obligation: Obligation) -> datetime | None:
    """When a letter about this duty will be presumed to have arrived; none when that would prove nothing new.

    It matters before the verdict only: what was said to a procedure is not made stronger by three weeks of silence.
    """
    if obligation.evidence >= Evidence.E2 or obligation.verdict is not None or obligation.state in _NO_MATTER:
        return None
    about = view.messages.about(obligation.obligation_id)
    if not about:
        return None
    letters = [
        attempt
        for attempt in about
        if attempt.channel is Channel.LETTER and attempt.state is AttemptState.ACCEPTED and carries(attempt, obligation)
    ]
    return min((posted_at(view.case, letter) + view.policy.letters.presumed_after for letter in letters), default=None)


def is_presumed(obligation: Obligation) -> bool:
    """Does its evidence rest on the presumption alone?"""
    return obligation.evidence is Evidence.E2 and obligation.evidence_how == PRESUMED


def rest_proves(case: Case, obligation: Obligation) -> Proof:
    """What the messages themselves prove of this revision, without any presumption: (level, how, when). Never more than E2."""
    about = [attempt for attempt in case.attempts if carries(attempt, obligation)]
    delivered = [attempt for attempt in about if attempt.state is AttemptState.DELIVERED]
    if delivered:
        first = min(delivered, key=lambda attempt: attempt.delivered_at or attempt.release_at)
        return Evidence.E2, str(first.last_status or ReceiptStatus.DELIVERED), first.delivered_at
    accepted = [attempt.accepted_at for attempt in about if attempt.accepted_at is not None]
    if accepted:
        return Evidence.E1, str(ReceiptStatus.ACCEPTED), min(accepted)
    return Evidence.E0, None, None
