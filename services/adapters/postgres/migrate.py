"""Bringing a database to the newest schema: plain SQL files in order, each in one transaction, by one migrator at a time."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg

from services.adapters.postgres.connection import Connection, connect, database_errors
from services.adapters.store_errors import NotLetIn

MIGRATIONS = Path(__file__).with_name("migrations")
#: advisory lock of whoever migrates; any number that nobody else uses
_LOCK = 0x5A5F_4D49
#: waiting *inside* pg_advisory_lock would hold a snapshot for which a CREATE INDEX CONCURRENTLY of the other one waits: a deadlock
_LOOK_AGAIN = timedelta(milliseconds=50)
_FILE_NAME = re.compile(r"^(\d{4})_(\w+)\.sql$")
#: first line of a migration that cannot run in a transaction
_ALONE = "-- not in a transaction"

_REGISTER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Changes when the file does."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class SchemaMismatch(Exception):
    """The database was changed by other migrations than ours: an older program, or an edited file. Says which."""


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """All migrations in order; raises ``ValueError`` when a name is malformed or a number is missing."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.match(path.name)
        if match is None:
            raise ValueError(f"{path.name}: the name of a migration is a number of four digits and a word")
        found.append(Migration(version=int(match[1]), name=match[2], sql=path.read_text("utf-8")))
    if [each.version for each in found] != list(range(1, len(found) + 1)):
        raise ValueError("migrations are numbered 0001, 0002, … without a gap")
    return found


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """Apply what is missing; return it. Waits for whoever else migrates. Raises ``StoreUnavailable``, ``NotLetIn``, ``SchemaMismatch``."""
    wanted = read_migrations() if migrations is None else list(migrations)
    async with _connected(dsn) as connection:
        await _take_turn(connection)
        await connection.execute(_REGISTER)
        missing = await _missing(connection, wanted)
        for each in missing:
            await _apply(connection, each)
    return missing


async def pending(dsn: str, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """What ``migrate`` would apply; changes nothing. Raises ``StoreUnavailable``, ``NotLetIn`` and ``SchemaMismatch``."""
    wanted = read_migrations() if migrations is None else list(migrations)
    async with _connected(dsn) as connection:
        if await connection.fetchval("SELECT to_regclass('schema_migrations') IS NULL"):
            return wanted
        return await _missing(connection, wanted)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await connect(dsn)
    try:
        with database_errors():
            yield connection
    except asyncpg.InsufficientPrivilegeError:
        raise NotLetIn("PostgreSQL does not let us do what we must: the user has no right to read or change the schema") from None
    finally:
        await connection.close()


async def _take_turn(connection: Connection) -> None:
    """The lock is the session's: it ends with the connection."""
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110 - see _LOOK_AGAIN
        await asyncio.sleep(_LOOK_AGAIN.total_seconds())


async def _missing(connection: Connection, wanted: Sequence[Migration]) -> list[Migration]:
    rows = await connection.fetch("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
    known = {each.version: each for each in wanted}
    for row in rows:
        ours = known.get(row["version"])
        if ours is None:
            raise SchemaMismatch(f"the database has migration {row['version']:04d} ({row['name']}), which this program does not know")
        if ours.checksum != row["checksum"]:
            raise SchemaMismatch(f"migration {row['version']:04d} ({row['name']}) was edited after it had been applied")
    applied = {row["version"] for row in rows}
    return [each for each in wanted if each.version not in applied]


async def _apply(connection: Connection, migration: Migration) -> None:
    register = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)"
    if migration.sql.startswith(_ALONE):
        await connection.execute(migration.sql)
        await connection.execute(register, migration.version, migration.name, migration.checksum)
        return
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(register, migration.version, migration.name, migration.checksum)
