"""What a print shop tells us: a webhook says that something changed, the API says what (rules §11.4, §11.5).

The webhook carries no signature of its words: it is only believed to be a knock at the door. The truth is read over our own connection.
"""

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from services.adapters.providers.answers import Unsent
from services.adapters.providers.callbacks import CallbackRequest, CallbackResult
from services.adapters.providers.letters.maileva import MailevaApi
from services.adapters.providers.plain import instant_of, words_of
from services.core.evidence import statuses
from services.core.evidence.statuses import Reading
from services.core.ports.clock import Clock
from services.core.ports.providers import OutcomeUnknown, ProviderReceipt

_SENDING = re.compile(r"/(?:registered_)?mail/v\d+/sendings/(?P<sending>[\w-]+)(?:/recipients/(?P<recipient>[\w-]+))?")
#: events about a recipient whose words the API spells out
_RETURNED: Final = frozenset({"ON_UNDELIVERED_MAIL_RECEIVED", "ON_MAIN_DELIVERY_STATUS_UNDELIVERED"})
_DELIVERY: Final[Mapping[str, str]] = {
    "ON_MAIN_DELIVERY_STATUS_FIRST_PRESENTATION": "FIRST_PRESENTATION",
    "ON_MAIN_DELIVERY_STATUS_DELIVERED": "DELIVERED",
    "ON_ACKNOWLEDGEMENT_OF_RECEIPT_RECEIVED": "ACKNOWLEDGED",
}
#: Maileva counts any other answer as "not received" and comes again
_TAKEN: Final = 201


class MailevaCallbacks:
    """The webhooks of one account, protected by the user and password that were given when they were ordered."""

    def __init__(self, name: str, *, user: str, password: str, api: MailevaApi, clock: Clock) -> None:
        self.name = name
        self._expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._api = api
        self._clock = clock

    def authentic(self, request: CallbackRequest) -> bool:
        """User and password; no replay window: retries legitimately carry a date that is hours old, and what is read is the present."""
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), self._expected.encode())

    async def read(self, request: CallbackRequest) -> CallbackResult:
        event = words_of(request.body)
        path = urlsplit(event.get("resource_location", "")).path
        found = _SENDING.search(path)
        kind = event.get("event_type", "")
        if found is None or not kind:
            raise ValueError("neither event nor resource")
        # only the path is taken from the webhook: our token goes to no other host
        resource = await self._resource(found.group())
        reading = _reading(kind, resource)
        if reading is None:
            return CallbackResult(status_code=_TAKEN)
        receipt = ProviderReceipt(
            receipt_id=f"{found['sending']}:{kind}:{reading.status.value}:{reading.reason or ''}",
            provider=self.name,
            provider_ref=found["sending"],
            status=reading.status,
            raw_status=f"{kind} {resource.get('status', '')} {resource.get('undelivered_mail_reason', '')}".strip(),
            reason=reading.reason,
            at=_instant(event.get("event_date", "")) or self._clock.now(),
        )
        return CallbackResult(receipts=(receipt,), status_code=_TAKEN)

    async def _resource(self, path: str) -> dict[str, str]:
        """The sending or recipient as it is now; empty when the print shop does not know it."""
        try:
            response = await self._api.call("GET", path)
        except Unsent as error:
            raise ConnectionError("print shop away") from error
        if isinstance(response, OutcomeUnknown) or response.status_code >= 500:
            raise ConnectionError("print shop silent")
        return _words(response) if response.status_code == httpx.codes.OK else {}


def _reading(kind: str, resource: Mapping[str, str]) -> Reading | None:
    """None when the resource does not say what the event claims: forged, or news that are no news."""
    if kind in _RETURNED:
        reason = resource.get("undelivered_mail_reason", "")
        return statuses.letter_returned(reason) if reason else None
    if kind in _DELIVERY:
        claimed = _DELIVERY[kind]
        confirmed = {resource.get("main_delivery_status", ""), resource.get("acknowledgement_of_receipt_status", "")}
        return statuses.LETTER_DELIVERY[claimed] if claimed in confirmed else None
    return statuses.letter_status(resource.get("status", ""), resource.get("reject_reason", ""))


def _words(response: httpx.Response) -> dict[str, str]:
    try:
        return words_of(response.content)
    except ValueError:
        raise ConnectionError("print shop unreadable") from None


def _instant(text: str) -> datetime | None:
    try:
        return instant_of(text)
    except ValueError:
        return None
