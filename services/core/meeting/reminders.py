"""R1, R2, R3: the rungs before a meeting, shifted earlier, never later (§10.1.3, §10.5, §10.9)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from services.core.calendar import Residence
from services.core.channels.spread import jitter
from services.core.channels.windows import Opening, reminder_on, spaced
from services.core.decision import Intent, Omission, Plan
from services.core.model import Attempt, Obligation
from services.core.policy import Policy, Reminder
from services.core.timing import letter_limit_of
from services.core.view import NOT_ALONE, View, step_of
from services.core.words import AttemptState, Channel, Evidence, ObligationState, ReplyEffect, Step, Why

#: check-at-send said no for now, or on this channel: the step may still be useful
_NOT_FINAL = frozenset(
    {
        Why.OUTSIDE_WINDOW,
        Why.PAUSED,
        Why.CONTACT_CHANGED,
        Why.CONTACT_DISABLED,
        Why.TO_BE_VERIFIED,
        Why.STOPPED,
        Why.FORBIDDEN,
        Why.CONSTRAINT,
        Why.UNRENDERABLE,
    }
)


def reminders(view: View, obligation: Obligation, told: Sequence[datetime] = ()) -> Plan:
    """Every rung that is still to come or due; a rung whose instant was past when the duty became known is not made up for.

    ``told``: when word of a new date goes out; it takes the place of a rung that is too close to it (§10.11).
    """
    plan = Plan()
    done, best = settled(view.all_of(obligation), obligation), tuple(view.best_channels(obligation))
    notice = obligation.due_at - view.known_since(obligation)
    for rung in view.policy.meeting.reminders:
        if _concerned(obligation, rung, notice) and (rung.step, 1) not in done:
            _add_rung(plan, view, obligation, rung, best, told)
    return plan


def settled(attempts: Iterable[Attempt], obligation: Obligation) -> set[tuple[Step, int]]:
    """The steps, with their occurrence, that were sent or left out for good."""
    return {
        (item.step, item.occurrence)
        for attempt in attempts
        if attempt.state is not AttemptState.CANCELLED and attempt.reason not in _NOT_FINAL
        for item in attempt.items
        if item.obligation_id == obligation.obligation_id
    }


def _concerned(obligation: Obligation, rung: Reminder, notice: timedelta) -> bool:
    if obligation.state is not ObligationState.OPEN and not rung.even_if_acknowledged:
        return False
    return notice > rung.only_if_known_before


def _add_rung(plan: Plan, view: View, obligation: Obligation, rung: Reminder, best: tuple[Channel, ...], told: Sequence[datetime]) -> None:
    """The one message of this rung, on the first channel that can carry it; or, when none can, what is left out."""
    left_out: list[Omission] = []
    since = view.known_since(obligation)
    for channel, chosen_by in _candidates(view, obligation, rung, best):
        when = _instant(view, obligation, rung, channel) if view.messages.writable(obligation, channel) else None
        if when is None or when[0] < since:
            continue
        final = _final(view, obligation, rung, when, told)
        if final is not None:
            at = when[1] if final is Why.TOO_LATE else when[0]
            left_out.append(Omission(obligation=obligation, step=rung.step, channel=channel, reason=final, at=at))
            break
        if not _has_room(view, obligation, rung, channel, when[0], chosen_by):
            left_out.append(Omission(obligation=obligation, step=rung.step, channel=channel, reason=Why.CAP_REACHED, at=when[0]))
            continue
        plan.intents.append(
            Intent(
                obligation=obligation,
                step=rung.step,
                channel=channel,
                at=when[0],
                not_after=when[1],
                cause="step",
                chosen_by=chosen_by,
            )
        )
        return
    plan.omissions += left_out


def _final(view: View, obligation: Obligation, rung: Reminder, when: Opening, told: Sequence[datetime]) -> Why | None:
    """Why the rung is left out whatever the channel; none when it is not."""
    if _fresh_answer(view, obligation, rung, when[0]):
        return Why.ACKNOWLEDGED
    for at in told:
        if abs(when[0] - at) < view.policy.meeting.near_a_change:
            return Why.SUPERSEDED
    return Why.TOO_LATE if view.now >= when[1] else None


def _candidates(view: View, obligation: Obligation, rung: Reminder, best: tuple[Channel, ...]) -> Sequence[tuple[Channel, str]]:
    """Channels in the order in which the rung tries them, with the reason; ``best``: those that carried this meeting, best first."""
    if rung.channel == "best_evidence":
        return _best_first(view.reach.order, best, read_along=_answered_through_mailbox(obligation))
    before = _channel_of_last_reminder(view, obligation) or next(iter(best or view.reach.order), None)
    return _another_than(before, view.reach.order, rung.last_chance)


@lru_cache(maxsize=1024)
def _best_first(usable: Sequence[Channel], best: Sequence[Channel], *, read_along: bool) -> Sequence[tuple[Channel, str]]:
    candidates = [(channel, "best_evidence") for channel in best] + [(channel, "order") for channel in usable if channel not in best]
    if read_along:
        # by SMS if usable, not where somebody else may read along (§10.9)
        candidates.sort(key=lambda candidate: (candidate[0] is Channel.EMAIL, candidate[0] is not Channel.SMS))
    return candidates


@lru_cache(maxsize=1024)
def _another_than(before: Channel | None, usable: Sequence[Channel], last_chance: Channel | None) -> Sequence[tuple[Channel, str]]:
    others = [(channel, "another") for channel in usable if channel is not before]
    if last_chance is not None and last_chance in usable:
        others.append((last_chance, "last_chance"))
    return others


def _answered_through_mailbox(obligation: Obligation) -> bool:
    return obligation.evidence_how == "link" and obligation.evidence is Evidence.E3


def _channel_of_last_reminder(view: View, obligation: Obligation) -> Channel | None:
    for attempt in reversed(view.tries_of(obligation)):
        if attempt.cause != NOT_ALONE and step_of(attempt, obligation) is Step.R2:
            return attempt.channel
    return None


def _instant(view: View, obligation: Obligation, rung: Reminder, channel: Channel) -> Opening | None:
    """This person's own instant for the rung, and until when; none when the channel is never open."""
    hours = _hours(view.policy, view.residence, rung, channel, obligation.due_at)
    if hours is None:
        return None
    start, spread, until = hours
    return min(start + jitter(view.person.person_id, spread), until), until


