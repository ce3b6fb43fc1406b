"""N0 and what starts together with it (§10.5, §10.9, §10.11); L, the letter of a formal convocation."""

from datetime import datetime

from services.core.channels.windows import Opening
from services.core.decision import Intent, Omission, Plan
from services.core.model import Attempt, Obligation
from services.core.timing import is_short_notice, letter_limit_of, passed_over, reliable_alone, soonest
from services.core.view import View, step_of
from services.core.words import AttemptState, Channel, Kind, Step, Why

_FORMAL = "formal"
_OVER = frozenset({AttemptState.FAILED, AttemptState.UNKNOWN})


def first_notice(view: View, obligation: Obligation) -> Plan:
    """The first notice on the first channel that can still carry it, and on the next ones while none may be relied on alone."""
    plan = Plan()
    tries = [attempt for attempt in view.tries_of(obligation) if step_of(attempt, obligation) is not Step.L]
    begun = [attempt for attempt in tries if step_of(attempt, obligation) is Step.N0]
    if tries and (len(begun) < len(tries) or any(attempt.state in _OVER for attempt in begun)):
        return plan  # the ladder has moved on: what follows is the fallback's
    since = view.known_since(obligation)
    # a letter that left beside the first notice is not sent twice
    tried = {attempt.channel for attempt in view.tries_of(obligation)}
    alone = any(reliable_alone(view, obligation, attempt.channel, attempt.release_at) for attempt in begun)
    for channel in view.reach.order:
        if alone:
            break
        if channel in tried:
            continue
        when = _when(view, obligation, channel, since, [other for other in view.reach.order if other not in tried])
        if isinstance(when, Why):
            plan.omissions.append(Omission(obligation=obligation, step=Step.N0, channel=channel, reason=when, at=since))
            continue
        first = not begun and not plan.intents
        plan.intents.append(
            Intent(
                obligation=obligation,
                step=Step.N0,
                channel=channel,
                at=when[0],
                not_after=when[1],
                cause="first_notice" if first else "not_alone",
                chosen_by=_chosen_by(view, channel) if first else "order",
            )
        )
        alone = reliable_alone(view, obligation, channel, when[0])
    if is_last_minute(view, obligation):
        complement(plan, view, obligation, tries, step=Step.N0)
    return plan


def _when(view: View, obligation: Obligation, channel: Channel, since: datetime, untried: list[Channel]) -> Opening | Why:
    """When this channel carries the first notice; ``CAP_REACHED`` too when short notice cannot wait for the next day's SMS."""
    if not view.room(channel, obligation):
        return Why.CAP_REACHED
    when = soonest(view, obligation, channel, since)
    if isinstance(when, Why) or not is_short_notice(view, obligation):
        return when
    rest = untried[untried.index(channel) + 1 :]
    return Why.CAP_REACHED if passed_over(view, obligation, channel, since, when[0], rest) else when


def formal_letter(view: View, obligation: Obligation) -> Plan:
    """L: the letter of a formal convocation leaves the same day, besides the first notice (§10.5)."""
    plan = Plan()
    wanted = obligation.kind is Kind.CONVOCATION and obligation.legal_value == _FORMAL and Channel.LETTER in view.reach.contacts
    if not wanted or any(attempt.channel is Channel.LETTER for attempt in view.tries_of(obligation)):
        return plan
    if view.reach.order[0] is Channel.LETTER:
        return plan
    since = view.known_since(obligation)
    when = soonest(view, obligation, Channel.LETTER, since) if view.room(Channel.LETTER, obligation) else Why.CAP_REACHED
    if isinstance(when, Why):
        plan.omissions.append(Omission(obligation=obligation, step=Step.L, channel=Channel.LETTER, reason=when, at=since))
        return plan
    plan.intents.append(
        Intent(
            obligation=obligation,
            step=Step.L,
            channel=Channel.LETTER,
            at=when[0],
            not_after=when[1],
            cause="formal_convocation",
            chosen_by="formal_convocation",
        )
    )
    return plan


def letter_cannot_arrive(view: View, obligation: Obligation) -> bool:
    """The preferred channel is a letter, and it was too late for one when the duty became known (§10.5, SHORT_NOTICE)."""
    preferred = view.person.preferred_channel is Channel.LETTER and Channel.LETTER in view.reach.contacts
    return preferred and view.known_since(obligation) > letter_limit_of(view, obligation).submit_by


def is_last_minute(view: View, obligation: Obligation) -> bool:
    """Less than a day between knowing and the meeting (§10.11)."""
    return obligation.due_at - view.known_since(obligation) < view.policy.timers.short_below


def complement(plan: Plan, view: View, obligation: Obligation, tries: list[Attempt], *, step: Step) -> None:
    """At the last minute the plan gets e-mail as a complement at once, if usable (§10.11)."""
    if Channel.EMAIL not in view.reach.contacts:
        return
    used = {attempt.channel for attempt in tries} | {intent.channel for intent in plan.intents}
    when = soonest(view, obligation, Channel.EMAIL, view.known_since(obligation))
    if Channel.EMAIL in used or isinstance(when, Why) or not view.room(Channel.EMAIL, obligation):
        return
    plan.intents.append(
        Intent(
            obligation=obligation,
            step=step,
            channel=Channel.EMAIL,
            at=when[0],
            not_after=when[1],
            cause="last_minute",
            chosen_by="complement",
        )
    )


def _chosen_by(view: View, channel: Channel) -> str:
    return "preferred" if channel is view.person.preferred_channel else "order"
