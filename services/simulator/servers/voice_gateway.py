"""A telephone exchange in the shape of Twilio's calls API: it places calls, fetches TwiML, speaks, presses keys, and calls back signed."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree as ET

import httpx

from services.core.ports.clock import Clock
from services.core.words import Channel
from services.simulator.servers.callers import Caller
from services.simulator.servers.http import HttpRequest, HttpResponse, HttpServer
from services.simulator.servers.town import Accept, Drop, Hang, Refuse, Submission, Town

#: Q.850 causes as SIP answers (RFC 3398 §7.2.4.1)
_SIP: Final = {1: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 603, 27: 502, 28: 484, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503}
#: a caller that is asked for ever hangs up
_TURNS: Final = 40
_KEYS = re.compile(r'keys "([0-9*# ]*)"')


@dataclass(slots=True, kw_only=True)
class Call:
    """A call, and what was heard on it."""

    sid: str
    to: str
    caller: str
    url: str
    status_callback: str | None
    ring_seconds: int
    status: str = "queued"
    #: everything that was spoken, in order
    heard: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)


class VoiceGateway:
    """The exchange; ``start`` opens a port, ``stop`` closes it."""

    def __init__(self, name: str, town: Town, clock: Clock, *, account: str = "AC0001", token: str = "secret") -> None:  # noqa: S107 -- of nothing
        self.name = name
        self._town = town
        self._clock = clock
        self._account = account
        self._token = token
        self._server = HttpServer(self._handle)
        self._callers = Caller()
        self._numbers = itertools.count(1)
        self._busy = 0
        #: calls by their SID, oldest first
        self.calls: dict[str, Call] = {}

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
    def busy(self) -> int:
        return self._busy + self._callers.busy

    @property
    def undelivered(self) -> int:
        return self._callers.undelivered

    @property
    def refused(self) -> list[int]:
        """Statuses of callbacks that our side refused."""
        return self._callers.refused

    async def resend(self) -> None:
        await self._callers.resend()

    async def inbound(self, sender: str, text: str) -> None:
        raise ValueError("nobody writes to a telephone exchange")

    async def release(self, provider_ref: str) -> None:
        self.calls[provider_ref].released.set()

    # --- the API --------------------------------------------------------------------------------------------------------

    async def _handle(self, request: HttpRequest) -> HttpResponse | None:
        if request.headers.get("authorization") != _basic(self._account, self._token):
            return _problem(401, 20003)
        if request.method != "POST" or request.path != f"/2010-04-01/Accounts/{self._account}/Calls.json":
            return _problem(404, 20404)
        form = request.form
        fields = dict(form)
        if not {"To", "From", "Url"} <= fields.keys():
            return _problem(400, 21201)
        sid = f"CA{int(self._clock.now().timestamp()):016x}{next(self._numbers):016x}"
        call = Call(
            sid=sid,
            to=fields["To"],
            caller=fields["From"],
            url=fields["Url"],
            status_callback=fields.get("StatusCallback"),
            ring_seconds=int(fields.get("Timeout", "60")),
        )
        self.calls[sid] = call
        return await self._place(call)

    async def _place(self, call: Call) -> HttpResponse | None:
        attempt = parse_qs(urlsplit(call.url).query).get("attempt", [None])[0]
        answer = self._town.answer(
            Submission(
                channel=Channel.VOICE,
                provider=self.name,
                to=call.to,
                provider_ref=call.sid,
                text="",
                attempt_id=attempt,
                at=self._clock.now(),
            )
        )
        match answer:
            case Refuse(raw=raw):
                status, _, code = raw.partition(" ")
                del self.calls[call.sid]
                return _problem(int(status), int(code or 0))
            case Drop():
                return None
            case Hang():
                await call.released.wait()
            case Accept():
                pass
        body = {"sid": call.sid, "account_sid": self._account, "status": call.status, "to": call.to, "from": call.caller}
        return HttpResponse(status=201, body=json.dumps(body).encode())

    # --- Network --------------------------------------------------------------------------------------------------------

    async def report(self, provider_ref: str, word: str, at: datetime | None = None) -> None:
        """``no_answer``, ``busy``, ``cause 1``, ``canceled``, or it is taken: ``keys "1 1"``, ``human_silent``, ``machine``, ``fax``.

        Our side reads no instant of a call's status: ``at`` changes nothing.
        """
        call = self.calls[provider_ref]
        keys = _KEYS.fullmatch(word)
        if keys is not None:
            await self._conversation(call, "human", keys.group(1).split())
        elif word == "human_silent":
            await self._conversation(call, "human", [])
        elif word == "machine":
            await self._conversation(call, "machine_end_beep", [])
        elif word == "fax":
            await self._conversation(call, "fax", [])
        elif word.startswith("cause "):
            cause = int(word.removeprefix("cause "))
            await self._ended(call, "failed", SipResponseCode=str(_SIP.get(cause, 500)), HangupCause=str(cause))
        elif word in {"no_answer", "busy", "canceled"}:
            await self._ended(call, word.replace("_", "-"))
        elif word != "none":
            raise ValueError(f"not something that happens to a call: {word}")

    async def _conversation(self, call: Call, answered_by: str, keys: list[str]) -> None:
        self._busy += 1
        try:
            call.status = "in-progress"
            document = await self._fetch(call, call.url, AnsweredBy=answered_by)
            for _ in range(_TURNS):
                following = None if document is None else self._perform(call, document, keys)
                if following is None:
                    break
                url, fields = following
                document = await self._fetch(call, url, **fields)
            await self._ended(call, "completed", AnsweredBy=answered_by, CallDuration="38", SipResponseCode="200")
        finally:
            self._busy -= 1

    def _perform(self, call: Call, document: ET.Element, keys: list[str]) -> tuple[str, dict[str, str]] | None:
        """Speak; where the document goes on, and with which fields. None: hang up."""
        for verb in document:
            if verb.tag == "Say":
                call.heard.append(_spoken(verb))
            elif verb.tag == "Gather":
                call.heard.extend(_spoken(said) for said in verb.findall("Say"))
                if keys:
                    return verb.attrib["action"], {"Digits": keys.pop(0)}
                if verb.attrib.get("actionOnEmptyResult") == "true":
                    return verb.attrib["action"], {"Digits": ""}
            elif verb.tag == "Redirect":
                return (verb.text or "").strip(), {}
            elif verb.tag == "Hangup":
                return None
        return None

    async def _fetch(self, call: Call, url: str, **fields: str) -> ET.Element | None:
        """TwiML from our side; none when it cannot be had: a real exchange then apologises and hangs up."""
        response = await self._callers.ask(lambda client: self._signed(client, url, self._fields(call, fields)))
        if response is None or response.status_code != 200:
            return None
        return ET.fromstring(response.text)  # noqa: S314 -- our own service's words

    async def _ended(self, call: Call, status: str, **fields: str) -> None:
        call.status = status
        url = call.status_callback
        if url is not None:
            await self._callers.send(
                lambda client: self._signed(client, url, self._fields(call, {"CallbackSource": "call-progress-events", **fields}))
            )

    def _fields(self, call: Call, more: dict[str, str]) -> dict[str, str]:
        return {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Direction": "outbound-api",
            "From": call.caller,
            "To": call.to,
            "Timestamp": format_datetime(self._clock.now()),
            **more,
        }

    def signature(self, url: str, fields: Mapping[str, str]) -> str:
        """What stands in ``X-Twilio-Signature``."""
        text = url + "".join(name + fields[name] for name in sorted(fields))
        return base64.b64encode(hmac.new(self._token.encode(), text.encode(), hashlib.sha1).digest()).decode()

    async def _signed(self, client: httpx.AsyncClient, url: str, fields: dict[str, str]) -> httpx.Response:
        headers = {"X-Twilio-Signature": self.signature(url, fields), "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return await client.post(url, content=urlencode(fields), headers=headers)


def _spoken(said: ET.Element) -> str:
    return " ".join("".join(said.itertext()).split())


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _problem(status: int, code: int) -> HttpResponse:
    return HttpResponse(status=status, body=json.dumps({"code": code, "message": "refused", "status": status}).encode())
