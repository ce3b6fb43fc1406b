"""POLICY_REJECTIONS (§10.16): a mail domain, or an SMS provider, refuses us because of us.

While it is open nobody writes to that domain (or through that provider); addresses stay in use, and people get the next channel.
"""

from collections.abc import Iterable
from datetime import datetime

from services.core.changes import Changes
from services.core.environment import Environment
from services.core.ports.watch import Refusals
from services.core.watch_policy import PolicyRejectionsPolicy
from services.core.words import Channel, ReceiptStatus
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, still_open

_WATCHED = frozenset({Channel.EMAIL, Channel.SMS})


async def judge(look: Look) -> Judgement:
    """Of what was handed over within the last quarter of an hour, too much was refused."""
    policy = look.policy.policy_rejections
    counts = await look.readings.refusals(look.now - policy.within)
    ringing = tuple(_ringing(look, count) for count in counts if _is_too_much(count, policy))
    over = [alarm for alarm in still_open(look, ringing) if alarm.until is None or alarm.until <= look.now]
    ends = [alarm.until for alarm in look.open.values() if alarm.until is not None and alarm.until > look.now]
    return Judgement(
        ringing=ringing,
        over=tuple(Over(alarm=alarm, figures={}) for alarm in over),
        look_at=(*ends, *(one.until for one in ringing if one.until is not None)),
    )


def due(changes: Changes, now: datetime, _environment: Environment) -> Iterable[datetime]:
    """Now, when something was refused."""
    refused = any(row.channel in _WATCHED and row.last_status is ReceiptStatus.FAILED_POLICY for row in changes.attempts)
    return (now,) if refused else ()


def _is_too_much(count: Refusals, policy: PolicyRejectionsPolicy) -> bool:
    return count.messages >= policy.messages and count.refused * 100 > count.messages * policy.above_percent


def _ringing(look: Look, count: Refusals) -> Ringing:
    policy = look.policy.policy_rejections
    figures = {"messages": count.messages, "refused": count.refused}
    return Ringing(scope=count.scope, channel=count.channel, figures=figures, since=look.now - policy.within, until=look.now + policy.pause)


POLICY_REJECTIONS = Rule(judge=judge, due=due)
