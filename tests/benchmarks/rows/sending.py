"""Due → handed to an SMSC over SMPP, whole way through Kafka, against a task queue in PostgreSQL that does the same sends."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import asyncpg

from services.adapters.clock import SystemClock
from services.adapters.postgres.announcements import WAKE_CHANNEL
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, Wake
from services.core.model import Obligation, PersonId
from services.runtime.settings import home_of_the_code
from tests.benchmarks import queue_worker
from tests.benchmarks.machine import Machine, nobody
from tests.benchmarks.measuring import Goal, Line, Result, interleaved
from tests.benchmarks.people import filled, ids, slices
from tests.benchmarks.processes import Telephones, running, smsc
from tests.fixtures.facts import obligation

_PARTS = ("planner", "relay", "delivery")
_READY_WITHIN, _ROUND_WITHIN = 60.0, 300.0
#: as long as the notices that ours renders
_TEXT = "France Travail: RDV le jeudi 3 décembre à 10h30, Lille Centre, 1 place de la Gare. Répondez OUI si vous venez, NON sinon. Réf K7Q4"


async def sending(machine: Machine) -> Result:
    """Messages a second. Ours decides, renders, claims, sends and records; the queue only sends and marks its job as done."""
    each_round = machine.size(3_000, 400)
    people = ids(each_round * machine.rounds + 1)
    mornings = iter([people[start : start + each_round] for start in range(1, len(people), each_round)])
    template = await machine.template("waiting", partial(_fill, people))
    empty = await machine.template("nobody", nobody)
    connection = await machine.empty_topics()
    async with (
        smsc() as (server, telephones),
        machine.database(template) as dsn,
        running(machine, _PARTS, dsn=dsn, kafka=connection, smsc_port=server.port),
    ):
        await _due(dsn, people[:1])
        await telephones.count(1, _READY_WITHIN)

        async def ours() -> float:
            telephones.forget()
            started = perf_counter()
            await _due(dsn, next(mornings))
            await telephones.count(each_round, _ROUND_WITHIN)
            return each_round / (telephones.last - started)

        async def theirs() -> float:
            async with machine.database(empty) as queue_dsn:
                return await _queue(queue_dsn, server.port, telephones, people[:each_round])

        mine, peers = await interleaved(machine.rounds, ours, theirs)
    what = f"{each_round:,} people due → SMSC"
    measured = Line(row="sending", what=what, unit="messages/s", ours=mine)
    lines = [
        replace(measured, peer=peers, against="procrastinate, same provider", goal=Goal(limit=3)),
        replace(measured, goal=Goal(limit=1000, of_ratio=False)),
    ]
    remarks = [
        "planner, relay and delivery are three processes; the queue's worker is one, timed from its first message to its last",
        "Celery with Redis: not measured (no Redis here)",
    ]
    return Result(lines=lines, remarks=remarks)


async def _queue(dsn: str, port: int, telephones: Telephones, people: Sequence[PersonId]) -> float:
    app = queue_worker.queue(dsn)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await app.configure_task("send").batch_defer_async(*queue_worker.jobs(people, _TEXT))
    telephones.forget()
    # not with -m: the queue wants its tasks in a module that has a name
    command = (sys.executable, "-c", "from tests.benchmarks.queue_worker import main; main()", dsn, str(port))
    worker = await asyncio.create_subprocess_exec(*command, cwd=home_of_the_code())
    try:
        await telephones.count(len(people), _ROUND_WITHIN)
        figure = (len(people) - 1) / (telephones.last - telephones.first)
        await asyncio.wait_for(worker.wait(), 30)
        return figure
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()


async def _due(dsn: str, people: Sequence[PersonId]) -> None:
    """Their hour has come, and the planner is told, as a commit of intake tells it."""
    now = SystemClock().now()
    database = await asyncpg.connect(dsn)
    try:
        async with database.transaction():
            await database.execute("UPDATE people SET live_at = $1 WHERE person_id = ANY ($2::text[])", now, list(people))
            await database.execute("SELECT pg_notify($1, $2)", WAKE_CHANNEL, now.isoformat())
    finally:
        await database.close()


async def _fill(people: Sequence[PersonId], pool: Pool) -> None:
    """Everybody has a meeting that became known a moment ago, and is not looked at yet."""
    await filled(len(people))(pool)
    store, now = PostgresStore(pool), SystemClock().now()
    for batch in slices(people):
        async with store.unit() as unit:
            await unit.lock(batch)
            await unit.write(Changes(obligations=[_meeting(each, now) for each in batch], wakes=[_later(each, now) for each in batch]))


def _meeting(each: PersonId, now: datetime) -> Obligation:
    row = obligation(f"rdv:{each}", each, known_at=now, changed_at=now, due_at=now + timedelta(days=11))
    return replace(row, next_at=now)


def _later(each: PersonId, now: datetime) -> Wake:
    return Wake(person_id=each, live_at=now + timedelta(days=1), campaign_at=None)
