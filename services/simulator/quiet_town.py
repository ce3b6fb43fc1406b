"""A town where nothing special happens: every message arrives, nobody picks up or answers; for who tries the product without providers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.core.ports.clock import Clock
from services.core.words import Channel
from services.simulator.servers.mail_server import MailServer
from services.simulator.servers.print_shop import PrintShop
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.town import Accept, Answer, Network, Submission
from services.simulator.servers.voice_gateway import VoiceGateway

_USER: Final = "demo"
_PASSWORD: Final = "secret"  # noqa: S105 -- of servers on this machine that deliver nothing
#: what happens to a message, and after how many seconds
_FATES: Final[Mapping[Channel, tuple[tuple[float, str], ...]]] = {
    Channel.SMS: ((2.0, "delivered"),),
    Channel.VOICE: ((5.0, "no_answer"),),
    Channel.EMAIL: (),
    Channel.LETTER: ((2.0, "accepted"), (10.0, "processed")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the simulated providers are, in the words of the settings."""

    sms: str
    voice: str
    email: str
    letter: str


@dataclass(slots=True, kw_only=True)
class QuietTown:
    """Implements ``services.simulator.servers.town.Town``."""

    #: messages as files, for people to look at
    folder: Path
    #: told of each message: its channel and its file
    seen: Callable[[Channel, Path], None]
    networks: dict[Channel, Network] = field(default_factory=dict)
    _happening: set["asyncio.Task[None]"] = field(default_factory=set)

    def answer(self, submission: Submission) -> Answer:
        """Taken; kept in the folder; its fate follows."""
        network = self.networks[submission.channel]
        self.seen(submission.channel, self._keep(submission))
        for seconds, word in _FATES[submission.channel]:
            task = asyncio.create_task(_happens(network, submission.provider_ref, seconds, word))
            self._happening.add(task)
            task.add_done_callback(self._happening.discard)
        return Accept()

    async def stop(self) -> None:
        """Nothing happens any more."""
        for task in list(self._happening):
            task.cancel()
        await asyncio.gather(*self._happening, return_exceptions=True)

    def _keep(self, submission: Submission) -> Path:
        folder = self.folder / submission.channel
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{submission.at:%Y%m%d-%H%M%S}-{submission.provider_ref.replace('/', '_')}.txt"
        path.write_text(f"To: {submission.to}\n\n{submission.text}\n", encoding="utf-8")
        return path


async def _happens(network: Network, reference: str, seconds: float, word: str) -> None:
    await asyncio.sleep(seconds)
    await network.report(reference, word)
    if network.undelivered:
        await network.resend()


@asynccontextmanager
async def quiet_providers(
    clock: Clock, folder: Path, *, public_url: str, returns_to: tuple[str, int], complaints_to: str, seen: Callable[[Channel, Path], None]
) -> AsyncIterator[Addresses]:
    """An SMS centre, a telephone exchange, a mail server and a print shop on free ports of this machine, until the block ends.

    ``public_url``: where they call us back; ``returns_to``: where mail for us is taken.
    """
    town = QuietTown(folder=folder, seen=seen)
    smsc = SmscServer("sms", town, clock, password=_PASSWORD)
    voice = VoiceGateway("voice", town, clock, account=_USER, token=_PASSWORD)
    mail = MailServer("email", town, clock, returns_to=returns_to, complaints_to=complaints_to, folder=folder / "email")
    shop = PrintShop(
        "letter",
        town,
        clock,
        webhook=f"{public_url}/callbacks/letter",
        credentials=(_USER, _PASSWORD),
        folder=folder / "letter",
    )
    town.networks.update({Channel.SMS: smsc, Channel.VOICE: voice, Channel.EMAIL: mail, Channel.LETTER: shop})
    async with AsyncExitStack() as stack:
        for server in (smsc, voice, mail, shop):
            await server.start()
            stack.push_async_callback(server.stop)
        stack.push_async_callback(town.stop)
        account = f"{_USER}:{_PASSWORD}"
        yield Addresses(
            sms=f"smpp://{account}@127.0.0.1:{smsc.port}",
            voice=voice.base_url.replace("://", f"://{account}@"),
            email=f"smtp://127.0.0.1:{mail.port}?tls=none",
            letter=f"{shop.base_url.replace('://', f'://{account}@')}?user={_USER}&password={_PASSWORD}&token_url={shop.token_url}",
        )
