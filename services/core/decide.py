"""The heart: facts about one person, a snapshot of the world and an instant in; what is due now and when to look again out.

Pure and deterministic: deciding again at the same instant, once the decision is stored, gives nothing new.

Next: services/core/kinds/convocation.py
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from types import MappingProxyType

from services.core.alerts.contact import fixed
from services.core.alerts.known import dossier_lines
from services.core.alerts.no_way import held_back, on_hold
from services.core.alerts.watch import alerts_due
from services.core.bundle import contact_of, making_room, together, urgency
from services.core.decision import Cancel, Decision, Dossier, Intent, Omission, Outage, Outlook, Plan, Transition
from services.core.environment import Environment
from services.core.evidence.contacts import after_points, points_due
from services.core.evidence.verdict import verdict_of
from services.core.kinds import KINDS
from services.core.model import Attempt, AttemptId, Case, ContactId, Item, Obligation, ObligationId
from services.core.never_alone import beside
from services.core.outage import outage_of
from services.core.states import ATTEMPT, Happened, Moved, obligation_after
from services.core.timers import timers_due
from services.core.view import View, see
from services.core.words import MEETINGS, PRESUMED, AttemptState, Channel, Evidence, Kind, Lane, ObligationState, Step, Verdict, Why

#: more rounds than any case needs; a rule that wants the same message again would loop
_ROUNDS = 40

_instant = attrgetter("at")

_NO_PLANS: Mapping[ObligationId, Plan] = MappingProxyType({})

_CANCEL_REASON: dict[ObligationState, Why] = {
    ObligationState.ACKNOWLEDGED: Why.ACKNOWLEDGED,
    ObligationState.DECLINED: Why.DECLINED,
    ObligationState.HANDLED: Why.HANDLED,
    ObligationState.DONE: Why.DONE,
    ObligationState.CANCELLED: Why.CANCELLED_AT_SOURCE,
    ObligationState.MISSED: Why.MISSED,
    ObligationState.LAPSED: Why.TOO_LATE,
    ObligationState.NOT_REQUIRED: Why.DONE,
}


class UndecidableError(RuntimeError):
    """The rules want the same messages again and again: a bug in a rule, for one person."""


def decide(case: Case, environment: Environment, now: datetime) -> Decision:
    """What is due for this person at ``now``, over all their obligations at once. Raises ``UndecidableError`` on a rule that loops."""
    decision = Decision()
    view = see(case, environment, now)
    if view is None:
        return decision
    view = _time_passes(view, decision)
    decision.points = points_due(view)
    view = after_points(view, decision.points)
    # first what nobody wants any more: a message that is taken back is not handed out again
    view = _take_back(view, decision)
    view = _run_timers(view, decision)
    plans = _plans(view)
    for _ in range(_ROUNDS):
        due = _most_urgent(view, plans)
        if due is None:
            _look_ahead(view, plans, decision)
            return decision
        attempt = _released(view, due, together(view, due, plans.values())) if isinstance(due, Intent) else _left_out(view, due)
        (decision.releases if isinstance(due, Intent) else decision.skips).append(attempt)
        view = view.with_attempt(attempt)
        plans = _plans(view, plans, attempt)
    raise UndecidableError


def _plans(view: View, before: Mapping[ObligationId, Plan] = _NO_PLANS, newest: Attempt | None = None) -> dict[ObligationId, Plan]:
    """What each duty wants; actualisations last, because their steps make room for the others' SMS (§10.15).

    Of the plans from ``before`` those stay that the ``newest`` message cannot change.
    """
    plans: dict[ObligationId, Plan] = {}
    changed = False
    for obligation in sorted(view.case.obligations, key=lambda obligation: obligation.kind is Kind.ACTUALISATION):
        makes_room = obligation.kind is Kind.ACTUALISATION
        known = before.get(obligation.obligation_id)
        if known is not None and not (newest is None or _matters(newest, obligation) or (makes_room and changed)):
            plans[obligation.obligation_id] = known
            continue
        plans[obligation.obligation_id] = _plan(making_room(view, plans.values()) if makes_room else view, obligation)
        changed = True
    return plans


def _matters(newest: Attempt, obligation: Obligation) -> bool:
    """Can this message change what the duty wants: it is about it, or counts for the person whatever it is about (§10.4)?"""
    counts = newest.state is AttemptState.RELEASED and newest.channel in (Channel.SMS, Channel.VOICE)
    return counts or any(item.obligation_id == obligation.obligation_id for item in newest.items)


def _plan(view: View, obligation: Obligation) -> Plan:
    plan = KINDS[obligation.kind](view, obligation)
    plan.add(beside(view, obligation))
    return held_back(view, plan) if on_hold(view) else plan


def _time_passes(view: View, decision: Decision) -> View:
    """The date has come: what is proved is said (contracts §3), and what nobody closed lapses (§10.5)."""
    for obligation in view.case.obligations:
        # the end of a period is known at once, whatever was answered; the outcome of a meeting is waited for
        grace = timedelta(0) if obligation.kind not in MEETINGS else view.policy.alerts.lapse_after
        after = obligation_after(obligation.state, Happened.EXPIRED)
        if after is None or view.now < obligation.due_at + grace:
            continue
        decision.transitions.append(Transition(obligation=obligation, happened=Happened.EXPIRED))
        view = view.with_obligation(replace(obligation, state=after, settled_at=view.now))
    return view


def _run_timers(view: View, decision: Decision) -> View:
    due = timers_due(view)
    decision.redispatches = due.redispatches
    for again in due.redispatches:
        # handed out now: its timer runs again, so that a second loss is noticed too
        view = view.with_attempt(replace(again.attempt, dispatched_at=view.now))
    for timeout in due.timeouts:
        decision.timeouts.append(timeout)
        state = ATTEMPT[timeout.attempt.state, Moved.UNKNOWN]
        view = view.with_attempt(replace(timeout.attempt, state=state, reason=timeout.reason, closed_at=view.now))
    decision.presumptions = due.presumptions
    for presumed in due.presumptions:
        view = view.with_obligation(replace(presumed.obligation, evidence=Evidence.E2, evidence_how=PRESUMED, evidence_at=view.now))
    return view


def _take_back(view: View, decision: Decision) -> View:
    """Released messages that nobody has claimed yet and that nobody wants any more (§10.12: cancelled within 60 seconds)."""
    known = {obligation.obligation_id: obligation for obligation in view.case.obligations}
    for attempt in view.messages.waiting:
        if attempt.state is not AttemptState.RELEASED:
            continue
        reasons = [unwanted(known.get(item.obligation_id), item) for item in attempt.items]
        if all(reasons) and reasons[0] is not None:
            decision.cancels.append(Cancel(attempt=attempt, reason=reasons[0]))
            view = view.with_attempt(replace(attempt, state=AttemptState.CANCELLED, reason=reasons[0], closed_at=view.now))
    return view


def unwanted(obligation: Obligation | None, item: Item) -> Why | None:
    """Why this item is not to be said any more; none while it is."""
    if obligation is None:
        return Why.ERASED
    if item.revision != obligation.revision:
        return Why.SUPERSEDED
    if obligation.state is ObligationState.OPEN:
        return None
    if obligation.state is ObligationState.ACKNOWLEDGED and item.step is Step.R2:
        return None
    if obligation.state is ObligationState.CANCELLED and item.step is Step.CANCELLATION:
        return None
    if obligation.state is ObligationState.LAPSED and item.step is Step.A6:
        return None
    return _CANCEL_REASON[obligation.state]


def _most_urgent(view: View, plans: dict[ObligationId, Plan]) -> Intent | Omission | None:
    """The next thing to release or to leave out for good; one at a time, so that caps see what the last one took."""
    # what is left out first: once the next channel has the message, nobody would ask why the first one has not
    for plan in plans.values():
        for omission in plan.omissions:
            if omission.at <= view.now and not _recorded(view, omission):
                return omission
    intents = [intent for plan in plans.values() for intent in plan.intents if intent.at <= view.now]
    return min(intents, key=urgency, default=None)


def _recorded(view: View, omission: Omission) -> bool:
    return any(
        attempt.state is AttemptState.SKIPPED and attempt.reason is omission.reason and attempt.channel is omission.channel
        for attempt in view.all_of(omission.obligation)
        if any(item.step is omission.step and item.occurrence == omission.occurrence for item in attempt.items)
    )


def _released(view: View, intent: Intent, bundle: tuple[Intent, ...]) -> Attempt:
    """One message for all of the bundle, for the reasons of the most urgent intent."""
    items = tuple(_item(one.obligation, one.step, one.occurrence) for one in bundle)
    contact = contact_of(view, intent)
    others = [f"{channel}: later_rung" for channel in view.reach.order if channel is not intent.channel]
    return Attempt(
        attempt_id=_attempt_id(view, items, intent.channel, contact),
        person_id=view.person.person_id,
        channel=intent.channel,
        contact_id=contact,
        items=items,
        state=AttemptState.RELEASED,
        cause=intent.cause,
        chosen_by=intent.chosen_by,
        excluded=(*view.reach.why_not, *others),
        release_at=view.now,
        not_after=min(one.not_after for one in bundle),
        dispatched_at=view.now,
        policy=view.policy.version,
    )


def _left_out(view: View, omission: Omission) -> Attempt:
    item = _item(omission.obligation, omission.step, omission.occurrence)
    contact = omission.contact_id or view.reach.contacts[omission.channel].contact_id
    return Attempt(
        attempt_id=_attempt_id(view, (item,), omission.channel, contact),
        person_id=view.person.person_id,
        channel=omission.channel,
        contact_id=contact,
        items=(item,),
        state=AttemptState.SKIPPED,
        reason=omission.reason,
        cause="step",
        release_at=view.now,
        not_after=view.now,
        closed_at=view.now,
        policy=view.policy.version,
    )


def _item(obligation: Obligation, step: Step, occurrence: int) -> Item:
    return Item(obligation_id=obligation.obligation_id, revision=obligation.revision, step=step, occurrence=occurrence)


def _attempt_id(view: View, items: tuple[Item, ...], channel: Channel, contact: ContactId) -> AttemptId:
    """Derived, so that the same decision gives the same id: a second planner cannot release a twin."""
    same = [row for item in items for row in view.messages.about(item.obligation_id) if row.channel is channel and item in row.items]
    before = len({row.attempt_id for row in same})
    said = [word for item in items for word in (item.obligation_id, str(item.revision), item.step, str(item.occurrence))]
    words = "|".join((*said, channel, contact, str(before)))
    return AttemptId(f"at-{blake2b(words.encode(), digest_size=10).hexdigest()}")


def _look_ahead(view: View, plans: dict[ObligationId, Plan], decision: Decision) -> None:
    """Nothing more is due: alerts, dossiers, and the next instant of each obligation."""
    live: list[datetime] = list(timers_due(view).wakes)
    campaign: list[datetime] = []
    view = _own_outages(view, plans, decision)
    for obligation in view.case.obligations:
        plan = plans[obligation.obligation_id]
        alerts = alerts_due(view, obligation)
        decision.alerts += alerts.wanted
        decision.closed += alerts.closed
        if dossier := _dossier(view, obligation):
            decision.dossiers.append(dossier)
        mine = [instant for instant in (*plan.wakes, *alerts.wakes, *_own_instants(view, obligation)) if instant > view.now]
        mine += [omission.at for omission in plan.omissions if omission.at > view.now]
        live += mine
        ahead = tuple(sorted(plan.intents, key=_instant))
        for intent in ahead:
            (campaign if intent.lane is Lane.CAMPAIGN else live).append(intent.at)
        if ahead:
            mine.append(ahead[0].at)
        next_at = min(mine, default=None)
        decision.outlooks.append(Outlook(obligation=obligation, next_at=next_at, excluded=view.reach.why_not, ahead=ahead))
    gone = {closed.alert_id for closed in decision.closed}
    decision.closed += [closed for closed in fixed(view) if closed.alert_id not in gone]
    decision.live_at = min(live, default=None)
    decision.campaign_at = min(campaign, default=None)


def _own_outages(view: View, plans: dict[ObligationId, Plan], decision: Decision) -> View:
    """Duties about which a message is lost because nobody looked in time: said once, for the verdict (§10.5)."""
    for obligation in view.case.obligations:
        if obligation.outage_at is None and (since := outage_of(view, obligation, plans[obligation.obligation_id], _plan)):
            decision.outages.append(Outage(obligation=obligation, since=since))
            view = view.with_obligation(replace(obligation, outage_at=since))
    return view


def _own_instants(view: View, obligation: Obligation) -> list[datetime]:
    """The duty's own instants, at which something happens whatever was sent."""
    awaited = obligation.state in (ObligationState.OPEN, ObligationState.ACKNOWLEDGED, ObligationState.DECLINED, ObligationState.HANDLED)
    if not awaited:
        return []
    instants = [obligation.due_at]
    if obligation.kind in MEETINGS:
        instants.append(obligation.due_at + view.policy.alerts.lapse_after)
    return instants


def _dossier(view: View, obligation: Obligation) -> Dossier | None:
    """Attached once, when a duty was missed (below E4 with its lines, SC-48) or an actualisation lapsed (A6)."""
    missed = obligation.state is ObligationState.MISSED
    lapsed = obligation.state is ObligationState.LAPSED and obligation.kind is Kind.ACTUALISATION
    if not (missed or lapsed) or obligation.verdict is not None:
        return None
    verdict = verdict_of(view, obligation)
    told = lapsed or obligation.evidence < Evidence.E4 or verdict is Verdict.SERVICE_AT_FAULT
    return Dossier(obligation=obligation, lines=dossier_lines(view, obligation), verdict=verdict, told=told)
