"""The border's counters: onto the metrics of the process, and refused callbacks to where the watch counts them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol


class Count(Protocol):
    """Adds one to a metric."""

    def __call__(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """``name`` is in the process's catalogue."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricWatchers:
    """Implements ``services.web.ports.Watchers``."""

    count: Count
    #: keeps one refused callback of this provider for the watch
    refused: Callable[[str], Awaitable[None]]

    async def callback_refused(self, provider: str) -> None:
        """See ``Watchers.callback_refused``."""
        self.count("callbacks_refused", 1, provider=provider)
        await self.refused(provider)

    def flooded(self, door: str) -> None:
        """Count a request that was held back."""
        self.count("requests_held_back", 1, door=door)

    def callback_unreadable(self, provider: str) -> None:
        """See ``Watchers.callback_unreadable``: it is a record that could not be read."""
        self.count("dead_letters", 1, topic=f"callbacks/{provider}")
