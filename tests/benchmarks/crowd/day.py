"""A month opens for millions while one appointment a second goes the whole way to an SMSC; then everything starts anew."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter

from services.adapters.clock import SystemClock
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.postgres.connection import Pool, open_pool
from services.core.model import PersonId
from tests.benchmarks.crowd.everybody import fill
from tests.benchmarks.crowd.explained import explain_all
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import quantile
from tests.benchmarks.people import ids, meetings, openings, slices, snapshots
from tests.benchmarks.processes import Telephones, number_of, running, smsc

PARTS = ("intake", "planner", "relay", "delivery", "evidence")
#: what contracts/topics.yaml says of days like this one
_SETTINGS = {"TOPIC_READERS": "actualisations.v1=confluent"}
#: people beside, who have no opening and get an appointment meanwhile: one in ten of them, who live like the first prototype, by SMS
_CALLED = 50_000
#: whom the directory tells us of when everybody else is there
_NEWCOMERS = 20_000
_LOOK, _OFTEN = 5.0, 0.5
#: counting takes longer and longer: at most this part of the time
_LOOK_SHARE = 20
_ONE_WITHIN = 300.0
_READY_WITHIN = 120.0
_STATUS, _PAGE, _MEBIBYTE = "statm", 4096, 2**20
#: who has to be decided about, and what was decided about an opening
_WAITING = "SELECT count(*) FROM people WHERE campaign_at <= $1"
_KNOWN = "SELECT count(*) FROM profiles WHERE person_id >= $1"
_PLANNED = "SELECT count(*) FROM obligations WHERE kind = 'actualisation' AND next_at IS NOT NULL"
_STAGES = """
    SELECT o.known_at AS known, a.dispatched_at AS released, a.claimed_at AS claimed, a.accepted_at AS accepted
    FROM obligations AS o JOIN attempts AS a ON a.person_id = o.person_id
    WHERE o.person_id = $1"""
_SIZES = """
    SELECT relname AS name, pg_table_size(oid) AS rows, pg_indexes_size(oid) AS indexes, reltuples::bigint AS count
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    ORDER BY pg_total_relation_size(oid) DESC
    LIMIT 8"""
Tell = Callable[[str, int], None]


@dataclass(slots=True, kw_only=True)
class Day:
    """What was measured; seconds, people, milliseconds, mebibytes."""

    people: int
    #: stage → how many, in how many seconds
    stages: dict[str, tuple[int, float]] = field(default_factory=dict)
    #: event published → accepted by the SMSC, one a second while the flood was on
    waits: list[float] = field(default_factory=list)
    #: what became of the one that waited longest, in seconds after it was published
    longest: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    #: table → (rows, mebibytes of rows, mebibytes of indexes)
    sizes: dict[str, tuple[int, float, float]] = field(default_factory=dict)
    #: milliseconds of a statement with everybody stored, and what PostgreSQL does for it
    statements: dict[str, float] = field(default_factory=dict)
    plans: dict[str, list[str]] = field(default_factory=dict)

    def wait(self, share: float) -> float:
        """Milliseconds that this share of the convocations did not exceed."""
        return quantile(self.waits, share)


async def live(machine: Machine, people: int, tell: Tell) -> Day:
    """Load, open, plan, measure; ``tell`` hears of the stage and of how many are done. Raises ``RuntimeError`` when a process ends."""
    day = Day(people=people)
    everybody = ids(people + _CALLED)
    begun = perf_counter()

    async def load(pool: Pool) -> None:
        await fill(len(everybody), pool, lambda done: tell("loaded", done))

    template = await machine.template(f"crowd_{people}", load)
    day.stages["people put into the tables"] = len(everybody), perf_counter() - begun
    kafka = await machine.empty_topics()
    async with KafkaPublisher(kafka) as publisher:
        await _publish(publisher, everybody[:people], day, tell)
    called = [each for each in everybody[people:] if each.endswith("0")]
    async with smsc() as (server, telephones), machine.database(template) as dsn, KafkaPublisher(kafka) as publisher:
        street = _Street(publisher=publisher, telephones=telephones, called=called)
        async with open_pool(dsn, connections=2) as pool:
            async with running(machine, PARTS, dsn=dsn, kafka=kafka, smsc_port=server.port, beside=_SETTINGS) as processes:
                await _flood(day, street, pool, processes, tell)
                await _newcomers(day, street, pool, len(everybody))
            day.waits = [wait for wait, _, _ in street.waits]
            day.longest = await street.longest(pool)
            day.sizes = await _sizes(pool)
            await pool.execute("ANALYZE", timeout=None)
            for name, explained in (await explain_all(pool, everybody[: people : max(1, people // 200)])).items():
                day.statements[name], day.plans[name] = explained
            await _restart(machine, day, street, dsn, kafka, server.port)
    return day


@dataclass(slots=True, kw_only=True)
class _Street:
    publisher: KafkaPublisher
    telephones: Telephones
    called: list[PersonId]
    #: milliseconds, who, and when it was published
    waits: list[tuple[float, PersonId, datetime]] = field(default_factory=list)

    async def call_one(self, within: float) -> None:
        """Somebody is convoked; returns when the SMSC has it. Raises ``TimeoutError``."""
        each, now = self.called.pop(), SystemClock().now()
        (event,) = meetings([each], now, "c")
        started = perf_counter()
        await self.publisher.publish([event])
        at, _ = await self.telephones.of(number_of(each), within)
        self.waits.append(((at - started) * 1000, each, now))

    async def call_every_second(self) -> None:
        """Until cancelled; the first one waits for the processes to start, and is not counted."""
        await self.call_one(_ONE_WITHIN)
        self.waits.clear()
        while self.called:
            begun = perf_counter()
            await self.call_one(_ONE_WITHIN)
            await asyncio.sleep(max(0.0, 1.0 - (perf_counter() - begun)))

    async def longest(self, pool: Pool) -> dict[str, float]:
        """When what happened to the one who waited longest."""
        _, each, at = max(self.waits)
        row = await pool.fetchrow(_STAGES, each)
        return {} if row is None else {stage: (then - at).total_seconds() for stage, then in row.items() if then is not None}


async def _publish(publisher: KafkaPublisher, people: Sequence[PersonId], day: Day, tell: Tell) -> None:
    """The openings wait in Kafka before anybody reads, as after a source's nightly job; said at this moment: all live by the real clock."""
    begun, done, now = perf_counter(), 0, SystemClock().now()
    for batch in slices(people):
        await publisher.publish(openings(batch, now))
        done += len(batch)
        tell("published", done)
    day.stages["openings published"] = len(people), perf_counter() - begun


