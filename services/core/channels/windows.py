"""Quiet hours (§10.3): when a channel may be used, in the local time of the residence.

Inside the envelope of D.223-9 code de la consommation for calls; no SMS on Sundays and holidays but on the closing day.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from services.core.calendar import Residence
from services.core.policy import Policy, Span, Windows
from services.core.words import Channel

_SATURDAY = 5
_SUNDAY = 6
#: longer than any run of closed days
_HORIZON = 30
#: the end of a window is outside it
_LAST_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
#: so many answers about days are kept, for everybody who lives alike
_REMEMBERED = 65536

Opening = tuple[datetime, datetime]


def spans_on(windows: Windows, residence: Residence, day: date, closing_day: date | None) -> tuple[Span, ...]:
    """Local spans of a day, without the person's own quiet hours.

    ``closing_day`` is the last day of the person's actualisation, when one is the reason.
    """
    if day.weekday() == _SUNDAY or residence.is_holiday(day):
        return _without(windows.closing_day if day == closing_day else windows.closed_day, residence.quiet)
    return _without(windows.saturday if day.weekday() == _SATURDAY else windows.weekday, residence.quiet)


def ever_open(policy: Policy, channel: Channel, quiet: tuple[Span, ...]) -> bool:
    """Is there an hour of an ordinary week left for this channel; for calls, one at which a follow-up may start (§10.3, §10.10)?"""
    left = _without(policy.windows[channel].weekday, quiet)
    if channel is not Channel.VOICE:
        return channel is Channel.LETTER or bool(left)
    return any(start <= slot < end for start, end in left for slot in policy.voice_slots.starts)


def _without(spans: tuple[Span, ...], quiet: tuple[Span, ...]) -> tuple[Span, ...]:
    """The spans less the quiet hours; hours over midnight are two spans of a day."""
    for start, end in quiet:
        for first, last in ((start, end),) if start < end else ((start, time.max), (time.min, end)):
            pieces = [piece for opens, closes in spans for piece in ((opens, min(closes, first)), (max(opens, last), closes))]
            spans = tuple((opens, closes) for opens, closes in pieces if opens < closes)
    return spans


@lru_cache(maxsize=_REMEMBERED)
def openings_on(policy: Policy, channel: Channel, residence: Residence, day: date, closing_day: date | None = None) -> tuple[Opening, ...]:
    """Instants between which the channel may be used on a local day."""
    spans = spans_on(policy.windows[channel], residence, day, closing_day)
    return tuple((residence.instant(day, start), residence.instant(day, end)) for start, end in spans)


def next_opening(policy: Policy, channel: Channel, residence: Residence, at: datetime, closing_day: date | None = None) -> Opening:
    """The window that is open at this instant, from this instant on, else the next one. First notices shift later (§10.1.3)."""
    if channel is Channel.LETTER:
        return at, at + timedelta(days=1)
    day = residence.local(at).date()
    for _ in range(_HORIZON):
        for opens, closes in openings_on(policy, channel, residence, day, closing_day):
            if closes > at:
                return max(opens, at), closes
        day += _DAY
    return _never(residence, at)


def is_open(policy: Policy, channel: Channel, residence: Residence, at: datetime, closing_day: date | None = None) -> bool:
    """May the channel be used now?"""
    return next_opening(policy, channel, residence, at, closing_day)[0] == at


def _never(residence: Residence, at: datetime) -> Opening:
    """A month without an opening, because of somebody's own quiet hours: too late for everything. Otherwise the calendar is wrong."""
    if not residence.quiet:
        raise AssertionError("a month without an opening")
    far = at + timedelta(days=_HORIZON)
    return far, far


@lru_cache(maxsize=_REMEMBERED)
def reminder_on(
    policy: Policy, channel: Channel, residence: Residence, day: date, hour: time, *, closing_day: date | None = None, moves: bool = True
) -> Opening | None:
    """When a step of this day and hour may be sent: (from, until), or none when the channel is closed and the step does not move.

    The day shifts first, to an earlier one that is open; then the hour: to the opening when it is earlier, and to the last minute of
    the last window before it when it is later (§10.1.3).
    """
    if channel is Channel.LETTER:
        at = residence.instant(day, hour)
        return at, at + timedelta(days=1)
    for days in range(_HORIZON if moves else 1):
        there = day - timedelta(days=days)
        openings = openings_on(policy, channel, residence, there, closing_day)
        if not openings:
            continue
        wanted = residence.instant(there, hour)
        for opens, closes in openings:
            if wanted < closes:
                return max(opens, wanted), closes
        return openings[-1][1] - _LAST_MINUTE, openings[-1][1]
    return None


def next_slot(policy: Policy, residence: Residence, after: datetime, last_call: datetime | None) -> Opening:
    """The next instant for a follow-up call (§10.10): a slot at or after ``after``, three hours or more after the last call and in
    another half-day, until the end of its window.
    """
    first = residence.local(after).date()
    for days in range(_HORIZON):
        day = first + timedelta(days=days)
        for opens, closes in openings_on(policy, Channel.VOICE, residence, day):
            for start in policy.voice_slots.starts:
                slot = residence.instant(day, start)
                if opens <= slot < closes and slot >= after and spaced(policy, residence, slot, last_call):
                    return slot, closes
    return _never(residence, after)


def spaced(policy: Policy, residence: Residence, at: datetime, last_call: datetime | None) -> bool:
    """Far enough from the last call, and in another half-day (§10.4, §10.10)."""
    if last_call is None:
        return True
    since = at - last_call
    if since < policy.caps.person.voice_spacing:
        return False
    return since >= _DAY or _half_day(policy, residence, at) != _half_day(policy, residence, last_call)


def _half_day(policy: Policy, residence: Residence, at: datetime) -> tuple[date, bool]:
    local = residence.local(at)
    return local.date(), local.time() >= policy.voice_slots.afternoon_from
