"""A print shop in the shape of Maileva's API: drafts, documents, recipients, submission; webhooks; PDFs in a folder to look at."""

import asyncio
import base64
import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Final

import httpx

from services.core.ports.clock import Clock
from services.core.words import Channel
from services.simulator.servers.callers import Caller
from services.simulator.servers.http import HttpRequest, HttpResponse, HttpServer
from services.simulator.servers.town import Accept, Drop, Hang, Refuse, Submission, Town

_SENDINGS: Final = "/mail/v2/sendings"
_ROUTE = re.compile(rf"{_SENDINGS}(?:/(?P<id>[\w-]+)(?:/(?P<part>documents|recipients|submit)(?:/(?P<recipient>[\w-]+))?)?)?")
#: what happens to a letter, as the webhook's event and what is then written on sending or recipient
_HAPPENINGS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "accepted": ("ON_STATUS_ACCEPTED", "sending", {"status": "ACCEPTED"}),
    "processed": ("ON_STATUS_PROCESSED", "sending", {"status": "PROCESSED"}),
    "rejected": ("ON_STATUS_REJECTED", "sending", {"status": "REJECTED"}),
    "returned": ("ON_UNDELIVERED_MAIL_RECEIVED", "recipient", {}),
    "first_presentation": ("ON_MAIN_DELIVERY_STATUS_FIRST_PRESENTATION", "recipient", {"main_delivery_status": "FIRST_PRESENTATION"}),
    "delivered": ("ON_MAIN_DELIVERY_STATUS_DELIVERED", "recipient", {"main_delivery_status": "DELIVERED"}),
    "acknowledged": ("ON_ACKNOWLEDGEMENT_OF_RECEIPT_RECEIVED", "recipient", {"acknowledgement_of_receipt_status": "ACKNOWLEDGED"}),
}


@dataclass(slots=True, kw_only=True)
class Sending:
    """A letter, from its draft on."""

    id: str
    fields: dict[str, str]
    pdf: bytes = b""
    recipient: dict[str, str] = field(default_factory=dict)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def recipient_id(self) -> str:
        """There is one."""
        return f"{self.id}-r1"


