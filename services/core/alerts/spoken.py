"""The person said something that asks for a human: CANNOT_COME, CALLBACK_REQUESTED, CONTRADICTORY_REPLIES, INBOUND_MESSAGE (§10.12)."""

from collections.abc import Sequence
from itertools import pairwise

from services.core.alerts.contact import refused
from services.core.alerts.found import Found
from services.core.alerts.known import by_helper
from services.core.model import Fact, Obligation, Reply
from services.core.states import SETTLED
from services.core.view import View
from services.core.words import AlertType, Choice, Kind, ObligationState, ReplyEffect, Severity

_VALID = frozenset({Choice.COME, Choice.CANNOT_COME})
_FORWARDED = frozenset({Choice.UNREADABLE, Choice.STOP})
_UNDECIDED = frozenset({ObligationState.OPEN, ObligationState.ACKNOWLEDGED})


def cannot_come(view: View, obligation: Obligation) -> Found | None:
    """Declined: to the meeting's own advisor when there is one; at least high when the meeting is mandatory.

    « 2 » to a message about several meetings declines none of them: the alert is about the earliest (§10.12).
    """
    if (group := refused_together(view, obligation)) is not None:
        return group
    if obligation.state is not ObligationState.DECLINED or obligation.declined_at is None:
        return None
    helped = by_helper(view, obligation, Choice.CANNOT_COME)
    said = {"at": obligation.declined_at.isoformat(), "reason": obligation.declined_reason or "", **helped}
    fact = Fact(code="declined", parameters=said)
    return Found(
        at=obligation.declined_at,
        next_action="ask_reason",
        facts=(fact,),
        at_least=Severity.HIGH if obligation.mandatory else Severity.INFO,
        advisor_id=obligation.advisor_id,
    )


def refused_together(view: View, obligation: Obligation) -> Found | None:
    """The last that was said of this meeting is « 2 » to a message about several, of which it is the earliest."""
    if not view.case.replies or obligation.state not in _UNDECIDED:
        return None
    said = [reply for reply in view.replies_to(obligation) if reply.choice in _VALID and reply.effect in _HEARD]
    if not said or said[-1].effect is not ReplyEffect.FORWARDED:
        return None
    meetings = _answered_together(view, said[-1])
    if meetings[0].obligation_id != obligation.obligation_id:
        return None
    return Found(
        at=said[-1].at,
        next_action="ask_reason",
        facts=(Fact(code="group_reply"),),
        at_least=Severity.HIGH if any(meeting.mandatory for meeting in meetings) else Severity.INFO,
        advisor_id=obligation.advisor_id,
    )


def _answered_together(view: View, reply: Reply) -> list[Obligation]:
    """The duties that one answer was about, the soonest first."""
    same = [reply]
    if reply.attempt_id is not None:
        same = [row for row in view.case.replies if (row.attempt_id, row.at, row.choice) == (reply.attempt_id, reply.at, reply.choice)]
    about = {row.obligation_id for row in same}
    return sorted(
        (duty for duty in view.case.obligations if duty.obligation_id in about), key=lambda duty: (duty.due_at, duty.obligation_id)
    )


def callback_requested(view: View, obligation: Obligation) -> Found | None:
    """« Rappelez-moi »: within two working days, or before the duty."""
    said = [reply for reply in view.replies_to(obligation) if reply.choice is Choice.CALL_ME_BACK and reply.effect in _HEARD]
    asked = _not_settled(view, obligation, AlertType.CALLBACK_REQUESTED, said)
    if asked is None or obligation.state in SETTLED or _answered_together(view, asked)[0].obligation_id != obligation.obligation_id:
        return None  # one call is enough for all that the message was about
    at = asked.at
    day = view.working.shift(view.working.local(at).date(), view.policy.alerts.callback_days)
    until = min(view.working.instant(day, view.policy.alerts.day_ends), max(obligation.due_at, at))
    fact = Fact(code="callback_wanted", parameters={"at": at.isoformat()})
    return Found(at=at, next_action="call_back", facts=(fact,), act_by=until)


def contradictory(view: View, obligation: Obligation) -> Found | None:
    """Two valid answers that contradict each other: the last wins, a human asks."""
    valid = [reply for reply in view.replies_to(obligation) if reply.choice in _VALID and reply.effect is ReplyEffect.ACKNOWLEDGED]
    if obligation.state in SETTLED or len({reply.choice for reply in valid}) < 2:
        return None
    changes = [reply for before, reply in pairwise(valid) if reply.choice is not before.choice]
    changed = _not_settled(view, obligation, AlertType.CONTRADICTORY_REPLIES, changes)
    if changed is None:
        return None
    last = valid[-1]
    before = next(reply for reply in reversed(valid) if reply.choice is not last.choice)
    fact = Fact(code="contradictory", parameters={"first": before.choice, "second": last.choice})
    return Found(at=changed.at, next_action="clarify", facts=(fact,))


def inbound(view: View, obligation: Obligation) -> Found | None:
    """A message that no rule can read, a STOP, an answer of one of several people, a message that was refused: a human reads it."""
    said = [reply for reply in view.replies_to(obligation) if _for_a_human(reply, obligation)]
    written = _not_settled(view, obligation, AlertType.INBOUND_MESSAGE, said)
    if written is None or obligation.state in SETTLED:
        return refused(view, obligation)
    if _cannot_do_it(written, obligation):
        fact = Fact(code="cannot_do", parameters={"channel": str(written.channel), "at": written.at.isoformat()})
        return Found(at=written.at, next_action="actualise_by_phone", facts=(fact,), severity=Severity.INFO)
    action = "ask_who_answered" if written.effect is ReplyEffect.AMBIGUOUS else "read_message"
    return Found(at=written.at, next_action=action, facts=(_inbound_fact(written),), severity=Severity.INFO)


def _not_settled(view: View, obligation: Obligation, type_: AlertType, said: Sequence[Reply]) -> Reply | None:
    """Of what was said, oldest first, that which the alert is about: an open one about the newest before it was raised.

    What was said after one was closed asks anew; none when nothing was.
    """
    alert = next((row for row in view.case.alerts if row.type is type_ and row.obligation_id == obligation.obligation_id), None)
    if alert is None or not said:
        return next(iter(said), None)
    if (closed := alert.closed_at) is not None:
        return next((reply for reply in said if reply.at > closed), None)
    return next((reply for reply in reversed(said) if reply.at <= alert.raised_at), said[0])


_HEARD = frozenset({ReplyEffect.ACKNOWLEDGED, ReplyEffect.FORWARDED})


def _cannot_do_it(reply: Reply, obligation: Obligation) -> bool:
    """« Je ne peux pas » about an actualisation: somebody does it with them, while there is time (§10.12)."""
    return reply.choice is Choice.CANNOT_COME and reply.effect is ReplyEffect.FORWARDED and obligation.kind is Kind.ACTUALISATION


def _for_a_human(reply: Reply, obligation: Obligation) -> bool:
    """What no rule can read or settle; and what somebody wants of whom several people with one number may have answered (§10.14)."""
    if _cannot_do_it(reply, obligation):
        return True
    return reply.effect is ReplyEffect.AMBIGUOUS or (reply.choice in _FORWARDED and reply.effect is ReplyEffect.FORWARDED)


def _inbound_fact(reply: Reply) -> Fact:
    if reply.effect is ReplyEffect.AMBIGUOUS:
        parameters = {"channel": str(reply.channel), "choice": str(reply.choice), "at": reply.at.isoformat()}
        return Fact(code="shared_answer", parameters=parameters)
    return Fact(code="inbound", parameters={"channel": reply.channel, "at": reply.at.isoformat()})
