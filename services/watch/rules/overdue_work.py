"""OVERDUE_WORK (§10.16): people wait for a decision, messages for Kafka, or dispatches for somebody to claim them, for too long."""

from datetime import timedelta

from services.core.watch_policy import OverdueWorkPolicy
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, never, still_open


async def judge(look: Look) -> Judgement:
    """A queue rings while its oldest entry waits for longer than it may."""
    limits = _limits(look.policy.overdue_work)
    ringing = tuple(
        Ringing(
            scope=queue.what,
            figures={"waiting": queue.count, "oldest_minutes": int((look.now - queue.since).total_seconds() // 60)},
            since=queue.since,
        )
        for queue in await look.readings.overdue(look.now)
        if queue.since is not None and look.now - queue.since > limits[queue.what]
    )
    return Judgement(ringing=ringing, over=tuple(Over(alarm=alarm, figures={}) for alarm in still_open(look, ringing)))


def _limits(policy: OverdueWorkPolicy) -> dict[str, timedelta]:
    return {"wakes": policy.wakes, "outbox": policy.outbox, "released": policy.released}


OVERDUE_WORK = Rule(judge=judge, due=never)
