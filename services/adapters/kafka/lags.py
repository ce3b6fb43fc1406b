"""How far each group of ours is behind, for the operations page."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final

from services.adapters.kafka.admin import KafkaAdmin
from services.adapters.kafka.connection import KafkaUnavailable
from services.adapters.kafka.opening import group_of
from services.adapters.kafka.topics import Topic, by_reader, read_by

_READERS: Final = ("intake", "delivery", "evidence")


async def group_lags(admin: KafkaAdmin, topics: Mapping[str, Topic]) -> Mapping[tuple[str, str], int]:
    """Records not acknowledged, by group and topic; raises ``ConnectionError`` when no broker answers."""
    asked = [
        (group_of(process, reader), names) for process in _READERS for reader, names in by_reader(topics, read_by(topics, process)).items()
    ]
    try:
        answers = await asyncio.gather(*(admin.lag(group, names) for group, names in asked))
    except KafkaUnavailable as problem:
        raise ConnectionError(str(problem)) from None
    found: Counter[tuple[str, str]] = Counter()
    for (group, names), lags in zip(asked, answers, strict=True):
        for name in names:
            found[group, name] = 0
        for (topic, _), lag in lags.items():
            found[group, topic] += lag.records
    return found
