"""What one provider lost, another carries again: one SMS more, outside the caps (§10.4, SC-23); what one point lost, a better one."""

from collections.abc import Iterable

from services.core.alarms import ANOTHER_PROVIDER
from services.core.channels.windows import Opening
from services.core.model import Attempt, Obligation
from services.core.timing import soonest
from services.core.view import View
from services.core.words import AttemptState, Channel, ReceiptStatus, Why

_HARD = frozenset({ReceiptStatus.FAILED_HARD, ReceiptStatus.RETURNED, ReceiptStatus.WRONG_PERSON})
#: occurrences that ladders plan are small numbers; a replacement's stands clear of them
_REPLACES = 10


def carried_again(view: View, obligation: Obligation, head: Attempt) -> Opening | None:
    """When an SMS without a receipt goes out through another provider; none when it cannot, or was a replacement itself.

    Only while its provider's circuit for that network is open: otherwise the same provider would get it again.
    """
    lost = head.channel is Channel.SMS and head.state is AttemptState.UNKNOWN and head.reason is Why.NO_RECEIPT
    contact = view.reach.contacts.get(Channel.SMS)
    if not lost or head.chosen_by == ANOTHER_PROVIDER or contact is None:
        return None
    if not view.env.standing.another_than(head.provider, contact.carrier):
        return None
    when = soonest(view, obligation, Channel.SMS, head.closed_at or head.release_at, capped=False)
    return None if isinstance(when, Why) else when


def channels_tried(view: View, attempts: Iterable[Attempt]) -> set[Channel]:
    """Channels that these messages took, but for those whose point failed hard and which a better one serves now.

    The directory gave another value or verified it since, or there was a second one all along: nobody has written there (§10.5, §10.9).
    """
    return {attempt.channel for attempt in attempts if not (attempt.last_status in _HARD and _served_anew(view, attempt))}


def _served_anew(view: View, attempt: Attempt) -> bool:
    contact = view.reach.contacts.get(attempt.channel)
    if contact is None:
        return False
    news = (at for at in (contact.value_at, contact.status_at) if at is not None)
    return contact.contact_id != attempt.contact_id or any(at > (attempt.closed_at or attempt.release_at) for at in news)


def replacing(occurrence: int) -> int:
    """The occurrence of what replaces this one (contracts §3: a replacement is a new occurrence)."""
    return occurrence + _REPLACES
