"""What comes back, onto Kafka: keys, ids, and nothing personal; over the broker in memory."""

import json
from datetime import datetime
from typing import Any

import pytest

from services.adapters.feedback import KafkaFeedback, KafkaOutlet
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher
from services.core.changes import Outgoing
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.ports.streams import Message, NotPublished
from services.core.words import Choice, Identity, ReceiptStatus, ReplyChannel
from tests.unit.web.doubles import HandClock
from tests.unit.web.people import NOW


def plain_encode(outgoing: Outgoing, event_id: str, source: str, at: datetime) -> Message:
    """A CloudEvent with what these tests look at."""
    event = {"id": event_id, "source": source, "type": outgoing.type, "data": dict(outgoing.data)}
    return Message(topic=outgoing.topic, key=outgoing.key, value=json.dumps(event).encode())


class Thumb:
    """``Veil`` that one can see through."""

    def sender_hash(self, value: str) -> str:
        """Not the number."""
        return f"hash-{len(value)}"

    def seal(self, text: str) -> str:
        """Not the words."""
        return f"sealed-{len(text)}"


@pytest.fixture
def broker() -> MemoryBroker:
    """Two topics."""
    return MemoryBroker(HandClock(), {"receipts.v1": 3, "replies.v1": 3})


@pytest.fixture
def feedback(broker: MemoryBroker) -> KafkaFeedback:
    """Feedback over that broker."""
    return KafkaFeedback(publisher=MemoryPublisher(broker), encode=plain_encode, seals=Thumb(), clock=HandClock(), source="/sans-faute")


def only(broker: MemoryBroker, topic: str) -> tuple[str | None, dict[str, Any]]:
    """Key and event of the one record of a topic."""
    (record,) = broker.records(topic)
    return record.key, json.loads(record.value or b"")


async def test_a_receipt(broker: MemoryBroker, feedback: KafkaFeedback) -> None:
    """Keyed by the provider's reference, named by the provider's own report id, without nulls, dated twice."""
    await feedback.receipt(
        ProviderReceipt(receipt_id="r1", provider="a", provider_ref="ref", status=ReceiptStatus.DELIVERED, raw_status="DELIVRD", at=NOW)
    )
    key, event = only(broker, "receipts.v1")
    assert (key, event["id"], event["source"], event["type"]) == ("ref", "r1", "/sans-faute/a", "receipt.received")
    assert event["data"] == {
        "provider": "a",
        "provider_ref": "ref",
        "status": "delivered",
        "raw_status": "DELIVRD",
        "at": NOW.isoformat(),
        "received_at": NOW.isoformat(),
    }


async def test_a_receipt_without_a_reference(broker: MemoryBroker, feedback: KafkaFeedback) -> None:
    """Then the attempt is the key."""
    await feedback.receipt(
        ProviderReceipt(receipt_id="r1", provider="a", attempt_id="at", part=2, status=ReceiptStatus.EXPIRED, raw_status="EXPIRED", at=NOW)
    )
    key, event = only(broker, "receipts.v1")
    assert key == "at"
    assert event["data"]["part"] == 2


async def test_a_reply_hides_sender_and_words(broker: MemoryBroker, feedback: KafkaFeedback) -> None:
    """Neither number nor text leaves the process, not even as the key (§8.3)."""
    await feedback.reply(
        ProviderReply(
            reply_id="y1", channel=ReplyChannel.SMS, choice=Choice.UNREADABLE, sender="+33645123456", text="je suis à l'hôpital", at=NOW
        )
    )
    (record,) = broker.records("replies.v1")
    assert b"336451" not in (record.value or b"")
    assert "pital" not in (record.value or b"").decode()
    key, event = only(broker, "replies.v1")
    assert key == event["data"]["sender_hash"] == "hash-12"
    assert event["data"]["text_sealed"] == "sealed-19"
    assert event["data"]["answered_by"] == "unknown"


async def test_a_key_press(broker: MemoryBroker, feedback: KafkaFeedback) -> None:
    """A call's answer names its attempt and how the identity was asked (§10.12)."""
    await feedback.reply(
        ProviderReply(reply_id="y1", channel=ReplyChannel.VOICE, choice=Choice.COME, identity=Identity.DTMF, attempt_id="at", at=NOW)
    )
    key, event = only(broker, "replies.v1")
    assert key == "at"
    assert event["data"]["identity"] == "dtmf"
    assert "sender_hash" not in event["data"]


async def test_the_outlet(broker: MemoryBroker) -> None:
    """The link page's answer under its own id; a producer's event untouched."""
    outlet = KafkaOutlet(publisher=MemoryPublisher(broker), encode=plain_encode, source="/sans-faute/web")
    answer = Outgoing(topic="replies.v1", key="luc", type="reply.received", subject="at", data={"choice": "come"}, shard_key="luc", at=NOW)
    await outlet.publish("e1", answer)
    await outlet.forward([])
    await outlet.forward([Message(topic="receipts.v1", key="k", value=b"as it came")])
    key, event = only(broker, "replies.v1")
    assert (key, event["id"]) == ("luc", "e1")
    assert [record.value for record in broker.records("receipts.v1")] == [b"as it came"]


async def test_kafka_away(broker: MemoryBroker, feedback: KafkaFeedback) -> None:
    """``NotPublished`` reaches the caller, who must not say 2xx."""
    broker.available = False
    with pytest.raises(NotPublished):
        await feedback.receipt(
            ProviderReceipt(receipt_id="r", provider="a", attempt_id="at", status=ReceiptStatus.SENT, raw_status="", at=NOW)
        )
