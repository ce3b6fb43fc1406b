"""F: the next channel after a failure, a missing receipt or silence (§10.5, §10.9, §10.10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.core.alarms import ANOTHER_PROVIDER
from services.core.channels.leadtime import expected_in_box
from services.core.channels.windows import Opening, openings_on
from services.core.decision import Intent, Plan
from services.core.meeting.first_notice import is_last_minute
from services.core.model import Attempt, Obligation
from services.core.replacement import carried_again, channels_tried
from services.core.timing import is_short_notice, last_useful, passed_over, silence_of, soonest
from services.core.view import View, step_of
from services.core.words import AttemptState, Channel, ReceiptStatus, Step, Why

#: days to look back for an allowed one
_LOOK_BACK = 30
#: a new date that comes within a day is as urgent as a first notice (§10.11)
_FIRST_WORDS = frozenset({Step.N0, Step.CORRECTIVE})
_REMINDERS = frozenset({Step.R1, Step.R2, Step.R3})
#: the call reached nobody who chose: it is tried again at the next slot
_UNANSWERED = frozenset(
    {
        ReceiptStatus.NO_ANSWER,
        ReceiptStatus.BUSY,
        # rejected (21) or out of order (27): soft, another slot (§11.2)
        ReceiptStatus.FAILED_SOFT,
        ReceiptStatus.ANSWERED_NO_INPUT,
        ReceiptStatus.VOICEMAIL_LEFT,
        ReceiptStatus.UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why and from when on the next rung is due."""

    at: datetime
    cause: str
    #: a telephone call waits for a slot
    slot: bool
    #: the same channel again, before the next one
    again: bool = False


def fallback(view: View, obligation: Obligation, reminders_ahead: Sequence[Intent]) -> Plan:
    """The next rung after the newest message of the chain, if it calls for one. ``reminders_ahead``: what the R steps will need."""
    plan = Plan()
    head = _head(view, obligation)
    if head is None:
        return plan
    trigger = _trigger(view, obligation, head)
    if trigger is None:
        return plan
    if _quick_call(view, obligation, head, trigger):
        soon = Trigger(at=head.release_at + view.policy.timers.voice_after_first_notice, cause="last_minute", slot=False)
        when = soonest(view, obligation, Channel.VOICE, soon.at)
        if not isinstance(when, Why):
            plan.intents.append(_intent(view, obligation, Channel.VOICE, when, soon, "order"))
            return plan
    if trigger.again and Channel.VOICE in view.reach.contacts and view.room(Channel.VOICE, obligation):
        when = soonest(view, obligation, Channel.VOICE, trigger.at, slot=True)
        if not isinstance(when, Why):
            plan.intents.append(_intent(view, obligation, Channel.VOICE, when, trigger, "again"))
            return plan
    chosen = _next_channel(view, obligation, head, trigger, reminders_ahead)
    if chosen is not None:
        channel, when, chosen_by = chosen
        plan.intents.append(_intent(view, obligation, channel, when, trigger, chosen_by))
    return plan


def _head(view: View, obligation: Obligation) -> Attempt | None:
    """The newest message whose fate decides: a reminder counts only when it failed or nothing is known of it."""
    chain = [
        attempt
        for attempt in view.tries_of(obligation)
        if step_of(attempt, obligation) is not Step.L
        and attempt.chosen_by != "complement"
        and (step_of(attempt, obligation) not in _REMINDERS or attempt.state in (AttemptState.FAILED, AttemptState.UNKNOWN))
    ]
    order = {channel: place for place, channel in enumerate(view.reach.order)}
    return max(chain, key=lambda attempt: (attempt.release_at, order.get(attempt.channel, -1), attempt.attempt_id), default=None)


def _trigger(view: View, obligation: Obligation, head: Attempt) -> Trigger | None:
    closed = head.closed_at or head.release_at
    if head.channel is Channel.VOICE:
        return _after_a_call(head, closed)
    if head.channel is Channel.EMAIL and head.submitted_at is not None and not _failed_for_good(head):
        # the clock runs from the first try, whatever the retries (SC-45)
        return Trigger(at=head.submitted_at + silence_of(view, obligation), cause="silence", slot=True)
    if head.state is AttemptState.FAILED:
        return Trigger(at=closed, cause="hard_failure", slot=False)
    if head.state is AttemptState.UNKNOWN:
        return Trigger(at=closed, cause="no_receipt", slot=True)
    if head.channel is Channel.LETTER and head.accepted_at is not None:
        return Trigger(at=_letter_silence(view, obligation, head.accepted_at), cause="silence", slot=True)
    if head.state is AttemptState.DELIVERED and head.delivered_at is not None:
        return Trigger(at=head.delivered_at + silence_of(view, obligation), cause="silence", slot=True)
    if is_last_minute(view, obligation) and head.channel is Channel.SMS:
        return Trigger(at=head.release_at + silence_of(view, obligation), cause="silence", slot=True)
    return None


