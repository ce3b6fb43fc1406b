"""How far each group of ours is behind, for the operations page and the watch."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from services.adapters.kafka.admin import KafkaAdmin, Lag
from services.adapters.kafka.connection import KafkaUnavailable
from services.adapters.kafka.opening import group_of
from services.adapters.kafka.topics import Topic, by_reader, read_by
from services.core.ports.watch import Position
from services.core.words import Channel

_READERS: Final = ("intake", "delivery", "evidence")


def read_by_us(topics: Mapping[str, Topic], channels: Collection[Channel]) -> dict[str, Topic]:
    """Without the dispatches of channels that belong to a gateway of somebody else's: its group is not ours to look at."""
    others = {f"dispatch.{channel}.v1" for channel in set(Channel) - set(channels)}
    return {name: topic for name, topic in topics.items() if name not in others}


async def group_lags(admin: KafkaAdmin, topics: Mapping[str, Topic]) -> Mapping[tuple[str, str], int]:
    """Records not acknowledged, by group and topic; raises ``ConnectionError`` when no broker answers."""
    found: Counter[tuple[str, str]] = Counter()
    for group, partitions in (await _partitions(admin, topics)).items():
        for (topic, _), lag in partitions.items():
            found[group, topic] += lag.records
    return found


async def positions(admin: KafkaAdmin, topics: Mapping[str, Topic]) -> Mapping[tuple[str, int], Position]:
    """How far our readers are, by topic and partition; raises ``ConnectionError`` when no broker answers."""
    groups = (await _partitions(admin, topics)).values()
    return {where: Position(committed=lag.committed, end=lag.end) for partitions in groups for where, lag in partitions.items()}


async def _partitions(admin: KafkaAdmin, topics: Mapping[str, Topic]) -> Mapping[str, Mapping[tuple[str, int], Lag]]:
    """By group, every partition that it reads."""
    asked = [
        (group_of(process, reader), names) for process in _READERS for reader, names in by_reader(topics, read_by(topics, process)).items()
    ]
    try:
        answers = await asyncio.gather(*(admin.lag(group, names) for group, names in asked))
    except KafkaUnavailable as problem:
        raise ConnectionError(str(problem)) from None
    return {group: lags for (group, _), lags in zip(asked, answers, strict=True)}
