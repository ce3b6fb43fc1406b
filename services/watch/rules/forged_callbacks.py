"""FORGED_CALLBACKS (§8.4, §12 SC-54): a storm of callbacks in a provider's name without a valid signature. They changed nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.core.changes import Changes
from services.core.environment import Environment
from services.core.watch_policy import CountedPolicy
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule


async def judge(look: Look) -> Judgement:
    """So many within a minute ring; it is over after the calm."""
    policy = look.policy.forged_callbacks
    rows = await look.readings.refused_callbacks(min(look.since - policy.within, look.now - policy.calm))
    by_provider: dict[str, list[tuple[datetime, int]]] = {}
    for provider, at, count in rows:
        by_provider.setdefault(provider, []).append((at, count))
    found = (_storm(look, provider, seconds, policy) for provider, seconds in by_provider.items() if provider not in look.open)
    ringing = tuple(storm for storm in found if storm is not None)
    last = {provider: seconds[-1][0] for provider, seconds in by_provider.items()}
    quiet = [alarm for alarm in look.open.values() if last.get(alarm.scope, alarm.since) + policy.calm <= look.now]
    open_scopes = {*look.open, *(one.scope for one in ringing)} - {alarm.scope for alarm in quiet}
    return Judgement(
        ringing=ringing,
        over=tuple(Over(alarm=alarm, figures={}) for alarm in quiet),
        look_at=tuple(last[scope] + policy.calm for scope in sorted(open_scopes) if scope in last),
    )


def _storm(look: Look, provider: str, seconds: Sequence[tuple[datetime, int]], policy: CountedPolicy) -> Ringing | None:
    """The worst minute since the last look."""
    worst: tuple[int, datetime] | None = None
    for end, _ in seconds:
        within = [(at, count) for at, count in seconds if end - policy.within < at <= end]
        total = sum(count for _, count in within)
        # a second may have been counted in part at the last look
        if end >= look.since.replace(microsecond=0) and total >= policy.count and (worst is None or total > worst[0]):
            worst = (total, within[0][0])
    return None if worst is None else Ringing(scope=provider, figures={"refused": worst[0]}, since=worst[1])


def due(changes: Changes, now: datetime, _environment: Environment) -> Iterable[datetime]:
    """Now, when one was refused."""
    return (now,) if changes.refused_callbacks else ()


FORGED_CALLBACKS = Rule(judge=judge, due=due)
