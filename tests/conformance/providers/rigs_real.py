"""The real adapters as rigs, each with a simulated server on a socket, and between them what the processes would wire."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from services.adapters.providers.letters.callbacks import MailevaCallbacks
from services.adapters.providers.letters.maileva import MailevaApi, MailevaLetters, MailevaSettings
from services.adapters.providers.smpp.provider import SmppProvider, SmppSettings
from services.adapters.providers.smpp.session import Limits
from services.adapters.providers.smtp.mail import Sender
from services.adapters.providers.smtp.provider import SmtpProvider, SmtpSettings
from services.adapters.providers.smtp.receiver import BounceReceiver, ReceiverSettings
from services.adapters.providers.twilio.callbacks import TwilioVoiceCallbacks
from services.adapters.providers.twilio.provider import TwilioSettings, TwilioVoice
from services.core.content import VoiceContent
from services.core.words import Channel
from services.core.words import ReceiptStatus as R
from services.simulator.servers.mail_server import MailServer
from services.simulator.servers.print_shop import PrintShop
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.voice_gateway import VoiceGateway
from tests.conformance.providers.rig import PATIENT, RETURNS, Receipts, Stage, Web
from tests.conformance.providers.stage import SCRIPT


class SmppRig(Stage):
    """SMS over SMPP."""

    channel = Channel.SMS
    hard, policy, later = "ESME_RINVDSTADR", "ESME_RX_P_APPN", "ESME_RTHROTTLED"
    receipts: ClassVar[Receipts] = {
        "delivered": (R.DELIVERED, None),
        "undelivered unknown_subscriber": (R.FAILED_HARD, "unknown_subscriber"),
        "undelivered unreachable": (R.FAILED_SOFT, "unreachable"),
        "rejected": (R.FAILED_POLICY, None),
        "expired": (R.EXPIRED, None),
    }
    can_be_asked = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.network = SmscServer("a", self.town, self.clock)
        self._open: list[SmppProvider] = []

    @property
    def provider(self) -> SmppProvider:
        return self._open[0]

    async def start(self) -> None:
        await self.network.start()
        await self.restarted()

    async def restarted(self, patience: timedelta = PATIENT) -> SmppProvider:
        provider = self.account(patience)
        self._open.append(provider)
        await provider.start()
        return provider

    def account(self, patience: timedelta = PATIENT) -> SmppProvider:
        """Not yet started."""
        settings = SmppSettings(
            host="127.0.0.1",
            port=self.network.port,
            system_id="sansfaute",
            password="secret",
            sender="38123",
            limits=Limits(answer=patience, window=20),
            pause=timedelta(milliseconds=10),
        )
        return SmppProvider("a", settings, self.feedback, self.clock)

    async def reconnected(self) -> None:
        while self.network.bound == 0:
            await self.network.changed()
        await self.provider._bound.wait()

    async def go_away(self) -> None:
        session = self.provider._session
        assert session is not None
        await self.network.stop()
        await session.closed.wait()

    async def stop(self) -> None:
        for provider in self._open:
            await provider.stop()
        await self.network.stop()


class SmtpRig(Stage):
    """E-mail over SMTP, with the mailbox that takes what comes back."""

    channel = Channel.EMAIL
    hard, policy, later = "550 5.1.1 unknown", "550 5.7.1 blocked", "452 4.2.2 Mailbox full"
    receipts: ClassVar[Receipts] = {
        "delivered": (R.DELIVERED, None),
        "bounce 5.1.1": (R.FAILED_HARD, "bad_mailbox"),
        'reject "552 5.2.2 Mailbox full"': (R.FAILED_SOFT, "mailbox_full"),
        'reject "550 5.2.0 ofr_506"': (R.FAILED_POLICY, "sender_refused"),
        "complaint": (R.COMPLAINT, "arf"),
    }
    can_be_asked = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.network = MailServer("b", self.town, self.clock, folder=folder)
        mailboxes = frozenset({"reponse@rappel.example", "plaintes@rappel.example"})
        self.receiver = BounceReceiver("b", ReceiverSettings(returns=RETURNS, mailboxes=mailboxes), self.feedback, self.clock)
        self._open: list[SmtpProvider] = []

    @property
    def provider(self) -> SmtpProvider:
        return self._open[0]

    async def start(self) -> None:
        await self.receiver.start()
        await self.network.start()
        self.network.returns_to = ("127.0.0.1", self.receiver.port)
        await self.restarted()

    async def restarted(self, patience: timedelta = PATIENT) -> SmtpProvider:
        settings = SmtpSettings(
            host="127.0.0.1",
            port=self.network.port,
            sender=Sender(name="France Travail", address="rappel@rappel.example", reply_to="reponse@rappel.example"),
            returns=RETURNS,
            tls="none",
            patience=patience,
        )
        self._open.append(SmtpProvider("b", settings, self.clock))
        return self._open[-1]

    async def go_away(self) -> None:
        await self.network.stop()

    async def stop(self) -> None:
        for provider in self._open:
            await provider.stop()
        await self.network.stop()
        await self.receiver.stop()


class OneScript:
    """Every call says the same."""

    def __init__(self) -> None:
        self.known: VoiceContent | None = SCRIPT

    async def script(self, attempt_id: str) -> VoiceContent | None:
        return self.known


class TwilioRig(Stage):
    """Calls in Twilio's shape."""

    channel = Channel.VOICE
    hard, policy, later = "400 21211", "400 21215", "429 20429"
    receipts: ClassVar[Receipts] = {
        "no_answer": (R.NO_ANSWER, None),
        "busy": (R.BUSY, None),
        "cause 1": (R.FAILED_HARD, "unallocated"),
        "cause 21": (R.FAILED_SOFT, "call_rejected"),
        "cause 34": (R.FAILED_POLICY, "network"),
        "human_silent": (R.ANSWERED_NO_INPUT, "no_valid_key"),
        "machine": (R.VOICEMAIL_LEFT, None),
        "fax": (R.FAILED_HARD, "fax"),
        'keys "9"': (R.WRONG_PERSON, None),
    }
    can_be_asked = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.network = VoiceGateway("c", self.town, self.clock)
        self.web = Web(self.feedback)
        self.scripts = OneScript()
        self._open: list[TwilioVoice] = []

    @property
    def provider(self) -> TwilioVoice:
        return self._open[0]

    async def start(self) -> None:
        await self.network.start()
        await self.web.start()
        self.web.source = TwilioVoiceCallbacks("c", "secret", self.web.url, self.scripts, self.clock)
        await self.restarted()

    async def restarted(self, patience: timedelta = PATIENT) -> TwilioVoice:
        settings = TwilioSettings(
            account_sid="AC0001",
            auth_token="secret",
            calling_number="+33948123456",
            public_url=self.web.url,
            base_url=self.network.base_url,
            patience=patience,
        )
        self._open.append(TwilioVoice("c", settings))
        return self._open[-1]

    async def go_away(self) -> None:
        await self.network.stop()

    async def stop(self) -> None:
        for provider in self._open:
            await provider.stop()
        await self.network.stop()
        await self.web.stop()


