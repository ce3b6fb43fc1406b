"""What a rule of the watch is given, and what it says: which scopes ring now, which alarms are over, when to look again."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.core.alarms import Alarm
from services.core.calendar import WorkingDays
from services.core.changes import Changes
from services.core.environment import METROPOLE, Environment
from services.core.ports.watch import Readers, Readings
from services.core.watch_policy import WatchPolicy
from services.core.words import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the world."""

    now: datetime
    #: when the rule looked last: what could be judged since then is judged now
    since: datetime
    environment: Environment
    readings: Readings
    #: open alarms of the rule's type, by scope
    open: Mapping[str, Alarm]
    #: none where no broker is watched
    readers: Readers | None = None

    @property
    def policy(self) -> WatchPolicy:
        """The numbers."""
        return self.environment.policy.watch

    @property
    def paris(self) -> WorkingDays:
        """Operations' clock and working days."""
        return self.environment.working_days(METROPOLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """Something is wrong now."""

    scope: str
    figures: Mapping[str, float]
    #: when it began
    since: datetime
    #: whose messages it is about
    channel: Channel | None = None
    #: what the alarm changes lasts until then at least
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """An open alarm whose cause is gone; ``figures`` are told beside those with which it rang."""

    alarm: Alarm
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a rule says at one instant."""

    ringing: tuple[Ringing, ...] = ()
    over: tuple[Over, ...] = ()
    #: when something of it may be different although nothing happens; none: only when something happens
    look_at: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alarm."""

    judge: Callable[[Look], Awaitable[Judgement]]
    #: when to look after these changes: for a clock that does not tick by itself
    due: Callable[[Changes, datetime, Environment], Iterable[datetime]]


def still_open(look: Look, ringing: Iterable[Ringing]) -> list[Alarm]:
    """Open alarms whose scope does not ring now."""
    scopes = {one.scope for one in ringing}
    return [alarm for scope, alarm in look.open.items() if scope not in scopes]


def never(_changes: Changes, _now: datetime, _environment: Environment) -> Iterable[datetime]:
    """The ``due`` of a rule about the machine's own clock: a story's clock never keeps anything waiting."""
    return ()
