"""The members through which a process reads its topics: one for each kind of reader among them, each with its watchdog."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaConnection
from services.adapters.kafka.opening import CountedStream, group_of, open_stream
from services.adapters.kafka.topics import Reader, Topic, by_reader
from services.adapters.kafka.watchdog import Watchdog

#: told the records of a topic that the group has not acknowledged
TellLag = Callable[[str, int], None]

#: a reader that moves nothing for so long, although it could, is started again
_PATIENCE: Final = timedelta(seconds=60)
#: between two looks
_EVERY: Final = timedelta(seconds=5)


@dataclass(slots=True, kw_only=True)
class Member:
    """One member of one group."""

    group: str
    topics: tuple[str, ...]
    stream: CountedStream
    #: see ``services.runtime.consume.Member``
    flood: bool
    admin: KafkaAdmin
    store_answers: Callable[[], Awaitable[bool]]
    tell_lag: TellLag
    patience: timedelta = _PATIENCE
    #: what the whole group had acknowledged when it was last looked at
    _group_at: int = field(default=0)

    async def watch(self) -> None:
        """Look for ever; raises ``Stalled`` when this member stands still although there is work that could be done."""
        watchdog = Watchdog(
            self.group, lag=self._my_lag, progress=self._my_progress, store_answers=self.store_answers, patience=self.patience
        )
        await watchdog.watch(every=min(_EVERY, self.patience / 2))

    async def _my_lag(self) -> int:
        """Of the partitions dealt to us: another copy that is slow is not our stall. Of all, when we have none: nobody may have them."""
        lags = await self.admin.lag(self.group, self.topics)
        waiting: Counter[str] = Counter(dict.fromkeys(self.topics, 0))
        for (topic, _), lag in lags.items():
            waiting[topic] += lag.records
        for topic, records in waiting.items():
            self.tell_lag(topic, records)
        self._group_at = sum(lag.committed for lag in lags.values())
        mine = self.stream.assigned
        return sum(lag.records for where, lag in lags.items() if not mine or where in mine)

    def _my_progress(self) -> int:
        """Grows when we acknowledge; without partitions of our own, when the group does."""
        own = self.stream.progress.acknowledged.total()
        return own if self.stream.assigned else own + self._group_at


def joined_check(members: Collection[Member]) -> Callable[[], Awaitable[str | None]]:
    """Every member is in its group: the ones that stop may stop now."""

    async def check() -> str | None:
        late = [member.group for member in members if not member.stream.joined]
        return f"not yet in the group {', '.join(late)}" if late else None

    return check


def members_of(
    process: str,
    topics: Mapping[str, Topic],
    connection: KafkaConnection,
    *,
    instance: str,
    store_answers: Callable[[], Awaitable[bool]],
    tell_lag: TellLag,
) -> list[Member]:
    """The members of ``process`` for these topics; nothing is started. ``instance`` names this copy, the same after a restart."""
    admin = KafkaAdmin(connection)
    members = []
    for reader, names in by_reader(topics, list(topics)).items():
        group = group_of(process, reader)
        stream = open_stream(names, group, connection, reader, member=f"{process}-{instance}")
        members.append(
            Member(
                group=group,
                topics=tuple(names),
                stream=stream,
                flood=reader is Reader.CONFLUENT,
                admin=admin,
                store_answers=store_answers,
                tell_lag=tell_lag,
            )
        )
    return members
