"""Stands between delivery and a provider: tells the town whose message comes next; changes nothing of what is sent."""

from dataclasses import dataclass

from services.core.model import AttemptId, Item
from services.core.ports.providers import Absent, Accepted, CannotTell, Envelope, Outcome, Provider
from services.core.ports.store import Store
from services.core.words import Channel
from services.simulator.town import Town


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Implements ``services.core.ports.providers.Provider`` around another one."""

    provider: Provider
    town: Town
    store: Store

    @property
    def name(self) -> str:
        """The provider's."""
        return self.provider.name

    @property
    def channel(self) -> Channel:
        """The provider's."""
        return self.provider.channel

    async def send(self, envelope: Envelope) -> Outcome:
        """Announce, then send."""
        self.town.announce(envelope, await self._items(envelope))
        return await self.provider.send(envelope)

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """Ask the provider."""
        return await self.provider.find(attempt_id)

    async def _items(self, envelope: Envelope) -> tuple[Item, ...]:
        async with self.store.unit() as unit:
            owners = await unit.people_of_attempts([AttemptId(envelope.attempt_id)])
            cases = await unit.load(list(owners.values()))
        for case in cases.values():
            for attempt in case.attempts:
                if attempt.attempt_id == envelope.attempt_id:
                    return attempt.items
        return ()
