"""The first peer of ``sending``: a procrastinate worker whose jobs send through our own SMPP provider, in a process of its own."""

import asyncio
import sys
from collections.abc import Iterable, Mapping

import procrastinate
from procrastinate.types import JSONValue

from services.adapters.providers.smpp.provider import SmppProvider
from services.runtime.logs import set_up_logs
from tests.benchmarks.jobs import provider, send

#: jobs under way at once, and connections to the database
_CONCURRENCY = 50
_CONNECTIONS = 10


def queue(dsn: str) -> procrastinate.App:
    """The queue on this database; its task sends through ``PROVIDER``."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn, min_size=1, max_size=_CONNECTIONS))
    app.task(name="send")(_send)
    return app


def arguments(jobs: Iterable[Mapping[str, str]]) -> list[dict[str, JSONValue]]:
    """These, typed as the queue wants them."""
    return [{**job} for job in jobs]


#: the one provider of this process, connected before the worker starts
PROVIDER: list[SmppProvider] = []


async def _send(**job: str) -> None:
    await send(PROVIDER[0], **job)


async def _work(dsn: str, port: int) -> None:
    account = provider(port)
    await account.start()
    PROVIDER.append(account)
    app = queue(dsn)
    try:
        async with app.open_async():
            await app.run_worker_async(concurrency=_CONCURRENCY, wait=False)
    finally:
        await account.stop()


def main() -> None:
    """Work until no job is left; arguments: URL of the database, port of the SMSC."""
    set_up_logs(level="ERROR", form="console")
    asyncio.run(_work(sys.argv[1], int(sys.argv[2])))
