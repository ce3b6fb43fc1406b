"""Which channels can reach a person, through which contact point, and why the others cannot (§10.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from services.core.model import Contact, ContactId, Person
from services.core.policy import ChannelOrders
from services.core.words import Channel, Constraint, ContactStatus, LineType, PointKind, Step, Why

_POINT = {Channel.SMS: PointKind.PHONE, Channel.VOICE: PointKind.PHONE, Channel.EMAIL: PointKind.EMAIL, Channel.LETTER: PointKind.POSTAL}

#: ``Contact.problem`` of a value that the directory has replaced: kept to be told so, or to be known again (§10.7)
REPLACED: Final = "replaced"

#: the best point first
_RANK = {ContactStatus.ACTIVE: 0, ContactStatus.UNVERIFIED: 1, ContactStatus.SUSPECT: 2, ContactStatus.DISABLED: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Usable channels in the order of first notices, the point that serves each, and a reason for each of the others."""

    order: tuple[Channel, ...]
    contacts: Mapping[Channel, Contact]
    excluded: Mapping[Channel, Why]

    @property
    def why_not(self) -> tuple[str, ...]:
        """One line for each, "channel: reason", for people and for the journal."""
        return tuple(f"{channel}: {reason}" for channel, reason in self.excluded.items())


def notice_order(person: Person, orders: ChannelOrders) -> tuple[Channel, ...]:
    """The preferred channel, then the fallback order; people without internet get e-mail last (§10.9)."""
    rest = orders.offline_order if person.non_web else orders.fallback_order
    return _in_order(person.preferred_channel, rest, called_next=Constraint.PREPAID in person.constraints)


@lru_cache(maxsize=256)
def _in_order(preferred: Channel, rest: tuple[Channel, ...], *, called_next: bool) -> tuple[Channel, ...]:
    order = (preferred, *(channel for channel in rest if channel is not preferred))
    return _called_next(order) if called_next else order


def _called_next(order: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """Answering an SMS costs them money: a call, where a key press is free, is the next rung after it (§10.12)."""
    if Channel.SMS not in order or Channel.VOICE not in order or order.index(Channel.VOICE) < order.index(Channel.SMS):
        return order
    others = [channel for channel in order if channel is not Channel.VOICE]
    place = others.index(Channel.SMS) + 1
    return (*others[:place], Channel.VOICE, *others[place:])


def availability(person: Person, contacts: Iterable[Contact], orders: ChannelOrders) -> Availability:
    """Sort every channel into usable or excluded with its reason."""
    points = [contact for contact in contacts if contact.problem != REPLACED]
    serving: dict[Channel, Contact] = {}
    excluded: dict[Channel, Why] = {}
    order = notice_order(person, orders)
    for channel in order:
        found = _point_for(channel, person, points)
        if isinstance(found, Contact):
            serving[channel] = found
        else:
            excluded[channel] = found
    return Availability(order=tuple(serving), contacts=serving, excluded=excluded)


def _point_for(channel: Channel, person: Person, contacts: list[Contact]) -> Contact | Why:
    if channel in person.forbidden_channels:
        return Why.FORBIDDEN
    if channel is Channel.VOICE and Constraint.NO_VOICE in person.constraints:
        return Why.CONSTRAINT
    best: Contact | None = None
    first_refusal: Why | None = None
    for contact in contacts:
        if contact.kind is not _POINT[channel]:
            continue
        refusal = contact_refusal(contact, channel)
        if refusal is not None:
            first_refusal = first_refusal or refusal
        elif best is None or _rank(contact) < _rank(best):
            best = contact
    return best or first_refusal or Why.NO_CONTACT


def _rank(contact: Contact) -> tuple[int, ContactId]:
    return _RANK[contact.status], contact.contact_id


def contact_refusal(contact: Contact, channel: Channel, step: Step | None = None) -> Why | None:
    """Why this point cannot serve this channel; none when it can. Landlines never get SMS (§4.1).

    ``step``: what is to be said; some points get nothing but the question whether they are theirs, or that they were replaced (§10.7).
    """
    if contact.only_verification and step is not Step.VERIFICATION:
        return Why.TO_BE_VERIFIED
    if contact.problem == REPLACED and step is not Step.CHANGED:
        return Why.CONTACT_CHANGED
    if contact.status is ContactStatus.DISABLED:
        return Why.CONTACT_DISABLED
    if channel in contact.closed_channels:
        return Why.STOPPED
    if contact.problem not in (None, REPLACED):
        return Why.CONTACT_INVALID
    if channel is Channel.SMS and contact.line_type is not LineType.MOBILE:
        return Why.NOT_A_MOBILE
    return None
