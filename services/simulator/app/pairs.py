"""Real provider adapters, each with the simulated server that it talks to over a socket: one pair for each provider of a scenario."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from services.adapters.providers.callbacks import CallbackSource, Scripts
from services.adapters.providers.letters.callbacks import MailevaCallbacks
from services.adapters.providers.letters.maileva import MailevaApi, MailevaLetters, MailevaSettings
from services.adapters.providers.smpp.provider import SmppProvider, SmppSettings
from services.adapters.providers.smpp.session import Limits
from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.mail import Sender
from services.adapters.providers.smtp.provider import SmtpProvider, SmtpSettings
from services.adapters.providers.smtp.receiver import BounceReceiver, ReceiverSettings
from services.adapters.providers.twilio.callbacks import TwilioVoiceCallbacks
from services.adapters.providers.twilio.provider import TwilioSettings, TwilioVoice
from services.core.ports.clock import Clock
from services.core.ports.providers import Feedback, Provider
from services.core.words import Channel
from services.simulator.app.parts import SENDERS
from services.simulator.servers.mail_server import MailServer
from services.simulator.servers.print_shop import PrintShop
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.town import Accept, Answer, Hang, Network, Submission, Town
from services.simulator.servers.voice_gateway import VoiceGateway

#: of accounts that exist for one play; SMPP allows eight octets
_SECRET: Final = "a secret"  # noqa: S105 -- of nothing
_RETURNS: Final = Returns(secret="return paths of plays", domain="rappel.example")  # noqa: S106 -- likewise
_MAILBOXES: Final = frozenset({"reponse@rappel.example", "plaintes@rappel.example"})
_SENDER: Final = Sender(name="France Travail", address="rappel@rappel.example", reply_to="reponse@rappel.example")
_LETTER_LINES: Final = ("FRANCE TRAVAIL", "1 PLACE DE LA GARE", "59000 LILLE")
#: a server on this machine that was away is looked for again after this
_LOOK_AGAIN: Final = timedelta(milliseconds=10)
#: a silence of the story that is shorter than this is only a slow answer, as with every provider in memory
SILENCE: Final = timedelta(seconds=10)


class Server(Network, Protocol):
    """A simulated provider, for whoever starts and stops it."""

    async def start(self) -> None:
        """Listen."""
        ...

    async def stop(self) -> None:
        """Close everything."""
        ...

    async def go_away(self) -> None:
        """Nobody reaches it for a while."""
        ...

    async def come_back(self) -> None:
        """It is there again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An adapter and its server, both started."""

    provider: Provider
    server: Server
    #: returns when the adapter knows that its server is away
    noticed: Callable[[], Awaitable[None]]
    #: what reads its callbacks, when it calls back over HTTP
    source: CallbackSource | None = None

    async def switch(self, *, down: bool) -> None:
        """Let the provider go away, or come back."""
        if down:
            await self.server.go_away()
            await self.noticed()
        else:
            await self.server.come_back()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What pairs are made with."""

    town: Town
    clock: Clock
    feedback: Feedback
    scripts: Scripts
    #: where providers of this channel reach our ``/callbacks``, without a slash at the end
    public_url: Callable[[Channel], str]
    #: of the machine's clock: how long an adapter waits for an answer
    patience: timedelta
    #: where letters and e-mails can be looked at; none: nowhere
    folder: Path | None = None


async def open_pair(channel: Channel, name: str, around: Surroundings, stack: AsyncExitStack) -> Pair:
    """Start server and adapter; ``stack`` stops them."""
    return await _PAIRS[channel](name, around, stack)