def _failed_for_good(attempt: Attempt) -> bool:
    return attempt.state is AttemptState.FAILED and attempt.last_status is not ReceiptStatus.FAILED_SOFT


def _after_a_call(head: Attempt, closed: datetime) -> Trigger | None:
    if head.last_status in _UNANSWERED and head.state is not AttemptState.SUBMITTING:
        return Trigger(at=closed, cause="unanswered", slot=True, again=True)
    if head.state is AttemptState.UNKNOWN:
        return Trigger(at=closed, cause="unanswered", slot=True, again=True)
    if head.state is AttemptState.FAILED:
        return Trigger(at=closed, cause="hard_failure", slot=False)
    return None


def _quick_call(view: View, obligation: Obligation, head: Attempt, trigger: Trigger) -> bool:
    """Less than 24 hours: a call 30 minutes after the first notice, without waiting for a slot (§10.11)."""
    called = any(attempt.channel is Channel.VOICE for attempt in view.tries_of(obligation))
    waits = trigger.cause in {"silence", "no_receipt"} and Channel.VOICE in view.reach.contacts and view.room(Channel.VOICE, obligation)
    return is_last_minute(view, obligation) and waits and not called and step_of(head, obligation) in _FIRST_WORDS


def _letter_silence(view: View, obligation: Obligation, accepted_at: datetime) -> datetime:
    """Two working days after it should be there, at 10:00; but no later than three days before the duty (§10.5)."""
    timers = view.policy.timers
    day = expected_in_box(view.policy.letters, view.residence, view.printer, accepted_at)
    at = view.residence.instant(view.working.shift(day, timers.letter_silence_working_days), timers.letter_silence_hour)
    latest = obligation.due_at - timers.letter_silence_before
    if at <= latest:
        return at
    # the last allowed instant before it: a slot for calls, that day or earlier
    starts = view.policy.voice_slots.starts
    for days in range(_LOOK_BACK):
        day = view.local_day(latest) - timedelta(days=days)
        openings = openings_on(view.policy, Channel.VOICE, view.residence, day)
        for slot in (view.residence.instant(day, start) for start in reversed(starts)):
            if slot <= latest and any(opens <= slot < closes for opens, closes in openings):
                return slot
    return latest


def _next_channel(
    view: View, obligation: Obligation, head: Attempt, trigger: Trigger, reminders_ahead: Sequence[Intent]
) -> tuple[Channel, Opening, str] | None:
    """The next usable channel not tried yet; when all were tried, the one with the best evidence again, within the caps (§10.9)."""
    tried = channels_tried(view, view.tries_of(obligation))
    untried = [channel for channel in view.reach.order if channel not in tried and view.room(channel, obligation)]
    cannot_wait = not trigger.slot or is_short_notice(view, obligation)
    for place, channel in enumerate(untried):
        when = soonest(view, obligation, channel, trigger.at, slot=trigger.slot)
        if isinstance(when, Why):
            continue
        if not (cannot_wait and passed_over(view, obligation, channel, trigger.at, when[0], untried[place + 1 :])):
            return channel, when, "order"
    again = carried_again(view, obligation, head)
    if again is not None:
        return Channel.SMS, again, ANOTHER_PROVIDER
    # nothing is proved of any: what failed softly may work another day
    repeatable = [channel for channel in view.reach.order if channel in tried and view.room(channel, obligation)]
    for channel in (view.best_channels(obligation) or repeatable)[:1]:
        # the last chance has room of its own (§10.4)
        reserve = sum(1 for intent in reminders_ahead if intent.channel is channel and intent.chosen_by != "last_chance")
        if not view.room(channel, obligation, reserve=reserve):
            continue
        # the same again so soon would not wait for an answer to what it repeats
        last = max(attempt.release_at for attempt in view.tries_of(obligation) if attempt.channel is channel)
        when = soonest(view, obligation, channel, max(trigger.at, last + silence_of(view, obligation)), slot=trigger.slot)
        if not isinstance(when, Why):
            return channel, when, "best_evidence"
    return None


def _intent(view: View, obligation: Obligation, channel: Channel, when: Opening, trigger: Trigger, chosen_by: str) -> Intent:
    occurrence = 1 + sum(
        1 for attempt in view.tries_of(obligation) if attempt.channel is channel and step_of(attempt, obligation) is Step.F
    )
    return Intent(
        obligation=obligation,
        step=Step.F,
        occurrence=occurrence,
        channel=channel,
        at=when[0],
        not_after=min(when[1], last_useful(view, obligation, channel)),
        cause=trigger.cause,
        chosen_by=chosen_by,
    )
