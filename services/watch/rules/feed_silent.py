"""FEED_SILENT (§10.16): while a period is open, nobody seems to do their actualisation any more: most likely we are not told.

While it is open, steps that remind of something not done wait, but for the last ones, which say « si ce n'est pas déjà fait ».
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.core.calendar import WorkingDays
from services.core.changes import Changes
from services.core.environment import METROPOLE, Environment
from services.core.period import closing_after
from services.core.watch_policy import FeedSilentPolicy
from services.core.words import Kind, ObligationState
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule

#: the topic on which completions come
SCOPE = "actualisations.v1"


async def judge(look: Look) -> Judgement:
    """Silent for so long within the hours of a working day; over with the first completion, or when no period is open any more."""
    policy = look.policy.feed_silent
    last = await look.readings.last_completion()
    closing = closing_after(look.now)
    alarm = look.open.get(SCOPE)
    if alarm is not None:
        spoke = last is not None and last > alarm.raised_at
        if spoke or closing is None:
            return Judgement(over=(Over(alarm=alarm, figures={}),))
        return Judgement(look_at=(closing + timedelta(seconds=1),))
    if last is None or closing is None:
        return Judgement()
    at = silent_at(last, policy, look.paris)
    if at is None:
        return Judgement()
    if at > look.now:
        return Judgement(look_at=(at,))
    if not _is_watched(look.now, last, policy, look.paris):
        return Judgement()
    hours = round((look.now - last).total_seconds() / 3600, 1)
    return Judgement(
        ringing=(Ringing(scope=SCOPE, figures={"silent_hours": hours}, since=last),), look_at=(closing + timedelta(seconds=1),)
    )


def silent_at(last: datetime, policy: FeedSilentPolicy, days: WorkingDays) -> datetime | None:
    """When nothing since ``last`` becomes a silence: that day or the next one, a working day, within its hours; none on neither."""
    today = days.local(last).date()
    for day in (today, today + timedelta(days=1)):
        at = max(last, days.instant(day, policy.day_starts)) + policy.silent
        if days.is_working(day) and at <= days.instant(day, policy.day_ends):
            return at
    return None


def due(changes: Changes, now: datetime, environment: Environment) -> Iterable[datetime]:
    """Now, when somebody is done; and when nothing after that would be a silence."""
    if not any(row.kind is Kind.ACTUALISATION and row.state is ObligationState.DONE for row in changes.obligations):
        return ()
    at = silent_at(now, environment.policy.watch.feed_silent, environment.working_days(METROPOLE))
    return (now,) if at is None else (now, at)


def _is_watched(now: datetime, last: datetime, policy: FeedSilentPolicy, days: WorkingDays) -> bool:
    """Within the hours of a working day, when something was seen that day or the day before."""
    local = days.local(now)
    lately = days.local(last).date() >= local.date() - timedelta(days=1)
    return lately and days.is_working(local.date()) and policy.day_starts <= local.time() <= policy.day_ends


FEED_SILENT = Rule(judge=judge, due=due)