async def _sms(name: str, around: Surroundings, stack: AsyncExitStack) -> Pair:
    server = SmscServer(name, around.town, around.clock, password=_SECRET)
    await server.start()
    stack.push_async_callback(server.stop)
    settings = SmppSettings(
        host="127.0.0.1",
        port=server.port,
        system_id="sansfaute",
        password=_SECRET,
        sender=SENDERS.sms_sender,
        limits=Limits(answer=around.patience),
        pause=_LOOK_AGAIN,
        longest_pause=_LOOK_AGAIN,
    )
    provider = SmppProvider(name, settings, around.feedback, around.clock)
    await provider.start()
    stack.push_async_callback(provider.stop)
    # a story does not begin without its line because another one keeps the machine busy
    await provider.bound()
    return Pair(provider=provider, server=server, noticed=provider.lost)


async def _email(name: str, around: Surroundings, stack: AsyncExitStack) -> Pair:
    receiver = BounceReceiver(name, ReceiverSettings(returns=_RETURNS, mailboxes=_MAILBOXES), around.feedback, around.clock)
    await receiver.start()
    stack.push_async_callback(receiver.stop)
    folder = around.folder / "e-mails" if around.folder else None
    server = MailServer(name, around.town, around.clock, returns_to=("127.0.0.1", receiver.port), folder=folder)
    await server.start()
    stack.push_async_callback(server.stop)
    settings = SmtpSettings(host="127.0.0.1", port=server.port, sender=_SENDER, returns=_RETURNS, tls="none", patience=around.patience)
    provider = SmtpProvider(name, settings, around.clock)
    stack.push_async_callback(provider.stop)
    return Pair(provider=provider, server=server, noticed=_at_once)


async def _voice(name: str, around: Surroundings, stack: AsyncExitStack) -> Pair:
    server = VoiceGateway(name, around.town, around.clock, token=_SECRET)
    await server.start()
    stack.push_async_callback(server.stop)
    public_url = around.public_url(Channel.VOICE)
    settings = TwilioSettings(
        account_sid="AC0001",
        auth_token=_SECRET,
        calling_number="+33948123456",
        public_url=public_url,
        base_url=server.base_url,
        patience=around.patience,
    )
    provider = TwilioVoice(name, settings)
    stack.push_async_callback(provider.stop)
    source = TwilioVoiceCallbacks(name, _SECRET, public_url, around.scripts, around.clock)
    return Pair(provider=provider, server=server, noticed=_at_once, source=source)


async def _letters(name: str, around: Surroundings, stack: AsyncExitStack) -> Pair:
    webhook = f"{around.public_url(Channel.LETTER)}/callbacks/{name}"
    folder = around.folder / "lettres" if around.folder else None
    server = PrintShop(name, around.town, around.clock, webhook=webhook, credentials=("webhook", _SECRET), folder=folder)
    await server.start()
    stack.push_async_callback(server.stop)
    settings = MailevaSettings(
        client_id="client",
        client_secret=_SECRET,
        username="user",
        password=_SECRET,
        sender_lines=_LETTER_LINES,
        base_url=server.base_url,
        token_url=server.token_url,
        patience=around.patience,
    )
    api = MailevaApi(settings)
    provider = MailevaLetters(name, settings, api)
    stack.push_async_callback(provider.stop)
    source = MailevaCallbacks(name, user="webhook", password=_SECRET, api=api, clock=around.clock)
    return Pair(provider=provider, server=server, noticed=_at_once, source=source)


async def _at_once() -> None:
    """Adapters that connect when they send need no telling."""


_PAIRS: Final[Mapping[Channel, Callable[[str, Surroundings, AsyncExitStack], Awaitable[Pair]]]] = {
    Channel.SMS: _sms,
    Channel.EMAIL: _email,
    Channel.VOICE: _voice,
    Channel.LETTER: _letters,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTown:
    """A town whose short silences are answers: the story's clock stands still while an answer is waited for."""

    town: Town

    def answer(self, submission: Submission) -> Answer:
        """What the town says, but for a silence that every adapter would sit out."""
        answer = self.town.answer(submission)
        return Accept() if isinstance(answer, Hang) and answer.for_ < SILENCE else answer
