"""Migrations: from nothing, again, at the same time, and against a database that is not ours."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from services.adapters.postgres.connection import connect
from services.adapters.postgres.migrate import Migration, SchemaMismatch, migrate, pending, read_migrations
from services.core.ports.store import StoreUnavailable
from services.runtime.embedded.children import free_port

pytestmark = pytest.mark.stack

FIRST = Migration(version=1, name="first", sql="CREATE TABLE one (n integer); CREATE TABLE two (n integer);")
SECOND = Migration(version=2, name="second", sql="INSERT INTO one VALUES (1);")
CONCURRENT = Migration(version=3, name="third", sql="-- not in a transaction\nCREATE INDEX CONCURRENTLY one_n ON one (n);")


async def value(dsn: str, query: str) -> object:
    """One value."""
    connection = await connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_an_empty_database_gets_everything_and_then_nothing(empty_database: str) -> None:
    """`pending` tells it beforehand and changes nothing."""
    ours = read_migrations()
    assert await pending(empty_database) == ours
    assert await pending(empty_database) == ours
    assert await migrate(empty_database) == ours
    assert await pending(empty_database) == []
    assert await migrate(empty_database) == []


async def test_only_what_is_missing_is_applied(empty_database: str) -> None:
    """In order, each once."""
    assert await migrate(empty_database, [FIRST]) == [FIRST]
    assert await migrate(empty_database, [FIRST, SECOND, CONCURRENT]) == [SECOND, CONCURRENT]
    assert await value(empty_database, "SELECT count(*) FROM one") == 1


async def test_migrators_at_once_take_turns(empty_database: str) -> None:
    """One applies, the others wait and find nothing to do; an index built concurrently does not wait for a waiting migrator."""
    done = await asyncio.gather(*(migrate(empty_database, [FIRST, SECOND, CONCURRENT]) for _ in range(5)))
    assert sorted(len(each) for each in done) == [0, 0, 0, 0, 3]
    assert await value(empty_database, "SELECT count(*) FROM one") == 1


async def test_a_migration_that_fails_leaves_nothing_of_itself(empty_database: str) -> None:
    """What was applied before it stays; a corrected one can follow."""
    broken = replace(SECOND, sql="CREATE TABLE three (n integer); SELECT 1 / 0;")
    with pytest.raises(Exception, match="DivisionByZero"):
        await migrate(empty_database, [FIRST, broken])
    assert await value(empty_database, "SELECT to_regclass('three')") is None
    assert await migrate(empty_database, [FIRST, SECOND]) == [SECOND]


async def test_an_edited_migration_is_refused(empty_database: str) -> None:
    """What ran is not what the file says: nobody can know the schema."""
    await migrate(empty_database, [FIRST])
    edited = replace(FIRST, sql=FIRST.sql + " ")
    for ask in (migrate, pending):
        with pytest.raises(SchemaMismatch, match="0001"):
            await ask(empty_database, [edited])


async def test_a_newer_database_is_refused(empty_database: str) -> None:
    """An older program does not touch it."""
    await migrate(empty_database, [FIRST, SECOND])
    with pytest.raises(SchemaMismatch, match="0002"):
        await migrate(empty_database, [FIRST])


async def test_no_server_is_said_as_such() -> None:
    """The command line makes exit code 3 of it."""
    with pytest.raises(StoreUnavailable):
        await migrate(f"postgresql://nobody@127.0.0.1:{free_port()}/none")


@pytest.mark.parametrize("names", [["1_first.sql"], ["0001_first.sql", "0003_third.sql"], ["0002_second.sql"]])
def test_files_are_numbered_without_a_gap(tmp_path: Path, names: list[str]) -> None:
    """A malformed name or a hole is a mistake of ours."""
    for name in names:
        (tmp_path / name).write_text("SELECT 1", "utf-8")
    with pytest.raises(ValueError, match="migration"):
        read_migrations(tmp_path)
