"""A broker that answers and does not let us in, or not far enough: told from one that is away, and told at once which setting is wrong."""

import asyncio
import contextlib
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection, KafkaRefused, KafkaUnavailable, Refusal
from services.adapters.kafka.topics import load_topics
from services.commands.exits import Exit
from services.runtime.embedded.children import free_ports
from services.runtime.embedded.kafka import embedded_kafka
from services.runtime.together import all_of
from tests.fixtures.kafka import LIBS
from tests.integration.kafka.certificates import certificate
from tests.integration.processes.outside import PATIENCE, Running

pytestmark = pytest.mark.stack
_PASSWORD = "the-right-one"
_WRONG = "the-wrong-one"
_JAAS = f'org.apache.kafka.common.security.plain.PlainLoginModule required username="us" password="{_PASSWORD}" user_us="{_PASSWORD}";'


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A node with rights, and three ways in: whoever comes plainly may do all."""

    plain: KafkaConnection
    sasl: KafkaConnection
    tls: KafkaConnection

    async def grant(self, operation: AclOperation, *topics: str) -> None:
        """Let our user do this with these topics."""
        bindings = [
            AclBinding(ResourceType.TOPIC, name, ResourcePatternType.LITERAL, "User:us", "*", operation, AclPermissionType.ALLOW)
            for name in topics
        ]
        client = AdminClient({**self.plain.librdkafka()})
        await asyncio.gather(*map(asyncio.wrap_future, client.create_acls(bindings).values()))
        # the broker hears of it a moment later, and does not say when; reading and writing include describing
        while not set(topics) <= set(await _admin(self.sasl).partitions()):  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded() -> AsyncIterator[Guarded]:
    """One node for this file, with all our topics."""
    folder = Path(tempfile.mkdtemp(prefix="sans-faute-guarded-"))
    plain, sasl, tls, controller = free_ports(4)
    authority = certificate(folder)
    ways = f"PLAINTEXT://127.0.0.1:{plain},SASL://127.0.0.1:{sasl},TLS://127.0.0.1:{tls}"
    properties = {
        "listeners": f"{ways},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": ways,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL",
        "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
        "listener.name.sasl.plain.sasl.jaas.config": _JAAS,
        "listener.name.sasl.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "node.pem"),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    # it keeps the port of last time
    (folder / "kafka").mkdir()
    (folder / "kafka" / "bootstrap").write_text(f"127.0.0.1:{plain}\n")
    try:
        async with embedded_kafka(folder, libs_dir=LIBS, properties=properties) as node:
            ours = KafkaConnection(bootstrap=node.bootstrap)
            await KafkaAdmin(ours).ensure_topics(load_topics().values())
            us: dict[str, Any] = {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "us", "sasl_password": _PASSWORD}
            yield Guarded(
                plain=ours,
                sasl=replace(ours, bootstrap=f"127.0.0.1:{sasl}", **us),
                tls=replace(ours, bootstrap=f"127.0.0.1:{tls}", security_protocol="SSL", ssl_ca_location=authority),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _admin(connection: KafkaConnection) -> KafkaAdmin:
    return KafkaAdmin(connection, patience=timedelta(seconds=2))


@pytest.mark.parametrize(
    ("changes", "refusal", "said"),
    [
        ({"sasl_password": _WRONG}, Refusal.IDENTITY, "Invalid username or password"),
        ({"sasl_username": "nobody"}, Refusal.IDENTITY, "Invalid username or password"),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, Refusal.IDENTITY, "invalid credentials"),
        ({"sasl_mechanism": "SCRAM-SHA-512"}, Refusal.MECHANISM, "supported mechanisms: PLAIN,SCRAM-SHA-256"),
    ],
)
async def test_who_we_are_is_refused(guarded: Guarded, changes: dict[str, Any], refusal: Refusal, said: str) -> None:
    """A wrong password, user or mechanism is a refusal in the broker's words, and no password is among them."""
    with pytest.raises(KafkaRefused) as refused:
        await _admin(replace(guarded.sasl, **changes)).partitions()
    assert refused.value.refusal is refusal
    assert said in str(refused.value)
    assert _WRONG not in str(refused.value)
    assert _PASSWORD not in str(refused.value)


async def test_a_certificate_that_nobody_we_trust_has_signed(guarded: Guarded, tmp_path: Path) -> None:
    """The right authority lets us in; another one, the system's, and another host name are refusals."""
    assert await _admin(guarded.tls).partitions()
    others = replace(guarded.tls, ssl_ca_location=certificate(tmp_path))
    systems = replace(guarded.tls, ssl_ca_location=None)
    elsewhere = replace(guarded.tls, bootstrap=guarded.tls.bootstrap.replace("127.0.0.1", "localhost"))
    for wrong in (others, systems, elsewhere):
        with pytest.raises(KafkaRefused) as refused:
            await _admin(wrong).partitions()
        assert refused.value.refusal is Refusal.CERTIFICATE


