"""RECEIPTS_LOW (§4.4, SC-23): a provider accepts SMS for a network, and too few are told to have arrived.

Judged by windows, each once, over what was accepted: what is missing cannot be counted in what came. While it is open, the circuit is
open as well: other providers carry that network's SMS, at least to the end of operations' day.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from services.core.alarms import CLOSING_IN_DAYS, Alarm, circuit
from services.core.changes import Changes
from services.core.environment import Environment
from services.core.period import closing_after
from services.core.ports.watch import SmsReceipts, lost_by
from services.core.watch_policy import ReceiptsLowPolicy
from services.core.words import Channel
from services.watch.rules.rule import Judgement, Look, Over, Ringing, Rule, still_open


async def judge(look: Look) -> Judgement:
    """Every window that can be judged since the last look; the first that rings tells since when."""
    policy = look.policy.receipts_low
    ringing: dict[str, Ringing] = {}
    async for begins, count in _low(look, policy, list(_windows(look, policy))):
        found = _ringing(look, count, begins)
        ringing.setdefault(found.scope, found)
    over = [alarm for alarm in still_open(look, ringing.values()) if alarm.until is None or alarm.until <= look.now]
    later = [alarm.until for alarm in look.open.values() if alarm.until is not None and alarm.until > look.now]
    ends = [one.until for one in ringing.values() if one.until is not None]
    told = [Over(alarm=alarm, figures=await _recovered(look, alarm)) for alarm in over]
    return Judgement(ringing=tuple(ringing.values()), over=tuple(told), look_at=(*later, *ends))


async def _low(look: Look, policy: ReceiptsLowPolicy, windows: Sequence[datetime]) -> AsyncIterator[tuple[datetime, SmsReceipts]]:
    """What is low, oldest window first. A time in which too little was accepted to be judged has no such window: it is read once, not by
    windows, so that a watch that was away for weeks does not ask thousands of times.
    """
    if not windows:
        return
    counts = await look.readings.receipts(windows[0], windows[-1] + policy.window)
    if all(count.accepted < policy.messages for count in counts):
        return
    if len(windows) == 1:
        for count in counts:
            if _is_low(count, policy):
                yield windows[0], count
        return
    half = len(windows) // 2
    for part in (windows[:half], windows[half:]):
        async for found in _low(look, policy, part):
            yield found


async def _recovered(look: Look, alarm: Alarm) -> dict[str, float]:
    """« n persons, n recovered, n unknown »."""
    people = await look.readings.affected(lost_by(alarm, look.now))
    reached = sum(1 for person in people if person.recovered)
    return {"persons": len(people), "recovered": reached, "unknown": len(people) - reached}


def due(changes: Changes, now: datetime, environment: Environment) -> Iterable[datetime]:
    """The end of the window in which an SMS was accepted, once receipts have had their time."""
    policy = environment.policy.watch.receipts_low
    instants = {row.accepted_at for row in changes.attempts if row.channel is Channel.SMS and row.accepted_at is not None}
    judged = {_start(at, policy) + policy.window + policy.settles for at in instants}
    # a later word about a message whose window was judged changes nothing
    return {at for at in judged if at > now}


def _windows(look: Look, policy: ReceiptsLowPolicy) -> Iterator[datetime]:
    """Beginnings of the windows that can be judged now and could not at the last look."""
    after = policy.window + policy.settles
    begins = _start(look.since - after, policy)
    while begins + after <= look.now:
        if begins + after > look.since:
            yield begins
        begins += policy.window


def _start(at: datetime, policy: ReceiptsLowPolicy) -> datetime:
    """The beginning of the window of an instant: windows start at each multiple of their length."""
    length = int(policy.window.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // length * length, UTC)


def _is_low(count: SmsReceipts, policy: ReceiptsLowPolicy) -> bool:
    return count.accepted >= policy.messages and count.told * 100 < count.accepted * policy.below_percent


def _ringing(look: Look, count: SmsReceipts, begins: datetime) -> Ringing:
    policy = look.policy.receipts_low
    today = look.paris.local(look.now).date()
    figures = {"messages": count.accepted, "share": round(count.told / count.accepted, 2), "usual": policy.usual_percent / 100}
    closing = closing_after(look.now)
    days = (look.paris.local(closing).date() - today).days if closing is not None else policy.closing_within_days
    if days < policy.closing_within_days:
        # agencies have to be told: people may take silence for having nothing to do
        figures[CLOSING_IN_DAYS] = days
    return Ringing(
        scope=circuit(count.provider, count.carrier),
        channel=Channel.SMS,
        figures=figures,
        since=begins,
        until=look.paris.instant(today + timedelta(days=1), time(0)),
    )


RECEIPTS_LOW = Rule(judge=judge, due=due)
