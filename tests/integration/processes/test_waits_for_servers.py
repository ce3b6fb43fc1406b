"""Processes that are started before their servers: they wait, say for what, begin by themselves, and end when asked."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from services.commands.arrival import DATABASE, KAFKA, servers_answer, servers_there
from services.commands.exits import Exit
from services.commands.processes import PROCESSES
from services.runtime.embedded.children import free_ports
from services.runtime.embedded.servers import Servers
from services.runtime.health import Health
from services.runtime.metrics import Metrics
from services.runtime.running import embedded_kafka_settings
from services.runtime.settings import read_settings
from services.runtime.surroundings import Surroundings
from tests.fixtures.kafka import KafkaNode
from tests.integration.processes.outside import PATIENCE, Running

pytestmark = pytest.mark.stack
#: seconds until a process that waits has ended: its last look at a broker, on a busy machine
_AT_ONCE = 10.0


@asynccontextmanager
async def _server_comes(port: int, address: str) -> AsyncIterator[None]:
    """From now on somebody answers on ``port``: what is behind ``address``."""
    host, _, behind = address.rpartition(":")
    lines: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await reader.read(65_536):
                writer.write(octets)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(behind))
        lines.update({asyncio.create_task(copy(reader, back)), asyncio.create_task(copy(there, writer))})

    server = await asyncio.start_server(connect, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for line in lines:
            line.cancel()


@pytest.fixture
async def ports() -> tuple[int, int]:
    """Where Kafka and PostgreSQL will be."""
    kafka, database = free_ports(2)
    return kafka, database


@pytest.fixture
async def running(ports: tuple[int, int], database: str, tmp_path: Path) -> AsyncIterator[Running]:
    """Processes whose servers are not there yet."""
    (logs := tmp_path / "logs").mkdir()
    there = urlsplit(database)
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports[0]}",
        "DATABASE_URL": database.replace(f"{there.hostname}:{there.port}", f"127.0.0.1:{ports[1]}"),
        "STATE_DIR": str(tmp_path / "state"),
        "LETTER_URL": f"file://{tmp_path / 'letters'}",
        "LOG_FORMAT": "json",
    }
    started = Running(environment, logs)
    try:
        yield started
    finally:
        await started.stop()


async def _ready(http: httpx.AsyncClient, port: int, running: Running, *, wants: str | None) -> None:
    """Until it is ready (none), or says that it is not, in these words."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    answer = await http.get(f"http://127.0.0.1:{port}/readyz")
                    if answer.status_code == 200 if wants is None else answer.status_code == 503 and wants in answer.text:
                        return
                if any(process.returncode is not None for process in running.processes.values()):
                    pytest.fail(running.said())
                await asyncio.sleep(0.2)
    except TimeoutError:
        pytest.fail(f"not {wants or 'ready'}: {running.said()}")


async def test_every_process_waits_for_both_servers(kafka: KafkaNode, database: str, ports: tuple[int, int], running: Running) -> None:
    """Started first, each says that it waits for Kafka, then for the database, and is ready by itself once both are there."""
    await kafka.fresh_topics()
    listen = dict(zip(PROCESSES, free_ports(len(PROCESSES)), strict=True))
    (staff,) = free_ports(1)
    for name, port in listen.items():
        where = {"PUBLIC_LISTEN": f"127.0.0.1:{port}", "STAFF_LISTEN": f"127.0.0.1:{staff}"} if name == "web" else {}
        await running.start(name, **(where or {"HEALTH_LISTEN": f"127.0.0.1:{port}"}))
    address = urlsplit(database)
    async with httpx.AsyncClient() as http:
        await asyncio.gather(*(_ready(http, port, running, wants=KAFKA) for port in listen.values()))
        async with _server_comes(ports[0], kafka.bootstrap):
            await asyncio.gather(*(_ready(http, port, running, wants=DATABASE) for port in listen.values()))
            async with _server_comes(ports[1], f"{address.hostname}:{address.port}"):
                await asyncio.gather(*(_ready(http, port, running, wants=None) for port in listen.values()))
                await running.stop()
    for name in listen:
        said = (running.logs / f"{name}.log").read_text("utf-8")
        assert said.count("waits for Kafka before it starts") == 1, said
        assert said.count("waits for the database before it starts") == 1, said


