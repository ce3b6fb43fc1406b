"""`sans-faute publish` before Kafka comes into it: events found in files, and judged."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.adapters.contracts import Decoder, Schemas
from services.adapters.kafka.topics import load_topics
from services.commands import run
from services.commands.event_files import EventFile, Unreadable
from services.commands.event_routes import KEYS, Router
from services.commands.exits import Exit
from services.core.ports.streams import Message


def event(**changed: Any) -> dict[str, Any]:
    """A good one."""
    return {
        "specversion": "1.0",
        "id": "e1",
        "source": "urn:test",
        "type": "convocation.issued",
        "subject": "cv:1",
        "time": "2026-11-23T09:00:00+01:00",
        "datacontenttype": "application/json",
        "data": {
            "convocation_id": "1",
            "revision": 1,
            "person_id": "luc",
            "starts_at": "2026-12-01T10:30:00+01:00",
            "place": {"kind": "agency", "name": "Lille"},
            "purpose": "point de situation",
        },
        **changed,
    }


@pytest.fixture(scope="module")
def router() -> Router:
    """By type."""
    return Router(Decoder(Schemas()))


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ('{\n "a": 1\n}\n', [""]),
        ('{"a": 1}', [":1"]),
        ('{"a": 1}\n\n{"a": 2}\n', [":1", ":3"]),
        ('[{"a": 1},\n {"a": 2}]', ["[0]", "[1]"]),
        ('{"a": 1}\n{broken\n', [":1", ":2"]),
        ("{broken", [""]),
        ("[]", []),
    ],
)
def test_events_are_found_with_their_place(tmp_path: Path, content: str, places: list[str]) -> None:
    """One object, one a line, or an array: each event is named by file and line, or file and index."""
    file = tmp_path / "events.json"
    file.write_text(content)
    assert [found.place for found in EventFile(str(file)).events()] == [f"{file}{place}" for place in places]


def test_standard_input_can_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came on standard input is checked first and sent afterwards."""

    class Input:
        buffer = io.BytesIO(b'{"a": 1}\n{"a": 2}\n')

    monkeypatch.setattr("sys.stdin", Input)
    source = EventFile("-")
    assert [found.place for found in source.events()] == ["standard input:1", "standard input:2"]
    assert len(list(source.events())) == 2


@pytest.mark.parametrize(("content", "why"), [("", "is empty"), ("[1, 2", "not a JSON array"), (None, "No such file")])
def test_a_file_without_events_says_why(tmp_path: Path, content: str | None, why: str) -> None:
    """An empty file, a broken array and a file that is not there."""
    file = tmp_path / "events.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Unreadable, match=why):
        list(EventFile(str(file)).events())


def test_a_good_event_finds_topic_and_key(router: Router) -> None:
    """The topic follows from the type, the key from the data, the value stays byte for byte."""
    raw = json.dumps(event(), indent=2).encode()
    message = router.judge(raw)
    assert isinstance(message, Message)
    assert (message.topic, message.key, message.value) == ("convocations.v1", "luc", raw)
    assert message.headers == {"content-type": "application/cloudevents+json; charset=UTF-8"}


def test_a_dispatch_goes_to_its_channel(router: Router) -> None:
    """The one type whose topic follows from its data."""
    data = {
        "attempt_id": "a1",
        "person_id": "luc",
        "channel": "sms",
        "contact_id": "c1",
        "items": [{"obligation_id": "cv:1", "revision": 1, "step": "N0", "occurrence": 1}],
        "release_at": "2026-11-23T09:00:00Z",
        "not_after": "2026-11-23T19:00:00Z",
    }
    message = router.judge(json.dumps(event(type="dispatch.requested", data=data)).encode())
    assert isinstance(message, Message), message
    assert message.topic == "dispatch.sms.v1"


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        (b"{broken", {"/"}),
        (b"[1]", {"/"}),
        (json.dumps(event(type="nothing.known")).encode(), {"/type"}),
        (json.dumps(event(time="yesterday", data={"convocation_id": "1"})).encode(), {"/time", "/data/person_id", "/data/revision"}),
    ],
)
def test_every_mistake_is_named(router: Router, raw: bytes, paths: set[str]) -> None:
    """What is no event, of no type, or wrong in several places at once."""
    problems = router.judge(raw)
    assert not isinstance(problems, Message)
    assert paths <= {problem.path for problem in problems}


def test_a_named_topic_takes_only_its_types() -> None:
    """--topic does not put an event where its reader would refuse it."""
    problems = Router(Decoder(Schemas()), "people.v1").judge(json.dumps(event()).encode())
    assert not isinstance(problems, Message)
    assert [problem.path for problem in problems] == ["/type"]


def test_every_topic_has_a_key() -> None:
    """No topic is published to without knowing what its key is."""
    assert set(KEYS) == set(load_topics())


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name and why; one is singular, and nothing was published (contracts §5)."""
    assert run(["publish", str(tmp_path / "nope.json")]) == Exit.WRONG_USAGE
    told = " ".join(capsys.readouterr().err.split())
    assert "nope.json: cannot be read: No such file or directory" in told
    assert told.endswith("Nothing was published: 1 mistake in 1 place.")
