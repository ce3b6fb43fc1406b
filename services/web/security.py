"""What keeps the pages safe: response headers, size limits, form tokens, bearer tokens."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.web.problems import problem

#: A link page runs no script at all, a staff page only our own files; nothing may be framed or sent elsewhere.
PUBLIC_POLICY: Final = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STAFF_POLICY: Final = f"{PUBLIC_POLICY}; script-src 'self'; connect-src 'self'"

#: A form token is good for a working day; the list renews it with each refresh.
FORM_LIFE: Final = timedelta(hours=12)


class TooLarge(Exception):
    """The body is larger than this address takes (413)."""


class NotText(Exception):
    """A form holds a character that no text has (400)."""


class PlainAddresses:
    """Middleware that refuses addresses with a character that no text has: no identifier has it, and the database cannot look for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """400 for NUL in the path or the query; everything else is passed on."""
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            await not_text()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def not_text() -> Response:
    """What is said of NUL."""
    return problem(400, "an address or a form with the character NUL")


class SecureHeaders:
    """Middleware that puts the same protective headers on every answer."""

    def __init__(self, app: ASGIApp, *, policy: str, https: bool) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            # the token of a link is a secret: it never leaves in a Referer
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
            "x-robots-tag": "noindex, nofollow",
        }
        if https:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, add the headers to what comes back; pages are never stored by anybody."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body, at most ``limit`` octets; raises ``TooLarge`` without reading further."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


async def read_form(request: Request, limit: int) -> list[tuple[str, str]]:
    """The fields of a form in order; octets that are no UTF-8 become replacement characters. Raises ``TooLarge`` or ``NotText``."""
    text = (await read_body(request, limit)).decode("utf-8", "replace")
    pairs = parse_qsl(text)
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise NotText
    return pairs


class FormTokens:
    """Proof that a form comes from a page that we gave to this advisor, against cross-site posts."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"form token|" + key).digest()

    def issue(self, advisor_id: str, now: datetime) -> str:
        """A token that ends by itself."""
        expires = int((now + FORM_LIFE).timestamp())
        return f"{expires}.{self._sign(advisor_id, expires)}"

    def holds(self, token: str, advisor_id: str, now: datetime) -> bool:
        """Ours, for this advisor, not expired."""
        expires, _, signature = token.partition(".")
        if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
            return False
        right = hmac.compare_digest(signature.encode(), self._sign(advisor_id, int(expires)).encode())
        return right and int(expires) >= now.timestamp()

    def _sign(self, advisor_id: str, expires: int) -> str:
        return hmac.new(self._key, f"{advisor_id}|{expires}".encode(), hashlib.sha256).hexdigest()


def bearer_allowed(authorization: str | None, tokens: Collection[str]) -> bool:
    """Whether this ``Authorization`` header is one of the tokens; without any token configured nobody is let in."""
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        return False
    return any(hmac.compare_digest(given.strip().encode(), token.encode()) for token in tokens)
