"""``decide()`` on one core: simple cases, a heavy one, what it allocates, and how its time grows with a person's history."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

from services.adapters.policy import load_policy
from services.adapters.snapshots import Snapshots
from services.core.decide import decide
from services.core.model import Attempt, Case, Obligation, PersonId
from services.core.period import period
from services.core.words import AttemptState, Evidence, Kind, ObligationState, ReceiptStatus, Step
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Figures, Goal, Line, Result, interleaved, on_the_spot
from tests.benchmarks.people import MORNING, OPENING, PERIOD, email_of, phone_of, profile_of
from tests.fixtures.facts import attempt, item, obligation

_WHO = PersonId("p0000001")
_SIMPLE = Goal(limit=20_000, of_ratio=False)
#: settled messages of the past, for the growth
_HISTORY = (0, 20, 40, 80)


async def deciding(machine: Machine) -> Result:
    """Cases a second, one process, nothing else."""
    seconds = 1.0 if not machine.quick else 0.2
    simple = {"a meeting just known": just_known(), "an actualisation opened": opened(), "nothing due": nothing_due()}
    heavy = {"3 duties, 60 messages": heavy_case()}
    grown = {f"a meeting just known, {past} messages before": with_history(past) for past in _HISTORY}
    cases = {**simple, **heavy, **grown}
    figures = await interleaved(machine.rounds, *(on_the_spot(act, at_least=seconds) for act in cases.values()), warm=True)
    lines = [
        Line(row="decide", what=what, unit="cases/s", ours=found, goal=_SIMPLE if what in simple else None)
        for what, found in zip(cases, figures, strict=True)
    ]
    per_case = {line.what: 1e6 / line.ours.median for line in lines}
    spent = [per_case[what] for what in grown]
    each = (spent[-1] - spent[0]) / _HISTORY[-1]
    lines += [Line(row="decide", what=f"{what}: most memory", unit="KiB", ours=_allocated(act)) for what, act in (simple | heavy).items()]
    remarks = [f"a message of the past costs a decision {each:.1f} µs ({spent[0]:.0f} µs without any)", _calendars()]
    return Result(lines=lines, remarks=remarks)


def _allocated(act: Callable[[], object]) -> Figures:
    """The most that one decision holds at a time, its answer included; the same each time."""
    act()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        act()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return Figures(((most - before) / 1024,))


def _calendars() -> str:
    """Calendars are made once for all who live alike: the first decision pays for them."""
    act, spent = opened(), list[float]()
    for _ in range(2):
        started = perf_counter()
        act()
        spent.append((perf_counter() - started) * 1e6)
    return f"calendars: the first decision on a fresh snapshot takes {spent[0]:,.0f} µs, the second {spent[1]:,.0f} µs"


def just_known() -> Callable[[], object]:
    """Eleven days ahead, known now: the first notice is due."""
    return _act(_case(obligations=(_meeting("rdv:1"),)), MORNING)


def opened() -> Callable[[], object]:
    """The month has just opened: every step lies ahead."""
    span = period(PERIOD)
    row = obligation(
        f"act:{PERIOD}:{_WHO}",
        _WHO,
        kind=Kind.ACTUALISATION,
        known_at=OPENING,
        changed_at=OPENING,
        opens_at=span.opens_at,
        due_at=span.closes_for("Europe/Paris"),
        period=PERIOD,
        place=None,
        purpose=None,
        mandatory=True,
        next_at=None,
    )
    return _act(_case(obligations=(row,)), OPENING)


def nothing_due() -> Callable[[], object]:
    """The first notice was delivered yesterday; the next step is days away."""
    sent = MORNING - timedelta(days=1)
    row = replace(_meeting("rdv:1"), known_at=sent, changed_at=sent, evidence=Evidence.E2, next_at=MORNING + timedelta(days=1))
    return _act(_case(obligations=(row,), attempts=(_delivered("a1", "rdv:1", Step.N0, sent),)), MORNING)


def heavy_case() -> Callable[[], object]:
    """Two meetings and an actualisation, sixty messages in three months."""
    duties = (_meeting("rdv:1"), replace(_meeting("rdv:2"), due_at=MORNING + timedelta(days=4)), _open_actualisation())
    return _act(_case(obligations=duties, attempts=_past(60, tuple(duty.obligation_id for duty in duties))), MORNING)


def with_history(messages: int) -> Callable[[], object]:
    """A meeting just known, for somebody whom we have written to before."""
    old = replace(_meeting("rdv:0"), state=ObligationState.DONE, due_at=MORNING - timedelta(days=5), evidence=Evidence.E5)
    return _act(_case(obligations=(old, _meeting("rdv:1")), attempts=_past(messages, ("rdv:0",))), MORNING)


def _act(case: Case, now: datetime) -> Callable[[], object]:
    return partial(decide, case, Snapshots(policy=load_policy())(now), now)


def _case(*, obligations: tuple[Obligation, ...], attempts: tuple[Attempt, ...] = ()) -> Case:
    points = (phone_of(_WHO), email_of(_WHO))
    return Case(person_id=_WHO, person=profile_of(_WHO), contacts=points, obligations=obligations, attempts=attempts)


def _meeting(obligation_id: str) -> Obligation:
    return obligation(obligation_id, _WHO, known_at=MORNING, changed_at=MORNING, due_at=MORNING + timedelta(days=11), next_at=None)


def _open_actualisation() -> Obligation:
    span, known_at = period("2026-10"), MORNING - timedelta(days=20)
    return obligation(
        f"act:2026-10:{_WHO}",
        _WHO,
        kind=Kind.ACTUALISATION,
        known_at=known_at,
        changed_at=known_at,
        opens_at=span.opens_at,
        due_at=MORNING + timedelta(days=1),
        period="2026-10",
        place=None,
        purpose=None,
        mandatory=True,
        next_at=None,
    )


def _past(messages: int, duties: tuple[str, ...]) -> tuple[Attempt, ...]:
    """Delivered messages, one every day and a half, the newest two days ago."""
    return tuple(
        _delivered(f"h{number}", duties[number % len(duties)], Step.R1, MORNING - timedelta(days=2, hours=36 * number), number + 1)
        for number in range(messages)
    )


def _delivered(name: str, duty: str, step: Step, at: datetime, occurrence: int = 1) -> Attempt:
    return attempt(
        name,
        _WHO,
        items=(item(duty, step, occurrence=occurrence),),
        state=AttemptState.DELIVERED,
        release_at=at,
        not_after=at + timedelta(hours=8),
        submitted_at=at,
        accepted_at=at,
        delivered_at=at + timedelta(seconds=5),
        closed_at=at + timedelta(seconds=5),
        last_status=ReceiptStatus.DELIVERED,
        provider="a",
        tries=1,
    )
