"""Whoever takes events from outside judges them as intake will: the command line and the HTTP border, over all samples."""

import pytest

from services.adapters.contracts import CONTENT_TYPE, topic_of
from services.adapters.contracts.types import INCOMING, WRITABLE
from services.commands.event_routes import Router
from services.core.ports.streams import Message
from services.web import border
from services.web.border import Border
from tests.unit.contracts.corpus import DECODE, Sample, bad, good

ROUTER = Router(DECODE)
BORDER = Border(decode=DECODE, topic_of=topic_of)


@pytest.mark.parametrize("sample", good(), ids=str)
def test_publish_takes_what_is_good(sample: Sample) -> None:
    """`sans-faute publish` sends each good sample, byte for byte, to the topic of its type under the contract's key."""
    message = ROUTER.judge(sample.value)
    assert isinstance(message, Message)
    assert (message.topic, message.value, message.headers) == (sample.topic, sample.value, {"content-type": CONTENT_TYPE})
    data = sample.event["data"]
    if sample.topic in WRITABLE:
        assert message.key == data.get("person_id", data.get("advisor_id", data.get("agency_id")))
    else:  # a reply of which nobody knows anything has no key
        assert message.key in {"", *(value for value in data.values() if isinstance(value, str))}


@pytest.mark.parametrize("sample", bad(), ids=str)
def test_publish_names_every_mistake(sample: Sample) -> None:
    """No bad sample passes, and at least the places that the decoder names are named."""
    judged = ROUTER.judge(sample.value)
    assert not isinstance(judged, Message)
    assert {problem.path for problem in judged} >= set(sample.paths) - {"/type"}


@pytest.mark.parametrize("sample", [sample for sample in good() if sample.type in INCOMING], ids=str)
def test_the_border_takes_what_producers_write(sample: Sample) -> None:
    """`POST /events` takes each good sample of a producer's type, as it came."""
    message = BORDER.judge(sample.value)
    assert isinstance(message, Message)
    assert (message.topic, message.value) == (sample.topic, sample.value)


@pytest.mark.parametrize("sample", [sample for sample in good() if sample.type not in INCOMING], ids=str)
def test_the_border_refuses_what_we_write(sample: Sample) -> None:
    """Receipts, replies, alerts and the rest are not a producer's to write."""
    judged = BORDER.judge(sample.value)
    assert not isinstance(judged, Message)
    assert [problem.path for problem in judged] == ["/type"]


@pytest.mark.parametrize("sample", bad(), ids=str)
def test_the_border_refuses_what_is_bad(sample: Sample) -> None:
    """A bad sample never becomes a message, so it never becomes a dead letter either."""
    assert not isinstance(BORDER.judge(sample.value), Message)


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"null", b'"\xff"', b"[" * 100_000, b'{"type":"person.updated"}'])
def test_neither_raises(value: bytes) -> None:
    """Whatever was posted or published, the answer is a list of mistakes."""
    assert not isinstance(BORDER.judge(value), Message)
    assert not isinstance(ROUTER.judge(value), Message)


def test_both_mean_the_same_topics() -> None:
    """The border's list of writable topics is the contract's."""
    assert border.WRITABLE == WRITABLE
