"""What every rig has: the promises of a provider under test, what it may be asked, a listener for callbacks."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Protocol
from urllib.parse import quote_plus

from services.adapters.providers.callbacks import CallbackRequest, CallbackSource
from services.adapters.providers.smtp.addresses import Returns
from services.core.ports.providers import Provider
from services.core.ports.streams import NotPublished
from services.core.words import Channel
from services.core.words import ReceiptStatus as R
from services.simulator.servers.http import HttpRequest, HttpResponse, HttpServer
from services.simulator.servers.town import Network
from tests.conformance.providers.stage import Remembered, ScriptedTown, StillClock

#: how long an answer is waited for: long enough for a machine that is busy with other things …
PATIENT = timedelta(seconds=20)
#: … and, where the provider is silent on purpose, as short as can be
IMPATIENT = timedelta(milliseconds=300)
RETURNS = Returns(secret="a secret of tests", domain="rappel.example")


#: a word for ``report``, and what it must become
Receipts = Mapping[str, tuple[R, str | None]]


class Rig(Protocol):
    """What the suite needs to know of a provider."""

    channel: Channel
    town: ScriptedTown
    feedback: Remembered
    clock: StillClock
    #: refusals in the server's words: never, ours, not now
    hard: str
    policy: str
    later: str
    #: words for ``report``, and what they must become
    receipts: ClassVar[Receipts]
    #: can the provider be asked by our reference?
    can_be_asked: bool

    @property
    def provider(self) -> Provider: ...
    @property
    def network(self) -> Network: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def go_away(self) -> None:
        """The server is not there any more."""

    async def reconnected(self) -> None:
        """A lost connection is there again, for adapters that keep one."""

    async def restarted(self, patience: timedelta = PATIENT) -> Provider:
        """The adapter as it is after its process died: the same account, nothing remembered."""
        ...


class Stage:
    """Clock, town and feedback that a rig stands on."""

    def __init__(self) -> None:
        self.town = ScriptedTown()
        self.feedback = Remembered()
        self.clock = StillClock()

    async def reconnected(self) -> None:
        """Most connect when they send."""


class Web:
    """What the web process does with a callback: judge, read, publish, and only then answer."""

    def __init__(self, feedback: Remembered) -> None:
        self._feedback = feedback
        self._server = HttpServer(self._handle)
        self.source: CallbackSource | None = None

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    async def _handle(self, request: HttpRequest) -> HttpResponse | None:
        assert self.source is not None
        target = request.path + ("?" + "&".join(self._pairs(request)) if request.query else "")
        callback = CallbackRequest(
            method=request.method,
            url=f"http://{request.headers['host']}{target}",
            headers=request.headers,
            body=request.body,
            query=request.query,
        )
        if not self.source.authentic(callback):
            return HttpResponse(status=403)
        try:
            result = await self.source.read(callback)
            for receipt in result.receipts:
                await self._feedback.receipt(receipt)
            for reply in result.replies:
                await self._feedback.reply(reply)
        except (NotPublished, ConnectionError):
            return HttpResponse(status=503)
        except ValueError:
            return HttpResponse(status=400)
        return HttpResponse(status=result.status_code, body=result.response_body.encode(), content_type=result.content_type)

    def _pairs(self, request: HttpRequest) -> list[str]:
        return [f"{quote_plus(name)}={quote_plus(value)}" for name, value in request.query.items()]
