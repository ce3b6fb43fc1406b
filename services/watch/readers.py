"""Whether the readers of topics get on: what is acknowledged and what is there, compared from one look to the next."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.core.ports.watch import Overdue, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """Of one topic's readers."""

    at: Position
    #: when something was last acknowledged, or the first unread record was seen
    moved_at: datetime
    #: since when something has been unread all the time
    behind_since: datetime | None


@dataclass(slots=True, kw_only=True)
class TopicReaders:
    """Implements ``services.core.ports.watch.Readers``; a new one must look for a while before it can tell."""

    #: by topic; raises ``ConnectionError`` when no broker answers
    ask: Callable[[], Awaitable[Mapping[str, Position]]]
    _away_since: datetime | None = None
    _topics: dict[str, _Progress] = field(default_factory=dict)

    async def look(self, now: datetime) -> None:
        """Ask the broker. While it is away nobody can read: afterwards everybody has the whole time again."""
        try:
            positions = await self.ask()
        except ConnectionError:
            self._away_since, self._topics = self._away_since or now, {}
            return
        self._away_since = None
        self._topics = {topic: _after(self._topics.get(topic), position, now) for topic, position in positions.items()}

    def overdue(self, now: datetime) -> list[Overdue]:
        """See ``Readers.overdue``."""
        if self._away_since is not None:
            return [Overdue(what="kafka", count=0, since=self._away_since)]
        found: list[Overdue] = []
        for topic, seen in sorted(self._topics.items()):
            unread = seen.at.unread
            found.append(Overdue(what="stalled", where=topic, count=unread, since=seen.moved_at if unread else None))
            found.append(Overdue(what="behind", where=topic, count=unread, since=seen.behind_since))
        return found


def _after(before: _Progress | None, position: Position, now: datetime) -> _Progress:
    behind = before.behind_since if before is not None else None
    stood = before is not None and behind is not None and before.at.committed == position.committed
    return _Progress(
        at=position,
        moved_at=before.moved_at if before is not None and stood else now,
        behind_since=(behind or now) if position.unread else None,
    )
