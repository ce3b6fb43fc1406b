"""Somebody knocks in a provider's name: with a wrong signature, or with a right one that is too old. The real border judges."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.applications import Starlette

from services.adapters.providers.callbacks import CallbackRequest
from services.adapters.providers.signed import SignedCallbacks, sign
from services.core.ports.clock import Clock
from services.core.ports.providers import Feedback
from services.simulator.stage import Forgery
from services.web.callbacks import Callbacks
from services.web.watchers import MetricWatchers

#: of gateways that exist for one play, and what a forger takes it for
_SECRET: Final = "a gateway's secret, for one play"  # noqa: S105 -- of nothing
_GUESS: Final = "a guess"


def gateway(name: str, clock: Clock) -> SignedCallbacks:
    """What reads callbacks in the name of a provider that has no callbacks of its own over HTTP."""
    return SignedCallbacks(name, _SECRET, clock)


async def knock(client: httpx.AsyncClient, url: str, forgery: Forgery, clock: Clock) -> int:
    """Post it; what the border answers. One that was signed rightly, long ago, is a replay."""
    body = json.dumps({"id": f"forged-{clock.now().timestamp()}", "provider_ref": forgery.provider_ref, "status": forgery.status}).encode()
    signed_at, secret = (clock.now(), _GUESS) if forgery.signed_at is None else (forgery.signed_at, _SECRET)
    answer = await client.post(url, content=body, headers={"x-signature": sign(body, secret, signed_at)})
    return answer.status_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The border in this process, without a socket."""

    clock: Clock
    feedback: Feedback
    #: told of each callback that is refused, by its provider's name
    refused: Callable[[str], Awaitable[None]]

    async def knocked(self, forgery: Forgery) -> int:
        """What the border answers."""
        callbacks = Callbacks(
            sources={forgery.provider: gateway(forgery.provider, self.clock)},
            make_request=CallbackRequest,
            feedback=self.feedback,
            watchers=MetricWatchers(count=uncounted, refused=self.refused),
            public_url="http://gate",
        )
        transport = httpx.ASGITransport(app=Starlette(routes=callbacks.routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
            return await knock(client, f"/callbacks/{forgery.provider}", forgery, self.clock)


def uncounted(_name: str, _amount: float = 1, /, **_labels: str) -> None:
    """A play has no metrics."""
