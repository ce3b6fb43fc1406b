"""Word of a change (§10.11): the meeting was moved, takes place after all, or was cancelled. Outside the caps."""

from services.core.decision import Intent, Omission, Plan
from services.core.model import Attempt, Obligation
from services.core.states import LIVE
from services.core.timing import soonest
from services.core.view import View, step_of
from services.core.words import AttemptState, Channel, Step, Why

_REACHED_SOMETHING = frozenset({AttemptState.ACCEPTED, AttemptState.DELIVERED, AttemptState.UNKNOWN, AttemptState.SUBMITTING})
#: they reach somebody the same day
_HEARD_TODAY = frozenset({Channel.SMS, Channel.VOICE})


def was_announced_before(view: View, obligation: Obligation) -> bool:
    """An earlier revision, or the meeting that this one replaces, went out to a provider."""
    return bool(_carriers(view, obligation))


def corrective(view: View, obligation: Obligation) -> Plan:
    """« déplacé » on every channel that carried the old revision, at once (a letter only if it can still arrive)."""
    plan = Plan()
    sent = {attempt.channel for attempt in view.tries_of(obligation)}
    for channel in _carriers(view, obligation):
        if channel in sent or channel not in view.reach.contacts:
            continue
        plan.add(_at_once(view, obligation, Step.CORRECTIVE, channel))
    if not plan.intents and not sent:
        # the channels of the old date are gone: the next usable one says it
        for channel in view.reach.order:
            plan.add(_at_once(view, obligation, Step.CORRECTIVE, channel))
            if plan.intents:
                break
    return plan


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


def _at_once(view: View, obligation: Obligation, step: Step, channel: Channel) -> Plan:
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
            chosen_by="carried_the_old_date" if step is Step.CORRECTIVE else "best_evidence",
        )
    )
    return plan


def _messages(view: View, obligation: Obligation) -> list[Attempt]:
    return [
        attempt
        for attempt in view.case.attempts
        if attempt.state in LIVE and any(item.obligation_id == obligation.obligation_id for item in attempt.items)
    ]


def _carriers(view: View, obligation: Obligation) -> list[Channel]:
    """Channels on which an older revision, or the replaced meeting, reached a provider."""
    found: list[Channel] = []
    for attempt in view.case.attempts:
        for item in attempt.items:
            older = item.obligation_id == obligation.obligation_id and item.revision < obligation.revision
            replaced = obligation.replaces is not None and item.obligation_id == obligation.replaces
            if (older or replaced) and attempt.state in _REACHED_SOMETHING and attempt.channel not in found:
                found.append(attempt.channel)
    return found


def _replaced(view: View, obligation: Obligation) -> bool:
    return any(other.replaces == obligation.obligation_id for other in view.case.obligations)
