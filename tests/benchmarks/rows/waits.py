"""How long a person, or an advisor, waits on a quiet system: event → SMSC, hard failure → next channel, hard failure → alert."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

import msgspec

from services.adapters.clock import SystemClock
from services.adapters.kafka.confluent_stream import ConfluentStream
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.postgres.connection import Pool, open_pool
from services.adapters.postgres.pages import PostgresPages
from services.core.model import PersonId
from services.simulator.servers.smsc import SmscServer
from tests.benchmarks.machine import Machine
from tests.benchmarks.measuring import Figures, Goal, Line, Result, quantile
from tests.benchmarks.people import filled, ids, meetings
from tests.benchmarks.processes import Telephones, number_of, running, smsc

_PARTS = ("intake", "planner", "relay", "delivery", "evidence")
_NEXT = ("dispatch.voice.v1", "dispatch.email.v1", "dispatch.letter.v1")
_READY_WITHIN, _WITHIN = 60.0, 30.0
#: between two people: nothing of the one before is under way any more
_QUIET = 0.05
#: how often the advisor's side looks; half of it is in the figure
_LOOK = 0.002
_HAS_ALERT = "SELECT EXISTS (SELECT FROM alerts WHERE person_id = $1 AND closed_at IS NULL)"
#: of the SMSC, in the words of scenarios
_HARD = "undelivered unknown_subscriber"


@dataclass(slots=True, kw_only=True)
class Street:
    """The processes running, and our hands on both ends."""

    people: list[PersonId]
    publisher: KafkaPublisher
    server: SmscServer
    telephones: Telephones
    pool: Pool
    #: person → when the dispatch on another channel could be read
    elsewhere: dict[str, float] = field(default_factory=dict)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def send_one(self, within: float = _WITHIN) -> tuple[PersonId, float]:
        """Somebody gets a meeting; who, and seconds from publishing to the SMSC."""
        each = self.people.pop()
        (event,) = meetings([each], SystemClock().now(), "q")
        started = perf_counter()
        await self.publisher.publish([event])
        at, _ = await self.telephones.of(number_of(each), within)
        await asyncio.sleep(_QUIET)
        return each, at - started

    async def fail_one(self) -> tuple[float, float]:
        """Somebody's number does not exist; seconds from the SMSC's report to the next channel's dispatch, and to the alert."""
        each, _ = await self.send_one()
        _, reference = self.telephones.taken[number_of(each)]
        started = perf_counter()
        reporting = asyncio.create_task(self.server.report(reference, _HARD))
        alert, dispatch = await asyncio.gather(self._alerted(each), self._dispatched(each))
        await reporting
        await asyncio.sleep(_QUIET)
        return dispatch - started, alert - started

    async def _alerted(self, each: PersonId) -> float:
        """When the advisor's page has an alert about this person."""
        pages = PostgresPages(self.pool)
        async with asyncio.timeout(_WITHIN):
            while not await self.pool.fetchval(_HAS_ALERT, each):  # noqa: ASYNC110 -- it happens in another process
                await asyncio.sleep(_LOOK)
        lines = await pages.desk("mme_durand", "lille")
        at = perf_counter()
        if each not in {line.alert.person_id for line in lines}:
            raise RuntimeError("an alert that the advisor's page does not show")
        return at

    async def _dispatched(self, each: PersonId) -> float:
        async with asyncio.timeout(_WITHIN):
            while each not in self.elsewhere:
                self.more.clear()
                await self.more.wait()
        return self.elsewhere[each]

    async def read(self, stream: ConfluentStream) -> None:
        """What leaves on the other channels, as a gateway of somebody else would read it."""
        while True:
            batch = await stream.next_batch()
            for record in batch:
                self.elsewhere[msgspec.json.decode(record.value or b"")["data"]["person_id"]] = perf_counter()
            await stream.acknowledge(batch)
            self.more.set()


async def quiet(machine: Machine) -> Result:
    """Event published → accepted by the SMSC, one after the other."""
    count = machine.size(100, 20)
    async with _street(machine, count * machine.rounds) as street:
        rounds = [[(await street.send_one())[1] * 1000 for _ in range(count)] for _ in range(machine.rounds)]
    return Result(lines=_lines("quiet", f"event → SMSC, {count} events", rounds, 300), remarks=[_REMARK])


async def failure(machine: Machine) -> Result:
    """The SMSC reports a hard failure → the next channel's dispatch can be read → the advisor's page shows the alert."""
    count = machine.size(50, 10)
    dispatched: list[list[float]] = []
    alerted: list[list[float]] = []
    async with _street(machine, count * machine.rounds) as street:
        for _ in range(machine.rounds):
            pairs = [await street.fail_one() for _ in range(count)]
            dispatched.append([dispatch * 1000 for dispatch, _ in pairs])
            alerted.append([alert * 1000 for _, alert in pairs])
    lines = [
        *_lines("failure", f"hard failure → next channel's dispatch, {count} failures", dispatched, 1000),
        *_lines("failure", f"hard failure → alert on the advisor's page, {count} failures", alerted, 1000),
    ]
    return Result(lines=lines, remarks=[_REMARK])


_REMARK = "five processes of ours, one message under way at a time"


def _lines(row: str, what: str, rounds: Sequence[Sequence[float]], limit: float) -> list[Line]:
    """The median and the 99th percentile of each round."""
    median = Figures(tuple(quantile(values, 0.5) for values in rounds))
    high = Figures(tuple(quantile(values, 0.99) for values in rounds))
    goal = Goal(limit=limit, at_least=False, of_ratio=False)
    return [
        Line(row=row, what=f"{what}: p50", unit="ms", ours=median),
        Line(row=row, what=f"{what}: p99", unit="ms", ours=high, goal=goal),
    ]


@asynccontextmanager
async def _street(machine: Machine, people: int) -> AsyncIterator[Street]:
    """Everything running and warm: a few messages have gone the whole way."""
    warm = 5
    everybody = ids(people + warm)
    template = await machine.template(f"people_{len(everybody)}", filled(len(everybody)))
    connection = await machine.empty_topics()
    async with (
        smsc() as (server, telephones),
        machine.database(template) as dsn,
        open_pool(dsn, connections=2) as pool,
        KafkaPublisher(connection) as publisher,
        running(machine, _PARTS, dsn=dsn, kafka=connection, smsc_port=server.port),
    ):
        street = Street(people=everybody, publisher=publisher, server=server, telephones=telephones, pool=pool)
        async with _reading(machine, connection, street.read):
            await street.send_one(_READY_WITHIN)
            await street.fail_one()
            for _ in range(warm - 2):
                await street.send_one()
            yield street


@asynccontextmanager
async def _reading(
    machine: Machine, connection: KafkaConnection, read: Callable[[ConfluentStream], Awaitable[None]]
) -> AsyncIterator[None]:
    stream = ConfluentStream(connection, topics=_NEXT, group=machine.name("gateway"))
    await stream.start()
    reader = asyncio.ensure_future(read(stream))
    try:
        yield
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await stream.stop()