async def test_a_user_where_nobody_asks_for_one(guarded: Guarded) -> None:
    """Signing in at a listener without users is refused as a way of signing in."""
    with pytest.raises(KafkaRefused) as refused:
        await _admin(replace(guarded.sasl, bootstrap=guarded.plain.bootstrap)).partitions()
    assert refused.value.refusal is Refusal.MECHANISM


async def test_nobody_there_refuses_nothing(guarded: Guarded) -> None:
    """Where nobody listens the broker is away, in the library's own words."""
    (port,) = free_ports(1)
    with pytest.raises(KafkaUnavailable, match="Connection refused") as away:
        await _admin(replace(guarded.sasl, bootstrap=f"127.0.0.1:{port}")).partitions()
    assert not isinstance(away.value, KafkaRefused)


@pytest.mark.parametrize("request_number", [1, 2, 3])
async def test_a_broker_that_goes_while_we_sign_in_refuses_nothing(guarded: Guarded, request_number: int) -> None:
    """It hangs up at our first word, when we name the mechanism, or when we show the password: it is away."""
    async with _in_front(guarded.sasl.bootstrap, hang_up_at=request_number) as half_there:
        with pytest.raises(KafkaUnavailable) as away:
            await _admin(replace(guarded.sasl, bootstrap=half_there.address)).partitions()
    assert half_there.hung_up > 0
    assert not isinstance(away.value, KafkaRefused), away.value


async def test_one_of_two_brokers_is_away(guarded: Guarded) -> None:
    """The one that answers lets us in: all is well; it refuses us: that counts."""
    (port,) = free_ports(1)
    both = f"127.0.0.1:{port},{guarded.sasl.bootstrap}"
    await _admin(replace(guarded.sasl, bootstrap=both)).partitions()
    with pytest.raises(KafkaRefused):
        await _admin(replace(guarded.sasl, bootstrap=both, sasl_password=_WRONG)).partitions()


async def test_what_was_refused_before_is_forgotten(guarded: Guarded) -> None:
    """A broker that refused us and is away now is away."""
    async with _in_front(guarded.sasl.bootstrap) as there:
        admin = _admin(replace(guarded.sasl, bootstrap=there.address, sasl_password=_WRONG))
        with pytest.raises(KafkaRefused):
            await admin.partitions()
    with pytest.raises(KafkaUnavailable) as away:
        await admin.partitions()
    assert not isinstance(away.value, KafkaRefused)


async def test_rights(guarded: Guarded) -> None:
    """A topic that we may not describe is no missing topic; reading and writing are asked for one by one, and all are named together."""
    us, names = _admin(guarded.sasl), ["appointments.v1", "convocations.v1"]
    with pytest.raises(KafkaRefused, match=r"no right to describe alarms\.v1, receipts\.v1") as refused:
        await us.missing_topics(["alarms.v1", "receipts.v1"])
    assert refused.value.refusal is Refusal.RIGHT
    assert await _admin(guarded.plain).missing_topics(["alarms.v1", "none.v1"]) == ["none.v1"]
    await guarded.grant(AclOperation.READ, *names)
    await us.check_rights(read=names, written=[])
    with pytest.raises(KafkaRefused, match=r": no right to write appointments\.v1; no right to write convocations\.v1$"):
        await us.check_rights(read=names, written=names)
    await _admin(guarded.plain).check_rights(read=names, written=names)


@dataclass(slots=True, kw_only=True)
class _Front:
    """Somebody between us and the broker."""

    address: str
    hung_up: int = 0


