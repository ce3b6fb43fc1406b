"""Receipts and answers from a gateway of somebody else's, as JSON under a signature with its instant: the plainest source there is.

``X-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>." and the raw body>``; the body is
``{"id", "attempt_id"? , "provider_ref"?, "part"?, "status", "reason"?, "carrier"?, "at"?}`` with a canonical status, or with
``"words": "smpp" | "twilio" | "vonage" | "brevo"`` a status and an ``"error"`` code in that provider's words (rules §11.1); or
``{"id", "channel", "text" | "choice", "attempt_id"?, "sender"?, "at"?}`` for an answer.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from services.adapters.providers.callbacks import CallbackRequest, CallbackResult
from services.adapters.providers.plain import instant_of, number_of, words_of
from services.core.evidence import statuses
from services.core.evidence.inbound import read_sms
from services.core.evidence.statuses import Reading
from services.core.ports.clock import Clock
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.words import Choice, ReceiptStatus, ReplyChannel

#: a signed instant may be this far from ours (rules §12 SC-54)
REPLAY_WINDOW: Final = timedelta(minutes=5)


def sign(body: bytes, secret: str, at: datetime) -> str:
    """The header for a body that leaves at this instant."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


class SignedCallbacks:
    """One gateway, one secret."""

    def __init__(self, name: str, secret: str, clock: Clock) -> None:
        self.name = name
        self._secret = secret
        self._clock = clock

    def authentic(self, request: CallbackRequest) -> bool:
        header = request.headers.get("x-signature", "")
        seconds = number_of(header.removeprefix("t=").partition(",")[0])
        if seconds is None or abs(self._clock.now().timestamp() - seconds) > REPLAY_WINDOW.total_seconds():
            return False
        return hmac.compare_digest(sign(request.body, self._secret, datetime.fromtimestamp(seconds, UTC)).encode(), header.encode())

    async def read(self, request: CallbackRequest) -> CallbackResult:
        fields = words_of(request.body)
        if not fields.get("id"):
            raise ValueError("no id")
        reading = _reading(fields) if "status" in fields else None
        if reading is not None:
            return CallbackResult(receipts=(self._receipt(fields, reading),), status_code=202)
        return CallbackResult(replies=(self._reply(fields),), status_code=202)

    def _receipt(self, fields: Mapping[str, str], reading: Reading) -> ProviderReceipt:
        if not fields.get("attempt_id") and not fields.get("provider_ref"):
            raise ValueError("neither attempt_id nor provider_ref")
        return ProviderReceipt(
            receipt_id=f"{self.name}:{fields['id']}",
            provider=self.name,
            provider_ref=fields.get("provider_ref"),
            attempt_id=fields.get("attempt_id"),
            part=int(fields["part"]) if "part" in fields else None,
            status=reading.status,
            raw_status=" ".join(filter(None, (fields["status"], fields.get("error")))),
            reason=reading.reason,
            carrier=fields.get("carrier"),
            at=self._instant(fields),
        )

    def _reply(self, fields: Mapping[str, str]) -> ProviderReply:
        text = fields.get("text")
        choice = Choice(fields["choice"]) if "choice" in fields else read_sms(text or "")
        if choice is Choice.DECOY:
            raise ValueError("not a choice of the contract")
        return ProviderReply(
            reply_id=f"{self.name}:{fields['id']}",
            channel=ReplyChannel(fields.get("channel", "")),
            choice=choice,
            attempt_id=fields.get("attempt_id"),
            sender=fields.get("sender"),
            text=text,
            at=self._instant(fields),
        )

    def _instant(self, fields: Mapping[str, str]) -> datetime:
        if "at" not in fields:
            return self._clock.now()
        return instant_of(fields["at"])


def _reading(fields: Mapping[str, str]) -> Reading | None:
    """None for an answer, which is no receipt. Raises ``ValueError`` for a status that is not canonical or words that nobody reads."""
    if "words" not in fields:
        return Reading(status=ReceiptStatus(fields["status"]), reason=fields.get("reason"))
    words = statuses.SMS_WORDS.get(fields["words"])
    if words is None:
        raise ValueError("words of an unknown provider")
    return words(fields["status"], fields.get("error", ""))
