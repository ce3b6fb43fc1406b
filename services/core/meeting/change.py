"""Word of a change (§10.11): the meeting was moved, takes place after all, or was cancelled. Outside the caps."""

from datetime import datetime

from services.core.decision import Intent, Omission, Plan
from services.core.meeting.first_notice import complement, is_last_minute
from services.core.model import Attempt, Case, Obligation
from services.core.states import LIVE
from services.core.timing import reliable_alone, soonest
from services.core.view import View, step_of
from services.core.words import AttemptState, Channel, Step, Why

_OVER = frozenset({AttemptState.FAILED, AttemptState.UNKNOWN})
_REACHED_SOMETHING = frozenset({AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.UNKNOWN, AttemptState.SUBMITTING})
#: they reach somebody the same day
_HEARD_TODAY = frozenset({Channel.SMS, Channel.VOICE})


def was_announced_before(view: View, obligation: Obligation) -> bool:
    """An earlier revision, or the meeting that this one replaces, went out to a provider."""
    return bool(_carriers(view, obligation))


def announced_as_cancelled(case: Case, obligation: Obligation) -> bool:
    """The last that the person was told of this meeting is that it does not take place: what brings it back says « a bien lieu »."""
    told = [
        (attempt.submitted_at, attempt.attempt_id, item.step)
        for attempt in case.attempts
        if attempt.submitted_at is not None
        for item in attempt.items
        if item.obligation_id == obligation.obligation_id and item.revision < obligation.revision
    ]
    return bool(told) and max(told)[2] is Step.CANCELLATION


def corrective(view: View, obligation: Obligation) -> Plan:
    """« déplacé » on every channel that carried the old revision, at once (a letter only if it can still arrive).

    When none of them may be relied on alone any more, the next channels start with them, as for a first notice (§10.2, §10.11).
    """
    plan = Plan()
    tries = [attempt for attempt in view.tries_of(obligation) if step_of(attempt, obligation) is not Step.L]
    sent = {attempt.channel for attempt in view.tries_of(obligation)}
    carriers = [channel for channel in _carriers(view, obligation) if channel not in sent and channel in view.reach.contacts]
    for channel in carriers:
        plan.add(_at_once(view, obligation, Step.CORRECTIVE, channel))
    if _moved_on(tries, obligation):
        return plan
    for channel in view.reach.order:
        if _heard_surely(view, obligation, tries, plan):
            break
        if channel not in sent and channel not in carriers:
            plan.add(_at_once(view, obligation, Step.CORRECTIVE, channel, carried=False))
    if is_last_minute(view, obligation):
        complement(plan, view, obligation, tries, step=Step.CORRECTIVE)
    return plan


def told_at(view: View, obligation: Obligation, change: Plan) -> list[datetime]:
    """When the person hears of this revision, by what was sent and by what is planned; a letter takes days."""
    sent = [
        attempt.release_at
        for attempt in view.tries_of(obligation)
        if step_of(attempt, obligation) is Step.CORRECTIVE and attempt.channel is not Channel.LETTER and attempt.state not in _OVER
    ]
    return sent + [intent.at for intent in change.intents if intent.channel is not Channel.LETTER]


def _moved_on(tries: list[Attempt], obligation: Obligation) -> bool:
    """What follows is the fallback's: something failed, or another rung has begun."""
    return any(step_of(attempt, obligation) is not Step.CORRECTIVE or attempt.state in _OVER for attempt in tries)


def _heard_surely(view: View, obligation: Obligation, tries: list[Attempt], plan: Plan) -> bool:
    instants = [(attempt.channel, attempt.release_at) for attempt in tries] + [(intent.channel, intent.at) for intent in plan.intents]
    return any(reliable_alone(view, obligation, channel, at) for channel, at in instants)


def cancellation(view: View, obligation: Obligation) -> Plan:
    """« annulé » on the best-evidence channel, plus SMS or voice when a letter left; nothing when nothing was announced."""
    plan = Plan()
    if view.now >= obligation.due_at or _replaced(view, obligation):
        return plan
    announced = {attempt.channel for attempt in _messages(view, obligation) if attempt.state in _REACHED_SOMETHING}
    if not announced:
        return plan
    told = {attempt.channel for attempt in view.tries_of(obligation) if step_of(attempt, obligation) is Step.CANCELLATION}
    if not told:
        best = view.best_channels(obligation)
        plan.add(_first_of(view, obligation, [*best, *(channel for channel in view.reach.order if channel not in best)]))
    planned = told | {intent.channel for intent in plan.intents}
    if Channel.LETTER in announced and planned.isdisjoint(_HEARD_TODAY):
        # a letter that says it may come after the person has left
        plan.add(_first_of(view, obligation, [channel for channel in view.reach.order if channel in _HEARD_TODAY]))
    return plan


def _first_of(view: View, obligation: Obligation, channels: list[Channel]) -> Plan:
    plan = Plan()
    for channel in channels:
        plan.add(_at_once(view, obligation, Step.CANCELLATION, channel))
        if plan.intents:
            break
    return plan


def _at_once(view: View, obligation: Obligation, step: Step, channel: Channel, *, carried: bool = True) -> Plan:
    plan = Plan()
    when = soonest(view, obligation, channel, view.known_since(obligation), capped=False)
    if isinstance(when, Why):
        plan.omissions.append(Omission(obligation=obligation, step=step, channel=channel, reason=when, at=view.now))
        return plan
    plan.intents.append(
        Intent(
            obligation=obligation,
            step=step,
            channel=channel,
            at=when[0],
            not_after=when[1],
            cause="change",
            chosen_by=_chosen_by(step, carried=carried),
        )
    )
    return plan


def _chosen_by(step: Step, *, carried: bool) -> str:
    if step is not Step.CORRECTIVE:
        return "best_evidence"
    return "carried_the_old_date" if carried else "order"


def _messages(view: View, obligation: Obligation) -> list[Attempt]:
    return [attempt for attempt in view.messages.about(obligation.obligation_id) if attempt.state in LIVE]


def _carriers(view: View, obligation: Obligation) -> list[Channel]:
    """Channels on which an older revision, or the replaced meeting, reached a provider."""
    found: list[Channel] = []
    # in the order of the case, whichever of the two meetings they are about
    for attempt in view.messages.about(obligation.obligation_id) if obligation.replaces is None else view.case.attempts:
        for item in attempt.items:
            older = item.obligation_id == obligation.obligation_id and item.revision < obligation.revision
            replaced = obligation.replaces is not None and item.obligation_id == obligation.replaces
            if (older or replaced) and _carried(attempt) and attempt.channel not in found:
                found.append(attempt.channel)
    return found


def _carried(attempt: Attempt) -> bool:
    """A provider has it; of a call, somebody answered or a message was left: a telephone that only rang told nobody (§10.11)."""
    return attempt.state is AttemptState.DELIVERED if attempt.channel is Channel.VOICE else attempt.state in _REACHED_SOMETHING


def _replaced(view: View, obligation: Obligation) -> bool:
    return any(other.replaces == obligation.obligation_id for other in view.case.obligations)