@lru_cache(maxsize=4096)
def _hours(
    policy: Policy, residence: Residence, rung: Reminder, channel: Channel, due_at: datetime
) -> tuple[datetime, timedelta, datetime] | None:
    """From when on and over which span people are spread for a rung, and until when it may be sent: the same for all who live alike."""
    day = residence.local(due_at).date() - timedelta(days=rung.days_before)
    when = reminder_on(policy, channel, residence, day, rung.hour)
    if when is None:
        return None
    start, end = when
    until = min(end, due_at - policy.not_after[channel])
    # never to the window's end, which is outside it (§10.4)
    return start, min(rung.spread, max(until - start, timedelta(0))), until


def _fresh_answer(view: View, obligation: Obligation, rung: Reminder, at: datetime) -> bool:
    """An answer of less than a day, be it not the first one: she has just said it (§10.5, R2)."""
    if obligation.evidence < Evidence.E3 or obligation.evidence_at is None or obligation.state is ObligationState.OPEN:
        return False
    said = [reply.at for reply in view.replies_to(obligation) if reply.effect is ReplyEffect.ACKNOWLEDGED]
    return at - max([obligation.evidence_at, *said]) < rung.unless_acknowledged_within


def _has_room(view: View, obligation: Obligation, rung: Reminder, channel: Channel, at: datetime, chosen_by: str) -> bool:
    last_chance = chosen_by == "last_chance"
    if channel is Channel.LETTER and max(at, view.now) > letter_limit_of(view, obligation).submit_by:
        return False
    if not view.room(channel, obligation, extra=1 if last_chance else 0):
        return False
    if channel is Channel.VOICE:
        return view.calls_allowed(at, obligation) and spaced(view.policy, view.residence, at, view.last_call())
    # a last chance is the day's second SMS when the first was about something else (§10.4)
    return view.day_has_room(channel, at) or (last_chance and not _written_that_day(view, obligation, at))


def _written_that_day(view: View, obligation: Obligation, at: datetime) -> bool:
    day = view.local_day(at)
    return any(row.channel is Channel.SMS and view.local_day(row.release_at) == day for row in view.tries_of(obligation))
