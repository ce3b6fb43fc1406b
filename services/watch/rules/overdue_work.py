"""OVERDUE_WORK (§10.16): somebody or something waits for too long, in the database or in Kafka, or would wait for ever."""

from datetime import timedelta

from services.core.period import closing_after
from services.core.ports.watch import Overdue
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, never, still_open


async def judge(look: Look) -> Judgement:
    """Whatever waits rings while its oldest entry waits for longer than it may; over when it does not."""
    limits = _limits(look)
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


def _limits(look: Look) -> dict[str, timedelta]:
    policy = look.policy.overdue_work
    return {
        "wakes": policy.wakes,
        "campaign": policy.wakes if _closing_near(look) else policy.campaign,
        "outbox": policy.outbox,
        "released": policy.released,
        "submitting": policy.submitting,
        "adrift": policy.adrift,
        "quarantined": policy.quarantined,
        "kafka": policy.kafka,
        "stalled": policy.stalled,
        "behind": policy.behind,
    }


def _closing_near(look: Look) -> bool:
    """The last days of a period, when a step that is late may find no day to be caught up on."""
    closing = closing_after(look.now)
    if closing is None:
        return False
    days = (look.paris.local(closing).date() - look.paris.local(look.now).date()).days
    return days < look.policy.overdue_work.campaign_near_days


OVERDUE_WORK = Rule(judge=judge, due=never)
