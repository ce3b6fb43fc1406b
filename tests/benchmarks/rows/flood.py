"""A month opens for everybody at once: events in Kafka become planned obligations."""

from functools import partial

from services.adapters.kafka.confluent_stream import ConfluentStream
from services.core.words import Lane
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Goal, Line, Result, interleaved
from tests.benchmarks.people import OPENING, filled, ids, openings
from tests.benchmarks.rows.bare import Left, Rows, confluent_loop, opening
from tests.benchmarks.rows.planned import House

_TOPIC = "actualisations.v1"


async def flood(machine: Machine) -> Result:
    """People a second: ours received, stored and planned for the month; the peer stores as many rows in each table and plans nothing."""
    people = machine.size(20_000, 2_000)
    template = await machine.template(f"people_{people}", filled(people))
    connection = await machine.empty_topics()
    await machine.publish(openings(ids(people)))
    house, rows, left = House(now=OPENING, lane=Lane.CAMPAIGN), Rows(lane=Lane.CAMPAIGN), Left()

    async def ours() -> float:
        async with machine.database(template) as dsn:
            stream = ConfluentStream(connection, topics=[_TOPIC], group=machine.name("flood"))
            return await left.after(dsn, await house.plan_all(stream, dsn, people))

    async def bare() -> float:
        async with machine.database(template) as dsn:
            loop = partial(confluent_loop, connection, _TOPIC, machine.name("bare"), dsn)
            return await left.after(dsn, await loop(people, opening, OPENING, rows))

    mine, theirs = await interleaved(machine.rounds, ours, bare, warm=not machine.quick)
    line = Line(
        row="flood",
        what=f"{people:,} actualisations into planned obligations",
        unit="people/s",
        ours=mine,
        peer=theirs,
        against="confluent-kafka loop, asyncpg batches",
        goal=Goal(limit=0.5),
    )
    return Result(lines=[line], remarks=[house.remark()])
