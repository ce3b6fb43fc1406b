"""The embedded PostgreSQL: made once, kept, and gone with us however we end."""

import asyncio
import pwd
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import asyncpg
import pytest

from services.runtime.embedded import postgres as embedded
from services.runtime.embedded.folders import reachable_by
from services.runtime.embedded.postgres import EmbeddedPostgres, embedded_postgres
from services.runtime.embedded.postgres_programs import find_programs
from services.runtime.errors import NotThere

pytestmark = pytest.mark.stack

#: starts the server, writes a row, says its url, and is killed as nobody can catch
VICTIM = """
import asyncio, os, pathlib, signal, sys, asyncpg
from services.runtime.embedded.postgres import embedded_postgres

async def main():
    async with embedded_postgres(pathlib.Path(sys.argv[1])) as server:
        connection = await asyncpg.connect(server.url)
        await connection.execute("CREATE TABLE IF NOT EXISTS facts (n int); INSERT INTO facts VALUES (1)")
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A folder that the server's user can reach (pytest's own is private)."""
    folder = Path(mkdtemp(prefix="sans-faute-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def _shown(server: EmbeddedPostgres, setting: str) -> str:
    connection = await asyncpg.connect(server.url)
    try:
        return str(await connection.fetchval("SELECT current_setting($1)", setting))
    finally:
        await connection.close()


async def _count(server: EmbeddedPostgres) -> int:
    connection = await asyncpg.connect(server.url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM facts"))
    finally:
        await connection.close()


async def test_data_stay_and_the_second_start_is_quick(state_dir: Path) -> None:
    """What was written is there after a stop and a start; with data, starting takes well under a second."""
    async with embedded_postgres(state_dir) as server:
        connection = await asyncpg.connect(server.url)
        await connection.execute("CREATE TABLE facts (n int); INSERT INTO facts VALUES (1)")
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW timezone") == "UTC"
        await connection.close()
    assert not server.child.running
    started = asyncio.get_running_loop().time()
    async with embedded_postgres(state_dir) as server:
        assert asyncio.get_running_loop().time() - started < 2
        assert await _count(server) == 1


async def test_pages_in_the_log_are_compressed_as_quickly_as_the_server_can(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LZ4 where the server was built with it; one that was not starts all the same, with the compression that every server has."""
    async with embedded_postgres(state_dir) as server:
        assert await _shown(server, "wal_compression") == "lz4"
    system, plain = find_programs(), state_dir / "plain"
    plain.mkdir()
    refuses = "case \"$*\" in *=lz4*) echo 'FATAL: invalid value for parameter'; exit 1;; esac"
    (plain / "postgres").write_text(f'#!/bin/sh\n{refuses}\nexec {system.program("postgres")} "$@"\n')
    (plain / "postgres").chmod(0o755)
    monkeypatch.setattr(embedded, "find_programs", lambda *_: replace(system, folder=plain))
    async with embedded_postgres(state_dir) as server:
        assert await _shown(server, "wal_compression") == "pglz"


async def test_it_keeps_its_port(state_dir: Path) -> None:
    """Processes that run beside it have its address: after a crash of the server they find the next one there."""
    async with embedded_postgres(state_dir) as first:
        await first.child.stop(with_signal=signal.SIGQUIT)
    async with embedded_postgres(state_dir) as again:
        assert again.url == first.url


async def test_it_survives_being_killed(state_dir: Path) -> None:
    """kill -9 of the process that started it, three times over: the next start finds every row, and the server is its own."""  # noqa: D403
    for _ in range(3):
        victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, str(state_dir))
        assert await victim.wait() == -signal.SIGKILL
    async with embedded_postgres(state_dir) as server:
        assert await _count(server) == 3


async def test_a_pid_file_that_names_somebody_else_is_no_obstacle(state_dir: Path) -> None:
    """After a reboot the old process id may be another program's: it is left in peace, and the server starts."""
    async with embedded_postgres(state_dir) as server:
        data_dir = server.data_dir
    bystander = await asyncio.create_subprocess_exec("sleep", "600")
    (data_dir / "postmaster.pid").write_text(f"{bystander.pid}\n{data_dir}\n")
    async with embedded_postgres(state_dir) as server:
        assert server.child.running
    assert bystander.returncode is None
    bystander.kill()
    await bystander.wait()


async def test_a_creation_that_was_interrupted_starts_over(state_dir: Path) -> None:
    """Half a database is never taken for one."""
    async with embedded_postgres(state_dir) as server:
        data_dir = server.data_dir
    data_dir.rename(data_dir.with_name("data.new"))
    async with embedded_postgres(state_dir, durable=False) as server:
        assert (server.data_dir / "PG_VERSION").exists()
    assert not data_dir.with_name("data.new").exists()


async def test_one_of_us_at_a_time(state_dir: Path) -> None:
    """A second start on the same folder is refused with the first one's process id."""
    async with embedded_postgres(state_dir):
        with pytest.raises(NotThere, match="is in use by process"):
            async with embedded_postgres(state_dir):
                raise AssertionError("two servers on one folder")


async def test_another_local_user_does_not_get_in(state_dir: Path) -> None:
    """The port is open to everybody on the machine, the password is not."""
    async with embedded_postgres(state_dir) as server:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://sans_faute:guess@127.0.0.1:{server.port}/postgres")


def test_a_private_folder_is_recognised(tmp_path: Path) -> None:
    """Whether a user can walk to a folder is told from the permissions of all its parents."""
    nobody = pwd.getpwnam("nobody")
    inner = tmp_path / "open"
    inner.mkdir(mode=0o755)
    tmp_path.chmod(0o700)
    assert not reachable_by(nobody, inner)
    assert reachable_by(nobody, Path("/tmp"))
