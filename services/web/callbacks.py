"""Providers' callbacks: signature first, then Kafka, then the 2xx.

Next: services/evidence/apply.py
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.core.ports.providers import Feedback
from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import NotPublished
from services.web.ports import CallbackSource, Watchers
from services.web.problems import problem
from services.web.security import read_body

#: Far above any receipt; a bounce with its original may be large.
_LIMIT: Final = 1_000_000
_RETRY_AFTER: Final = {"retry-after": "30"}

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class RequestMaker(Protocol[R_co]):
    """Makes the request value that the sources read."""

    def __call__(self, *, method: str, url: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> R_co:
        """``url`` is the public one that the provider called; header names are in lower case."""
        ...


@dataclass(frozen=True, kw_only=True)  # no slots: a generic class with slots cannot remember its parameter
class Callbacks(Generic[R]):
    """``/callbacks/{provider}`` for every provider that is wired."""

    sources: Mapping[str, CallbackSource[R]]
    make_request: RequestMaker[R]
    feedback: Feedback
    watchers: Watchers
    #: what providers sign: "https://exemple.fr", without a slash at its end
    public_url: str

    def routes(self) -> list[Route]:
        """Providers post; some ask below their address for what to say next in a call."""
        return [
            Route("/callbacks/{provider}", self.receive, methods=["POST"]),
            Route("/callbacks/{provider}/{rest:path}", self.receive, methods=["POST"]),
        ]

    async def receive(self, request: Request) -> Response:
        """403 when not theirs, 503 when Kafka is away, 2xx only once Kafka has everything.

        An unknown reference gets the same 2xx as a known one: it waits or is quarantined by who reads the topic, and
        nobody learns here which references exist.
        """
        provider = request.path_params["provider"]
        source = self.sources.get(provider)
        if source is None:
            return problem(404, "no such provider")
        call = self.make_request(
            method=request.method,
            url=self._public(request),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await read_body(request, _LIMIT),
            query=dict(request.query_params),
        )
        if not source.authentic(call):
            await self.watchers.callback_refused(provider)
            return problem(403, "not signed, or signed too long ago")
        try:
            answer = await source.read(call)
            for receipt in answer.receipts:
                await self.feedback.receipt(receipt)
            for reply in answer.replies:
                await self.feedback.reply(reply)
        except ValueError:
            # authentic but not readable: their new format or our bug; a 4xx stops their retries, the counter tells us
            self.watchers.callback_unreadable(provider)
            return problem(400, "cannot be read")
        except (NotPublished, StoreUnavailable, ConnectionError):
            return problem(503, "not now", headers=_RETRY_AFTER)
        plain = answer.status_code == 200 and not answer.response_body
        return Response(answer.response_body, status_code=202 if plain else answer.status_code, media_type=answer.content_type)

    def _public(self, request: Request) -> str:
        query = request.url.query
        return f"{self.public_url}{request.url.path}{'?' if query else ''}{query}"
