"""The person said something that asks for a human: CANNOT_COME, CALLBACK_REQUESTED, CONTRADICTORY_REPLIES, INBOUND_MESSAGE (§10.12)."""

from services.core.alerts.found import Found
from services.core.model import Fact, Obligation, Reply
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import Choice, ObligationState, ReplyEffect, Severity

_VALID = frozenset({Choice.COME, Choice.CANNOT_COME})
_FORWARDED = frozenset({Choice.UNREADABLE, Choice.STOP})


def cannot_come(view: View, obligation: Obligation) -> Found | None:
    """Declined: to the meeting's own advisor when there is one; at least high when the meeting is mandatory."""
    if obligation.state is not ObligationState.DECLINED or obligation.declined_at is None:
        return None
    fact = Fact(code="declined", parameters={"at": obligation.declined_at.isoformat(), "reason": obligation.declined_reason or ""})
    return Found(
        at=obligation.declined_at,
        next_action="ask_reason",
        facts=(fact,),
        at_least=Severity.HIGH if obligation.mandatory else Severity.INFO,
        advisor_id=obligation.advisor_id,
    )


def callback_requested(view: View, obligation: Obligation) -> Found | None:
    """« Rappelez-moi »: within two working days, or before the duty."""
    asked = [reply for reply in view.replies_to(obligation) if reply.choice is Choice.CALL_ME_BACK and reply.effect in _HEARD]
    if not asked or obligation.state in SETTLED:
        return None
    at = asked[0].at
    day = view.working.shift(view.working.local(at).date(), view.policy.alerts.callback_days)
    until = min(view.working.instant(day, view.policy.alerts.day_ends), max(obligation.due_at, at))
    fact = Fact(code="callback_wanted", parameters={"at": at.isoformat()})
    return Found(at=at, next_action="call_back", facts=(fact,), act_by=until)


def contradictory(view: View, obligation: Obligation) -> Found | None:
    """Two valid answers that contradict each other: the last wins, a human asks."""
    valid = [reply for reply in view.replies_to(obligation) if reply.choice in _VALID and reply.effect is ReplyEffect.ACKNOWLEDGED]
    if obligation.state in SETTLED or len({reply.choice for reply in valid}) < 2:
        return None
    last = valid[-1]
    before = next(reply for reply in reversed(valid) if reply.choice is not last.choice)
    changed = next(reply for reply in valid if reply.choice is not valid[0].choice)
    fact = Fact(code="contradictory", parameters={"first": before.choice, "second": last.choice})
    return Found(at=changed.at, next_action="clarify", facts=(fact,))


def inbound(view: View, obligation: Obligation) -> Found | None:
    """A message that no rule can read, or a STOP: the advisor reads it."""
    written = [reply for reply in view.replies_to(obligation) if reply.choice in _FORWARDED and reply.effect is ReplyEffect.FORWARDED]
    if not written or obligation.state in SETTLED:
        return None
    return Found(at=written[0].at, next_action="read_message", facts=(_inbound_fact(written[0]),), severity=Severity.INFO)


_HEARD = frozenset({ReplyEffect.ACKNOWLEDGED, ReplyEffect.FORWARDED})


def _inbound_fact(reply: Reply) -> Fact:
    return Fact(code="inbound", parameters={"channel": reply.channel, "at": reply.at.isoformat()})
