"""Storms of forged callbacks: counted per provider, told once per storm (rules §12 SC-54)."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

#: 20 refused callbacks within a minute are a storm.
STORM: Final = 20
WITHIN: Final = timedelta(minutes=1)
#: A storm is over when nothing was refused for this long; the next one is told again.
CALM: Final = timedelta(minutes=10)


@dataclass(slots=True)
class _Seen:
    recent: deque[datetime] = field(default_factory=deque)
    #: the storm was told, and this was its newest callback
    told_until: datetime | None = None


@dataclass(slots=True)
class Forgeries:
    """Refused callbacks of the last minute, per provider; small by construction."""

    _seen: dict[str, _Seen] = field(default_factory=dict)

    def refused(self, provider: str, at: datetime) -> tuple[int, datetime] | None:
        """Count one; the number and the first instant when this makes a storm that nobody was told of."""
        seen = self._seen.setdefault(provider, _Seen())
        if seen.told_until is not None:
            if at - seen.told_until < CALM:
                seen.told_until = at
                return None
            seen.told_until = None
        seen.recent.append(at)
        while seen.recent and at - seen.recent[0] >= WITHIN:
            seen.recent.popleft()
        if len(seen.recent) < STORM:
            return None
        storm = (len(seen.recent), seen.recent[0])
        seen.recent.clear()
        seen.told_until = at
        return storm
