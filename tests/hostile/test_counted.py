"""Delivery before servers that speak no protocol at all: what nobody can read stands in its metrics, by provider."""

import asyncio
from pathlib import Path

import pytest

from services.adapters.clock import SystemClock
from services.adapters.seals import Seals
from services.core.ports.providers import ProviderReceipt, ProviderReply, TryLater
from services.core.words import Channel
from services.delivery.app import _providers
from services.runtime.metrics import Metrics
from services.runtime.settings import read_settings
from tests.conformance.providers.stage import envelope
from tests.hostile.border import until

_NONSENSE = b"\0\0\0\1 neither SMPP nor SMTP\r\n"


class _Deaf:
    """Nothing comes back that could be read."""

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """See ``Feedback``."""
        pytest.fail("a receipt of nothing")

    async def reply(self, reply: ProviderReply) -> None:
        """See ``Feedback``."""
        pytest.fail("a reply of nothing")


async def _talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        writer.write(_NONSENSE)
        # until they have had enough
        await reader.read()
    finally:
        writer.close()


async def test_nonsense_of_each_provider_is_counted(tmp_path: Path) -> None:
    """An SMS centre and a mail server that are something else: both counted under their names, nothing sent, nothing published."""
    server = await asyncio.start_server(_talks_nonsense, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    metrics, clock = Metrics(), SystemClock()
    settings = read_settings(
        {
            "SMS_PROVIDERS": f"centre=smpp://ours:secret@127.0.0.1:{port}",
            "SMTP_URL": f"smtp://127.0.0.1:{port}?tls=none",
            "STATE_DIR": str(tmp_path),
        }
    )
    try:
        async with _providers(settings, Seals(b"k" * 32), _Deaf(), clock, metrics) as providers:
            (mail,) = providers[Channel.EMAIL]
            answer = await mail.send(envelope(Channel.EMAIL))
            assert isinstance(answer, TryLater)
            assert metrics.value("provider_octets_unread", provider=mail.name, type="answer") == 1
            # bound again and again, and each time the same
            await until(lambda: metrics.value("provider_octets_unread", provider="centre", type="frame") >= 1)
    finally:
        server.close()
