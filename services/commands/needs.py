"""Which topics a process must be allowed to read and to write: told by contracts/topics.yaml, and by the settings."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.adapters.kafka.lags import read_by_us
from services.adapters.kafka.opening import group_of
from services.adapters.kafka.topics import Topic, TopicChanges, by_reader, load_topics, read_by
from services.core.words import Channel
from services.runtime.settings import Settings

#: processes that are members of groups; the others look at counts alone
_READERS = ("intake", "delivery", "evidence")
_DEAD_LETTERS = "dead-letters.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Names of topics, and of the groups as which they are read."""

    read: tuple[str, ...]
    written: tuple[str, ...]
    groups: tuple[str, ...]


def needs_of(processes: Collection[str], settings: Settings) -> Needs:
    """What these processes read and write."""
    topics = load_topics(changes=TopicChanges(readers=settings.topics.readers))
    ours = read_by_us(topics, [Channel(each) for each in settings.channels_owned])
    read = {process: read_by(ours, process) for process in processes if process in _READERS}
    return Needs(
        read=tuple(name for names in read.values() for name in names),
        written=tuple(dict.fromkeys(name for process in processes for name in _written(process, settings, topics))),
        groups=tuple(group_of(process, reader) for process, names in read.items() for reader in by_reader(ours, names)),
    )


def _written(process: str, settings: Settings, topics: Mapping[str, Topic]) -> list[str]:
    names = [topic.name for topic in topics.values() if process in re.findall(r"\w+", topic.written_by)]
    if process == "relay":
        # a dead letter goes through the outbox as well
        names.append(_DEAD_LETTERS)
    if process == "web" and settings.events_token is not None:
        # for producers without Kafka
        names.extend(read_by(topics, "intake"))
    return names
