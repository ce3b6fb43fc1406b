"""Contact points that do not work, or that nobody answers: CONTACT_DEAD, WRONG_PERSON, CONTACT_SUSPECT, a refusal (§10.7, §10.8, §11.4)."""

from collections.abc import Mapping
from datetime import datetime

from services.core.alerts.found import Found
from services.core.channels.availability import REPLACED
from services.core.decision import AlertClosed
from services.core.evidence.contacts import CHANNELS, asks_for, point_of, use_of
from services.core.model import Alert, Attempt, Contact, Fact, Obligation, Reply
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import (
    AlertType,
    AttemptState,
    Choice,
    ContactStatus,
    Evidence,
    Kind,
    ObligationState,
    PointKind,
    ReceiptStatus,
    ReplyEffect,
    Severity,
    Step,
)

_HARD = frozenset({ReceiptStatus.FAILED_HARD, ReceiptStatus.RETURNED})
_NOT_PROVED = frozenset({ContactStatus.UNVERIFIED, ContactStatus.SUSPECT})
_SAID_BY_PERSON = frozenset({ReceiptStatus.REFUSED_BY_PERSON, ReceiptStatus.COMPLAINT})
_ABOUT_POINTS = frozenset({AlertType.CONTACT_DEAD, AlertType.WRONG_PERSON, AlertType.CONTACT_SUSPECT})
#: facts that name the use of the point
_POINT_FACTS = frozenset({"contact_dead", "wrong_person", "contact_suspect"})
_KIND: Mapping[str, PointKind] = {channel: kind for kind, channels in CHANNELS.items() for channel in channels}


def contact_dead(view: View, obligation: Obligation) -> Found | None:
    """A message about this duty failed hard: the point is dead. ``medium`` while something else reached the person (§10.13)."""
    if obligation.state in SETTLED:
        return None
    dead = [attempt for attempt in view.tries_of(obligation) if attempt.last_status in _HARD and _is_disabled(view, attempt)]
    if not dead:
        return None
    last = dead[-1]
    at = last.closed_at or view.now
    reached = (
        obligation.kind is Kind.CONTACT
        or obligation.evidence >= Evidence.E3
        or any(attempt.state is AttemptState.DELIVERED and attempt.channel in view.reach.contacts for attempt in view.tries_of(obligation))
    )
    fact = Fact(code="contact_dead", parameters={"channel": last.channel, "at": at.isoformat()})
    return Found(at=at, next_action="fix_contact", facts=(fact,), severity=Severity.MEDIUM if reached else None)


def wrong_person(view: View, obligation: Obligation) -> Found | None:
    """Somebody else answered there (SC-14), and nothing has made the point good since."""
    if obligation.state in SETTLED:
        return None
    said: list[tuple[Attempt | None, str, datetime]] = [
        (attempt, str(attempt.channel), attempt.closed_at or view.now)
        for attempt in view.tries_of(obligation)
        if attempt.last_status is ReceiptStatus.WRONG_PERSON
    ]
    said += [
        (_answered(view, reply), str(reply.channel), reply.at)
        for reply in view.replies_to(obligation)
        if reply.choice is Choice.WRONG_PERSON and reply.effect is not ReplyEffect.IGNORED
    ]
    for attempt, channel, at in said:
        if attempt is None or not _is_good_again(view, attempt, at):
            fact = Fact(code="wrong_person", parameters={"channel": channel, "at": at.isoformat()})
            return Found(at=at, next_action="fix_contact", facts=(fact,), severity=_of_a_question(obligation))
    return None


def _answered(view: View, reply: Reply) -> Attempt | None:
    """The message that this answers; none when it does not say."""
    return next((attempt for attempt in view.case.attempts if attempt.attempt_id == reply.attempt_id), None)


def _of_a_question(obligation: Obligation) -> Severity | None:
    """Nothing is due: no day is counted."""
    return Severity.MEDIUM if obligation.kind is Kind.CONTACT else None


def contact_suspect(view: View, obligation: Obligation) -> Found | None:
    """A new point was asked whether it is theirs, and nobody answered in time: it stays unverified (§10.7)."""
    point = point_of(view.case, obligation) if obligation.kind is Kind.CONTACT else None
    if point is None or asks_for(point) is not Step.VERIFICATION or point.status not in _NOT_PROVED:
        return None
    if obligation.state not in (ObligationState.OPEN, ObligationState.LAPSED) or obligation.evidence >= Evidence.E3:
        return None
    channel = use_of(point, view.person, Step.VERIFICATION) or CHANNELS[point.kind][0]
    day = view.working.shift(view.working.local(obligation.due_at).date(), view.policy.contacts.act_within_days)
    return Found(
        at=obligation.due_at,
        next_action="verify_contact",
        facts=(Fact(code="contact_suspect", parameters={"channel": channel, "at": obligation.known_at.isoformat()}),),
        severity=Severity.INFO,
        act_by=view.working.instant(day, view.policy.alerts.day_ends),
    )


def refused(view: View, obligation: Obligation) -> Found | None:
    """The person refused the letter (N05), or complained about our mail (ARF): how do they want to be written to (§11.3, §11.4)?"""
    said = [row for row in view.case.receipts if row.status in _SAID_BY_PERSON]
    if not said or obligation.state in SETTLED:
        return None
    mine = {attempt.attempt_id for attempt in view.tries_of(obligation)}
    said = [row for row in said if row.attempt_id in mine]
    if not said:
        return None
    first = min(said, key=lambda row: (row.received_at, row.receipt_id))
    code = "refused_letter" if first.status is ReceiptStatus.REFUSED_BY_PERSON else "complaint"
    fact = Fact(code=code, parameters={"at": first.received_at.isoformat()})
    return Found(at=first.received_at, next_action="ask_channel", facts=(fact,), severity=Severity.INFO)


def fixed(view: View) -> list[AlertClosed]:
    """Open alerts about points that are good again, however old their duty is: the directory gave a better one, or somebody answered."""
    mine = [alert for alert in view.case.alerts if alert.closed_at is None and alert.type in _ABOUT_POINTS]
    return [AlertClosed(alert_id=alert.alert_id, reason="contact_fixed") for alert in mine if _is_fixed(view, alert)]


def _is_fixed(view: View, alert: Alert) -> bool:
    points = [contact for contact in view.case.contacts if contact.problem != REPLACED]
    kinds = {_KIND[fact.parameters["channel"]] for fact in alert.known if fact.code in _POINT_FACTS and fact.parameters["channel"] in _KIND}
    mine = [contact for contact in points if contact.kind in kinds]
    if not kinds:
        return False
    if alert.type is AlertType.CONTACT_DEAD and all(contact.status is not ContactStatus.DISABLED for contact in mine):
        return True
    return any(contact.status is ContactStatus.ACTIVE and _good_since(contact, alert.raised_at) for contact in mine)


def _good_since(contact: Contact, raised_at: datetime) -> bool:
    return any(at is not None and at > raised_at for at in (contact.value_at, contact.status_at, contact.human_at))


def _is_good_again(view: View, attempt: Attempt, since: datetime) -> bool:
    mine = [contact for contact in view.case.contacts if contact.contact_id == attempt.contact_id]
    return any(contact.status is ContactStatus.ACTIVE and _good_since(contact, since) for contact in mine)


def _is_disabled(view: View, attempt: Attempt) -> bool:
    """A value that the directory has replaced needs no mending."""
    mine = (contact for contact in view.case.contacts if contact.contact_id == attempt.contact_id and contact.problem != REPLACED)
    return any(contact.status is ContactStatus.DISABLED for contact in mine)
