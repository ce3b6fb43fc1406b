"""A clock, a timeline, a town and its providers in memory, for tests."""

import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from services.adapters.memory.providers import MemoryProvider
from services.core.content import Content, EmailContent, LetterContent, SmsContent, VoiceContent
from services.core.model import Item, ObligationId
from services.core.ports.providers import (
    Envelope,
    Outcome,
    ProviderReceipt,
    ProviderReply,
)
from services.core.ports.streams import NotPublished
from services.core.words import Channel, Step
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse_text
from services.simulator.town import Town

TEN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)

SCRIPT = VoiceContent(
    greeting="Bonjour",
    identity_question="appuyez sur 1",
    body="mercredi 9 décembre",
    choices="1, 2, 3",
    thanks={"1": "merci", "2": "merci", "3": "merci", "9": "pardon"},
    unknown_key="inconnue",
    goodbye="au revoir",
    voicemail="rappelez le 3949",
)


CHANNELS: dict[type[Content], Channel] = {
    SmsContent: Channel.SMS,
    VoiceContent: Channel.VOICE,
    EmailContent: Channel.EMAIL,
    LetterContent: Channel.LETTER,
}


def sms(text: str = "rendez-vous", parts: int = 1) -> SmsContent:
    """An SMS."""
    return SmsContent(text=text, encoding="GSM-7", parts=parts)


def letter(city: str) -> LetterContent:
    """A letter."""
    return LetterContent(pdf=b"", text=f"à {city}", pages=1, address_lines=("LUC TEST", city))


@dataclass(slots=True)
class Story:
    """A clock, a timeline, a town and its providers in memory."""

    scenario: Scenario
    instant: datetime = TEN
    receipts: list[ProviderReceipt] = field(default_factory=list)
    replies: list[ProviderReply] = field(default_factory=list)
    #: nobody takes callbacks
    away: bool = False
    town: Town = field(init=False)
    providers: dict[tuple[Channel, str], MemoryProvider] = field(init=False)
    _timeline: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = field(default_factory=list)
    _scheduled: int = 0

    def __post_init__(self) -> None:
        self.town = Town(
            scenario=self.scenario,
            clock=self,
            schedule=self.schedule,
            prints_on=lambda day: day.weekday() < 5 and day != date(2026, 12, 25),
            carrier_of=lambda person: self.scenario.person(person).carrier(),
        )
        self.providers = {
            (channel, name): MemoryProvider(name=name, channel=channel, town=self.town, feedback=self, clock=self)
            for channel, names in self.scenario.providers.items()
            for name in names
        }
        for (channel, name), provider in self.providers.items():
            self.town.connect(channel, name, provider)

    def now(self) -> datetime:
        """The story's instant."""
        return self.instant

    def schedule(self, at: datetime, action: Callable[[], Awaitable[None]]) -> None:
        """Put something on the timeline."""
        self._scheduled += 1
        heapq.heappush(self._timeline, (at, self._scheduled, action))

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """Feedback."""
        if self.away:
            raise NotPublished([0], "away")
        self.receipts.append(receipt)

    async def reply(self, reply: ProviderReply) -> None:
        """Feedback."""
        if self.away:
            raise NotPublished([0], "away")
        self.replies.append(reply)

    async def until(self, at: datetime) -> None:
        """Let everything happen that is on the timeline up to an instant."""
        while self._timeline and self._timeline[0][0] <= at:
            self.instant, _, action = heapq.heappop(self._timeline)
            await action()
        self.instant = at

    async def send(
        self,
        content: Content,
        *,
        person: str = "luc",
        attempt: str = "a1",
        to: str = "+33612345678",
        step: Step = Step.N0,
        provider: str = "a",
    ) -> Outcome:
        """Hand over one message, announced as our delivery does it."""
        channel = CHANNELS[type(content)]
        envelope = Envelope(
            attempt_id=attempt,
            person_id=person,
            try_number=1,
            channel=channel,
            to="" if channel is Channel.LETTER else to,
            to_name="Luc Test",
            content=content,
            valid_until=self.instant + timedelta(days=1),
            reference="K7Q4-PM2X",
        )
        self.town.announce(envelope, [Item(obligation_id=ObligationId("rdv:rdv1"), revision=1, step=step)])
        return await self.providers[channel, provider].send(envelope)


def tell(world: str = "[]", providers: str = "{}") -> Story:
    """A town where Luc and two members of a crowd live under these rules."""
    scenario = parse_text(
        f"""
        scenario: town
        providers: {providers}
        people:
          luc: {{phone: "06 12 34 56 78", carrier: SFR}}
          lea: {{phone: "06 12 34 56 79"}}
        crowds: {{many: {{count: 2, like: luc, carrier: Orange}}}}
        world: {world}
        """,
        "town.yaml",
    )
    assert isinstance(scenario, Scenario), scenario
    return Story(scenario)
