"""Who is behind the simulated providers while chaos reigns: takes messages, remembers each one, and answers as badly as it is told to."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal

from services.core.ports.clock import Clock
from services.core.words import Channel
from services.simulator.servers.mail_server import MailServer
from services.simulator.servers.print_shop import PrintShop
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.town import Accept, Answer, Drop, Hang, Refuse, Submission
from services.simulator.servers.voice_gateway import VoiceGateway

Mood = Literal["well", "resets", "hangs", "slow", "busy"]
#: "not now", in the words of each
_BUSY: Final = {Channel.SMS: "ESME_RTHROTTLED", Channel.VOICE: "429", Channel.EMAIL: "451 4.3.2 not now", Channel.LETTER: "503"}
#: of 100 messages: what happens to them, word by word
_FATES: Final[dict[Channel, dict[tuple[str, ...], int]]] = {
    Channel.SMS: {("delivered",): 86, ("undelivered unknown_subscriber",): 5, (): 9},
    Channel.VOICE: {('keys "1 1"',): 40, ("no_answer",): 40, ("machine",): 20},
    Channel.EMAIL: {("delivered",): 80, ("bounce 5.1.1",): 7, (): 13},
    Channel.LETTER: {("accepted", "processed"): 95, ("rejected ADDRESS_LINE_2_TOO_LONG",): 5},
}
#: of 100 people who got an SMS: how many answer 1
_ANSWERS: Final = 15
#: until an answer that hung is given, longer than anybody waits for it (SMTP waits longest)
_HUNG_FOR: Final = 25.0
_SLOW_FOR: Final = (1.0, 6.0)
_RESEND_EVERY: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message that a provider has: it will reach somebody, whatever we know of it."""

    channel: Channel
    to: str
    provider_ref: str
    text: str
    attempt_id: str | None
    at: datetime


