"""`sans-faute topics` and `sans-faute publish` on a real broker, as a person or a script sees them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.adapters.kafka.topics import load_topics
from services.commands import run
from services.runtime.embedded.children import free_port
from tests.fixtures.kafka import KafkaNode

pytestmark = pytest.mark.stack


@pytest.fixture
def configured(kafka: KafkaNode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> KafkaNode:
    """The settings point at the node, on which there is no topic of ours yet."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("TOPIC_REPLICATION_FACTOR", "1")
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    asyncio.run(kafka.admin.delete(list(load_topics())))
    return kafka


def _event(number: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "urn:test",
        "type": "actualisation.completed",
        "subject": "act",
        "time": "2026-11-29T09:00:00+01:00",
        "datacontenttype": "application/json",
        "data": {"person_id": f"p{number}", "period": "2026-11", "at": "2026-11-29T09:00:00+01:00", "by": "web"},
    }


def test_topics_are_checked_then_created(configured: KafkaNode, capsys: pytest.CaptureFixture[str]) -> None:
    """--check names what is missing (1) and creates nothing; without it everything is there (0), twice."""
    assert run(["topics", "--check", "--json"]) == 1
    assert set(json.loads(capsys.readouterr().out)["missing"]) == set(load_topics())
    assert run(["topics"]) == 0
    assert "created" in capsys.readouterr().out
    assert run(["topics"]) == 0
    assert "as it should be" in capsys.readouterr().out


def test_a_topic_that_differs_is_named(configured: KafkaNode, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings want other partitions than there are: both numbers, and exit code 1."""
    assert run(["topics"]) == 0
    monkeypatch.setenv("TOPIC_PARTITIONS", "people.v1=24")
    assert run(["topics"]) == 1
    assert "people.v1: partitions is 12, should be 24" in capsys.readouterr().out


def test_events_are_published_or_none_is(configured: KafkaNode, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A file of good events is published; one with a bad line is refused with its place, and nothing of any file is sent."""
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text("".join(json.dumps(_event(number)) + "\n" for number in range(30)))
    wrong = _event(2)
    del wrong["data"]["period"]
    bad.write_text(f"{json.dumps(_event(1))}\n{json.dumps(wrong)}\n")
    assert run(["publish", str(good)]) == 3
    assert "actualisations.v1" in capsys.readouterr().err
    assert run(["topics"]) == 0
    assert run(["publish", str(good), str(bad)]) == 2
    said = capsys.readouterr().err
    assert f"{bad}:2: /data/period: is required" in said
    assert "Nothing was published" in said
    assert asyncio.run(configured.admin.total_lag("nobody", ["actualisations.v1"])) == 0
    capsys.readouterr()
    assert run(["publish", "--json", str(good)]) == 0
    assert json.loads(capsys.readouterr().out) == {"published": {"actualisations.v1": 30}, "mistakes": []}
    assert asyncio.run(configured.admin.total_lag("nobody", ["actualisations.v1"])) == 30


def test_without_kafka_the_exit_code_is_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A needed service is not there: one sentence with its address."""
    bootstrap = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", bootstrap)
    assert run(["topics"]) == 3
    assert f"Kafka does not answer at {bootstrap}" in capsys.readouterr().err
