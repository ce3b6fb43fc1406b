"""Whether the readers of topics get on: what is acknowledged and what is there, partition by partition, from one look to the next."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.core.ports.watch import Overdue, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """Of one partition's reader."""

    at: Position
    #: when something was last acknowledged, or the first unread record was seen
    moved_at: datetime
    #: since when it has not read all that was there at the look before; none: nothing is unread
    behind_since: datetime | None


@dataclass(slots=True, kw_only=True)
class TopicReaders:
    """Implements ``services.core.ports.watch.Readers``; a new one must look for a while before it can tell."""

    #: by topic and partition; raises ``ConnectionError`` when no broker answers
    ask: Callable[[], Awaitable[Mapping[tuple[str, int], Position]]]
    _away_since: datetime | None = None
    _seen: dict[tuple[str, int], _Progress] = field(default_factory=dict)

    async def look(self, now: datetime) -> None:
        """Ask the broker. While it is away nobody can read: afterwards everybody has the whole time again."""
        try:
            positions = await self.ask()
        except ConnectionError:
            self._away_since, self._seen = self._away_since or now, {}
            return
        self._away_since = None
        self._seen = {where: _after(self._seen.get(where), position, now) for where, position in positions.items()}

    def overdue(self, now: datetime) -> list[Overdue]:
        """See ``Readers.overdue``: of each topic the partition that is worst off, and how much is unread in all."""
        if self._away_since is not None:
            return [Overdue(what="kafka", count=0, since=self._away_since)]
        topics: dict[str, list[_Progress]] = {}
        for (topic, _), seen in sorted(self._seen.items()):
            topics.setdefault(topic, []).append(seen)
        found: list[Overdue] = []
        for topic, partitions in topics.items():
            unread = sum(seen.at.unread for seen in partitions)
            stood = min((seen.moved_at for seen in partitions if seen.at.unread), default=None)
            behind = min((seen.behind_since for seen in partitions if seen.behind_since is not None), default=None)
            found.append(Overdue(what="stalled", where=topic, count=unread, since=stood))
            found.append(Overdue(what="behind", where=topic, count=unread, since=behind))
        return found


def _after(before: _Progress | None, position: Position, now: datetime) -> _Progress:
    if before is None or before.behind_since is None or not position.unread:
        return _Progress(at=position, moved_at=now, behind_since=now if position.unread else None)
    # what is acknowledged is told a moment late: on a busy topic something is always unread
    caught_up = position.committed >= before.at.end
    return _Progress(
        at=position,
        moved_at=before.moved_at if before.at.committed == position.committed else now,
        behind_since=now if caught_up else before.behind_since,
    )
