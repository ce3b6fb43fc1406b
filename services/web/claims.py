"""The claim of a channel's owner just before it sends (contracts §3): a lease with the rendered message, or why not."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.core.model import AttemptId
from services.core.ports.clock import Clock
from services.core.ports.providers import Envelope
from services.core.ports.store import StoreUnavailable
from services.web.ports import ClaimedBefore, Claims, Lease, Leased, Never, NotYet, UnknownAttempt
from services.web.security import bearer_allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDesk:
    """``POST /attempts/{attempt_id}/claim``."""

    claims: Claims
    clock: Clock
    #: bearer tokens of the gateways
    tokens: frozenset[str]

    def routes(self) -> list[Route]:
        """One address."""
        return [Route("/attempts/{attempt_id}/claim", self.claim, methods=["POST"])]

    async def claim(self, request: Request) -> Response:
        """200 with the message, 409 claimed before, 425 not yet, 410 never, 404 unknown."""
        if not bearer_allowed(request.headers.get("authorization"), self.tokens):
            return JSONResponse({"error": "a bearer token is needed"}, status_code=401, headers={"www-authenticate": "Bearer"})
        now = self.clock.now()
        try:
            lease = await self.claims.claim(AttemptId(request.path_params["attempt_id"]), now)
        except StoreUnavailable:
            return JSONResponse({"error": "the database is away"}, status_code=503, headers={"retry-after": "30"})
        return answer(lease, now)


def answer(lease: Lease, now: datetime) -> Response:
    """The lease as HTTP says it."""
    match lease:
        case Leased():
            return JSONResponse({"leased_until": lease.leased_until.isoformat(), **_message(lease.envelope)})
        case ClaimedBefore():
            return JSONResponse({"error": "claimed before"}, status_code=409)
        case NotYet():
            seconds = max(1, int((lease.at - now).total_seconds() + 0.999))
            return JSONResponse({"error": "not yet", "at": lease.at.isoformat()}, status_code=425, headers={"retry-after": str(seconds)})
        case Never():
            return JSONResponse({"error": "never again", "reason": lease.reason.value}, status_code=410)
        case UnknownAttempt():
            return JSONResponse({"error": "unknown attempt"}, status_code=404)
        case _:
            assert_never(lease)


def _message(envelope: Envelope) -> dict[str, object]:
    """The envelope as JSON; a letter's PDF and a calendar file are base64."""
    built: dict[str, object] = msgspec.to_builtins(envelope)
    return built
