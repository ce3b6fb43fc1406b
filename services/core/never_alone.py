"""A message to a point that may not be relied on is never alone: the next channel says the same (§10.2, §10.7).

A first notice sees to it itself; here are all other rungs, for points that are unverified or suspect, or whose value is very new.
"""

from services.core.decision import Intent, Plan
from services.core.messages import UNCOUNTED, carries
from services.core.model import Attempt, Contact, Item, Obligation
from services.core.timing import soonest, trusted, was_ever_doubtful
from services.core.view import NOT_ALONE, View, step_of
from services.core.words import AttemptState, Channel, Evidence, Kind, Lane, ObligationState, PointKind, Step, Why

#: they start with the next channel of themselves, or never on another one
_OWN_WAY = frozenset({Step.N0, Step.L, Step.VERIFICATION, Step.CHANGED})
#: the order of a first notice counts for them too
_AS_FIRST_NOTICE = frozenset({Step.A0, Step.A6})
#: what is said of a duty that is not open any more
_AFTERWARDS = frozenset(
    {
        (ObligationState.ACKNOWLEDGED, Step.R2),
        (ObligationState.CANCELLED, Step.CANCELLATION),
        (ObligationState.LAPSED, Step.A6),
    }
)


def beside(view: View, obligation: Obligation) -> Plan:
    """The messages that go with those that left for a doubtful point, each on the next channel that says nothing of this step yet."""
    plan = Plan()
    tries = view.tries_of(obligation)
    if obligation.kind is Kind.CONTACT or not tries:
        return plan
    points = {contact.contact_id: contact for contact in view.case.contacts if was_ever_doubtful(view, contact) or _unread(view, contact)}
    if not points:
        return plan
    for attempt in tries:
        contact = points.get(attempt.contact_id)
        step = step_of(attempt, obligation)
        if contact is None or step is None or step in _OWN_WAY or attempt.state is AttemptState.FAILED:
            continue
        if not _still_said(obligation, step):
            continue
        doubtful = _doubtful(view, contact, attempt) or (step in _AS_FIRST_NOTICE and _unread(view, contact))
        if doubtful and (intent := _next(view, obligation, attempt, step)) is not None:
            plan.intents.append(intent)
            return plan
    return plan


def _still_said(obligation: Obligation, step: Step) -> bool:
    """Would the ladder still say it: to somebody who answered, only the reminders go on (§10.5)."""
    if obligation.state is ObligationState.OPEN:
        return obligation.evidence < Evidence.E3 or step not in (Step.F, Step.CORRECTIVE)
    return (obligation.state, step) in _AFTERWARDS


def _doubtful(view: View, contact: Contact, attempt: Attempt) -> bool:
    """Was it doubtful when the message left? What is learned later does not send old messages again."""
    if any(at is not None and at > attempt.release_at for at in (contact.status_at, contact.value_at)):
        return False
    return not trusted(view, contact, attempt.release_at)


def _unread(view: View, contact: Contact) -> bool:
    """A mailbox of somebody who depends on the agency: what is like a first notice is never there alone (§10.9)."""
    return contact.kind is PointKind.EMAIL and view.person.non_web


def _next(view: View, obligation: Obligation, attempt: Attempt, step: Step) -> Intent | None:
    item = next(item for item in attempt.items if item.obligation_id == obligation.obligation_id)
    said = {other.channel for other in view.all_of(obligation) if _same_rung(other, obligation, item, attempt)}
    if said != {attempt.channel}:
        return None
    for channel in _order(view, obligation, item):
        if channel in said or channel not in view.reach.contacts:
            continue
        free = step in UNCOUNTED or step is Step.A6
        if not free and not view.room(channel, obligation):
            continue
        when = soonest(view, obligation, channel, attempt.release_at, slot=channel is Channel.VOICE, capped=not free)
        if isinstance(when, Why):
            continue
        return Intent(
            obligation=obligation,
            step=step,
            occurrence=_occurrence(view, obligation, item, channel),
            channel=channel,
            at=when[0],
            not_after=when[1],
            cause=NOT_ALONE,
            chosen_by="order",
            lane=Lane.CAMPAIGN if obligation.kind is Kind.ACTUALISATION else Lane.LIVE,
        )
    return None


def _same_rung(other: Attempt, obligation: Obligation, item: Item, attempt: Attempt) -> bool:
    if not carries(other, obligation) or other.state is AttemptState.CANCELLED:
        return False
    if item.step is Step.F:
        # the rungs of the fallback are counted per channel: what left since is its company
        return step_of(other, obligation) is Step.F and other.release_at >= attempt.release_at
    return any(
        one.obligation_id == item.obligation_id and (one.step, one.occurrence) == (item.step, item.occurrence) for one in other.items
    )


def _occurrence(view: View, obligation: Obligation, item: Item, channel: Channel) -> int:
    if item.step is not Step.F:
        return item.occurrence
    return 1 + sum(1 for other in view.tries_of(obligation) if other.channel is channel and step_of(other, obligation) is Step.F)


def _order(view: View, obligation: Obligation, item: Item) -> list[Channel]:
    """Channels in the order of the ladder: some steps of an actualisation are not called (§10.4)."""
    if obligation.kind is not Kind.ACTUALISATION or item.step in _AS_FIRST_NOTICE:
        return list(view.reach.order)
    rungs = view.policy.actualisation.steps
    called = any(rung.called for rung in rungs if (rung.step, rung.occurrence) == (item.step, item.occurrence))
    return [channel for channel in view.policy.channels.actualisation_order if called or channel is not Channel.VOICE]
