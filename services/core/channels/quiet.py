"""A person's own quiet hours (§10.3): a channel to which they leave no hour is none for this person, and the reason is said."""

from services.core.channels.availability import Availability
from services.core.channels.windows import ever_open
from services.core.policy import Policy, Span
from services.core.words import Why


def without_quiet(reach: Availability, policy: Policy, quiet: tuple[Span, ...]) -> Availability:
    """The same choice without channels that are never open for this person; nobody left is for a human, not for the night."""
    if not quiet:
        return reach
    closed = {channel for channel in reach.order if not ever_open(policy, channel, quiet)}
    if not closed:
        return reach
    return Availability(
        order=tuple(channel for channel in reach.order if channel not in closed),
        contacts={channel: contact for channel, contact in reach.contacts.items() if channel not in closed},
        excluded={**reach.excluded, **dict.fromkeys(sorted(closed), Why.OUTSIDE_WINDOW)},
    )
