"""contracts/topics.yaml, and what an operator may change of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.adapters.kafka.topics import Cleanup, Reader, TopicChanges, WrongTopicsFile, by_reader, load_topics, read_by

_FAUST, _CONFLUENT = Reader.FAUST, Reader.CONFLUENT
#: contracts §1: partitions, days of retention (none: compacted), reader
EXPECTED = {
    "appointments.v1": (12, 7, _FAUST),
    "convocations.v1": (12, 7, _FAUST),
    "actualisations.v1": (12, 7, _FAUST),
    "people.v1": (12, None, _CONFLUENT),
    "advisors.v1": (3, None, _CONFLUENT),
    "dispatch.sms.v1": (12, 2, _FAUST),
    "dispatch.voice.v1": (12, 2, _FAUST),
    "dispatch.letter.v1": (12, 2, _FAUST),
    "dispatch.email.v1": (12, 2, _FAUST),
    "receipts.v1": (12, 7, _FAUST),
    "replies.v1": (12, 7, _FAUST),
    "obligations.v1": (12, None, _CONFLUENT),
    "contacts.v1": (12, 30, _CONFLUENT),
    "alerts.v1": (6, 7, _CONFLUENT),
    "alarms.v1": (1, 7, _CONFLUENT),
    "dead-letters.v1": (3, 30, _CONFLUENT),
}


def test_the_topics_are_those_of_the_contracts() -> None:
    """Names, partitions, cleanup, retention and reader of every topic."""
    found = {
        name: (topic.partitions, topic.retention and topic.retention / timedelta(days=1), topic.reader)
        for name, topic in load_topics().items()
    }
    assert found == EXPECTED


def test_every_choice_of_a_reader_has_its_reason() -> None:
    """Each topic says who writes it, who reads it, what its key is, and why that client reads it."""
    for topic in load_topics().values():
        assert len(topic.why) > 30
        assert topic.key
        assert topic.written_by
        assert topic.read_by


def test_compacted_topics_compact_within_a_day() -> None:
    """What is overtaken in people.v1 is gone within a day: it is personal data."""
    config = load_topics()["people.v1"].config
    assert config == {"cleanup.policy": "compact", "max.compaction.lag.ms": "86400000"}


def test_the_processes_find_their_topics() -> None:
    """Intake reads the five topics of the employment service, dealt by reader."""
    topics = load_topics()
    names = read_by(topics, "intake")
    assert names == ["appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1"]
    assert by_reader(topics, names) == {_FAUST: names[:3], _CONFLUENT: names[3:]}


def test_an_operator_may_change_numbers_and_readers() -> None:
    """Partitions, retention, copies and reader follow the settings; three copies ask for two confirmations."""
    changes = TopicChanges(
        replication=3,
        partitions={"people.v1": 48},
        retention_days={"receipts.v1": 14},
        readers={"actualisations.v1": "confluent"},
    )
    topics = load_topics(changes=changes)
    assert topics["people.v1"].partitions == 48
    assert topics["receipts.v1"].retention == timedelta(days=14)
    assert topics["receipts.v1"].config["min.insync.replicas"] == "2"
    assert topics["actualisations.v1"].reader is Reader.CONFLUENT
    assert topics["alarms.v1"].partitions == 1


def test_every_wrong_change_is_named() -> None:
    """A topic that does not exist, a retention of a compacted topic and an unknown reader are reported together."""
    changes = TopicChanges(partitions={"peoples.v1": 3}, retention_days={"people.v1": 3}, readers={"receipts.v1": "kafka"})
    with pytest.raises(WrongTopicsFile) as refused:
        load_topics(changes=changes)
    assert [problem.split()[0] for problem in refused.value.problems] == ["peoples.v1", "people.v1", "receipts.v1:"]


def test_a_broken_file_names_the_topic(tmp_path: Path) -> None:
    """A topic without its reader, or with an unknown cleanup, is named."""
    file = tmp_path / "topics.yaml"
    file.write_text("topics:\n  a.v1: {cleanup: sweep}\n  b.v1: {cleanup: delete, key: k, partitions: 1, retention: 1}\n")
    with pytest.raises(WrongTopicsFile) as refused:
        load_topics(file)
    assert len(refused.value.problems) == 2
    assert Cleanup.DELETE.value == "delete"