class PrintShop:
    """The shop; ``start`` opens a port, ``stop`` closes it. ``webhook`` is our ``/callbacks/{provider}``, none says nothing."""

    def __init__(
        self,
        name: str,
        town: Town,
        clock: Clock,
        *,
        webhook: str | None = None,
        credentials: tuple[str, str] = ("webhook", "secret"),
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self._town = town
        self._clock = clock
        self.webhook = webhook
        self._credentials = credentials
        self._folder = folder
        self._server = HttpServer(self._handle)
        self._callers = Caller()
        self._numbers = itertools.count(1)
        self._token = "token-1"  # noqa: S105 -- of nothing
        self._busy = 0
        #: sendings by id, drafts included, oldest first
        self.sendings: dict[str, Sending] = {}
        #: the last token is not good any more
        self.tokens_given = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one (see ``base_url``)."""
        await self._server.start(host, port)

    async def stop(self) -> None:
        """Close everything."""
        await self._server.stop()
        await self._callers.stop()

    async def go_away(self) -> None:
        """Nobody reaches it for a while; it still calls us back."""
        await self._server.stop()

    async def come_back(self) -> None:
        """It is there again, where it was."""
        await self._server.start()

    @property
    def base_url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def token_url(self) -> str:
        """Where it gives tokens."""
        return f"{self.base_url}/token"

    @property
    def busy(self) -> int:
        return self._busy + self._callers.busy

    @property
    def undelivered(self) -> int:
        return self._callers.undelivered

    @property
    def refused(self) -> list[int]:
        """Statuses of webhooks that our side refused."""
        return self._callers.refused

    @property
    def submitted(self) -> list[Sending]:
        """What will be printed."""
        return [sending for sending in self.sendings.values() if sending.fields["status"] != "DRAFT"]

    def expire_token(self) -> None:
        """The token that was given is refused from now on."""
        self._token = f"token-{self.tokens_given + 1}"

    # --- the API --------------------------------------------------------------------------------------------------------

    async def _handle(self, request: HttpRequest) -> HttpResponse | None:
        if request.path == "/token":
            self.tokens_given += 1
            return _json(200, {"access_token": self._token, "expires_in": 300, "token_type": "Bearer"})
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return _json(401, {"code": "UNAUTHORIZED"})
        route = _ROUTE.fullmatch(request.path)
        if route is None:
            return _json(404, {"code": "NOT_FOUND"})
        if route["id"] is None:
            return self._list(request) if request.method == "GET" else self._draft(request)
        sending = self.sendings.get(route["id"])
        if sending is None:
            return _json(404, {"code": "NOT_FOUND"})
        return await self._one(request, sending, route["part"], route["recipient"])

    def _list(self, request: HttpRequest) -> HttpResponse:
        wanted = request.query.get("custom_id")
        found = [sending.fields for sending in self.sendings.values() if wanted is None or sending.fields.get("custom_id") == wanted]
        return _json(200, {"sendings": found, "paging": {"total_results": len(found)}})

    def _draft(self, request: HttpRequest) -> HttpResponse:
        number = f"{int(self._clock.now().timestamp()):x}-{next(self._numbers):06d}"
        fields = {str(key): str(value) for key, value in json.loads(request.body).items()}
        if len(fields.get("custom_id", "")) > 38:
            return _json(400, {"code": "CUSTOM_ID_TOO_LONG"})
        sending = Sending(id=number, fields=fields | {"id": number, "status": "DRAFT"})
        self.sendings[number] = sending
        return _json(201, sending.fields)

    async def _one(self, request: HttpRequest, sending: Sending, part: str | None, recipient: str | None) -> HttpResponse | None:
        match request.method, part:
            case "GET", None:
                return _json(200, sending.fields)
            case "DELETE", None if sending.fields["status"] == "DRAFT":
                del self.sendings[sending.id]
                return HttpResponse(status=204)
            case "POST", "documents":
                sending.pdf = _document(request)
                return _json(201, {"id": f"{sending.id}-d1"})
            case "POST", "recipients":
                return self._address(request, sending)
            case "GET", "recipients" if recipient == sending.recipient_id:
                return _json(200, sending.recipient)
            case "POST", "submit" if sending.fields["status"] == "DRAFT":
                return await self._submit(sending)
        return _json(400, {"code": "NOT_ALLOWED"})

    def _address(self, request: HttpRequest, sending: Sending) -> HttpResponse:
        fields = {str(key): str(value) for key, value in json.loads(request.body).items()}
        too_long = next((key for key, value in fields.items() if key.startswith("address_line_") and len(value) > 38), None)
        if too_long is not None:
            return _json(400, {"code": f"{too_long.upper()}_TOO_LONG"})
        if not re.fullmatch(r"\d{5} .+", fields.get("address_line_6", "")):
            return _json(400, {"code": "ADDRESS_LINE_6_WRONG_FORMAT"})
        if len(fields.get("custom_id", "")) > 32:
            return _json(400, {"code": "CUSTOM_ID_TOO_LONG"})
        sending.recipient = fields | {"id": sending.recipient_id, "status": "DRAFT"}
        return _json(201, sending.recipient)

    async def _submit(self, sending: Sending) -> HttpResponse | None:
        if not sending.pdf or not sending.recipient:
            return _json(400, {"code": "INCOMPLETE"})
        answer = self._town.answer(
            Submission(
                channel=Channel.LETTER,
                provider=self.name,
                to=sending.recipient["address_line_6"],
                provider_ref=sending.id,
                text="",
                attempt_id=sending.fields.get("custom_id"),
                at=self._clock.now(),
            )
        )
        match answer:
            case Refuse(raw=raw):
                status, _, code = raw.partition(" ")
                return _json(int(status), {"code": code})
            case Accept() | Hang() | Drop():
                sending.fields["status"] = "PENDING"
                self._keep(sending)
        match answer:
            case Drop():
                return None
            case Hang():
                await sending.released.wait()
        return HttpResponse(status=200)

    def _keep(self, sending: Sending) -> None:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{sending.id}.pdf").write_bytes(sending.pdf)

    # --- Network --------------------------------------------------------------------------------------------------------

    async def report(self, provider_ref: str, word: str, at: datetime | None = None) -> None:
        """``processed``, ``returned N02``, ``rejected ADDRESS_LINE_2_TOO_LONG``, ``acknowledged``; also ``accepted``, ``none``."""
        sending = self.sendings[provider_ref]
        kind, _, rest = word.partition(" ")
        if kind == "none":
            return
        if kind not in _HAPPENINGS:
            raise ValueError(f"not something that happens to a letter: {word}")
        event, resource, fields = _HAPPENINGS[kind]
        if kind == "returned":
            fields = {"undelivered_mail_reason": rest or "N02"}
        elif kind == "rejected":
            fields |= {"reject_reason": rest}
        (sending.fields if resource == "sending" else sending.recipient).update(fields)
        await self.notify(sending, event, resource, at)

    async def notify(self, sending: Sending, event: str, resource: str, at: datetime | None = None) -> None:
        """A webhook, whatever the sending says: that is how a forged or a repeated one looks."""
        webhook = self.webhook
        if webhook is None:
            return
        path = f"{_SENDINGS}/{sending.id}" + (f"/recipients/{sending.recipient_id}" if resource == "recipient" else "")
        body = {
            "source": "api.maileva.com",
            "event_type": event,
            "resource_type": f"mail/v2/{resource}s",
            "event_date": (at or self._clock.now()).isoformat(),
            "event_location": "FR",
            "resource_id": sending.id if resource == "sending" else sending.recipient_id,
            "resource_location": f"{self.base_url}{path}",
            "resource_custom_id": sending.fields.get("custom_id", ""),
        }
        await self._callers.send(lambda client: self._post(client, webhook, body))

    async def _post(self, client: httpx.AsyncClient, url: str, body: dict[str, str]) -> httpx.Response:
        user, password = self._credentials
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        return await client.post(url, json=body, headers={"Authorization": f"Basic {token}"})

    async def inbound(self, sender: str, text: str) -> None:
        raise ValueError("nobody writes to a print shop")

    async def release(self, provider_ref: str) -> None:
        self.sendings[provider_ref].released.set()

    async def resend(self) -> None:
        await self._callers.resend()


def _json(status: int, body: object) -> HttpResponse:
    return HttpResponse(status=status, body=json.dumps(body).encode())


def _document(request: HttpRequest) -> bytes:
    """The PDF in a multipart form (RFC 7578), read as the MIME that it is."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    for part in message_from_bytes(head + request.body, policy=default).walk():
        if part.get_content_type() == "application/pdf":
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else b""
    return b""
