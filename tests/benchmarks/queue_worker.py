"""The peer of ``sending``: a procrastinate worker whose jobs send through our own SMPP provider, in a process of its own."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import procrastinate
from procrastinate.types import JSONValue

from services.adapters.clock import SystemClock
from services.adapters.providers.smpp.provider import SmppProvider, SmppSettings
from services.core.content import SmsContent
from services.core.ports.providers import Accepted, Envelope, ProviderReceipt, ProviderReply
from services.core.words import Channel
from services.runtime.logs import set_up_logs
from tests.benchmarks.processes import PASSWORD

#: jobs under way at once, and connections to the database
_CONCURRENCY = 50
_CONNECTIONS = 10


def queue(dsn: str) -> procrastinate.App:
    """The queue on this database; its task sends through ``PROVIDER``."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn, min_size=1, max_size=_CONNECTIONS))
    app.task(name="send")(send)
    return app


async def send(attempt_id: str, to: str, text: str, valid_until: str) -> None:
    """One job: one message; raises when the SMSC does not take it, so that the queue would try again."""
    envelope = Envelope(
        attempt_id=attempt_id,
        person_id=attempt_id,
        try_number=1,
        channel=Channel.SMS,
        to=to,
        to_name="",
        content=SmsContent(text=text, encoding="GSM-7", parts=1),
        valid_until=datetime.fromisoformat(valid_until),
        reference=attempt_id,
    )
    outcome = await PROVIDER[0].send(envelope)
    if not isinstance(outcome, Accepted):
        raise TypeError(f"not accepted: {outcome}")


def jobs(people: Sequence[str], text: str) -> list[dict[str, JSONValue]]:
    """What ``send`` is given, for each of these people."""
    until = (SystemClock().now() + timedelta(hours=8)).isoformat()
    return [{"attempt_id": each, "to": f"+336{int(each[1:]):08d}", "text": text, "valid_until": until} for each in people]


class _NothingComesBack:
    """The telephones of this benchmark are silent."""

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """See ``Feedback.receipt``."""
        raise AssertionError

    async def reply(self, reply: ProviderReply) -> None:
        """See ``Feedback.reply``."""
        raise AssertionError


#: the one provider of this process, connected before the worker starts
PROVIDER: list[SmppProvider] = []


async def _work(dsn: str, port: int) -> None:
    settings = SmppSettings(host="127.0.0.1", port=port, system_id="bench", password=PASSWORD, sender="38123")
    provider = SmppProvider("bench", settings, _NothingComesBack(), SystemClock())
    await provider.start()
    PROVIDER.append(provider)
    app = queue(dsn)
    try:
        async with app.open_async():
            await app.run_worker_async(concurrency=_CONCURRENCY, wait=False)
    finally:
        await provider.stop()


def main() -> None:
    """Work until no job is left; arguments: URL of the database, port of the SMSC."""
    set_up_logs(level="ERROR", form="console")
    asyncio.run(_work(sys.argv[1], int(sys.argv[2])))
