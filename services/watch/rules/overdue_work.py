"""OVERDUE_WORK (§10.16): somebody or something waits for too long, in the database or in Kafka, or would wait for ever."""

from datetime import timedelta

from services.core.ports.watch import Overdue
from services.core.watch_policy import OverdueWorkPolicy
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, never, still_open


async def judge(look: Look) -> Judgement:
    """Whatever waits rings while its oldest entry waits for longer than it may; over when it does not."""
    limits = _limits(look.policy.overdue_work)
    waiting = [*await look.readings.overdue(look.now), *(look.readers.overdue(look.now) if look.readers is not None else ())]
    ringing = tuple(
        Ringing(
            scope=_scope(one),
            figures={"waiting": one.count, "oldest_minutes": int((look.now - one.since).total_seconds() // 60)},
            since=one.since,
        )
        for one in waiting
        if one.since is not None and look.now - one.since > limits[one.what]
    )
    return Judgement(ringing=ringing, over=tuple(Over(alarm=alarm, figures={}) for alarm in still_open(look, ringing)))


def _scope(one: Overdue) -> str:
    return f"{one.what}/{one.where}" if one.where else one.what


def _limits(policy: OverdueWorkPolicy) -> dict[str, timedelta]:
    return {
        "wakes": policy.wakes,
        "outbox": policy.outbox,
        "released": policy.released,
        "submitting": policy.submitting,
        "adrift": policy.adrift,
        "quarantined": policy.quarantined,
        "kafka": policy.kafka,
        "stalled": policy.stalled,
        "behind": policy.behind,
    }


OVERDUE_WORK = Rule(judge=judge, due=never)
