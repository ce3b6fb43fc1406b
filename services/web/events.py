"""Events over HTTP, for producers without Kafka: all of a request's events or none, 202 only once Kafka has them.

Next: services/intake/app.py
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.core.events import Problem
from services.core.ports.streams import Message, NotPublished
from services.web.border import Border
from services.web.ports import Outlet
from services.web.security import bearer_allowed, read_body

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
_LIMIT: Final = 4_000_000
_MOST_EVENTS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """``POST /events`` (contracts §2)."""

    border: Border
    outlet: Outlet
    #: bearer tokens of the producers
    tokens: frozenset[str]

    def routes(self) -> list[Route]:
        """One address."""
        return [Route("/events", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """401, 415, 400 with every error of every event, 503 when Kafka is away, else 202."""
        if not bearer_allowed(request.headers.get("authorization"), self.tokens):
            return JSONResponse(_problem(401, "a bearer token is needed"), status_code=401, headers={"www-authenticate": "Bearer"})
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in {SINGLE, BATCH}:
            return JSONResponse(_problem(415, f"send {SINGLE} or {BATCH}"), status_code=415)
        body = await read_body(request, _LIMIT)
        try:
            events = [body] if kind == SINGLE else [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return JSONResponse(_problem(400, "not a JSON array of events"), status_code=400)
        if len(events) > _MOST_EVENTS:
            return JSONResponse(_problem(413, f"at most {_MOST_EVENTS} events at once"), status_code=413)
        return await self._publish(events)

    async def _publish(self, events: Sequence[bytes]) -> Response:
        """Everything or nothing."""
        good: list[Message] = []
        bad: list[dict[str, object]] = []
        for index, event in enumerate(events):
            judged = self.border.judge(event)
            if isinstance(judged, Message):
                good.append(judged)
            else:
                bad.append({"index": index, "errors": [_error(problem) for problem in judged]})
        if bad:
            return JSONResponse(_problem(400, "nothing was taken: these events are wrong", events=bad), status_code=400)
        try:
            await self.outlet.forward(good)
        except NotPublished:
            return JSONResponse(_problem(503, "Kafka is away"), status_code=503, headers={"retry-after": "30"})
        return JSONResponse({"accepted": len(good)}, status_code=202)


def _error(problem: Problem) -> dict[str, str]:
    return {"path": problem.path, "message": problem.message}


def _problem(status: int, title: str, **more: object) -> dict[str, object]:
    """Problem details (RFC 9457)."""
    return {"type": "about:blank", "status": status, "title": title, **more}
