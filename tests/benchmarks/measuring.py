"""Rounds, figures and lines: what a benchmark measures, compared within one run only."""

import asyncio
import gc
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

#: one round of one contestant; the answer is its figure, in the unit of the line
Contestant = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one contestant, one for each round, in order."""

    values: tuple[float, ...]

    @property
    def low(self) -> float:
        """The lowest round."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The round in the middle."""
        return statistics.median(self.values)

    @property
    def high(self) -> float:
        """The highest round."""
        return max(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the design asks of a line: of its ratio when there is a peer and ``of_ratio``, else of our own median."""

    limit: float
    at_least: bool = True
    of_ratio: bool = True

    def reached(self, figure: float) -> bool:
        """Is this figure good enough?"""
        return figure >= self.limit if self.at_least else figure <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was measured, beside its peer when there is one."""

    row: str
    what: str
    unit: str
    ours: Figures
    peer: Figures | None = None
    against: str = ""
    goal: Goal | None = None

    @property
    def ratio(self) -> Figures | None:
        """Ours over the peer's, round by round."""
        if self.peer is None:
            return None
        return Figures(tuple(ours / peer for ours, peer in zip(self.ours.values, self.peer.values, strict=True)))

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; none when there is no goal."""
        if self.goal is None:
            return None
        ratio = self.ratio
        return self.goal.reached(ratio.median if self.goal.of_ratio and ratio is not None else self.ours.median)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a row gave: its lines and remarks, or why it could not run."""

    lines: Sequence[Line] = ()
    remarks: Sequence[str] = ()
    why_not: str | None = None


async def interleaved(rounds: int, *contestants: Contestant, warm: bool = False) -> list[Figures]:
    """A B A B …: what else the machine does in the meantime falls on everybody. ``warm``: a first round that is not counted."""
    figures: list[list[float]] = [[] for _ in contestants]
    if warm:
        for contestant in contestants:
            await contestant()
    for _ in range(rounds):
        for mine, contestant in zip(figures, contestants, strict=True):
            gc.collect()
            mine.append(await contestant())
    return [Figures(tuple(mine)) for mine in figures]


def on_the_spot(act: Callable[[], object], *, at_least: float) -> Contestant:
    """A contestant that repeats ``act`` for ``at_least`` seconds; its figure is repetitions a second."""

    async def measure() -> float:
        done, started = 0, perf_counter()
        while (spent := perf_counter() - started) < at_least:
            act()
            done += 1
        await asyncio.sleep(0)
        return done / spent

    return measure


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by this share of the values (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[rank - 1]
