"""Ten times the people: what one due person costs, what of that is pages of the database, and what the process holds.

Both sizes are measured at the database's worst moment: in a copy that nobody has read yet and right after a checkpoint, so that every page
is read once and goes whole into the log when it first changes. Among ten times the people fewer of the due share a page: that is what
grows, and in tables of millions it is so all day. The counts of pages do not depend on what else the machine does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

from services.adapters.policy import load_policy
from services.adapters.postgres.connection import Pool, open_pool
from services.adapters.postgres.store import PostgresStore
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.snapshots import Snapshots
from services.core.changes import Changes, Wake
from services.core.model import Attempt, Obligation, PersonId
from services.core.words import AttemptState, Evidence, Lane, ObligationState, Step
from services.planner.wake import Planner
from services.runtime.settings import home_of_the_code
from tests.benchmarks.machine import Fill, Machine
from tests.benchmarks.measuring import Goal, Line, Result, interleaved
from tests.benchmarks.people import MORNING, filled, ids, slices
from tests.fixtures.facts import attempt, item, obligation

_MEBIBYTE = 2**20
_PAGE = 4096
_TRAFFIC = """
SELECT blks_read::float8 AS read, wal_fpi::float8 AS whole, wal_bytes::float8 AS log
FROM pg_stat_wal, pg_stat_database
WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traffic:
    """What a server has read and written."""

    #: pages that were not in its own memory
    read: float
    #: pages that went whole into the log
    whole: float
    #: bytes of log
    log: float

    def since(self, before: "_Traffic", people: int) -> "_Traffic":
        """What came for each of so many people."""
        return _Traffic(
            read=(self.read - before.read) / people, whole=(self.whole - before.whole) / people, log=(self.log - before.log) / people
        )

    def __str__(self) -> str:
        return f"{self.read:.1f} pages read, {self.whole:.1f} pages whole in the log, {self.log / 1024:.1f} KiB of log"


async def growth(machine: Machine) -> Result:
    """Milliseconds for each due person of a planner's round, first notice released, among so many people with a history."""
    few = machine.size(10_000, 1_000)
    many, due = few * 10, few // 10
    traffic: dict[str, _Traffic] = {}
    planner = partial(_plan_due, machine, due, traffic)
    small = await machine.template(f"lived_{few}", _lived(few, due))
    large = await machine.template(f"lived_{many}", _lived(many, due))
    before = _resident()
    mine, theirs = await interleaved(machine.rounds, partial(planner, large), partial(planner, small), warm=not machine.quick)
    line = Line(
        row="growth",
        what=f"{due:,} due among {many:,} people",
        unit="ms/person",
        ours=mine,
        peer=theirs,
        against=f"{due:,} due among {few:,}",
        goal=Goal(limit=1.2, at_least=False),
    )
    pages = [f"each who is due among {people:,}: {traffic[template]}" for people, template in ((many, large), (few, small))]
    held = f"this process held {before:,.0f} MiB before the rounds and {_resident():,.0f} after"
    return Result(lines=[line], remarks=[*pages, held])


async def _plan_due(machine: Machine, due: int, traffic: dict[str, _Traffic], template: str) -> float:
    async with machine.database(template) as dsn, open_pool(dsn, connections=2) as pool:
        texts = JinjaTexts(home_of_the_code() / "templates")
        planner = Planner(store=PostgresStore(pool), texts=texts, snapshot=Snapshots(policy=load_policy()))
        before = await _traffic(pool)
        done, started = 0, perf_counter()
        while woken := (await planner.round(Lane.LIVE, 200, MORNING)).people:
            done += woken
        if done != due:
            raise RuntimeError(f"{done} of {due} were due")
        spent = perf_counter() - started
        traffic[template] = (await _traffic(pool)).since(before, due)
        return spent * 1000 / due


async def _traffic(pool: Pool) -> _Traffic:
    """So far, by the round's only busy connection as well: its counts are asked for at once, not after the usual second."""
    await pool.execute("SELECT pg_stat_force_next_flush()")
    (row,) = await pool.fetch(_TRAFFIC)
    return _Traffic(**row)


def _lived(people: int, due: int) -> Fill:
    """Everybody had a meeting last month and has one ahead; so many of them are due now."""
    return partial(_fill, people, due)


async def _fill(people: int, due: int, pool: Pool) -> None:
    await filled(people)(pool)
    store = PostgresStore(pool)
    everybody = ids(people)
    # all over the table, as the people of one morning are
    due_now = set(everybody[:: people // due])
    for batch in slices(everybody):
        async with store.unit() as unit:
            await unit.lock(batch)
            await unit.write(_history(batch, due_now))


def _history(batch: Sequence[PersonId], due_now: set[PersonId]) -> Changes:
    tomorrow = MORNING + timedelta(days=1)
    return Changes(
        obligations=[duty for each in batch for duty in (_past(each), _ahead(each))],
        attempts=[_sent(each) for each in batch],
        wakes=[Wake(person_id=each, live_at=MORNING if each in due_now else tomorrow, campaign_at=None) for each in batch],
    )


def _ahead(each: PersonId) -> Obligation:
    return obligation(f"rdv:{each}:2", each, known_at=MORNING, changed_at=MORNING, due_at=MORNING + timedelta(days=11), next_at=MORNING)


def _past(each: PersonId) -> Obligation:
    then = MORNING - timedelta(days=30)
    row = obligation(f"rdv:{each}:1", each, known_at=then, changed_at=then, due_at=MORNING - timedelta(days=20), next_at=None)
    return replace(row, state=ObligationState.DONE, evidence=Evidence.E5, settled_at=MORNING - timedelta(days=20))


def _sent(each: PersonId) -> Attempt:
    then = MORNING - timedelta(days=30)
    return attempt(
        f"past:{each}",
        each,
        items=(item(f"rdv:{each}:1", Step.N0),),
        state=AttemptState.DELIVERED,
        release_at=then,
        not_after=then + timedelta(days=1),
        delivered_at=then,
        tries=1,
        provider="a",
        provider_ref=f"past:{each}",
        token=f"past:{each}",
    )


def _resident() -> float:
    """Mebibytes of this process in memory, as Linux counts them."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE / _MEBIBYTE
