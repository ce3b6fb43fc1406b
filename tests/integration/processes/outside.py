"""Processes of ours as operating-system processes, and the world outside them: producers, an SMS centre, the rules' numbers."""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.policy import SHIPPED
from services.adapters.postgres.notify import OUTBOX_CHANNEL, WAKE_CHANNEL, listen
from services.core.ports.streams import Message
from services.runtime.settings import environment_with, home_of_the_code
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.town import Accept, Answer, Submission
from tests.fixtures.kafka import KafkaNode

PATIENCE = 90.0
#: an open duty that nobody would ever look at again
ADRIFT = "SELECT count(*) FROM obligations WHERE state = 'open' AND next_at IS NULL"
_TOPIC_OF = {"agency.updated": "advisors.v1", "advisor.updated": "advisors.v1", "person.updated": "people.v1"}


def policy_for_tests(path: Path, **numbers: str) -> Path:
    """The shipped rules with windows that are always open (a test runs at any hour), and other numbers by name."""
    lines = []
    table = ""
    for line in SHIPPED.read_text("utf-8").splitlines():
        table = line.partition("]")[0] if line.startswith("[") else table
        name = line.partition(" ")[0]
        if table.startswith("[windows.") and re.match(r"(weekday|saturday|closed_day|closing_day) =", line):
            lines.append(f'{name} = [["00:00", "23:59"]]')
        elif name in numbers:
            lines.append(f'{name} = "{numbers[name]}"')
        else:
            lines.append(line)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


# ---- what producers publish


def event(type_: str, subject: str, data: dict[str, Any], *, number: int = 1) -> dict[str, Any]:
    """A CloudEvent."""
    return {
        "specversion": "1.0",
        "id": f"{type_}-{subject}-{number}",
        "source": "/tests/outside",
        "type": type_,
        "subject": subject,
        "time": datetime.now(UTC).isoformat(),  # noqa: TID251 - the processes under test have the machine's clock
        "datacontenttype": "application/json",
        "data": data,
    }


def directory(people: int) -> list[dict[str, Any]]:
    """An agency, an advisor, and people with a mobile telephone each."""
    agency = {
        "agency_id": "lille", "name": "Lille Centre", "phone": "0320000000", "address": "1 rue de Paris, 59000 Lille",
        "postal_code": "59000", "access_info": "Métro Gare Lille Flandres", "opening": {}, "closures": [], "duty_email": "l@agence.example",
    }  # fmt: skip
    advisor = {"advisor_id": "anne", "name": "Anne M.", "agency_id": "lille", "email": "a@agence.example", "absences": [], "active": True}
    found = [event("agency.updated", "lille", agency), event("advisor.updated", "anne", advisor)]
    return found + [event("person.updated", f"p{number}", _person(number)) for number in range(people)]


def _person(number: int) -> dict[str, Any]:
    contact = {"contact_id": f"p{number}-m", "channel": "phone", "value": f"0612{number:06d}", "declared_by": "self"}
    return {
        "person_id": f"p{number}", "revision": 1, "first_name": "Luc", "last_name": "Test", "postal_code": "59000",
        "preferred_channel": "sms", "forbidden_channels": [], "constraints": ["link_ok"], "digital_ease": "at_ease",
        "asked_opening_notice": False, "missed_actualisations": 0, "contacts": [contact], "referent_id": "anne", "agency_id": "lille",
    }  # fmt: skip


def convocation(number: int, starts_at: datetime) -> dict[str, Any]:
    """For the person of this number."""
    place = {"kind": "agency", "name": "Lille Centre", "address": "1 rue de Paris", "access_info": "Métro", "agency_id": "lille"}
    data = {
        "convocation_id": f"c{number}", "revision": 1, "person_id": f"p{number}", "starts_at": starts_at.isoformat(),
        "place": place, "purpose": "point de situation",
    }  # fmt: skip
    return event("convocation.issued", f"c{number}", data)


def in_days(days: int) -> datetime:
    """Ten in the morning, so many days from now."""
    return (datetime.now(UTC) + timedelta(days=days)).replace(hour=10, minute=0, second=0, microsecond=0)  # noqa: TID251 - as above


def message(topic: str, event_: dict[str, Any]) -> Message:
    """As a producer writes it."""
    data = event_["data"]
    key = data.get("person_id") or data.get("advisor_id") or data["agency_id"]
    return Message(topic=topic, key=key, value=json.dumps(event_).encode())


# ---- an SMS centre that counts


@dataclass(slots=True)
class CountingTown:
    """Takes everything, counts what came to each number, and says at once that it was delivered."""

    taken: Counter[str] = field(default_factory=Counter)
    smsc: SmscServer | None = None
    _reports: set["asyncio.Task[None]"] = field(default_factory=set)

    def answer(self, submission: Submission) -> Answer:
        """See ``services.simulator.servers.town.Town``."""
        self.taken[submission.to] += 1
        assert self.smsc is not None
        task = asyncio.create_task(self.smsc.report(submission.provider_ref, "delivered"))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)
        return Accept()


