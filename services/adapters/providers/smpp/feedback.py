"""What comes back over SMPP, read: delivery receipts into canonical words, messages into answers."""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.adapters.providers.smpp.pdu import TLV_MESSAGE_STATE, TLV_NETWORK_ERROR_CODE, TLV_RECEIPTED_MESSAGE_ID, Delivery
from services.core.evidence import statuses
from services.core.evidence.inbound import read_sms
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.words import ReplyChannel

#: message_state of SMPP 3.4 §5.2.28, in the words of the receipt's text
_STATES: Final[Mapping[int, str]] = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_FIELD = re.compile(r"\b(id|stat|err|done date):(\S*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A delivery receipt, its text and its TLVs put together."""

    message_id: str
    stat: str
    err: str
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """Which part of which attempt a message id stands for; ``part`` is none for a message of one part."""

    attempt_id: str
    #: message id of the first part, under which the attempt is known
    provider_ref: str
    part: int | None


class Memory:
    """The newest message ids of this process, so that receipts of second parts find their message. Bounded."""

    def __init__(self, size: int = 200_000) -> None:
        self._size = size
        self._by_message: OrderedDict[str, Submitted] = OrderedDict()
        self._by_attempt: OrderedDict[str, str] = OrderedDict()

    def remember(self, message_id: str, attempt_id: str, part: int | None) -> str:
        """The reference under which the attempt is known: its first message id. The oldest is forgotten when there are too many:
        its receipt then travels with its own id only.
        """
        reference = self._by_attempt.setdefault(attempt_id, message_id)
        self._by_message[message_id] = Submitted(attempt_id=attempt_id, provider_ref=reference, part=part)
        for known in (self._by_message, self._by_attempt):
            if len(known) > self._size:
                known.popitem(last=False)
        return reference

    def forget(self, attempt_id: str) -> None:
        """A new try of this attempt begins: it will be known by its own first id."""
        self._by_attempt.pop(attempt_id, None)

    def get(self, message_id: str) -> Submitted | None:
        """None when unknown, or forgotten."""
        return self._by_message.get(message_id)


def report_of(delivery: Delivery) -> Report | None:
    """Read a receipt; the text wins where it speaks, TLVs fill in. None when it does not name a message.

    Dates in the text have no zone and no seconds: they only tell one report from another.
    """
    fields = {name.lower(): value for name, value in _FIELD.findall(delivery.text)}
    message_id = fields.get("id") or delivery.tlvs.get(TLV_RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
    if not message_id:
        return None
    state = delivery.tlvs.get(TLV_MESSAGE_STATE, b"\0")
    network_error = delivery.tlvs.get(TLV_NETWORK_ERROR_CODE, b"")
    err = fields.get("err") or (f"{int.from_bytes(network_error[1:3]):03d}" if len(network_error) == 3 else "")
    return Report(
        message_id=message_id,
        stat=(fields.get("stat") or _STATES.get(state[0] if state else 0, "UNKNOWN")).upper(),
        err=err,
        done=fields.get("done date", ""),
    )


def receipt_of(
    report: Report, submitted: Submitted | None, *, provider: str, hard_errors: Mapping[str, str], at: datetime
) -> ProviderReceipt:
    """The canonical receipt; ``at`` is when it reached us (rules §4.4)."""
    reading = statuses.smpp_receipt(report.stat, report.err, hard_errors)
    return ProviderReceipt(
        receipt_id=f"{report.message_id}:{report.stat}:{report.err}:{report.done}",
        provider=provider,
        provider_ref=submitted.provider_ref if submitted else report.message_id,
        attempt_id=submitted.attempt_id if submitted else None,
        part=submitted.part if submitted else None,
        status=reading.status,
        raw_status=f"{report.stat} err:{report.err}",
        reason=reading.reason,
        at=at,
    )


class Letterbox:
    """Answers that come in parts, put together; a part that stays alone is read alone."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._parts: OrderedDict[tuple[str, int, int], dict[int, str]] = OrderedDict()

    def take(self, delivery: Delivery, at: datetime) -> list[ProviderReply]:
        """The replies that are whole now: usually one; none while parts are missing; an old fragment too when the box is full."""
        part = delivery.part
        if part is None or part.total <= 1:
            return [self._reply(delivery.source, delivery.text, at)]
        key = (delivery.source, part.reference, part.total)
        parts = self._parts.setdefault(key, {})
        parts[part.number] = delivery.text
        if len(parts) == part.total:
            del self._parts[key]
            return [self._reply(delivery.source, _joined(parts), at)]
        if len(self._parts) > 1000:
            (source, _, _), oldest = self._parts.popitem(last=False)
            return [self._reply(source, _joined(oldest), at)]
        return []

    def empty(self, at: datetime) -> list[ProviderReply]:
        """Everything that still waits for a part, as it is."""
        left = [self._reply(key[0], _joined(parts), at) for key, parts in self._parts.items()]
        self._parts.clear()
        return left

    def _reply(self, source: str, text: str, at: datetime) -> ProviderReply:
        """SMPP gives answers no id: the same words from the same number within one minute are one answer, sent again by the network."""
        sender = source if source.startswith("+") else f"+{source}"
        minute = at.strftime("%Y%m%dT%H%M")
        digest = hmac.new(self._secret, f"{sender}\n{text}\n{minute}".encode(), hashlib.sha256).hexdigest()
        return ProviderReply(reply_id=f"mo:{digest[:32]}", channel=ReplyChannel.SMS, choice=read_sms(text), sender=sender, text=text, at=at)


def _joined(parts: Mapping[int, str]) -> str:
    return "".join(parts[number] for number in sorted(parts))
