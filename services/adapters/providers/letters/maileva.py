"""Letters through an API in the shape of Maileva's mail v2: draft, document, recipient, submit; what was submitted cannot be taken back.

``custom_id`` is the key against doubles: before anything is submitted, the API is asked for what it already has under it.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

import httpx

from services.adapters.providers.answers import Unsent, ask, retry_after, word_of
from services.adapters.providers.plain import object_of
from services.core.content import LetterContent
from services.core.evidence import statuses
from services.core.ports.providers import Absent, Accepted, CannotTell, Envelope, Outcome, OutcomeUnknown, Refused, TryLater
from services.core.words import Channel, ReceiptStatus, Why

TOKEN_URL: Final = "https://connexion.maileva.com/auth/realms/services/protocol/openid-connect/token"  # noqa: S105 -- an address
_MAIL: Final = "/mail/v2/sendings"
#: longest custom_id of a sending and of a recipient
_SENDING_ID, _RECIPIENT_ID = 38, 32
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_ADDRESS_PROBLEM = re.compile(r"\b(?:EMPTY_)?ADDRESS_[A-Z0-9_]+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailevaSettings:
    """An account at a print shop."""

    client_id: str
    client_secret: str
    username: str
    password: str
    #: printed on the envelope's back, and where returns go
    sender_lines: tuple[str, ...]
    base_url: str = "https://api.maileva.com"
    token_url: str = TOKEN_URL
    postage: Literal["FAST", "ECONOMIC", "URGENT"] = "ECONOMIC"
    colour: bool = False
    #: years that the print shop keeps the letter: 0, 1, 3, 6 or 10
    archiving_years: int = 0
    patience: timedelta = timedelta(seconds=30)


class MailevaApi:
    """The API with its token: asked for when needed, again when it is refused."""

    def __init__(self, settings: MailevaSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """``transport`` is another way to the print shop than the network's."""
        self._settings = settings
        patience = settings.patience.total_seconds()
        self.client = httpx.AsyncClient(base_url=settings.base_url, timeout=patience, trust_env=False, transport=transport)
        self._token: str | None = None
        self._asking = asyncio.Lock()

    async def stop(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        data: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response | OutcomeUnknown:
        """One authorised request. Raises ``Unsent`` when the request was not handed over, for want of a connection or of a token."""
        for last in (False, True):
            token = await self._authorised(renew=last)
            headers = {"Authorization": f"Bearer {token}"}
            response = await ask(self.client, method, path, json=json, files=files, data=data, params=params, headers=headers)
            if isinstance(response, OutcomeUnknown) or response.status_code != 401 or last:
                return response
        raise AssertionError("unreachable")

    async def _authorised(self, *, renew: bool) -> str:
        async with self._asking:
            if self._token is None or renew:
                self._token = await self._new_token()
            return self._token

    async def _new_token(self) -> str:
        """OAuth 2 password grant (RFC 6749 §4.3), as the print shop wants it."""
        settings = self._settings
        form = {"grant_type": "password", "username": settings.username, "password": settings.password}
        try:
            response = await self.client.post(settings.token_url, data=form, auth=(settings.client_id, settings.client_secret))
        except httpx.TransportError as error:
            raise Unsent("no token") from error
        token = word_of(response, "access_token")
        if response.status_code != 200 or not token:
            raise Unsent(f"no token: http {response.status_code}")
        return token


class MailevaLetters:
    """One account."""

    channel = Channel.LETTER

    def __init__(self, name: str, settings: MailevaSettings, api: MailevaApi | None = None) -> None:
        self.name = name
        self._settings = settings
        self._api = api or MailevaApi(settings)

    async def stop(self) -> None:
        """Close the connections."""
        await self._api.stop()

    async def send(self, envelope: Envelope) -> Outcome:
        """Four requests, of which only the last makes a letter; ``provider_ref`` is the sending's id."""
        if not isinstance(envelope.content, LetterContent):
            raise TypeError("a print shop prints letters")
        try:
            known = await self._known(envelope.attempt_id)
            if isinstance(known, Accepted):
                return known
            if isinstance(known, CannotTell):
                return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status="cannot be asked for doubles")
            return await self._order(envelope, envelope.content)
        except Unsent as why:
            return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=str(why))

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """By ``custom_id``; a draft that was never submitted is as good as nothing, and is thrown away."""
        try:
            return await self._known(attempt_id)
        except Unsent:
            return CannotTell()

    async def _known(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        response = await self._api.call("GET", _MAIL, params={"custom_id": sending_id(attempt_id)})
        if isinstance(response, OutcomeUnknown) or response.status_code != 200:
            return CannotTell()
        for sending in _sendings(response):
            if sending.get("custom_id") != sending_id(attempt_id):
                continue
            if sending.get("status") == "DRAFT":
                await self._api.call("DELETE", f"{_MAIL}/{sending['id']}")
            else:
                return Accepted(provider_ref=sending["id"])
        return Absent()

    async def _order(self, envelope: Envelope, content: LetterContent) -> Outcome:
        """Until ``submit`` is called nothing is printed: trouble before it is "try again", trouble in it is "nobody knows"."""
        created = await self._api.call("POST", _MAIL, json=self._sending(envelope))
        refused = _before_submission(created)
        if refused is not None or isinstance(created, OutcomeUnknown):
            return refused or TryLater(reason=Why.PROVIDER_UNAVAILABLE)
        sending = word_of(created, "id")
        document = await self._api.call(
            "POST",
            f"{_MAIL}/{sending}/documents",
            files={"document": ("lettre.pdf", content.pdf, "application/pdf")},
            data={"metadata": '{"priority": 1, "name": "lettre.pdf"}'},
        )
        recipient = {
            "custom_id": recipient_id(envelope.attempt_id),
            "country_code": "FR",
            **address_fields(content.address_lines, "address_line"),
        }
        for response in (document, await self._api.call("POST", f"{_MAIL}/{sending}/recipients", json=recipient)):
            refused = _before_submission(response)
            if refused is not None:
                return refused
        return await self._submit(sending)

    async def _submit(self, sending: str) -> Outcome:
        response = await self._api.call("POST", f"{_MAIL}/{sending}/submit")
        if isinstance(response, OutcomeUnknown):
            return response
        if response.is_success:
            return Accepted(provider_ref=sending)
        if response.status_code >= 500 and response.status_code != 503:
            return OutcomeUnknown(raw_status=f"http {response.status_code}")
        return _before_submission(response) or OutcomeUnknown(raw_status=f"http {response.status_code}")

    def _sending(self, envelope: Envelope) -> dict[str, object]:
        settings = self._settings
        return {
            "name": envelope.reference,
            "custom_id": sending_id(envelope.attempt_id),
            "postage_type": settings.postage,
            "color_printing": settings.colour,
            "duplex_printing": True,
            "optional_address_sheet": False,
            "envelope_windows_type": "SIMPLE",
            # without it a letter that comes back is never heard of
            "treat_undelivered_mail": True,
            "archiving_duration": settings.archiving_years,
            "sender_country_code": "FR",
            **address_fields(settings.sender_lines, "sender_address_line"),
        }


def sending_id(attempt_id: str) -> str:
    """``custom_id`` of a sending: the attempt where it fits, else a digest of it."""
    return _custom_id(attempt_id, _SENDING_ID)


def recipient_id(attempt_id: str) -> str:
    """``custom_id`` of the recipient, which webhooks give back."""
    return _custom_id(attempt_id, _RECIPIENT_ID)


def _custom_id(attempt_id: str, longest: int) -> str:
    if len(attempt_id) <= longest and _PLAIN.fullmatch(attempt_id):
        return attempt_id
    return hashlib.sha256(attempt_id.encode()).hexdigest()[:longest]


def address_fields(lines: tuple[str, ...], prefix: str) -> dict[str, str]:
    """NF Z10-011: the first line is 1, the last 6, number and street 4; what is between name and street keeps to 2 and 3."""
    if not 2 <= len(lines) <= 6:
        raise ValueError("an address has two to six lines")
    slots = {0: (), 1: (4,), 2: (3, 4), 3: (2, 3, 4), 4: (2, 3, 4, 5)}[len(lines) - 2]
    numbers = (1, *slots, 6)
    return {f"{prefix}_{number}": line for number, line in zip(numbers, lines, strict=True)}


def _before_submission(response: httpx.Response | OutcomeUnknown) -> Outcome | None:
    """What a request that prints nothing says when it fails; none when it did not."""
    if isinstance(response, OutcomeUnknown):
        return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=response.raw_status)
    if response.is_success:
        return None
    status = response.status_code
    if status in {401, 429} or status >= 500:
        return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=f"http {status}", after=retry_after(response))
    problem = _ADDRESS_PROBLEM.search(response.text)
    if problem is not None:
        reading = statuses.letter_status("REJECTED", problem.group())
        return Refused(status=reading.status if reading else ReceiptStatus.FAILED_HARD, raw_status=problem.group())
    return Refused(status=ReceiptStatus.FAILED_POLICY, raw_status=f"http {status}")


def _sendings(response: httpx.Response) -> list[dict[str, str]]:
    try:
        found = object_of(response.content).get("sendings")
    except ValueError:
        return []
    if not isinstance(found, list):
        return []
    return [{key: str(value) for key, value in sending.items()} for sending in found if isinstance(sending, dict) and "id" in sending]
