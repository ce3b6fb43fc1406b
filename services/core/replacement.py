"""What one provider lost, another carries again: one SMS more, outside the caps (§10.4, SC-23)."""

from services.core.alarms import ANOTHER_PROVIDER
from services.core.channels.windows import Opening
from services.core.model import Attempt, Obligation
from services.core.timing import soonest
from services.core.view import View
from services.core.words import AttemptState, Channel, Why

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


def replacing(occurrence: int) -> int:
    """The occurrence of what replaces this one (contracts §3: a replacement is a new occurrence)."""
    return occurrence + _REPLACES
