"""A database of each play's own, copied from a migrated template: empty, and gone afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from services.adapters.postgres.connection import connect, database_errors
from services.adapters.postgres.migrate import migrate
from services.core.ports.store import StoreUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """A server with a template. The URL may hold a password: never log it."""

    url: str
    #: a word that nobody else uses on this server
    session: str

    @property
    def template(self) -> str:
        """Name of the migrated database that is copied."""
        return f"{self.session}-template"

    def named(self, name: str) -> str:
        """URL of another database of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    @asynccontextmanager
    async def fresh(self, name: str) -> AsyncIterator[str]:
        """URL of an empty database of this schema. Raises ``StoreUnavailable``."""
        await self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}" STRATEGY FILE_COPY')
        try:
            yield self.named(name)
        finally:
            await self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def execute(self, statement: str) -> None:
        """One statement that cannot be in a transaction."""
        connection = await connect(self.url)
        try:
            with database_errors():
                await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            raise StoreUnavailable("the database's role may not create databases, and every play needs one of its own") from None
        finally:
            await connection.close()


@asynccontextmanager
async def open_databases(url: str) -> AsyncIterator[Databases]:
    """Make the template, drop it at the end. Raises ``StoreUnavailable``."""
    connection = await connect(url)
    try:
        with database_errors():
            word: str = await connection.fetchval("SELECT 'play-' || left(gen_random_uuid()::text, 8)")
    finally:
        await connection.close()
    databases = Databases(url=url, session=word)
    await databases.execute(f'CREATE DATABASE "{databases.template}"')
    try:
        await migrate(databases.named(databases.template))
        yield databases
    finally:
        await databases.execute(f'DROP DATABASE "{databases.template}" WITH (FORCE)')
