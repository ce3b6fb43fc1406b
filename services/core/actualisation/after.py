"""Between the steps, and after the closing: replacement of what failed, and A6, how to register again (§10.5)."""

from datetime import datetime, timedelta

from services.core.actualisation.campaign import closing_day, first_weekday, letters_until, waits_for_feed
from services.core.alarms import ANOTHER_PROVIDER
from services.core.channels.spread import within
from services.core.channels.windows import Opening, next_opening
from services.core.decision import Intent, Plan
from services.core.meeting.reminders import settled
from services.core.model import Attempt, Obligation
from services.core.replacement import carried_again, channels_tried, replacing
from services.core.timing import soonest
from services.core.view import View, step_of
from services.core.words import AttemptState, Channel, Lane, ReceiptStatus, Step, Why

#: the telephone will be tried again at the next step; of calls, a soft failure too (§11.2)
_NOBODY_THERE = frozenset({ReceiptStatus.NO_ANSWER, ReceiptStatus.BUSY})


def replacement(view: View, obligation: Obligation, next_step_at: datetime | None) -> Plan:
    """Between steps only a hard failure or a missing receipt brings the next channel; an unanswered call waits for the next step."""
    plan = Plan()
    tries = view.tries_of(obligation)
    if not tries or not _calls_for_another(tries[-1]):
        return plan
    head = tries[-1]
    if obligation.said_done_at is not None and obligation.said_done_at >= head.release_at:
        return plan  # the person has heard: « c'est fait » (§10.12)
    step = step_of(head, obligation)
    if step is None or step is Step.A6 or waits_for_feed(view, obligation, step):
        return plan
    occurrence = next(item.occurrence for item in head.items if item.obligation_id == obligation.obligation_id)
    same_step = [attempt for attempt in tries if step_of(attempt, obligation) is step]
    tried = channels_tried(view, same_step)
    # A1 and A4 are not called, not even in place of an SMS (§10.4)
    not_called = {rung.step for rung in view.policy.actualisation.steps if not rung.called} - {Step.A5}
    failed = head.state is AttemptState.FAILED
    # A0 is like a first notice: a letter too (§10.5)
    for channel in view.reach.order if step is Step.A0 else view.policy.channels.actualisation_order:
        if channel in tried or channel not in view.reach.contacts or not view.room(channel, obligation):
            continue
        if channel is Channel.VOICE and step in not_called:
            continue
        when = _when(view, obligation, channel, head.closed_at or head.release_at, slot=not failed)
        if isinstance(when, Why) or (next_step_at is not None and when[0] >= next_step_at):
            continue
        plan.intents.append(
            Intent(
                obligation=obligation,
                step=step,
                # a better point of a channel that was tried: a message of its own (contracts §3)
                occurrence=replacing(occurrence) if channel in {row.channel for row in same_step} else occurrence,
                channel=channel,
                at=when[0],
                not_after=when[1],
                cause="hard_failure" if failed else "no_receipt",
                chosen_by="order",
            )
        )
        return plan
    again = carried_again(view, obligation, head)
    if again is not None and (next_step_at is None or again[0] < next_step_at):
        plan.intents.append(
            Intent(
                obligation=obligation,
                step=step,
                occurrence=replacing(occurrence),
                channel=Channel.SMS,
                at=again[0],
                not_after=again[1],
                cause="no_receipt",
                chosen_by=ANOTHER_PROVIDER,
            )
        )
    return plan


def _when(view: View, obligation: Obligation, channel: Channel, since: datetime, *, slot: bool) -> Opening | Why:
    if channel is Channel.LETTER and view.now > letters_until(view, obligation):
        return Why.LETTER_TOO_LATE
    return soonest(view, obligation, channel, since, slot=slot)


def _calls_for_another(head: Attempt) -> bool:
    if head.state is AttemptState.UNKNOWN:
        return head.channel is not Channel.VOICE
    soft_call = head.channel is Channel.VOICE and head.last_status is ReceiptStatus.FAILED_SOFT
    return head.state is AttemptState.FAILED and head.last_status not in _NOBODY_THERE and not soft_call


def too_late(view: View, obligation: Obligation) -> Plan:
    """A6: one message on the channel with the best evidence, else as a first notice; outside the caps, campaign spread."""
    plan = Plan()
    # somebody on hold is told once the hold is over (§10.17)
    if (Step.A6, 1) in settled((attempt for attempt in view.all_of(obligation) if attempt.reason is not Why.ON_HOLD), obligation):
        return plan
    ladder = view.policy.actualisation
    day = first_weekday(view.residence, closing_day(view, obligation) + timedelta(days=1))
    start = view.residence.instant(day, ladder.after.hour)
    useful_until = start + timedelta(days=ladder.after.not_after_days)
    best = view.best_channels(obligation)
    for channel in [*best, *(channel for channel in view.reach.order if channel not in best)]:
        if not view.messages.writable(obligation, channel):
            continue
        opens, closes = next_opening(view.policy, channel, view.residence, start)
        at = within(view.person.person_id, opens, min(opens + ladder.spread, closes))
        if channel is Channel.LETTER:
            at = max(start, view.now)
        elif at < view.now:
            at = max(at, next_opening(view.policy, channel, view.residence, view.now)[0])
        if at > useful_until:
            continue
        until = useful_until if channel is Channel.LETTER else next_opening(view.policy, channel, view.residence, at)[1]
        plan.intents.append(
            Intent(
                obligation=obligation,
                step=Step.A6,
                channel=channel,
                at=at,
                not_after=until,
                cause="lapsed",
                chosen_by="best_evidence" if channel in best else "order",
                lane=Lane.CAMPAIGN,
            )
        )
        return plan
    return plan