async def _flood(day: Day, street: _Street, pool: Pool, processes: Mapping[str, Process], tell: Tell) -> None:
    begun, pause = perf_counter(), _LOOK
    calling = asyncio.ensure_future(street.call_every_second())
    try:
        while True:
            await asyncio.sleep(pause)
            _memory(day, processes)
            if calling.done():
                calling.result()
            looked = perf_counter()
            planned: int = await pool.fetchval(_PLANNED, timeout=None)
            tell("planned", planned)
            if planned >= day.people and not await pool.fetchval(_WAITING, SystemClock().now(), timeout=None):
                break
            pause = max(_LOOK, _LOOK_SHARE * (perf_counter() - looked))
        day.stages["opened and planned"] = day.people, perf_counter() - begun
    finally:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


async def _newcomers(day: Day, street: _Street, pool: Pool, known: int) -> None:
    """The directory tells of people nobody knew, beside all the others."""
    newcomers = ids(known + _NEWCOMERS)[known:]
    begun = perf_counter()
    for batch in slices(newcomers):
        await street.publisher.publish(snapshots(batch, SystemClock().now()))
    while await pool.fetchval(_KNOWN, newcomers[0], timeout=None) < len(newcomers):  # noqa: ASYNC110 -- it happens in another process
        await asyncio.sleep(_OFTEN)
    day.stages["newcomers of the directory stored"] = len(newcomers), perf_counter() - begun


async def _restart(machine: Machine, day: Day, street: _Street, dsn: str, kafka: KafkaConnection, port: int) -> None:
    """Everything starts again with all of them stored; how long until somebody's message is at the SMSC."""
    begun = perf_counter()
    async with running(machine, PARTS, dsn=dsn, kafka=kafka, smsc_port=port, beside=_SETTINGS):
        await street.call_one(_READY_WITHIN)
        day.stages["restart to the first message"] = 1, perf_counter() - begun


def _memory(day: Day, processes: Mapping[str, Process]) -> None:
    """The most that each process held so far, as Linux counts it."""
    for name, process in processes.items():
        if process.returncode is not None:
            raise RuntimeError(f"{name} has ended with {process.returncode}")
        pages = int(Path(f"/proc/{process.pid}/{_STATUS}").read_text("ascii").split()[1])
        day.memory[name] = max(day.memory.get(name, 0.0), pages * _PAGE / _MEBIBYTE)


async def _sizes(pool: Pool) -> dict[str, tuple[int, float, float]]:
    await pool.execute("ANALYZE", timeout=None)
    rows = await pool.fetch(_SIZES, timeout=None)
    return {row["name"]: (row["count"], row["rows"] / _MEBIBYTE, row["indexes"] / _MEBIBYTE) for row in rows}
