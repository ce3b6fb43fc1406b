"""PROVIDER_DOWN (§10.16): a provider has taken nothing for a while, and refuses or does not answer.

While its pause lasts its circuit is open: another provider of the channel carries new messages, and those that it did not take.
"""

from collections.abc import Iterable
from datetime import datetime

from services.core.changes import Changes
from services.core.environment import Environment
from services.core.words import AttemptState
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, still_open


async def judge(look: Look) -> Judgement:
    """So much trouble and nothing taken ring; after the pause it is over when something was taken, or nothing is in trouble any more."""
    policy = look.policy.provider_down
    counts = await look.readings.providers(look.now - policy.within)
    paused = {alarm.scope for alarm in look.open.values() if alarm.until is not None and alarm.until > look.now}
    ringing = tuple(
        Ringing(
            scope=count.provider,
            channel=count.channel,
            figures={"taken": count.taken, "not_taken": count.troubled},
            since=count.since,
            until=look.now + policy.pause,
        )
        for count in counts
        # nothing new can be known of a provider that is given nothing
        if count.troubled >= policy.count and not count.taken and count.provider not in paused
    )
    stuck = {count.provider for count in counts if count.troubled and not count.taken}
    over = [alarm for alarm in still_open(look, ringing) if alarm.scope not in paused | stuck]
    ends = [alarm.until for alarm in look.open.values() if alarm.until is not None and alarm.until > look.now]
    return Judgement(
        ringing=ringing,
        over=tuple(Over(alarm=alarm, figures={}) for alarm in over),
        look_at=(*ends, *(one.until for one in ringing if one.until is not None)),
    )


def due(changes: Changes, now: datetime, _environment: Environment) -> Iterable[datetime]:
    """Now, when a provider said "later", or did not answer."""
    troubled = any(
        row.tries and row.provider is not None and row.try_at is not None and row.state in (AttemptState.RELEASED, AttemptState.UNKNOWN)
        for row in changes.attempts
    )
    return (now,) if troubled else ()


PROVIDER_DOWN = Rule(judge=judge, due=due)
