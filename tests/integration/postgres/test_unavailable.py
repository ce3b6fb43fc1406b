"""When PostgreSQL is away: one error that says "wait and try again", nothing half written, and back to work without a restart."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from services.adapters.postgres.connection import Pool, connect, open_pool
from services.adapters.postgres.migrate import migrate
from services.adapters.postgres.notify import OUTBOX_CHANNEL, listen
from services.adapters.postgres.store import PostgresStore
from services.adapters.store_errors import DataRefused, GuardBroken, NotLetIn
from services.core.changes import Changes, Outgoing
from services.core.model import PersonId
from services.core.ports.store import StoreUnavailable
from services.runtime.embedded.children import free_port
from services.runtime.embedded.postgres import EmbeddedPostgres, embedded_postgres
from tests.fixtures.facts import ANNIE, LUC, NOW, attempt, obligation, person

pytestmark = pytest.mark.stack

#: end every unit of this database
_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()"


@pytest.fixture
async def own_folder() -> AsyncIterator[Path]:
    """State of a server that this test stops and starts."""
    with tempfile.TemporaryDirectory(prefix="sans-faute-postgres-", dir="/var/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - once, before anything runs
        yield folder


async def test_a_server_that_stops_and_comes_back(own_folder: Path) -> None:
    """Units raise StoreUnavailable while it is away, in whatever they were doing, and work again with the same store afterwards."""
    async with embedded_postgres(own_folder) as server:
        await migrate(server.url)
        port, url = server.port, server.url
        pool = await asyncpg.create_pool(url, min_size=0, max_size=4)
        store = PostgresStore(pool)
        async with store.unit() as unit:
            await unit.lock([LUC])
            await unit.write(Changes(profiles=[person()]))
        with suppress(StoreUnavailable):
            async with store.unit() as unit:
                await unit.lock([LUC])
                await unit.write(Changes(profiles=[person(revision=2)]))
                await server.child.stop(timedelta(seconds=10), with_signal=signal.SIGQUIT)
                await unit.write(Changes(obligations=[obligation()]))
                pytest.fail("the server is gone")
        for ask in (store.next_wake, store.outbox_size, store.journal):
            with pytest.raises(StoreUnavailable):
                await ask()
        with pytest.raises(StoreUnavailable):
            async with store.unit():
                pytest.fail("there is no unit without a server")
    async with embedded_postgres(own_folder) as again:
        assert again.url.partition("@")[0] == url.partition("@")[0]
        pool.set_connect_args(again.url)
        async with store.unit() as unit:
            case = (await unit.lock([LUC]))[LUC]
        assert case.person == person()
        assert again.port != port or again.child.running
        await pool.close()


async def test_no_server_at_all() -> None:
    """A pool opens without one; asking says that it is away."""
    async with open_pool(f"postgresql://nobody@127.0.0.1:{free_port()}/none") as pool:
        with pytest.raises(StoreUnavailable):
            await PostgresStore(pool).next_wake()
        with pytest.raises(StoreUnavailable):
            async with PostgresStore(pool).unit():
                pytest.fail("there is no unit without a server")


@pytest.mark.parametrize("then", [Changes(obligations=[obligation()]), None])
async def test_a_connection_that_is_cut(pool: Pool, then: Changes | None) -> None:
    """By an operator, before the next statement or before the commit: nothing was written, the next unit has another connection."""
    store = PostgresStore(pool)

    async def be_cut() -> None:
        async with store.unit() as unit:
            await unit.lock([LUC])
            await unit.write(Changes(profiles=[person()]))
            async with pool.acquire() as other:
                await other.fetch(_CUT)
            if then is not None:
                await unit.write(then)

    with pytest.raises(StoreUnavailable):
        await be_cut()
    async with store.unit() as unit:
        assert (await unit.lock([LUC]))[LUC].person is None


async def test_an_error_of_the_step_stays_the_step_s(pool: Pool) -> None:
    """Also when it looks like one of the network: only what the database raised is translated."""
    with pytest.raises(ConnectionResetError):
        async with PostgresStore(pool).unit():
            raise ConnectionResetError


async def test_a_circle_of_waits_is_tried_again(pool: Pool) -> None:
    """Two units that lock in two steps against each other: one gets StoreUnavailable, the other goes on."""
    store = PostgresStore(pool)
    both_have_one = asyncio.Barrier(2)

    async def lock(first: PersonId, second: PersonId) -> str:
        try:
            async with store.unit() as unit:
                await unit.lock([first])
                await both_have_one.wait()
                await unit.lock([second])
        except StoreUnavailable:
            return "again"
        return "done"

    async with store.unit() as unit:
        await unit.lock([LUC, ANNIE])
    assert sorted(await asyncio.gather(lock(LUC, ANNIE), lock(ANNIE, LUC))) == ["again", "done"]


async def test_too_many_connections_is_tried_again(database: str) -> None:
    """The server has none left for us just now."""
    admin = await connect(database)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f"CREATE ROLE guest_{name} LOGIN PASSWORD 'guest' CONNECTION LIMIT 0")
    host = database.rpartition("@")[2]
    async with open_pool(f"postgresql://guest_{name}:guest@{host}") as pool:
        with pytest.raises(StoreUnavailable, match="TooManyConnections"):
            await PostgresStore(pool).next_wake()
    await admin.execute(f"DROP ROLE guest_{name}")
    await admin.close()


@pytest.mark.parametrize(("user", "name"), [("nobody:wrong", "postgres"), (None, "no_such_database")])
async def test_a_database_that_does_not_let_us_in(postgres: EmbeddedPostgres, user: str | None, name: str) -> None:
    """Wrong password, no such database: to whoever runs it is away, whoever starts is told in one sentence what is wrong."""
    who, _, host = postgres.url.removeprefix("postgresql://").partition("@")
    with pytest.raises(NotLetIn, match="does not let us in"):
        await connect(f"postgresql://{user or who}@{host.partition('/')[0]}/{name}")


async def test_wrong_data_is_an_error_that_quotes_nothing(pool: Pool) -> None:
    """Trying again would not help, and rows are about people: neither the message nor its chain says what was written."""

    async def write(changes: Changes) -> None:
        async with PostgresStore(pool).unit() as unit:
            await unit.lock([LUC])
            await unit.write(changes)

    with pytest.raises(DataRefused) as data:
        await write(Changes(profiles=[person(first_name="Secret\0")]))
    with pytest.raises(GuardBroken) as guard:
        await write(Changes(attempts=[attempt("a", token="Secret"), attempt("b", items=(), token="Secret")]))
    for error in (data.value, guard.value):
        assert "Secret" not in str(error)
        assert error.__cause__ is None
        assert error.__suppress_context__


async def test_listening_survives_a_cut_connection(database: str, pool: Pool) -> None:
    """The signal is set again after each interruption, because something may have been missed, and notifications come again."""
    store = PostgresStore(pool)
    async with listen(database, OUTBOX_CHANNEL) as signal_:
        await asyncio.wait_for(signal_.wait(), 10)
        signal_.clear()
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
        await asyncio.wait_for(signal_.wait(), 10)
        signal_.clear()
        async with store.unit() as unit:
            await unit.write(Changes(outbox=[_message()]))
        await asyncio.wait_for(signal_.wait(), 10)


async def test_listening_begins_while_the_server_is_away() -> None:
    """Nobody waits for it, nothing is raised."""
    async with listen(f"postgresql://nobody@127.0.0.1:{free_port()}/none", OUTBOX_CHANNEL) as signal_:
        assert not signal_.is_set()


def _message() -> Outgoing:
    return Outgoing(topic="t", key="k", type="x", subject="s", data={}, shard_key="k", at=NOW)
