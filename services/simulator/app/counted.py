"""Requests to and from the outside world, counted while they are under way: a play is quiet only when there are none."""

from dataclasses import dataclass

from services.core.ports.providers import (
    Absent,
    Accepted,
    CannotTell,
    Envelope,
    Feedback,
    Outcome,
    Provider,
    ProviderReceipt,
    ProviderReply,
)
from services.core.words import Channel
from services.simulator.app.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedProvider:
    """Implements ``services.core.ports.providers.Provider`` around another one."""

    provider: Provider
    traffic: Traffic

    @property
    def name(self) -> str:
        """The provider's."""
        return self.provider.name

    @property
    def channel(self) -> Channel:
        """The provider's."""
        return self.provider.channel

    async def send(self, envelope: Envelope) -> Outcome:
        """Send, counted until the answer."""
        with self.traffic.request():
            return await self.provider.send(envelope)

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """Ask, counted until the answer."""
        with self.traffic.request():
            return await self.provider.find(attempt_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedFeedback:
    """Implements ``services.core.ports.providers.Feedback`` around another one."""

    feedback: Feedback
    traffic: Traffic

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """Hand on, counted until Kafka has it."""
        with self.traffic.request():
            await self.feedback.receipt(receipt)

    async def reply(self, reply: ProviderReply) -> None:
        """Hand on, counted until Kafka has it."""
        with self.traffic.request():
            await self.feedback.reply(reply)
