"""Meetings as they come: in the evening they are planned for tomorrow, in the daytime the first notice is released with the decision."""

from collections.abc import Sequence
from functools import partial

from services.adapters.kafka.faust_stream import FaustStream
from services.core.words import Lane
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Figures, Goal, Line, Result, interleaved
from tests.benchmarks.people import EVENING, MORNING, filled, ids, meetings
from tests.benchmarks.rows.bare import Left, Rows, faust_loop, meeting
from tests.benchmarks.rows.planned import House

_TOPIC = "appointments.v1"


async def live(machine: Machine) -> Result:
    """People a second through Faust; the peer stores as many rows in each table, and decides nothing."""
    people = machine.size(10_000, 1_500)
    template = await machine.template(f"people_{people}", filled(people))
    lines: list[Line] = []
    remarks: list[str] = []
    for when, now in (("in the evening: planned for tomorrow", EVENING), ("in the daytime: first notice released", MORNING)):
        house, rows = House(now=now, lane=Lane.LIVE), Rows(lane=Lane.LIVE, told=True, released=now == MORNING)
        mine, theirs = await _measure(machine, template, house, people, rows)
        line = Line(
            row="live",
            what=f"{people:,} meetings {when}",
            unit="people/s",
            ours=mine,
            peer=theirs,
            against="Faust batches, asyncpg batches",
            goal=Goal(limit=0.7),
        )
        lines.append(line)
        remarks.append(f"{when}: {house.remark()}")
    return Result(lines=lines, remarks=remarks)


async def _measure(machine: Machine, template: str, house: House, people: int, rows: Rows) -> Sequence[Figures]:
    now, left = house.now, Left()
    connection = await machine.empty_topics()
    await machine.publish(meetings(ids(people), now))

    async def ours() -> float:
        async with machine.database(template) as dsn:
            stream = FaustStream(connection, topics=[_TOPIC], group=machine.name("live"))
            return await left.after(dsn, await house.plan_all(stream, dsn, people))

    async def bare() -> float:
        async with machine.database(template) as dsn:
            loop = partial(faust_loop, connection, _TOPIC, machine.name("bare"), dsn)
            return await left.after(dsn, await loop(people, meeting, now, rows))

    return await interleaved(machine.rounds, ours, bare, warm=not machine.quick)
