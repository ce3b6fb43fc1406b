"""Calls placed over HTTP: one POST, one bounded answer. The words are fetched from us when somebody picks up (see ``callbacks.py``)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import httpx

from services.adapters.providers.answers import Unsent, ask, retry_after, word_of
from services.adapters.providers.twilio.callbacks import status_url, turn_url
from services.core.content import VoiceContent
from services.core.evidence import statuses
from services.core.ports.providers import Absent, Accepted, CannotTell, Envelope, Outcome, OutcomeUnknown, Refused, TryLater
from services.core.words import Channel, ReceiptStatus, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings:
    """An account at a voice provider."""

    account_sid: str
    auth_token: str
    #: the number that people see, E.164; must be one of ours (rules §4.2)
    calling_number: str
    #: where the provider reaches our ``/callbacks``, without a slash at the end
    public_url: str
    base_url: str = "https://api.twilio.com"
    #: how long it rings (rules §5)
    ring: timedelta = timedelta(seconds=25)
    #: waits for the end of an answering machine's greeting, so that our message is on the tape
    machine_detection: Literal["Enable", "DetectMessageEnd"] = "DetectMessageEnd"
    patience: timedelta = timedelta(seconds=10)


class TwilioVoice:
    """One account."""

    channel = Channel.VOICE

    def __init__(self, name: str, settings: TwilioSettings) -> None:
        self.name = name
        self._settings = settings
        self._client = httpx.AsyncClient(
            base_url=settings.base_url,
            auth=(settings.account_sid, settings.auth_token),
            timeout=settings.patience.total_seconds(),
            trust_env=False,
        )

    async def stop(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, envelope: Envelope) -> Outcome:
        """Place the call. The API has no key against doubles: an answer that does not come is never repeated."""
        if not isinstance(envelope.content, VoiceContent):
            raise TypeError("a voice provider places calls")
        settings = self._settings
        form = {
            "To": envelope.to,
            "From": settings.calling_number,
            "Url": turn_url(settings.public_url, self.name, envelope.attempt_id),
            "Method": "POST",
            "StatusCallback": status_url(settings.public_url, self.name, envelope.attempt_id),
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": "completed",
            "Timeout": str(int(settings.ring.total_seconds())),
            "MachineDetection": settings.machine_detection,
        }
        try:
            response = await ask(self._client, "POST", f"/2010-04-01/Accounts/{settings.account_sid}/Calls.json", data=form)
        except Unsent as why:
            return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=str(why))
        if isinstance(response, OutcomeUnknown):
            return response
        return _outcome(response)

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """The API lists calls by number and day, not by our reference."""
        return CannotTell()


def _outcome(response: httpx.Response) -> Outcome:
    status = response.status_code
    raw = f"http {status}"
    if status == 201:
        sid = word_of(response, "sid")
        return Accepted(provider_ref=sid) if sid else OutcomeUnknown(raw_status="http 201 without a sid")
    code = word_of(response, "code")
    raw = f"http {status} code {code}" if code else raw
    if status in {429, 503}:
        return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=raw, after=retry_after(response))
    if status >= 500:
        return OutcomeUnknown(raw_status=raw)
    reading = statuses.TWILIO_CALL_ERRORS.get(code)
    return Refused(status=reading.status if reading else ReceiptStatus.FAILED_POLICY, raw_status=raw)
