"""The memory providers as rigs of the same suite."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from services.adapters.memory.providers import MemoryProvider
from services.core.ports.providers import Envelope
from services.simulator.servers.town import Accept, Drop, Hang, Refuse, Submission
from tests.conformance.providers.rig import PATIENT, Receipts, Stage
from tests.conformance.providers.rigs_real import MailevaRig, SmppRig, SmtpRig, TwilioRig
from tests.conformance.providers.stage import ScriptedTown, StillClock


class TownInMemory:
    """The scripted town as the provider in memory asks it."""

    def __init__(self, town: ScriptedTown, clock: StillClock) -> None:
        self._town = town
        self._clock = clock

    def meet(self, envelope: Envelope, provider: str, provider_ref: str) -> str | timedelta | None:
        answer = self._town.answer(
            Submission(
                channel=envelope.channel,
                provider=provider,
                to=envelope.to,
                provider_ref=provider_ref,
                text=envelope.content.words,
                attempt_id=envelope.attempt_id,
                at=self._clock.now(),
            )
        )
        match answer:
            case Refuse(raw=raw):
                return raw
            case Hang(for_=for_):
                return for_
            case Drop():
                return timedelta.max
            case Accept():
                return None

    def carrier_of(self, person_id: str) -> str | None:
        return None


class MemoryRig(Stage):
    """A provider in memory in the place of the real one: the same suite must hold."""

    real: type[SmppRig | SmtpRig | TwilioRig | MailevaRig]
    receipts: ClassVar[Receipts]
    #: the process that remembers is ours, and it does not die here
    can_be_asked = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.channel = self.real.channel
        self.hard, self.policy, self.later = self.real.hard, self.real.policy, self.real.later
        self.network = MemoryProvider(
            name="m", channel=self.channel, town=TownInMemory(self.town, self.clock), feedback=self.feedback, clock=self.clock
        )

    @property
    def provider(self) -> MemoryProvider:
        return self.network

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nor to stop."""

    async def go_away(self) -> None:
        self.network.down = True

    async def restarted(self, patience: timedelta = PATIENT) -> MemoryProvider:
        return self.network


class MemorySms(MemoryRig):
    """SMS in memory."""

    real = SmppRig
    receipts: ClassVar[Receipts] = SmppRig.receipts


class MemoryEmail(MemoryRig):
    """E-mail in memory."""

    real = SmtpRig
    receipts: ClassVar[Receipts] = SmtpRig.receipts


class MemoryVoice(MemoryRig):
    """Calls in memory."""

    real = TwilioRig
    receipts: ClassVar[Receipts] = TwilioRig.receipts


class MemoryLetters(MemoryRig):
    """Letters in memory."""

    real = MailevaRig
    receipts: ClassVar[Receipts] = MailevaRig.receipts
