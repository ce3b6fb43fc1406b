"""The environment of an instant: the policy, and the holidays of the years around it; staff are added by the steps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.adapters.calendars import holidays_of
from services.core.alarms import Standing
from services.core.environment import Environment
from services.core.policy import Policy
from services.core.words import Channel

#: a letter or a month's campaign reaches into the neighbouring years
_BEFORE, _AFTER = 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """Callable: an instant in, its environment out; one per year is kept."""

    policy: Policy
    #: our providers of each channel, preferred ones first
    providers: Mapping[Channel, tuple[str, ...]] = field(default_factory=dict)
    _by_year: dict[int, Environment] = field(default_factory=dict)

    def __call__(self, now: datetime) -> Environment:
        """The environment of this instant."""
        known = self._by_year.get(now.year)
        if known is None:
            known = Environment(
                policy=self.policy,
                holidays=holidays_of(range(now.year - _BEFORE, now.year + _AFTER)),
                standing=Standing(providers=self.providers),
            )
            self._by_year[now.year] = known
        return known


def by_channel(providers: Iterable[tuple[str, str, str]]) -> Mapping[Channel, tuple[str, ...]]:
    """Names of providers by channel, in the order in which they are preferred; given are channel, name and address."""
    found: dict[Channel, tuple[str, ...]] = {}
    for channel, name, _ in providers:
        found[Channel(channel)] = (*found.get(Channel(channel), ()), name)
    return found