async def test_up_waits_for_servers_of_somebody_else_s(kafka: KafkaNode, database: str, ports: tuple[int, int], running: Running) -> None:
    """`up` with servers that are set and not there yet: it says so and waits for one after the other, then makes topics and begins.

    A cluster that does not make the topics as they should be ends it with 3 and the setting to look at.
    """
    topics = await kafka.fresh_topics()
    await kafka.admin.delete(list(topics))
    public, staff = free_ports(2)
    listen = {"PUBLIC_LISTEN": f"127.0.0.1:{public}", "STAFF_LISTEN": f"127.0.0.1:{staff}"}
    refused = await running.start("up", **listen, KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap, DATABASE_URL=database)
    assert await asyncio.wait_for(refused.wait(), PATIENCE) == Exit.NOT_THERE, running.said()
    assert "TOPIC_REPLICATION_FACTOR" in running.said()
    await running.start("up", **listen, TOPIC_REPLICATION_FACTOR="1")
    address = urlsplit(database)
    async with httpx.AsyncClient() as http:
        await _ready(http, staff, running, wants=KAFKA)
        async with _server_comes(ports[0], kafka.bootstrap):
            await _ready(http, public, running, wants=DATABASE)
            async with _server_comes(ports[1], f"{address.hostname}:{address.port}"):
                await _ready(http, staff, running, wants=None)
                await running.stop()
    assert running.said().count("waits for Kafka before it starts") == 1, running.said()


async def test_a_server_that_goes_again_is_waited_for_again(ports: tuple[int, int], tmp_path: Path) -> None:
    """`up` looks twice, before and after it has prepared them: it waits both times, and health says both."""
    kafka, database = ports
    cluster = embedded_kafka_settings(f"127.0.0.1:{kafka}")
    settings = replace(read_settings(), kafka=cluster, state_dir=tmp_path)
    surroundings = Surroundings(
        settings=settings,
        servers=Servers(
            kafka=embedded_kafka_settings(f"127.0.0.1:{kafka}"), database_url=f"postgresql://127.0.0.1:{database}/x", watches={}
        ),
        service_key=b"",
        instance="up",
        metrics=Metrics(),
        health=Health(),
        overall=Health(),
    )
    for number, wait in enumerate((servers_answer(surroundings, []), servers_there(["relay"], surroundings, [])), start=1):
        waiting = asyncio.create_task(wait)
        async with asyncio.timeout(PATIENCE):
            while len(await surroundings.overall.ready()) < number:
                assert not waiting.done()
                await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert all(KAFKA in missing.problem for missing in await surroundings.overall.ready())


@pytest.mark.parametrize("name", ["intake", "up"])
async def test_a_signal_ends_the_wait(running: Running, name: str) -> None:
    """SIGTERM while it waits: it ends at once, in order."""
    port, other = free_ports(2)
    listen = {"PUBLIC_LISTEN": f"127.0.0.1:{port}", "STAFF_LISTEN": f"127.0.0.1:{other}"} if name == "up" else {}
    process = await running.start(name, **(listen or {"HEALTH_LISTEN": f"127.0.0.1:{port}"}))
    async with httpx.AsyncClient() as http:
        await _ready(http, port, running, wants=KAFKA)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), PATIENCE) == Exit.DONE, running.said()
    assert time.monotonic() - began < _AT_ONCE


async def test_what_waiting_does_not_mend_is_said_at_once(kafka: KafkaNode, running: Running) -> None:
    """Wrong settings end with 2 although Kafka is away; a broker without our topics ends with 3 and the command that makes them."""
    wrong = await running.start("relay", LOG_LEVEL="LOUD")
    assert await asyncio.wait_for(wrong.wait(), PATIENCE) == Exit.WRONG_USAGE
    assert "LOG_LEVEL" in running.said()
    topics = await kafka.fresh_topics()
    await kafka.admin.delete(["alarms.v1"])
    missing = await running.start("planner", KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap)
    assert await asyncio.wait_for(missing.wait(), PATIENCE) == Exit.NOT_THERE, running.said()
    assert "sans-faute topics" in running.said()
    await kafka.admin.ensure_topics(topics.values())