@asynccontextmanager
async def _in_front(address: str, *, hang_up_at: int | None = None) -> AsyncIterator[_Front]:
    """Pass everything on, until the request of that number on a line; the line ends there."""
    host, _, port = address.rpartition(":")
    lines: set[asyncio.Task[None]] = set()

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        try:
            await all_of(answers(there, writer), requests(reader, back))
        finally:
            for end in (writer, back):
                end.close()
                with contextlib.suppress(ConnectionError):
                    await end.wait_closed()

    async def answers(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await there.read(65_536):
                writer.write(octets)
                await writer.drain()

    async def requests(reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            for number in itertools.count(1):
                # a request is its length and so many octets
                length = await reader.readexactly(4)
                request = await reader.readexactly(int.from_bytes(length))
                if number == hang_up_at:
                    front.hung_up += 1
                    return
                back.write(length + request)
                await back.drain()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.add(asyncio.create_task(line(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    front = _Front(address=f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield front
    finally:
        server.close()
        for each in lines:
            each.cancel()
        await asyncio.gather(*lines, return_exceptions=True)


@pytest.fixture
async def running(guarded: Guarded, database: str, tmp_path: Path) -> AsyncIterator[Running]:
    """Processes of ours, plainly connected, with a database of this version."""
    (logs := tmp_path / "logs").mkdir()
    started = Running(
        {
            "KAFKA_BOOTSTRAP_SERVERS": guarded.plain.bootstrap,
            "DATABASE_URL": database,
            "STATE_DIR": str(tmp_path / "state"),
            "LETTER_URL": f"file://{tmp_path / 'letters'}",
        },
        logs,
    )
    try:
        yield started
    finally:
        await started.stop()


def _as(us: KafkaConnection, **changes: str) -> dict[str, str]:
    """The settings of this connection."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": us.bootstrap,
        "KAFKA_SECURITY_PROTOCOL": us.security_protocol,
        "KAFKA_SASL_USERNAME": us.sasl_username or "",
        "KAFKA_SASL_PASSWORD": us.sasl_password or "",
        **changes,
    }


async def _ended(running: Running, name: str, **settings: str) -> str:
    """What it said, having ended with 2; never a password."""
    process = await running.start(name, **settings)
    assert await asyncio.wait_for(process.wait(), PATIENCE) == Exit.WRONG_USAGE, running.said()
    said = running.said()
    assert _WRONG not in said
    assert _PASSWORD not in said
    assert "Traceback" not in said
    (running.logs / f"{name}.log").unlink()
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["relay", "up", "intake"])
async def test_a_process_names_the_setting_that_the_broker_refuses(running: Running, guarded: Guarded, name: str) -> None:
    """It does not wait: it ends with 2 and says which setting to correct. Rights too: those of the process, by topic and group."""
    assert "KAFKA_SASL_PASSWORD: Kafka does not let us in" in await _ended(running, name, **_as(guarded.sasl, KAFKA_SASL_PASSWORD=_WRONG))
    said = await _ended(running, name, **_as(guarded.sasl, KAFKA_SASL_MECHANISM="SCRAM-SHA-512"))
    assert "KAFKA_SASL_MECHANISM: Kafka does not let us in" in said
    assert "KAFKA_SASL_USERNAME: Kafka does not let us in" in await _ended(running, name, **_as(guarded.sasl))
    if name == "up":
        for right in (AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS):
            await guarded.grant(right, *load_topics())
        said = await _ended(running, name, **_as(guarded.sasl))
        assert "no right to read actualisations.v1" in said
        assert "no right to write dispatch.sms.v1" in said
        assert "no right to read as group sans-faute.evidence." in said
    if name == "intake":
        await guarded.grant(AclOperation.READ, *load_topics())
        said = await _ended(running, name, **_as(guarded.sasl))
        assert "no right to read as group sans-faute.intake.faust" in said
        assert "appointments.v1" not in said
    if name == "relay":
        await guarded.grant(AclOperation.DESCRIBE, *load_topics())
        said = await _ended(running, name, **_as(guarded.sasl))
        assert "no right to write dispatch.sms.v1" in said
        assert "appointments.v1" not in said


@pytest.mark.parametrize("name", ["relay", "up"])
async def test_a_process_names_the_setting_that_the_database_refuses(running: Running, database: str, name: str) -> None:
    """A wrong password, a database that is not there, a user without rights, TLS where there is none: 2, and DATABASE_URL is named."""
    address = urlsplit(database)
    assert address.password is not None
    role = await _role(database)
    wrong = {
        database.replace(address.password, _WRONG): "the password is wrong",
        database.replace(address.path, "/nowhere"): "there is no such database",
        f"{database}?sslmode=require": "speaks no TLS",
        database.replace(f"{address.username}:{address.password}", f"{role}:{_PASSWORD}"): "has no right to read or change the schema",
    }
    for url, words in wrong.items():
        said = await _ended(running, name, DATABASE_URL=url)
        assert "DATABASE_URL: PostgreSQL does not let us" in said
        assert words in said
        assert address.password not in said


async def test_the_doctor_asks_as_the_processes_do(running: Running, guarded: Guarded) -> None:
    """A broker that refuses us is not there for us: the doctor names the setting, not only whether something listens."""
    (port,) = free_ports(1)
    for settings, words in (
        (_as(guarded.sasl, KAFKA_SASL_PASSWORD=_WRONG), "KAFKA_SASL_PASSWORD: Kafka does not let us in"),
        ({"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"}, "Connection refused"),
        ({}, "1 brokers"),
    ):
        process = await running.start("doctor", **settings)
        assert (await asyncio.wait_for(process.wait(), PATIENCE) == Exit.NOT_THERE) is bool(settings), running.said()
        assert words in running.said()
        assert _WRONG not in running.said()
        (running.logs / "doctor.log").unlink()


async def _role(database: str) -> str:
    """A user who may connect, and nothing else."""
    connection = await asyncpg.connect(database)
    try:
        role = f"stranger_{urlsplit(database).path[1:]}"
        await connection.execute(f"DROP ROLE IF EXISTS {role}")
        await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{_PASSWORD}'")
    finally:
        await connection.close()
    return role
