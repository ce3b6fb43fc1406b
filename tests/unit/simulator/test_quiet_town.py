"""The town behind simulated providers: every message is taken, kept as a file, and has its fate."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from services.core.words import Channel
from services.simulator.quiet_town import QuietTown, quiet_providers
from services.simulator.servers.town import Accept, Submission

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class HandClock:
    """Stands still."""

    def now(self) -> datetime:
        """Friday morning."""
        return NOW


class Silence:
    """A network on which nothing is heard."""

    undelivered = 0
    busy = 0

    async def report(self, provider_ref: str, word: str, at: datetime | None = None) -> None:
        """Nothing."""

    async def inbound(self, sender: str, text: str) -> None:
        """Nothing."""

    async def release(self, provider_ref: str) -> None:
        """Nothing."""

    async def resend(self) -> None:
        """Nothing."""


async def test_a_message_is_taken_and_kept(tmp_path: Path) -> None:
    """Who tries the product finds it as a file; stopping the town stops what was still to happen."""
    seen: list[tuple[Channel, Path]] = []
    town = QuietTown(folder=tmp_path, seen=lambda channel, path: seen.append((channel, path)), networks={Channel.SMS: Silence()})
    submission = Submission(channel=Channel.SMS, provider="sms", to="+33612345678", provider_ref="a/1", text="Bonjour", at=NOW)
    assert town.answer(submission) == Accept()
    await asyncio.wait_for(town.stop(), 5)
    ((channel, path),) = seen
    assert channel is Channel.SMS
    assert path.read_text("utf-8") == "To: +33612345678\n\nBonjour\n"
    assert path.is_relative_to(tmp_path)


async def test_all_four_providers_say_where_they_are(tmp_path: Path) -> None:
    """In the words of the settings, with nothing to configure."""
    async with quiet_providers(
        HandClock(),
        tmp_path,
        public_url="http://127.0.0.1:1",
        returns_to=("127.0.0.1", 1),
        complaints_to="abuse@rappel.example",
        seen=lambda _channel, _path: None,
    ) as addresses:
        assert addresses.sms.startswith("smpp://demo:")
        assert addresses.voice.startswith("http://demo:")
        assert addresses.email.endswith("?tls=none")
        assert "token_url=http://127.0.0.1:" in addresses.letter
