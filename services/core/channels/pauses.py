"""Mail domains that refuse us: nobody writes there for a while, unless there is no other way (§10.16)."""

from services.core.alarms import Standing
from services.core.channels.availability import Availability
from services.core.words import Why


def without_paused(reach: Availability, standing: Standing) -> Availability:
    """The same choice without channels whose point is paused; when nothing else is left, what is paused is waited for."""
    if not standing.paused:
        return reach
    paused = {channel for channel, contact in reach.contacts.items() if standing.paused_until(contact) is not None}
    if not paused or paused == set(reach.order):
        return reach
    return Availability(
        order=tuple(channel for channel in reach.order if channel not in paused),
        contacts={channel: contact for channel, contact in reach.contacts.items() if channel not in paused},
        excluded={**reach.excluded, **dict.fromkeys(sorted(paused), Why.PAUSED)},
    )
