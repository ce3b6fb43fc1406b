"""From an address in a setting to a provider."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.adapters.providers.letters.callbacks import MailevaCallbacks
from services.adapters.providers.letters.folder import FolderLetters
from services.adapters.providers.letters.maileva import MailevaLetters
from services.adapters.providers.opening import OPENERS, Identity, open_provider, open_source
from services.adapters.providers.smpp.provider import SmppProvider
from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.mail import Sender
from services.adapters.providers.smtp.provider import SmtpProvider
from services.adapters.providers.twilio.callbacks import TwilioVoiceCallbacks
from services.adapters.providers.twilio.provider import TwilioVoice
from services.core.content import VoiceContent
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.words import Channel

US = Identity(
    sms_sender="38123",
    calling_number="+33948123456",
    mail=Sender(name="France Travail", address="rappel@rappel.example", reply_to="reponse@rappel.example"),
    returns=Returns(secret="a secret of tests", domain="rappel.example"),
    letter_lines=("FRANCE TRAVAIL", "59000 LILLE"),
    public_url="https://rappel.example",
)


class Around:
    """Clock, feedback and scripts that nobody uses here."""

    def now(self) -> datetime:
        return datetime(2026, 12, 10, tzinfo=UTC)

    async def receipt(self, receipt: ProviderReceipt) -> None:
        raise AssertionError

    async def reply(self, reply: ProviderReply) -> None:
        raise AssertionError

    async def script(self, attempt_id: str) -> VoiceContent | None:
        return None


AROUND = Around()


@pytest.mark.parametrize(
    ("channel", "url", "kind"),
    [
        (Channel.SMS, "smpp://sf:p%40ss@sms.example:2775?window=50", SmppProvider),
        (Channel.SMS, "smpps://sf:pass@sms.example", SmppProvider),
        (Channel.EMAIL, "smtp://u:p@mx.example:587", SmtpProvider),
        (Channel.EMAIL, "smtps://mx.example", SmtpProvider),
        (Channel.VOICE, "https://AC1:token@api.example", TwilioVoice),
        (Channel.LETTER, "https://c:s@api.example?user=u&password=p", MailevaLetters),
        (Channel.LETTER, "file:///var/letters", FolderLetters),
    ],
)
async def test_addresses(channel: Channel, url: str, kind: type, tmp_path: Path) -> None:
    """Every kind of address in the manual opens its provider, under the name that was given."""
    opened = open_provider(channel, "x", url, US, AROUND, AROUND)
    assert isinstance(opened.provider, kind)
    assert (opened.provider.name, opened.provider.channel) == ("x", channel)
    await opened.stop()


@pytest.mark.parametrize(
    ("channel", "url"),
    [
        (Channel.SMS, "https://user:topsecret@host"),
        (Channel.EMAIL, "smtp://user:topsecret@host?tls=perhaps"),
        (Channel.LETTER, "https://c:topsecret@host"),
        (Channel.VOICE, "https://:topsecret@"),
        (Channel.SMS, ""),
    ],
)
def test_addresses_that_are_wrong(channel: Channel, url: str) -> None:
    """The error says what is wanted and never the password."""
    with pytest.raises(ValueError, match=r".+") as error:
        open_provider(channel, "x", url, US, AROUND, AROUND)
    assert "topsecret" not in str(error.value)


def test_sources() -> None:
    """Calls and print shops call back over HTTP; SMS, mail and folders do not."""
    voice = open_source(Channel.VOICE, "v", "https://AC1:token@api.example", AROUND, US, AROUND)
    letters = open_source(Channel.LETTER, "l", "https://c:s@api.example?user=u&password=p", AROUND, US, AROUND)
    assert isinstance(voice, TwilioVoiceCallbacks)
    assert isinstance(letters, MailevaCallbacks)
    assert open_source(Channel.SMS, "s", "smpp://sf:pass@sms.example", AROUND, US, AROUND) is None
    assert open_source(Channel.LETTER, "f", "file:///var/letters", AROUND, US, AROUND) is None


def test_every_channel_has_a_provider() -> None:
    """No channel without a way out."""
    assert {channel for channel, _ in OPENERS} == set(Channel)
