"""Check-at-send (§10.1.4): everything is read again immediately before the provider is called."""

from dataclasses import dataclass
from datetime import datetime

from services.core.alerts.no_way import on_hold
from services.core.channels.availability import contact_refusal
from services.core.channels.windows import is_open
from services.core.decide import unwanted
from services.core.environment import Environment
from services.core.model import Attempt, Case, Contact, Obligation, ObligationId, Person
from services.core.view import View, see
from services.core.words import AttemptState, Channel, Constraint, Kind, Step, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Go: these duties are still wanted, at this point."""

    person: Person
    contact: Contact
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotSend:
    """Never again under this attempt."""

    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """Too early: the release instant or the provider's "later" has not come."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyClaimed:
    """Somebody has it, or it is over."""


Verdict = Send | DoNotSend | NotYet | AlreadyClaimed


def may_send(case: Case, attempt: Attempt, environment: Environment, now: datetime) -> Verdict:
    """May this message go now? The caller holds the person's lock."""
    if attempt.state is not AttemptState.RELEASED:
        return AlreadyClaimed()
    view = see(case, environment, now)
    if view is None:
        return DoNotSend(reason=Why.ERASED)
    earliest = max(attempt.release_at, attempt.try_at or attempt.release_at)
    if now < earliest:
        return NotYet(at=earliest)
    if now > attempt.not_after:
        return DoNotSend(reason=Why.TOO_LATE)
    known = {obligation.obligation_id: obligation for obligation in case.obligations}
    reasons = [unwanted(known.get(item.obligation_id), item) for item in attempt.items]
    if all(reasons):
        return DoNotSend(reason=reasons[0] or Why.SUPERSEDED)
    contact = next((point for point in case.contacts if point.contact_id == attempt.contact_id), None)
    if contact is None:
        return DoNotSend(reason=Why.CONTACT_CHANGED)
    refusal = contact_refusal(contact, attempt.channel, attempt.items[0].step) or _refused_by_person(view, attempt.channel)
    if refusal is not None:
        return DoNotSend(reason=refusal)
    closed = _closed_now(view, attempt, contact, known)
    if closed is not None:
        return closed
    wanted = tuple(known[item.obligation_id] for item, reason in zip(attempt.items, reasons, strict=True) if reason is None)
    return Send(person=view.person, contact=contact, obligations=wanted)


def _closed_now(view: View, attempt: Attempt, contact: Contact, known: dict[ObligationId, Obligation]) -> DoNotSend | NotYet | None:
    """The domain is paused, or the window has closed in between."""
    paused_until = view.env.standing.paused_until(contact)
    if paused_until is not None:
        # nobody else can carry it: it waits for the pause's end (§10.16)
        return DoNotSend(reason=Why.PAUSED) if attempt.channel not in view.reach.contacts else NotYet(at=paused_until)
    closing = _closing_day_obligation(attempt, known)
    last_day = view.local_day(closing.due_at) if closing else None
    if not is_open(view.policy, attempt.channel, view.residence, view.now, last_day):
        return DoNotSend(reason=Why.OUTSIDE_WINDOW)
    return None


def _refused_by_person(view: View, channel: Channel) -> Why | None:
    if on_hold(view):
        return Why.ON_HOLD
    if channel in view.person.forbidden_channels:
        return Why.FORBIDDEN
    if channel is Channel.VOICE and Constraint.NO_VOICE in view.person.constraints:
        return Why.CONSTRAINT
    return None


def _closing_day_obligation(attempt: Attempt, known: dict[ObligationId, Obligation]) -> Obligation | None:
    """The actualisation on whose last day SMS may go on a Sunday (§10.3)."""
    for item in attempt.items:
        obligation = known.get(item.obligation_id)
        if obligation is not None and obligation.kind is Kind.ACTUALISATION and item.step is not Step.A6:
            return obligation
    return None