class MailevaRig(Stage):
    """Letters in Maileva's shape."""

    channel = Channel.LETTER
    hard, policy, later = "400 ADDRESS_LINE_2_TOO_LONG", "403 FORBIDDEN", "503 BUSY"
    receipts: ClassVar[Receipts] = {
        "processed": (R.SENT, None),
        "returned N02": (R.RETURNED, "unknown_at_address"),
        "returned N05": (R.REFUSED_BY_PERSON, "refused"),
        "rejected ADDRESS_LINE_2_TOO_LONG": (R.FAILED_HARD, "address_line_2_too_long"),
        "acknowledged": (R.DELIVERED, "acknowledged"),
    }
    can_be_asked = True

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.network = PrintShop("d", self.town, self.clock, folder=folder)
        self.web = Web(self.feedback)
        self._open: list[MailevaLetters] = []
        self._apis: list[MailevaApi] = []

    @property
    def provider(self) -> MailevaLetters:
        return self._open[0]

    async def start(self) -> None:
        await self.network.start()
        await self.web.start()
        self.network.webhook = f"{self.web.url}/callbacks/d"
        await self.restarted()
        self.web.source = MailevaCallbacks("d", user="webhook", password="secret", api=self._apis[0], clock=self.clock)

    async def restarted(self, patience: timedelta = PATIENT) -> MailevaLetters:
        settings = MailevaSettings(
            client_id="client",
            client_secret="secret",
            username="user",
            password="secret",
            sender_lines=("FRANCE TRAVAIL", "1 PLACE DE LA GARE", "59000 LILLE"),
            base_url=self.network.base_url,
            token_url=self.network.token_url,
            patience=patience,
        )
        api = MailevaApi(settings)
        self._apis.append(api)
        self._open.append(MailevaLetters("d", settings, api))
        return self._open[-1]

    async def go_away(self) -> None:
        await self.network.stop()

    async def stop(self) -> None:
        for provider in self._open:
            await provider.stop()
        await self.network.stop()
        await self.web.stop()
