"""What `sans-faute up` sends through when nothing is configured takes a message of every kind."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.adapters.clock import SystemClock
from services.adapters.identity import identity_of
from services.adapters.providers.opening import open_provider
from services.adapters.seals import Seals
from services.commands.simulated import with_providers
from services.core.content import Content, LetterContent, SmsContent
from services.core.ports.providers import Accepted, Envelope, ProviderReceipt, ProviderReply
from services.core.words import Channel
from services.runtime.settings import read_settings

_CONTENTS: dict[Channel, Content] = {
    Channel.SMS: SmsContent(text="Bonjour", encoding="GSM-7", parts=1),
    Channel.LETTER: LetterContent(
        pdf=b"%PDF-1.7", text="Bonjour", pages=1, address_lines=("LEILA TEST", "8 RUE DES POSTES", "59000 LILLE")
    ),
}


class Deaf:
    """Implements ``Feedback``: what comes back is not this test's matter."""

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """See ``Feedback.receipt``."""

    async def reply(self, reply: ProviderReply) -> None:
        """See ``Feedback.reply``."""


@pytest.mark.parametrize("channel", list(_CONTENTS))
async def test_a_newcomers_message_is_taken(channel: Channel, tmp_path: Path) -> None:
    """Without any setting: what is missing in the settings must not be found out by the first letter."""
    async with with_providers(read_settings({"OUTPUT_DIR": str(tmp_path), "STATE_DIR": str(tmp_path)}), lambda _: None) as settings:
        identity = identity_of(
            seals=Seals(b"a key for this test"),
            name=settings.sender_name,
            address=settings.sender_address,
            email_from=settings.email_from,
            sms_sender=settings.sms_sender,
            calling_number=settings.voice_caller_id,
            public_url=settings.public_url,
        )
        name, url = next((name, url) for of, name, url in settings.providers() if of == channel)
        opened = open_provider(channel, name, url, identity, Deaf(), SystemClock())
        await opened.start()
        try:
            envelope = Envelope(
                attempt_id="at-1",
                person_id="leila",
                try_number=1,
                channel=channel,
                to="+33612345678" if channel is Channel.SMS else "",
                to_name="Leïla Test",
                content=_CONTENTS[channel],
                valid_until=datetime(2100, 1, 1, tzinfo=UTC) - timedelta(days=1),
                reference="K7Q4-PM2X",
            )
            assert isinstance(await opened.provider.send(envelope), Accepted)
        finally:
            await opened.stop()
