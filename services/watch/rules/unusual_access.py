"""UNUSUAL_ACCESS (§8.4): somebody asks for the files of more people within an hour than the work can need, shown or not."""

from collections.abc import Iterable
from datetime import datetime

from services.core.changes import Changes
from services.core.environment import Environment
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, still_open


async def judge(look: Look) -> Judgement:
    """More than so many people's files within the hour before; over when there are not so many any more."""
    policy = look.policy.unusual_access
    counts = [count for count in await look.readings.accesses(look.now - policy.within) if count.actor not in policy.not_counted]
    ringing = tuple(
        Ringing(scope=count.actor, figures={"files": count.files, "denied": count.denied}, since=count.first_at)
        for count in counts
        if count.files > policy.files
    )
    # a moment after the hour: the last look itself is out of it then
    ends = [count.last_at + policy.within for count in counts if count.files > policy.files]
    return Judgement(
        ringing=ringing,
        over=tuple(Over(alarm=alarm, figures={}) for alarm in still_open(look, ringing)),
        look_at=tuple(ends),
    )


def due(changes: Changes, now: datetime, _environment: Environment) -> Iterable[datetime]:
    """Now, when somebody asked for a file."""
    return (now,) if changes.accesses else ()


UNUSUAL_ACCESS = Rule(judge=judge, due=due)
