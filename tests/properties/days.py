"""A whole life in silence: nobody answers, every message meets the same fate, and somebody looks when asked, or too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.core.model import Attempt, Case
from services.core.ports.providers import Accepted
from services.core.words import Channel, ReceiptStatus
from tests.properties.lives import START, Life, sendable

#: the duties of ``lives`` lie within a month and a half
END = START + timedelta(days=55)
_BORN = START + timedelta(days=2, hours=1)
#: what comes back, after how long; a call ends always
_SOON = {Channel.SMS: timedelta(seconds=5), Channel.VOICE: timedelta(seconds=25), Channel.EMAIL: timedelta(seconds=40)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a message, by channel; none: nothing is ever heard of it."""

    sms: ReceiptStatus | None = ReceiptStatus.DELIVERED
    email: ReceiptStatus | None = None

    def of(self, attempt: Attempt) -> ReceiptStatus | None:
        """What comes back about this one."""
        match attempt.channel:
            case Channel.SMS:
                return self.sms
            case Channel.EMAIL:
                return self.email
            case Channel.VOICE:
                return ReceiptStatus.NO_ANSWER
            case Channel.LETTER:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Nobody looks and nothing is handed over in [since, until)."""

    since: datetime
    until: datetime


def lived(case: Case, fate: Fate, outages: Sequence[Outage] = (), end: datetime = END) -> Life:
    """From birth to ``end``; raises ``AssertionError`` when the person is woken for ever at one instant."""
    life = Life(case=case, now=_BORN)
    coming: list[tuple[datetime, str]] = []
    wake: datetime | None = _BORN
    for _ in range(2000):
        due = [at for at in (wake, min((at for at, _ in coming), default=None)) if at is not None]
        at = _late(max(min(due), life.now), outages) if due else end
        if at >= end:
            return life
        life.now = at
        for told in sorted(one for one in coming if one[0] <= at):
            coming.remove(told)
            attempt = life.attempt(told[1])
            status = fate.of(attempt)
            assert status is not None
            life.receive(attempt, status, at)
        wake = _looked(life, fate, coming)
    raise AssertionError(f"still busy at {life.now}")


def _looked(life: Life, fate: Fate, coming: list[tuple[datetime, str]]) -> datetime | None:
    """Decide and hand over, until nothing moves any more at this instant."""
    decision = life.decide()
    while waiting := [one for one in sendable(life.case) if (one.try_at or life.now) <= life.now]:
        sent = life.deliver(waiting[0], Accepted(provider_ref="ref"))
        if sent is not None and fate.of(sent) is not None:
            coming.append((life.now + _SOON[sent.channel], sent.attempt_id))
        decision = life.decide()
    wake = life.wake_at(decision)
    assert wake is None or wake > life.now
    return wake


def _late(at: datetime, outages: Sequence[Outage]) -> datetime:
    """The next instant at which nothing is away; outages may overlap."""
    while away := [one.until for one in outages if one.since <= at < one.until]:
        at = max(away)
    return at
