"""What a voice provider tells us and asks us: signed callbacks, turns of the dialogue, how a call ended (rules §11.2, §11.5)."""

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlencode

from services.adapters.providers.callbacks import CallbackRequest, CallbackResult, Scripts
from services.adapters.providers.plain import number_of
from services.adapters.providers.twilio.twiml import hang_up, message_as_twiml, turn_as_twiml
from services.core.channels.voice import Turn, begin, kind_of, press, unpack
from services.core.content import VoiceContent
from services.core.evidence import statuses
from services.core.evidence.statuses import Reading
from services.core.ports.clock import Clock
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.words import Identity, ReceiptStatus, ReplyChannel

#: a signed instant may be this far from ours (rules §12 SC-54)
REPLAY_WINDOW: Final = timedelta(minutes=5)
_XML: Final = "application/xml; charset=utf-8"
#: calls whose dialogue ended here; their ``completed`` then says nothing new
_ENDED: Final = 20_000


def status_url(public_url: str, name: str, attempt_id: str) -> str:
    """Where the provider tells how a call ended."""
    return f"{public_url}/callbacks/{name}?{urlencode({'attempt': attempt_id})}"


def turn_url(public_url: str, name: str, attempt_id: str) -> str:
    """Where the provider asks what to say."""
    return f"{status_url(public_url, name, attempt_id)}&turn=1"


def verify_twilio(signature: str, url: str, params: Mapping[str, str], token: str) -> bool:
    """Base64 HMAC-SHA1 of the address as called and of the sorted parameters, each name followed by its value; constant time."""
    text = url + "".join(name + params[name] for name in sorted(params))
    expected = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest())
    return hmac.compare_digest(expected, signature.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceTurn:
    """What is said next, and how the dialogue stands; no turn when a machine listens."""

    twiml: str
    turn: Turn | None = None


def voice_turn(script: VoiceContent, *, state: str | None, digits: str, answered_by: str, action: str) -> VoiceTurn:
    """One turn: the first (``state`` none), or after a key (``digits`` empty: silence). Raises ``ValueError`` for a state nobody packed.

    ``action`` is the address for the next key, query included, without the state.
    """
    heard_by = statuses.call_answered(answered_by).status
    if heard_by is ReceiptStatus.VOICEMAIL_LEFT and state is None:
        return VoiceTurn(twiml=message_as_twiml(script))
    if heard_by is ReceiptStatus.FAILED_HARD:
        return VoiceTurn(twiml=hang_up())
    turn = begin(kind_of(script), script.later_allowed) if state is None else press(unpack(state), digits or None)
    return VoiceTurn(twiml=turn_as_twiml(turn, script, action), turn=turn)


class TwilioVoiceCallbacks:
    """The calls of one account: ``?attempt=…&turn=1`` asks what to say, without ``turn`` it tells how the call ended."""

    def __init__(self, name: str, auth_token: str, public_url: str, scripts: Scripts, clock: Clock) -> None:
        self.name = name
        self._token = auth_token
        self._public_url = public_url
        self._scripts = scripts
        self._clock = clock
        self._ended: OrderedDict[str, None] = OrderedDict()

    def authentic(self, request: CallbackRequest) -> bool:
        """Signature, and the signed ``Timestamp`` where there is one; retries are signed anew by the provider."""
        try:
            form = request.form
        except ValueError:
            return False
        if not verify_twilio(request.headers.get("x-twilio-signature", ""), request.url, form, self._token):
            return False
        signed_at = _timestamp(form)
        return signed_at is None or abs(self._clock.now() - signed_at) <= REPLAY_WINDOW

    async def read(self, request: CallbackRequest) -> CallbackResult:
        form = request.form
        call, attempt_id = form.get("CallSid", ""), request.query.get("attempt", "")
        if not call or not attempt_id:
            raise ValueError("neither call nor attempt")
        if "turn" in request.query:
            return await self._turn(call, attempt_id, request.query.get("state"), form)
        return self._status(call, attempt_id, form)

    async def _turn(self, call: str, attempt_id: str, state: str | None, form: Mapping[str, str]) -> CallbackResult:
        script = await self._scripts.script(attempt_id)
        if script is None:
            return CallbackResult(response_body=hang_up(), content_type=_XML)
        said = voice_turn(
            script,
            state=state,
            digits=form.get("Digits", ""),
            answered_by=form.get("AnsweredBy", "unknown"),
            action=turn_url(self._public_url, self.name, attempt_id),
        )
        receipts: tuple[ProviderReceipt, ...] = ()
        replies: tuple[ProviderReply, ...] = ()
        result = said.turn.result if said.turn is not None else None
        if result is not None:
            self._end(call)
            at = _timestamp(form) or self._clock.now()
            if result.choice is not None:
                replies = (
                    ProviderReply(
                        reply_id=f"{call}:answer",
                        channel=ReplyChannel.VOICE,
                        choice=result.choice,
                        identity=Identity.DTMF,
                        attempt_id=attempt_id,
                        at=at,
                    ),
                )
            elif result.status is not None:
                reading = Reading(status=result.status, reason=result.reason)
                receipts = (self._receipt(call, attempt_id, reading, raw="key", at=at),)
        return CallbackResult(receipts=receipts, replies=replies, response_body=said.twiml, content_type=_XML)

    def _status(self, call: str, attempt_id: str, form: Mapping[str, str]) -> CallbackResult:
        status = form.get("CallStatus", "")
        reading = statuses.TWILIO_CALL.get(status)
        if status == "failed":
            reading = statuses.call_failed(_number(form, "SipResponseCode"), _number(form, "HangupCause"))
        elif status == "completed" and call not in self._ended:
            # nobody pressed a key that counts: a machine, a fax, or somebody who hung up
            reading = statuses.call_answered(form.get("AnsweredBy", "unknown"))
        if reading is None:
            return CallbackResult()
        at = _timestamp(form) or self._clock.now()
        raw = " ".join(filter(None, (status, form.get("AnsweredBy"), form.get("SipResponseCode"))))
        return CallbackResult(receipts=(self._receipt(call, attempt_id, reading, raw=raw, at=at),))

    def _receipt(self, call: str, attempt_id: str, reading: Reading, *, raw: str, at: datetime) -> ProviderReceipt:
        """A call ends once: whatever tells of it, and however often, carries one id."""
        return ProviderReceipt(
            receipt_id=f"{call}:end",
            provider=self.name,
            provider_ref=call,
            attempt_id=attempt_id,
            status=reading.status,
            raw_status=raw,
            reason=reading.reason,
            at=at,
        )

    def _end(self, call: str) -> None:
        self._ended[call] = None
        if len(self._ended) > _ENDED:
            self._ended.popitem(last=False)


def _timestamp(form: Mapping[str, str]) -> datetime | None:
    try:
        at = parsedate_to_datetime(form["Timestamp"])
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def _number(form: Mapping[str, str], key: str) -> int | None:
    return number_of(form.get(key, ""))