class WallClock:
    """For servers outside."""

    def now(self) -> datetime:
        """The machine's."""
        return datetime.now(UTC)  # noqa: TID251 - outside


@asynccontextmanager
async def counting_smsc() -> AsyncIterator[tuple[SmscServer, CountingTown]]:
    """The centre on a free port."""
    town = CountingTown()
    smsc = SmscServer("sms", town, WallClock())
    town.smsc = smsc
    await smsc.start()
    try:
        yield smsc, town
    finally:
        await smsc.stop()


# ---- our processes


@dataclass(slots=True)
class Running:
    """Operating-system processes by name; all are ended with the test."""

    environment: dict[str, str]
    logs: Path
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def start(self, name: str, *, copy: str = "", **more: str) -> asyncio.subprocess.Process:
        """``sans-faute NAME``; its log is appended to a file."""
        with (self.logs / f"{name}{copy}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services", name,
                env=environment_with({**self.environment, **more}), cwd=home_of_the_code(), stdout=log, stderr=log,
            )  # fmt: skip
        self.processes[name + copy] = process
        return process

    async def stop(self) -> None:
        """Kill whatever still runs."""
        for process in self.processes.values():
            if process.returncode is None:
                process.kill()
                await process.wait()

    def said(self) -> str:
        """The logs, for who has to find out why a test failed."""
        return "\n".join(f"--- {path.name}\n{path.read_text('utf-8')[-3000:]}" for path in sorted(self.logs.glob("*.log")))


@dataclass(slots=True)
class Observer:
    """Looks at the database from outside, whenever somebody has committed something."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    _changed: asyncio.Event

    async def count(self, query: str) -> int:
        """A number."""
        return int(await self.connection.fetchval(query))

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Return when it holds; looked at after each commit that wakes a person or publishes something."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._changed.clear()
                if await holds():
                    return
                await self._changed.wait()


@asynccontextmanager
async def observer(database: str) -> AsyncIterator[Observer]:
    """Eyes on a database."""
    changed = asyncio.Event()
    connection = await asyncpg.connect(database)
    try:
        async with listen(database, WAKE_CHANNEL) as wakes, listen(database, OUTBOX_CHANNEL) as outbox:

            async def told(signal: Any) -> None:
                while True:
                    await signal.wait()
                    signal.clear()
                    changed.set()

            tasks = [asyncio.create_task(told(signal)) for signal in (wakes, outbox)]
            try:
                yield Observer(connection, changed)
            finally:
                for task in tasks:
                    task.cancel()
    finally:
        await connection.close()


@dataclass(slots=True, kw_only=True)
class World:
    """Everything outside, and our processes."""

    running: Running
    smsc: SmscServer
    town: CountingTown
    eyes: Observer
    publisher: KafkaPublisher
    starts_at: datetime

    async def convoke(self, numbers: Iterable[int]) -> None:
        """Everybody of these numbers, over Kafka."""
        await self.publisher.publish([message("convocations.v1", convocation(number, self.starts_at)) for number in numbers])

    async def all_delivered_once(self, people: int) -> None:
        """Return when so many first messages are known to have arrived; each came exactly once."""

        async def all_delivered() -> bool:
            return await self.eyes.count("SELECT count(*) FROM attempts WHERE state = 'delivered'") == people

        try:
            await self.eyes.until(all_delivered)
        except TimeoutError:
            pytest.fail(self.running.said())
        assert len(self.town.taken) == people
        assert set(self.town.taken.values()) == {1}


@asynccontextmanager
async def world_of(kafka: KafkaNode, database: str, folder: Path, *, people: int, policy: Path) -> AsyncIterator[World]:
    """Fresh topics with so many people in them, and none of our processes yet; what was started is ended with it."""
    await kafka.fresh_topics()
    (logs := folder / "logs").mkdir()
    async with counting_smsc() as (smsc, town), observer(database) as eyes, KafkaPublisher(kafka.connection) as publisher:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "DATABASE_URL": database,
            "STATE_DIR": str(folder / "state"),
            "SMS_PROVIDERS": f"sms=smpp://ours:secret@127.0.0.1:{smsc.port}",
            "POLICY_FILE": str(policy),
            "LOG_FORMAT": "json",
        }
        running = Running(environment, logs)
        await publisher.publish([message(_TOPIC_OF[one["type"]], one) for one in directory(people)])
        try:
            yield World(running=running, smsc=smsc, town=town, eyes=eyes, publisher=publisher, starts_at=in_days(9))
        finally:
            await running.stop()