@dataclass(slots=True)
class Crowd:
    """Implements ``services.simulator.servers.town.Town``."""

    dice: Random
    networks: "Networks"
    moods: dict[Channel, Mood] = field(default_factory=lambda: dict.fromkeys(Channel, "well"))
    #: where nobody listens
    away: set[Channel] = field(default_factory=set)
    arrivals: list[Arrival] = field(default_factory=list)
    #: what providers reported, in their words, by channel and reference
    reported: dict[tuple[Channel, str], str] = field(default_factory=dict)
    #: numbers from which somebody answered
    answered: set[str] = field(default_factory=set)
    _happening: set["asyncio.Task[None]"] = field(default_factory=set)

    def answer(self, submission: Submission) -> Answer:
        """See ``Town.answer``: a message that is refused has not arrived, every other one has."""
        mood = self.moods[submission.channel]
        if mood == "busy":
            return Refuse(raw=_BUSY[submission.channel])
        if submission.channel is Channel.EMAIL and submission.to.endswith("@agence.example"):
            # staff are told of alerts by mail as well
            return Accept()
        self.arrivals.append(
            Arrival(
                channel=submission.channel,
                to=submission.to,
                provider_ref=submission.provider_ref,
                text=submission.text,
                attempt_id=submission.attempt_id,
                at=submission.at,
            )
        )
        fates = _FATES[submission.channel]
        self._happens(self._lives(submission, self.dice.choices(list(fates), list(fates.values()))[0]))
        if mood == "resets":
            return Drop()
        if mood in ("hangs", "slow"):
            seconds = _HUNG_FOR if mood == "hangs" else self.dice.uniform(*_SLOW_FOR)
            self._happens(self._released(submission, seconds))
            return Hang(for_=timedelta(seconds=seconds))
        return Accept()

    @property
    def busy(self) -> int:
        """Things that will still happen by themselves."""
        return len(self._happening)

    async def keep_resending(self) -> None:
        """Providers try again what our side did not take, for ever."""
        while True:
            await asyncio.sleep(_RESEND_EVERY)
            for network in self.networks.all.values():
                if network.undelivered:
                    await network.resend()

    async def stop(self) -> None:
        """Nothing happens any more."""
        for task in list(self._happening):
            task.cancel()
        await asyncio.gather(*self._happening, return_exceptions=True)

    def _happens(self, what: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(what)
        self._happening.add(task)
        task.add_done_callback(self._happening.discard)

    async def _lives(self, submission: Submission, words: tuple[str, ...]) -> None:
        network = self.networks.all[submission.channel]
        for word in words:
            await asyncio.sleep(self.dice.uniform(0.2, 3))
            await network.report(submission.provider_ref, word)
            self.reported[submission.channel, submission.provider_ref] = word
        if words == ("delivered",) and submission.channel is Channel.SMS and self.dice.randrange(100) < _ANSWERS:
            await asyncio.sleep(self.dice.uniform(0.5, 4))
            self.answered.add(submission.to)
            await network.inbound(submission.to, "1")

    async def _released(self, submission: Submission, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.networks.all[submission.channel].release(submission.provider_ref)


@dataclass(slots=True)
class Networks:
    """The four providers."""

    sms: SmscServer
    voice: VoiceGateway
    email: MailServer
    letter: PrintShop

    @property
    def all(self) -> dict[Channel, SmscServer | VoiceGateway | MailServer | PrintShop]:
        """By channel."""
        return {Channel.SMS: self.sms, Channel.VOICE: self.voice, Channel.EMAIL: self.email, Channel.LETTER: self.letter}

    def reset(self, channel: Channel) -> None:
        """Every connection dies now, where the protocol keeps one."""
        if channel is Channel.SMS:
            self.sms.disconnect()
        elif channel is Channel.EMAIL:
            self.email.disconnect()

    async def away(self, channel: Channel) -> None:
        """Nobody listens there any more."""
        await self.all[channel].go_away()

    async def back(self, channel: Channel) -> None:
        """It listens again, where it was."""
        # an SMSC that comes back would wait for somebody to bind: whoever that is may be down as well
        await (self.sms.start() if channel is Channel.SMS else self.all[channel].come_back())

    def settings(self) -> dict[str, str]:
        """Where they are, in the words of the settings."""
        voice, letter = (url.base_url.replace("://", "://ours:secret@") for url in (self.voice, self.letter))
        return {
            "SMS_PROVIDERS": f"sms=smpp://ours:secret@127.0.0.1:{self.sms.port}",
            "VOICE_URL": voice,
            "SMTP_URL": f"smtp://127.0.0.1:{self.email.port}?tls=none",
            "LETTER_URL": f"{letter}?user=ours&password=secret&token_url={self.letter.token_url}",
            "SENDER_ADDRESS": "1 PLACE DE LA GARE|59000 LILLE",
        }


@asynccontextmanager
async def crowd(seed: int, clock: Clock, *, public_url: str, returns_to: tuple[str, int]) -> AsyncIterator[Crowd]:
    """Four providers on free ports of this machine, and everybody behind them."""

    class Later:
        """The servers ask somebody who is made after them."""

        crowd: Crowd

        def answer(self, submission: Submission) -> Answer:
            """See ``Town.answer``."""
            return self.crowd.answer(submission)

    later = Later()
    networks = Networks(
        sms=SmscServer("sms", later, clock, password="secret"),
        voice=VoiceGateway("voice", later, clock, account="ours", token="secret"),
        email=MailServer("email", later, clock, returns_to=returns_to),
        letter=PrintShop("letter", later, clock, webhook=f"{public_url}/callbacks/letter", credentials=("ours", "secret")),
    )
    later.crowd = Crowd(Random(f"crowd {seed}"), networks)
    async with AsyncExitStack() as stack:
        for server in networks.all.values():
            await server.start()
            stack.push_async_callback(server.stop)
        stack.push_async_callback(later.crowd.stop)
        resending = asyncio.create_task(later.crowd.keep_resending())
        stack.callback(resending.cancel)
        yield later.crowd
