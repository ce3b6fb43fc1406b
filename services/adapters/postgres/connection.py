"""Connections to PostgreSQL, and which of its errors mean "wait and try again"."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from services.adapters.store_errors import DataRefused, GuardBroken, NotLetIn
from services.core.ports.store import StoreUnavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

#: SQLSTATE classes (manual, appendix A) in which nothing is wrong with what we asked: 08 connection, 25 wrong transaction state
#: (a standby that took over may be read-only), 40 rolled back for somebody else's sake, 53 out of a resource, 57 operator, 58 system
_TRY_AGAIN = ("08", "25", "40", "53", "57", "58")
#: waited too long for a lock
_TRY_AGAIN_CODES = frozenset({"55P03"})
#: SQLSTATE of a server that does not take us; our own words, because the driver's may quote rows
_NOT_LET_IN = {
    "28P01": "the password is wrong, or there is no such user",
    "28000": "there is no such user, or it may not connect from here (pg_hba.conf)",
    "3D000": "there is no such database",
}
#: what the driver calls a connection that ended while we had it
_GONE = ("closed", "released back to the pool")
#: what the driver says of a server without TLS, when the settings want it
_NO_TLS = "rejected SSL upgrade"
_INTEGRITY = "23"
_DATA = "22"

#: a unit that does nothing for so long has died without closing its connection: its locks are given back
_IDLE_LIMIT = timedelta(minutes=5)
_SETTINGS = {
    "application_name": "sans-faute",
    "TimeZone": "UTC",
    # our statements are short: compiling them costs more than it saves
    "jit": "off",
    # Every statement of a unit is a handful of probes for each row that it is given. A plan that was made while the tables were empty, and
    # is kept until they are next analysed, would read them whole: 260 ms instead of 25 for 500 cases, among 5,000 people.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "idle_in_transaction_session_timeout": str(int(_IDLE_LIMIT.total_seconds() * 1000)),
}
_CONNECT_LIMIT = timedelta(seconds=10)
_STATEMENT_LIMIT = timedelta(seconds=60)
#: asyncpg opens a new connection after so many statements; ours hold nothing that grows
_NEVER = 2**62


@asynccontextmanager
async def open_pool(dsn: str, *, connections: int = 10) -> AsyncIterator[Pool]:
    """A pool of at most ``connections``, opened as they are needed; a server that is away raises ``StoreUnavailable`` where it is asked."""
    pool = await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=connections,
        max_queries=_NEVER,
        timeout=_CONNECT_LIMIT.total_seconds(),
        command_timeout=_STATEMENT_LIMIT.total_seconds(),
        server_settings=_SETTINGS,
        reset=_leave_as_it_is,
    )
    try:
        yield pool
    finally:
        await pool.close()


async def connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection of one's own, without a limit on how long a statement takes; raises ``StoreUnavailable``."""
    with database_errors():
        return await asyncpg.connect(dsn, timeout=_CONNECT_LIMIT.total_seconds(), server_settings=_SETTINGS)


async def _leave_as_it_is(_: Connection) -> None:
    """Our units set nothing that outlives their transaction: asking the server to reset a connection is a round trip for nothing."""


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what the driver raises into ``StoreUnavailable`` (``NotLetIn``), ``GuardBroken`` or ``DataRefused``; our other mistakes stay.

    The driver's own error is not chained: its detail quotes rows, and rows are about people.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _translated(error) from None
    except asyncpg.InterfaceError as error:
        # Also what the driver says of our own misuse: only the text tells the two apart.
        if any(words in str(error) for words in _GONE):
            raise StoreUnavailable("PostgreSQL ended the connection") from None
        raise
    except ssl.SSLCertVerificationError:
        raise NotLetIn("PostgreSQL's certificate is not trusted, or is another host's") from None
    except (OSError, TimeoutError, asyncpg.InternalClientError) as error:
        if _NO_TLS in str(error):
            raise NotLetIn("PostgreSQL does not let us in: it speaks no TLS, and sslmode wants it") from None
        raise StoreUnavailable(f"PostgreSQL does not answer ({type(error).__name__})") from None


def _translated(error: asyncpg.PostgresError) -> Exception:
    code = error.sqlstate or ""
    if code in _NOT_LET_IN:
        return NotLetIn(f"PostgreSQL does not let us in: {_NOT_LET_IN[code]}")
    if code.startswith(_TRY_AGAIN) or code in _TRY_AGAIN_CODES:
        return StoreUnavailable(f"PostgreSQL cannot serve us now ({type(error).__name__}, {code})")
    if code.startswith(_INTEGRITY):
        return GuardBroken(error.constraint_name or f"{error.table_name}.{error.column_name}")
    if code.startswith(_DATA):
        return DataRefused(f"{type(error).__name__} ({code})")
    return error
