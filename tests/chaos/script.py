"""What goes wrong, to whom and when: drawn from a seed, so that a run that found something can be played again."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

#: two copies of each; delivery stands between us and people, and is hit most often
PROCESSES: Final = {"intake": 2, "planner": 2, "relay": 2, "delivery": 4, "evidence": 2, "watch": 1, "web": 1}
COPIES: Final = ("1", "2")
CHANNELS: Final = ("sms", "voice", "email", "letter")
#: what a rebalance is made with: the groups of Kafka's readers
_READERS: Final = ("intake", "delivery", "evidence")


class Trouble(StrEnum):
    """What can go wrong."""

    #: kill -9
    KILLED = "killed"
    #: SIGTERM: it ends in order
    STOPPED = "stopped"
    #: SIGSTOP, and SIGCONT later: to everybody else it is gone, to itself nothing happened
    FROZEN = "frozen"
    #: its clock is wrong for a while
    CLOCK = "clock"
    #: a third copy comes and goes: partitions are dealt out again
    THIRD_COPY = "third_copy"
    #: connections to a provider die; it has the message, we have no answer
    PROVIDER_RESETS = "provider_resets"
    #: it has the message and stays silent
    PROVIDER_HANGS = "provider_hangs"
    #: it answers late
    PROVIDER_SLOW = "provider_slow"
    #: it says "not now"
    PROVIDER_BUSY = "provider_busy"
    #: nobody listens there
    PROVIDER_AWAY = "provider_away"
    #: kill -9 of the broker
    KAFKA_KILLED = "kafka_killed"
    #: the broker is stopped in order, and comes back
    KAFKA_RESTARTS = "kafka_restarts"
    #: SIGINT: connections are closed, data are left clean
    POSTGRES_FAST = "postgres_fast"
    #: SIGQUIT: as after a crash, it recovers from its log
    POSTGRES_IMMEDIATE = "postgres_immediate"
    #: not one more octet fits where PostgreSQL's data and our state are
    DISK_FULL = "disk_full"


#: how often each is drawn, and for how many seconds it lasts
_ODDS: Final[dict[Trouble, tuple[int, float, float]]] = {
    Trouble.KILLED: (60, 0, 0),
    Trouble.STOPPED: (24, 0, 0),
    Trouble.FROZEN: (34, 1, 12),
    Trouble.CLOCK: (16, 5, 20),
    Trouble.THIRD_COPY: (12, 6, 14),
    Trouble.PROVIDER_RESETS: (14, 0.5, 3),
    Trouble.PROVIDER_HANGS: (10, 1, 4),
    Trouble.PROVIDER_SLOW: (8, 2, 8),
    Trouble.PROVIDER_BUSY: (8, 2, 6),
    Trouble.PROVIDER_AWAY: (8, 2, 8),
    Trouble.KAFKA_KILLED: (3, 0, 0),
    Trouble.KAFKA_RESTARTS: (3, 0, 0),
    Trouble.POSTGRES_FAST: (4, 0, 0),
    Trouble.POSTGRES_IMMEDIATE: (4, 0, 0),
    Trouble.DISK_FULL: (3, 2, 6),
}
#: one freeze in so many lasts longer than a reader's session and a claim: its owner wakes up as somebody whom the others have replaced
_LONG_FREEZE_IN: Final = 5
_LONG_FREEZE: Final = (42.0, 50.0)
#: seconds by which a clock may be wrong; those who send must agree on how old a claim is, as they would with 40 s by the shipped rules
_WORST_CLOCK: Final = 90.0
_WORST_CLOCK_OF_A_SENDER: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    #: seconds after the beginning
    at: float
    trouble: Trouble
    #: a copy of a process (``delivery-2``), a channel, or a server
    target: str
    #: seconds; 0 for what happens in an instant
    lasts: float = 0.0
    #: seconds by which the clock is wrong
    shift: float = 0.0

    @property
    def until(self) -> float:
        """Seconds after the beginning at which it is over."""
        return self.at + self.lasts


def script(seed: int, faults: int, seconds: float) -> list[Fault]:
    """So many faults over so many seconds, in order; every kind at least once when there is room for all."""
    dice = Random(seed)
    kinds = list(Trouble)
    drawn = kinds[:faults] + dice.choices(kinds, [_ODDS[kind][0] for kind in kinds], k=max(0, faults - len(kinds)))
    dice.shuffle(drawn)
    pace = seconds / faults
    return [_fault(dice, kind, (number + dice.random()) * pace) for number, kind in enumerate(drawn)]


def _fault(dice: Random, trouble: Trouble, at: float) -> Fault:
    _, shortest, longest = _ODDS[trouble]
    lasts = dice.uniform(shortest, longest)
    if trouble is Trouble.FROZEN and dice.randrange(_LONG_FREEZE_IN) == 0:
        lasts = dice.uniform(*_LONG_FREEZE)
    target = _target(dice, trouble)
    worst = _WORST_CLOCK_OF_A_SENDER if target.startswith("delivery") else _WORST_CLOCK
    shift = dice.choice((-1, 1)) * dice.uniform(2, worst) if trouble is Trouble.CLOCK else 0.0
    return Fault(at=at, trouble=trouble, target=target, lasts=lasts, shift=shift)


def _target(dice: Random, trouble: Trouble) -> str:
    if trouble is Trouble.THIRD_COPY:
        return dice.choice(_READERS)
    if trouble.startswith("provider_"):
        return dice.choice(CHANNELS)
    if trouble.startswith("kafka_"):
        return "kafka"
    if trouble.startswith("postgres_") or trouble is Trouble.DISK_FULL:
        return "postgres"
    return f"{dice.choices(list(PROCESSES), list(PROCESSES.values()))[0]}-{dice.choice(COPIES)}"
