"""What comes back, onto Kafka: keys, ids, and nothing personal; over the broker in memory."""

import json
from typing import Any

import pytest

from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.feedback import KafkaFeedback, KafkaOutlet
from services.adapters.memory.streams import MemoryBroker, MemoryPublisher
from services.core.changes import Outgoing
from services.core.ports.providers import ProviderReceipt, ProviderReply, Unfit
from services.core.ports.streams import Message, NotPublished
from services.core.words import Choice, Identity, ReceiptStatus, ReplyChannel
from tests.unit.web.doubles import HandClock
from tests.unit.web.people import NOW

DECODE = Decoder(Schemas())


class Thumb:
    """``Veil`` that one can see through."""

    def sender_hash(self, value: str) -> str:
        """Not the number."""
        return f"hash-of-a-number-{len(value.encode())}"

    def seal(self, text: str) -> str:
        """Not the words."""
        return f"sealed-{len(text.encode())}"


@pytest.fixture
def broker() -> MemoryBroker:
    """Two topics."""
    return MemoryBroker(HandClock(), {"receipts.v1": 3, "replies.v1": 3})


@pytest.fixture
def feedback(broker: MemoryBroker) -> KafkaFeedback:
    """Feedback over that broker."""
    return KafkaFeedback(
        publisher=MemoryPublisher(broker), encode=encode, decode=DECODE, seals=Thumb(), clock=HandClock(), source="/sans-faute"
    )


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
    assert key == event["data"]["sender_hash"] == "hash-of-a-number-12"
    assert event["data"]["text_sealed"] == "sealed-21"
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
    outlet = KafkaOutlet(publisher=MemoryPublisher(broker), encode=encode, source="/sans-faute/web")
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


@pytest.mark.parametrize("reference", ["x" * 201, "a\x07b", "\ud800"])
async def test_what_nobody_could_read_is_not_published(broker: MemoryBroker, feedback: KafkaFeedback, reference: str) -> None:
    """Whoever writes to us cannot fill the topic with dead letters: refused, the place named, the value never quoted (contracts §1)."""
    with pytest.raises(Unfit) as refused:
        await feedback.receipt(
            ProviderReceipt(receipt_id="r", provider="a", provider_ref=reference, status=ReceiptStatus.SENT, raw_status="", at=NOW)
        )
    assert "/data" in str(refused.value)
    assert reference not in str(refused.value)
    assert broker.records("receipts.v1") == []


async def test_words_that_are_no_text(broker: MemoryBroker, feedback: KafkaFeedback) -> None:
    """Half a character can neither be sealed nor hashed: refused as such."""
    for sender, text in (("\udc80@x.example", "oui"), ("+33645123456", "oui \ud83d")):
        with pytest.raises(Unfit):
            await feedback.reply(
                ProviderReply(reply_id="y", channel=ReplyChannel.EMAIL, choice=Choice.COME, sender=sender, text=text, at=NOW)
            )
    assert broker.records("replies.v1") == []


async def test_an_odd_report_id_is_its_digest(broker: MemoryBroker, feedback: KafkaFeedback) -> None:
    """A provider's report id may hold anything: the event's id then is a digest, the same each time."""
    for _ in range(2):
        await feedback.receipt(
            ProviderReceipt(receipt_id="r\x00\ud800", provider="a", attempt_id="at", status=ReceiptStatus.SENT, raw_status="", at=NOW)
        )
    first, second = broker.records("receipts.v1")
    assert first.value == second.value
