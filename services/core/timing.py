"""When a channel can carry a message about a duty: windows, slots, caps and lead times together."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from services.core.channels.leadtime import LetterLimit, letter_limit
from services.core.channels.windows import Opening, is_open, next_opening, next_slot, spaced
from services.core.model import Contact, Obligation
from services.core.view import View
from services.core.words import Channel, ContactStatus, Kind, Why

_MONTH = 31


def last_useful(view: View, obligation: Obligation, channel: Channel) -> datetime:
    """The instant after which a message is of no use: ``not_after`` before the duty (§10.2)."""
    return obligation.due_at - view.policy.not_after[channel]


def letter_limit_of(view: View, obligation: Obligation) -> LetterLimit:
    """Latest submission of a letter about this duty (§10.2)."""
    return letter_limit(view.policy.letters, view.residence, view.printer, view.local_day(obligation.due_at))


def soonest(
    view: View, obligation: Obligation, channel: Channel, since: datetime, *, slot: bool = False, capped: bool = True
) -> Opening | Why:
    """The first instant from ``since`` on at which the channel may carry a message, and until when; or why it cannot.

    ``slot``: a follow-up call, which starts at one of the slots (§10.10). Not ``capped``: word of a change, which no cap holds back
    (§10.4). An instant that is past by now is still good while its window is open; otherwise the next one counts, never a flush of
    what is late. ``UNRENDERABLE``: its words cannot be made for this channel, whatever the hour.
    """
    if not view.messages.writable(obligation, channel):
        return Why.UNRENDERABLE
    if channel is Channel.LETTER:
        at = max(since, view.now)
        limit = letter_limit_of(view, obligation).submit_by
        return (at, limit) if at <= limit else Why.LETTER_TOO_LATE
    if not capped:
        at, until = next_opening(view.policy, channel, view.residence, max(since, view.now))
    else:
        at, until = _first_free(view, obligation, channel, since, slot=slot)
        if at < view.now:
            waits_for_slot = slot and not is_open(view.policy, channel, view.residence, view.now)
            at, until = _first_free(view, obligation, channel, view.now, slot=waits_for_slot)
        if channel is Channel.VOICE and not view.calls_allowed(at, obligation):
            return Why.CAP_REACHED
    latest = last_useful(view, obligation, channel)
    return (at, min(until, latest)) if at <= latest else Why.TOO_LATE


def is_short_notice(view: View, obligation: Obligation) -> bool:
    """Less than 72 hours between knowing and the duty: « préavis court » (§2.2, §10.5)."""
    return obligation.due_at - view.known_since(obligation) < view.policy.alerts.short_notice_below


def passed_over(view: View, obligation: Obligation, channel: Channel, since: datetime, at: datetime, rest: Sequence[Channel]) -> bool:
    """Is the SMS not usable because the person had theirs of the day (§10.4, §10.9), and another channel of ``rest`` sooner than ``at``?

    For what cannot wait for the next day's SMS: short notice, a failure. A letter is not sooner: it takes days.
    """
    if channel is not Channel.SMS or view.day_has_room(channel, max(since, view.now)):
        return False
    free = soonest(view, obligation, channel, since, capped=False)
    if isinstance(free, Why) or free[0] >= at:
        return False
    others = [other for other in rest if other is not Channel.LETTER and view.room(other, obligation)]
    openings = [soonest(view, obligation, other, since) for other in others]
    return any(not isinstance(opening, Why) and opening[0] < at for opening in openings)


def _first_free(view: View, obligation: Obligation, channel: Channel, since: datetime, *, slot: bool) -> Opening:
    """The first opening whose day still has room for this person (§10.4)."""
    start = since
    for _ in range(_MONTH):
        at, until = _opening(view, channel, start, slot=slot)
        if view.day_has_room(channel, at):
            return at, until
        start = view.residence.instant(view.local_day(at) + timedelta(days=1), time(0))
    return at, until


def _opening(view: View, channel: Channel, start: datetime, *, slot: bool) -> Opening:
    last_call = view.last_call() if channel is Channel.VOICE else None
    if channel is Channel.VOICE and slot:
        return next_slot(view.policy, view.residence, start, last_call)
    opening = next_opening(view.policy, channel, view.residence, start)
    if channel is Channel.VOICE and not spaced(view.policy, view.residence, opening[0], last_call):
        return next_slot(view.policy, view.residence, start, last_call)
    return opening


def reliable_alone(view: View, obligation: Obligation, channel: Channel, at: datetime) -> bool:
    """May this channel be relied on alone from this instant (§10.2, §10.7, R1)?

    Not when little time is left, not through a point that is unverified or suspect, not by e-mail for somebody without internet.
    """
    contact = view.reach.contacts.get(channel)
    if contact is None or not trusted(view, contact, at):
        return False
    if channel is Channel.EMAIL and view.person.non_web:
        return False
    if channel is Channel.LETTER:
        return at <= letter_limit_of(view, obligation).submit_by
    return obligation.due_at - at >= view.policy.relied_on_alone_until[channel]


def trusted(view: View, contact: Contact, at: datetime) -> bool:
    """May a message at this instant go to this point alone (§10.7)? Not while it is unverified or suspect, nor when its value is new."""
    if not was_ever_doubtful(view, contact):
        return True
    if contact.status is not ContactStatus.ACTIVE or contact.value_at is None:
        return False
    return at - contact.value_at >= view.policy.contacts.changed_before


def was_ever_doubtful(view: View, contact: Contact) -> bool:
    """Is there an instant at which a message to this point may not go alone, as far as is known now (§10.7)?"""
    changed = contact.value_at is not None and contact.value_at > view.person.known_at
    return changed or contact.status is not ContactStatus.ACTIVE


def silence_of(view: View, obligation: Obligation) -> timedelta:
    """How long an unanswered message is waited for (§10.5): 24 h for a convocation, 48 h for an appointment."""
    timers = view.policy.timers
    return timers.silence_convocation if obligation.kind is Kind.CONVOCATION else timers.silence_appointment
