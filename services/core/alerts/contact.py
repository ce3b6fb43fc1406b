"""A contact point that does not work any more: CONTACT_DEAD, WRONG_PERSON (§10.7, §10.8)."""

from services.core.alerts.found import Found
from services.core.model import Attempt, Fact, Obligation
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import AttemptState, Choice, ContactStatus, Evidence, ReceiptStatus, ReplyEffect, Severity

_HARD = frozenset({ReceiptStatus.FAILED_HARD, ReceiptStatus.RETURNED})


def contact_dead(view: View, obligation: Obligation) -> Found | None:
    """A message about this duty failed hard: the point is dead. ``medium`` while something else reached the person (§10.13)."""
    if obligation.state in SETTLED:
        return None
    dead = [attempt for attempt in view.tries_of(obligation) if attempt.last_status in _HARD and _is_disabled(view, attempt)]
    if not dead:
        return None
    last = dead[-1]
    at = last.closed_at or view.now
    reached = obligation.evidence >= Evidence.E3 or any(
        attempt.state is AttemptState.DELIVERED and attempt.channel in view.reach.contacts for attempt in view.tries_of(obligation)
    )
    fact = Fact(code="contact_dead", parameters={"channel": last.channel, "at": at.isoformat()})
    return Found(at=at, next_action="fix_contact", facts=(fact,), severity=Severity.MEDIUM if reached else None)


def wrong_person(view: View, obligation: Obligation) -> Found | None:
    """Somebody else answered there (SC-14)."""
    if obligation.state in SETTLED:
        return None
    for attempt in view.tries_of(obligation):
        if attempt.last_status is ReceiptStatus.WRONG_PERSON:
            at = attempt.closed_at or view.now
            fact = Fact(code="wrong_person", parameters={"channel": attempt.channel, "at": at.isoformat()})
            return Found(at=at, next_action="fix_contact", facts=(fact,))
    for reply in view.replies_to(obligation):
        if reply.choice is Choice.WRONG_PERSON and reply.effect is not ReplyEffect.IGNORED:
            fact = Fact(code="wrong_person", parameters={"channel": reply.channel, "at": reply.at.isoformat()})
            return Found(at=reply.at, next_action="fix_contact", facts=(fact,))
    return None


def _is_disabled(view: View, attempt: Attempt) -> bool:
    return any(contact.contact_id == attempt.contact_id and contact.status is ContactStatus.DISABLED for contact in view.case.contacts)
