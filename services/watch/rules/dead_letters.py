"""DEAD_LETTERS (§10.16): many records of one topic could not be read: most likely its producer changed its format."""

from collections.abc import Iterable
from datetime import datetime

from services.core.changes import Changes
from services.core.environment import Environment
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, still_open

_TOPIC = "dead-letters.v1"


async def judge(look: Look) -> Judgement:
    """So many of a topic within a while ring; it is over after the calm."""
    policy = look.policy.dead_letters
    counts = await look.readings.dead_letters(look.now - policy.within)
    ringing = tuple(
        Ringing(scope=count.topic, figures={"records": count.count}, since=count.first_at)
        for count in counts
        if count.count >= policy.count
    )
    last = {count.topic: count.last_at for count in await look.readings.dead_letters(look.now - policy.calm)}
    quiet = [alarm for alarm in still_open(look, ringing) if alarm.scope not in last or last[alarm.scope] + policy.calm <= look.now]
    open_scopes = {*look.open, *(one.scope for one in ringing)} - {alarm.scope for alarm in quiet}
    return Judgement(
        ringing=ringing,
        over=tuple(Over(alarm=alarm, figures={}) for alarm in quiet),
        look_at=tuple(last[scope] + policy.calm for scope in sorted(open_scopes) if scope in last),
    )


def due(changes: Changes, now: datetime, _environment: Environment) -> Iterable[datetime]:
    """Now, when one was told."""
    return (now,) if any(message.topic == _TOPIC for message in changes.outbox) else ()


DEAD_LETTERS = Rule(judge=judge, due=due)
