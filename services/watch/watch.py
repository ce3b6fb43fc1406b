"""A round of the watch: every rule looks, what it says is compared with the open alarms, and the difference is raised or cleared.

In one transaction, and by one watch at a time: two copies never ring the same alarm twice.

When a silent feed speaks again, those who waited are woken afterwards, some of them in each round: how far that came is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from services.core.alarms import Alarm, alarm_id
from services.core.ledger import Ledger
from services.core.ports.clock import Clock
from services.core.ports.store import Store, StoreUnavailable, Unit
from services.core.ports.watch import Readers, Readings
from services.core.surroundings import Snapshot
from services.core.words import AlarmType
from services.watch.rules import RULES
from services.watch.rules.rule import Judgement, Look, Rule

#: people of one transaction: whoever wants to store something about one of them waits for a fraction of a second
_PORTION: Final = 5_000
#: a round wakes people for so long, then somebody has to look again
_WAKING: Final = timedelta(seconds=5)


@dataclass(slots=True, kw_only=True)
class Watched:
    """What a round found, for metrics, logs and the next look."""

    raised: list[Alarm] = field(default_factory=list)
    cleared: list[Alarm] = field(default_factory=list)
    #: how many are open now, by type; every type that has a rule
    open: dict[AlarmType, int] = field(default_factory=dict)
    #: when to look again although nothing happens
    look_at: set[datetime] = field(default_factory=set)
    #: people whose actualisation waited for a feed, and who are looked at again
    woken: int = 0
    #: there was no time to wake all of them, as far as is known: look again at once
    more: bool = False


@dataclass(slots=True, kw_only=True)
class Watch:
    """What a round needs, and when the last one was."""

    store: Store
    readings: Readings
    snapshot: Snapshot
    clock: Clock
    rules: Mapping[AlarmType, Rule] = field(default_factory=lambda: RULES)
    #: none where no broker is watched
    readers: Readers | None = None
    #: how many people are woken in one transaction
    portion: int = _PORTION
    _last: datetime | None = None

    async def round(self, now: datetime) -> Watched:
        """Look once, then wake who is to be woken. Raises ``StoreUnavailable`` with nothing written: the next round judges it."""
        environment, watched = self.snapshot(now), Watched()
        since = self._last if self._last is not None else now - environment.policy.watch.look_back
        ledger = Ledger(now)
        async with self.store.unit() as unit:
            known = await unit.hold_alarms()
            for type_, rule in self.rules.items():
                mine = {alarm.scope: alarm for alarm in known if alarm.type is type_}
                look = Look(now=now, since=since, environment=environment, readings=self.readings, open=mine, readers=self.readers)
                judgement = await rule.judge(look)
                _compare(ledger, type_, mine, judgement, watched)
                watched.open[type_] = len(mine) + sum(1 for alarm in watched.raised if alarm.type is type_)
                watched.open[type_] -= sum(1 for alarm in watched.cleared if alarm.type is type_)
                watched.look_at |= {at for at in judgement.look_at if at > now}
            await unit.write(ledger.changes)
            await _begin_or_end_waking(unit, watched)
        self._last = now
        await self._wake(watched)
        return watched

    async def _wake(self, watched: Watched) -> None:
        """Let go on who waited for the feed, in the campaign's lane (§10.16): never before the silence is over for every planner."""
        until = self.clock.now() + _WAKING
        try:
            while (now := self.clock.now()) < until:
                async with self.store.unit() as unit:
                    woken = await unit.wake_actualisations(now, self.portion)
                if woken is None:
                    return
                watched.woken += woken
        except StoreUnavailable:
            # what was judged is stored and has to be told; the next round finds out whether the database is there
            watched.look_at.add(now)
            return
        watched.more = True


def _compare(ledger: Ledger, type_: AlarmType, known: Mapping[str, Alarm], judgement: Judgement, watched: Watched) -> None:
    """Raise what rings and is not open; what is open and still rings lasts longer, without being told again."""
    for one in judgement.ringing:
        before = known.get(one.scope)
        if before is None:
            alarm = Alarm(
                alarm_id=alarm_id(type_, one.scope, ledger.now),
                type=type_,
                scope=one.scope,
                channel=one.channel,
                figures=one.figures,
                since=one.since,
                raised_at=ledger.now,
                until=one.until,
            )
            ledger.alarm(alarm)
            watched.raised.append(alarm)
        elif one.until is not None and (before.until is None or one.until > before.until):
            ledger.changes.alarms.append(replace(before, until=one.until))
    for over in judgement.over:
        cleared = replace(over.alarm, cleared_at=ledger.now, figures={**over.alarm.figures, **over.figures})
        ledger.alarm(cleared)
        watched.cleared.append(cleared)


async def _begin_or_end_waking(unit: Unit, watched: Watched) -> None:
    """A silence that begins makes everybody wait: whom an earlier waking did not come to is woken at its end, with all the others."""
    if any(alarm.type is AlarmType.FEED_SILENT for alarm in watched.raised):
        await unit.end_waking()
    elif any(alarm.type is AlarmType.FEED_SILENT for alarm in watched.cleared):
        await unit.begin_waking()
