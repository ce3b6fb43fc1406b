"""An outage of ours that cost a message about a duty (§10.5, after T): what was due while nobody looked, and is of no use any more."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from services.core.decision import Intent, Plan
from services.core.model import Attempt, Obligation
from services.core.policy import Policy
from services.core.view import View, see
from services.core.words import AttemptState, Channel, Evidence, Kind, ObligationState, Why

_PAST = frozenset({ObligationState.MISSED, ObligationState.LAPSED})
_AWAITED = frozenset({ObligationState.OPEN, ObligationState.ACKNOWLEDGED, *_PAST})
#: a message that was handed out, and of which nobody made anything before it was too late
_NEVER_MADE = {
    AttemptState.SKIPPED: frozenset({Why.TOO_LATE}),
    AttemptState.CANCELLED: frozenset({Why.TOO_LATE, Why.MISSED}),
}


def told_too_late(published_at: datetime, now: datetime, due_at: datetime, policy: Policy) -> datetime | None:
    """Since when an outage made every message about a meeting useless before we even knew of it; none when none did."""
    last = due_at - policy.not_after[Channel.SMS]
    return published_at if published_at < last <= now and now - published_at > policy.outage.late_after else None


def outage_of(view: View, obligation: Obligation, plan: Plan, plan_of: Callable[[View, Obligation], Plan]) -> datetime | None:
    """Since when an outage made a message about this duty useless; none when none did.

    ``plan``: what is still ahead. ``plan_of``: the ladders, to ask what would have been due had we looked in time.
    """
    if obligation.kind is Kind.CONTACT or obligation.state not in _AWAITED or obligation.evidence >= Evidence.E3:
        return None
    late = view.policy.outage.late_after
    left_lying = [row.release_at for row in view.all_of(obligation) if _too_late(row) and _waited(row, late)]
    if left_lying:
        return min(left_lying)
    expected = obligation.next_at or (view.known_since(obligation) if obligation.state is ObligationState.OPEN else None)
    if expected is None or view.now - expected <= late:
        return None
    return expected if _lost(view, obligation, expected, plan, plan_of) else None


def _lost(view: View, obligation: Obligation, expected: datetime, plan: Plan, plan_of: Callable[[View, Obligation], Plan]) -> bool:
    """Was something due meanwhile that neither leaves now nor will?"""
    awaited = replace(obligation, state=ObligationState.OPEN) if obligation.state in _PAST else obligation
    before = replace(view.case, attempts=tuple(row for row in view.case.attempts if row.release_at < view.now))
    then = see(before, view.env, expected)
    if then is None:
        return False
    due = {_rung(one) for one in plan_of(then.with_obligation(awaited), awaited).intents if one.at <= view.now}
    made = {(item.step, item.occurrence) for row in view.tries_of(obligation) for item in row.items}
    return bool(due - made - _rungs(plan.intents))


def _rungs(intents: Iterable[Intent]) -> set[tuple[str, int]]:
    return {_rung(intent) for intent in intents}


def _rung(intent: Intent) -> tuple[str, int]:
    return intent.step, intent.occurrence


def _too_late(row: Attempt) -> bool:
    return row.reason in _NEVER_MADE.get(row.state, ())


def _waited(row: Attempt, late: timedelta) -> bool:
    return row.closed_at is not None and row.closed_at - row.release_at > late
