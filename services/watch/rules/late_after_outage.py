"""LATE_AFTER_OUTAGE (§10.5): an outage of ours cost people a message, and nobody has reached them since."""

from collections.abc import Iterable
from datetime import datetime

from services.core.changes import Changes
from services.core.environment import Environment
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, still_open

#: there is one list, whatever was away
SCOPE = "duties"
#: how many of those who are owed something are looked at one by one, for when they are owed nothing any more
_LAST = 100


async def judge(look: Look) -> Judgement:
    """So many are owed something; over when all were reached, settled or answered, or their dates are long past."""
    policy = look.policy.late_after_outage
    owing = await look.readings.owing(look.now, policy.after_date, _LAST)
    ringing: tuple[Ringing, ...] = ()
    if owing.since is not None and owing.duties >= policy.duties:
        figures = {"duties": owing.duties, "past": owing.past, "untold": owing.untold}
        ringing = (Ringing(scope=SCOPE, figures=figures, since=owing.since),)
    return Judgement(
        ringing=ringing,
        over=tuple(Over(alarm=alarm, figures={}) for alarm in still_open(look, ringing)),
        look_at=tuple(sorted({one.due_at + policy.after_date for one in owing.first})),
    )


def due(changes: Changes, now: datetime, _environment: Environment) -> Iterable[datetime]:
    """Now, when something happened to a duty that an outage cost a message, or an advisor closed what was raised about one."""
    touched = any(row.outage_at is not None for row in changes.obligations)
    return (now,) if touched or any(row.closed_at is not None for row in changes.alerts) else ()


LATE_AFTER_OUTAGE = Rule(judge=judge, due=due)
