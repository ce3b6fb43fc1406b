"""What comes back from the world, onto Kafka first: receipts, replies, the link page's answers, events of producers.

Sender and words of a job seeker become a keyed hash and a sealed text here, before anything leaves the process.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from services.core.changes import Outgoing
from services.core.events import Event, Problem
from services.core.evidence.inbound import read_letter
from services.core.ports.clock import Clock
from services.core.ports.providers import ProviderReceipt, ProviderReply, Unfit
from services.core.ports.streams import Message, Publisher
from services.core.words import ReplyChannel

RECEIPTS: Final = "receipts.v1"
REPLIES: Final = "replies.v1"
_LONGEST_ID: Final = 160
#: half of a character (a lone surrogate): JSON can say it, UTF-8 cannot
_NO_TEXT: Final = Problem(path="/data", message="is not text")


class Encode(Protocol):
    """Writes a CloudEvent (contracts §1)."""

    def __call__(self, outgoing: Outgoing, event_id: str, source: str, at: datetime) -> Message:
        """Structured mode, UTF-8 JSON, with the content type as a header."""
        ...


#: topic, value, key → the event as its readers will have it, or every problem of it
Decode = Callable[[str, bytes | None, str | None], Event | list[Problem]]


class Veil(Protocol):
    """What hides a sender and their words under the service's key."""

    def sender_hash(self, value: str) -> str:
        """Keyed hash of an E.164 number or an address in lower case."""
        ...

    def seal(self, text: str) -> str:
        """Encrypted text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOutlet:
    """Implements ``services.web.ports.Outlet``."""

    publisher: Publisher
    encode: Encode
    #: who we are in ``source``
    source: str

    async def publish(self, event_id: str, message: Outgoing) -> None:
        """Return once Kafka has it; raises ``NotPublished``."""
        await self.publisher.publish([self.encode(message, event_id, self.source, message.at)])

    async def forward(self, messages: Sequence[Message]) -> None:
        """Publish what others wrote, as it is and in order; raises ``NotPublished``."""
        if messages:
            await self.publisher.publish(messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaFeedback:
    """Implements ``services.core.ports.providers.Feedback``, over any publisher.

    What nobody could read on the topic is refused here: anybody can write to us, and a reader of the topic stops at too many dead letters.
    """

    publisher: Publisher
    encode: Encode
    #: the readers' own decoder
    decode: Decode
    seals: Veil
    clock: Clock
    #: who we are in ``source``; the provider's name follows, because its report ids are its own
    source: str
    #: told of the topic of each one that is refused
    unfit: Callable[[str], None] = lambda _topic: None

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """To ``receipts.v1``, under the provider's own report id: a repeated report is the same event."""
        now = self.clock.now()
        data = _present(
            provider=receipt.provider,
            provider_ref=receipt.provider_ref,
            attempt_id=receipt.attempt_id,
            part=receipt.part,
            status=receipt.status.value,
            raw_status=receipt.raw_status,
            reason=receipt.reason,
            carrier=receipt.carrier,
            at=receipt.at.isoformat(),
            received_at=now.isoformat(),
        )
        # the person is not known here: reports of one message share its reference, and so a partition
        key = receipt.provider_ref or receipt.attempt_id or receipt.receipt_id
        outgoing = Outgoing(
            topic=RECEIPTS,
            key=key,
            type="receipt.received",
            subject=receipt.attempt_id or _fitting(receipt.receipt_id),
            data=data,
            shard_key=key,
            at=now,
        )
        await self._publish(outgoing, _fitting(receipt.receipt_id), f"{self.source}/{receipt.provider}")

    async def reply(self, reply: ProviderReply) -> None:
        """To ``replies.v1``; the sender leaves as a hash, the words sealed."""
        try:
            sender = self.seals.sender_hash(reply.sender) if reply.sender else None
            sealed = self.seals.seal(reply.text) if reply.text else None
        except UnicodeEncodeError:
            raise self._refused(REPLIES, [_NO_TEXT]) from None
        data = _present(
            channel=reply.channel.value,
            choice=reply.choice.value,
            identity=reply.identity.value,
            answered_by="unknown",
            attempt_id=reply.attempt_id,
            sender_hash=sender,
            letter=read_letter(reply.text) if reply.text and reply.channel is ReplyChannel.SMS else None,
            text_sealed=sealed,
            at=reply.at.isoformat(),
        )
        key = sender or reply.attempt_id or reply.reply_id
        outgoing = Outgoing(
            topic=REPLIES,
            key=key,
            type="reply.received",
            subject=reply.attempt_id or _fitting(reply.reply_id),
            data=data,
            shard_key=key,
            at=self.clock.now(),
        )
        await self._publish(outgoing, _fitting(reply.reply_id), f"{self.source}/{reply.channel.value}")

    async def _publish(self, outgoing: Outgoing, event_id: str, source: str) -> None:
        try:
            message = self.encode(outgoing, event_id, source, outgoing.at)
        except UnicodeEncodeError:
            raise self._refused(outgoing.topic, [_NO_TEXT]) from None
        judged = self.decode(message.topic, message.value, message.key)
        if isinstance(judged, list):
            raise self._refused(outgoing.topic, judged)
        await self.publisher.publish([message])

    def _refused(self, topic: str, problems: Sequence[Problem]) -> Unfit:
        self.unfit(topic)
        return Unfit("; ".join(f"{problem.path}: {problem.message}" for problem in problems))


def _fitting(report_id: str) -> str:
    """The provider's report id as an event id: one that the contract does not allow becomes its digest, the same each time."""
    if len(report_id) <= _LONGEST_ID and report_id.isprintable():
        return report_id
    return hashlib.sha256(report_id.encode(errors="backslashreplace")).hexdigest()


def _present(**fields: object) -> dict[str, object]:
    """The fields that are there: the contract knows no nulls."""
    return {name: value for name, value in fields.items() if value is not None}
