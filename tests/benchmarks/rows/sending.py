"""Due → handed to an SMSC over SMPP, whole way through Kafka, against task queues in PostgreSQL and Redis that do the same sends."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import asyncpg
from redis.asyncio import Redis

from services.adapters.clock import SystemClock
from services.adapters.postgres.announcements import WAKE_CHANNEL
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, Wake
from services.core.model import Obligation, PersonId
from services.runtime.embedded.children import ChildFailed, start_child
from services.runtime.settings import home_of_the_code
from tests.benchmarks import celery_worker, procrastinate_worker
from tests.benchmarks.jobs import jobs
from tests.benchmarks.machine import Machine, nobody
from tests.benchmarks.measuring import Goal, Line, Result, interleaved
from tests.benchmarks.people import filled, ids, slices
from tests.benchmarks.processes import Telephones, running, smsc
from tests.benchmarks.redis_server import redis_server
from tests.fixtures.facts import obligation

_PARTS = ("planner", "relay", "delivery")
_READY_WITHIN, _ROUND_WITHIN = 60.0, 300.0
#: as long as the notices that ours renders
_TEXT = "France Travail: RDV le jeudi 3 décembre à 10h30, Lille Centre, 1 place de la Gare. Répondez OUI si vous venez, NON sinon. Réf K7Q4"


async def sending(machine: Machine) -> Result:
    """Messages a second. Ours decides, renders, claims, sends and records; the queue only sends and marks its job as done."""
    each_round = machine.size(6_000, 400)
    # and one to warm up in: the broker compiles its code while it runs
    people = ids(each_round * (machine.rounds + 1) + 1)
    mornings = iter([people[start : start + each_round] for start in range(1, len(people), each_round)])
    template = await machine.template("waiting", partial(_fill, people))
    empty = await machine.template("nobody", nobody)
    connection = await machine.empty_topics()
    async with (
        smsc() as (server, telephones),
        redis_server(machine.folder("redis")) as redis,
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

        async def in_postgresql() -> float:
            async with machine.database(empty) as queue_dsn:
                return await _procrastinate(queue_dsn, server.port, telephones, people[:each_round])

        async def in_redis() -> float:
            return await _celery(str(redis), server.port, telephones, people[:each_round], machine.folder("celery"))

        contestants = [ours, in_postgresql, in_redis] if redis else [ours, in_postgresql]
        mine, first, *second = await interleaved(machine.rounds, *contestants, warm=not machine.quick)
    what = f"{each_round:,} people due → SMSC"
    measured = Line(row="sending", what=what, unit="messages/s", ours=mine)
    lines = [
        replace(measured, peer=first, against="procrastinate, same provider", goal=Goal(limit=3)),
        *[replace(measured, peer=figures, against="Celery with Redis, same provider", goal=Goal(limit=1)) for figures in second],
        replace(measured, goal=Goal(limit=1000, of_ratio=False)),
    ]
    remarks = [
        "planner, relay and delivery are three processes, procrastinate's worker is one, Celery's are two",
        "a queue is timed from its first message to its last",
        *([] if redis else ["Celery with Redis: not measured (no redis-server here; `infra/setup tests` gets it)"]),
    ]
    return Result(lines=lines, remarks=remarks)


async def _procrastinate(dsn: str, port: int, telephones: Telephones, people: Sequence[PersonId]) -> float:
    app = procrastinate_worker.queue(dsn)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await app.configure_task("send").batch_defer_async(*procrastinate_worker.arguments(jobs(people, _TEXT)))
    telephones.forget()
    # not with -m: the queue wants its tasks in a module that has a name
    command = (sys.executable, "-c", "from tests.benchmarks.procrastinate_worker import main; main()", dsn, str(port))
    worker = await asyncio.create_subprocess_exec(*command, cwd=home_of_the_code())
    try:
        figure = await _from_first_to_last(telephones, len(people))
        await asyncio.wait_for(worker.wait(), 30)
        return figure
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()


async def _celery(redis: str, port: int, telephones: Telephones, people: Sequence[PersonId], folder: Path) -> float:
    await asyncio.to_thread(celery_worker.lay_aside, redis, jobs(people, _TEXT))
    command = (sys.executable, "-m", "tests.benchmarks.celery_worker", redis, str(port))
    async with AsyncExitStack() as stack, Redis.from_url(redis, socket_timeout=None) as client:
        for number in range(celery_worker.WORKERS):
            worker = await start_child(command, name="Celery", log_path=folder / f"{number}.log", cwd=home_of_the_code())
            stack.push_async_callback(worker.stop)
        for _ in range(celery_worker.WORKERS):
            if await client.blpop([celery_worker.READY], timeout=_READY_WITHIN) is None:
                raise ChildFailed(worker.name, "did not become ready", worker.log_path)
        telephones.forget()
        await asyncio.to_thread(celery_worker.hand_over, redis)
        return await _from_first_to_last(telephones, len(people))


async def _from_first_to_last(telephones: Telephones, messages: int) -> float:
    await telephones.count(messages, _ROUND_WITHIN)
    return (messages - 1) / (telephones.last - telephones.first)


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
