"""The topics of contracts/topics.yaml as typed values, with what the operator's settings change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

#: the file, in a checkout
TOPICS_FILE = Path(__file__).resolve().parents[3] / "contracts" / "topics.yaml"


class Reader(StrEnum):
    """The two clients that stand behind the stream port."""

    #: the live streams
    FAUST = "faust"
    #: the floods
    CONFLUENT = "confluent"


class Cleanup(StrEnum):
    """What the broker does with old records."""

    #: gone after the retention
    DELETE = "delete"
    #: the last record of each key stays
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic as it should be."""

    name: str
    #: what the Kafka key is
    key: str
    partitions: int
    cleanup: Cleanup
    #: for ``delete``: how long a record stays at least
    retention: timedelta | None
    #: for ``compact``: after this time an overtaken record is gone
    compaction: timedelta | None
    #: copies of each partition; none leaves it to the broker
    replication: int | None = None
    written_by: str
    read_by: tuple[str, ...]
    reader: Reader
    why: str

    @property
    def config(self) -> dict[str, str]:
        """Configuration that the broker must have for this topic."""
        values = {"cleanup.policy": self.cleanup.value}
        if self.retention is not None:
            values["retention.ms"] = _milliseconds(self.retention)
        if self.compaction is not None:
            values["max.compaction.lag.ms"] = _milliseconds(self.compaction)
        if self.replication is not None and self.replication >= 3:
            # one copy may be away while a record is confirmed; two would make acks=all an empty promise
            values["min.insync.replicas"] = str(self.replication - 1)
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChanges:
    """What the operator's settings say otherwise, by topic."""

    replication: int | None = None
    partitions: Mapping[str, int] = field(default_factory=dict)
    retention_days: Mapping[str, int] = field(default_factory=dict)
    readers: Mapping[str, str] = field(default_factory=dict)


class WrongTopicsFile(Exception):
    """The file, or a change to it, cannot be used; says every reason."""

    def __init__(self, problems: Collection[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def load_topics(path: Path = TOPICS_FILE, changes: TopicChanges | None = None) -> dict[str, Topic]:
    """All topics by name, in the file's order, with the operator's changes; raises ``WrongTopicsFile``."""
    raw: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["topics"]
    topics: dict[str, Topic] = {}
    problems: list[str] = []
    for name, values in raw.items():
        try:
            topics[name] = _topic(name, values)
        except (KeyError, TypeError, ValueError) as problem:
            problems.append(f"{path.name}: {name}: {type(problem).__name__}: {problem}")
    changed = _changed(topics, changes or TopicChanges(), problems)
    if problems:
        raise WrongTopicsFile(problems)
    return changed


def by_reader(topics: Mapping[str, Topic], names: Collection[str]) -> dict[Reader, list[str]]:
    """The named topics under the client that reads them; a client without a topic is left out."""
    wanted: dict[Reader, list[str]] = {}
    for name in names:
        wanted.setdefault(topics[name].reader, []).append(name)
    return wanted


def read_by(topics: Mapping[str, Topic], process: str) -> list[str]:
    """Names of the topics that a process of ours reads."""
    return [topic.name for topic in topics.values() if process in topic.read_by]


def _topic(name: str, values: Mapping[str, Any]) -> Topic:
    cleanup = Cleanup(values["cleanup"])
    return Topic(
        name=name,
        key=values["key"],
        partitions=int(values["partitions"]),
        cleanup=cleanup,
        retention=timedelta(days=values["retention"]) if cleanup is Cleanup.DELETE else None,
        compaction=timedelta(days=values["compaction"]) if cleanup is Cleanup.COMPACT else None,
        written_by=values["written_by"],
        read_by=tuple(values["read_by"]),
        reader=Reader(values["reader"]),
        why=values["why"],
    )


def _changed(topics: Mapping[str, Topic], changes: TopicChanges, problems: list[str]) -> dict[str, Topic]:
    """The topics with the operator's changes; what cannot be changed that way is a problem."""
    named = {*changes.partitions, *changes.retention_days, *changes.readers}
    problems.extend(f"{name} is not a topic; the topics are {', '.join(topics)}" for name in sorted(named - topics.keys()))
    result = {}
    for name, topic in topics.items():
        retention = topic.retention
        if name in changes.retention_days:
            if topic.cleanup is Cleanup.COMPACT:
                problems.append(f"{name} is compacted: it has no retention to change")
            retention = timedelta(days=changes.retention_days[name])
        try:
            reader = Reader(changes.readers.get(name, topic.reader))
        except ValueError:
            problems.append(f"{name}: the reader is faust or confluent")
            continue
        partitions = changes.partitions.get(name, topic.partitions)
        result[name] = replace(topic, partitions=partitions, retention=retention, reader=reader, replication=changes.replication)
    return result


def _milliseconds(duration: timedelta) -> str:
    return str(duration // timedelta(milliseconds=1))
