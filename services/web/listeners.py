"""The two listeners: the public one for job seekers, providers, producers and gateways; the staff one for this machine."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.core.policy import FloodPolicy
from services.core.ports.clock import Clock
from services.core.ports.store import StoreUnavailable
from services.core.ports.streams import NotPublished
from services.web.acknowledge import LinkPages, LinkRefused
from services.web.advisor import AdvisorPages
from services.web.callbacks import Callbacks
from services.web.claims import ClaimDesk
from services.web.events import Events
from services.web.floods import Door, FloodGates, Floods
from services.web.health import HealthPages, MetricsPage
from services.web.operations import OperationsPages
from services.web.problems import problem
from services.web.proof import ProofPages
from services.web.render import Renderer
from services.web.security import PUBLIC_POLICY, STAFF_POLICY, NotText, PlainAddresses, SecureHeaders, TooLarge, not_text

#: Names under which a browser on this machine asks; anything else is another site's name pointed at us (DNS rebinding).
LOCAL_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")

R = TypeVar("R")


def build_public(
    *,
    links: LinkPages,
    callbacks: Callbacks[R],
    events: Events,
    claims: ClaimDesk,
    health: HealthPages,
    pages_dir: Path,
    https: bool,
    doors: Mapping[str, Door],
) -> Starlette:
    """``/a``, ``/callbacks``, ``/events``, ``/attempts``: open to the world; ``https`` when it is reached that way.

    ``doors`` are where floods are held back (``open_doors``); none beside a play, whose clock stands still while a crowd comes.
    """
    return Starlette(
        routes=[
            *links.routes(),
            *callbacks.routes(),
            *events.routes(),
            *claims.routes(),
            *health.routes(),
            _static(pages_dir),
        ],
        middleware=[
            Middleware(SecureHeaders, policy=PUBLIC_POLICY, https=https),
            Middleware(FloodGates, doors=doors),
            Middleware(PlainAddresses),
        ],
        exception_handlers={
            LinkRefused: links.refused,
            HTTPException: links.refused,
            TooLarge: _too_large,
            NotText: _not_text,
            ClientDisconnect: _hung_up,
            Exception: links.refused,
        },
    )


def open_doors(policy: FloodPolicy, clock: Clock, links: LinkPages, told: Callable[[str], None]) -> Mapping[str, Door]:
    """The doors by the first segment of their addresses; ``told`` hears the door of each request that is held back."""
    return {
        "a": Door(floods=Floods(limit=policy.link, clock=clock), refused=links.flooded, told=partial(told, "link")),
        "callbacks": Door(floods=Floods(limit=policy.callbacks, clock=clock), refused=_flooded, told=partial(told, "callbacks")),
    }


def build_staff(
    *,
    advisor: AdvisorPages,
    operations: OperationsPages,
    proofs: ProofPages,
    health: HealthPages,
    metrics: MetricsPage,
    render: Renderer,
    pages_dir: Path,
    host_names: Sequence[str] = LOCAL_NAMES,
) -> Starlette:
    """``/advisor``, ``/operations``, ``/obligations``, ``/metrics``: bound to this machine until sign-in exists."""

    async def home(_request: Request) -> Response:
        return RedirectResponse("/advisor", status_code=303)

    async def refused(_request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 503
        detail = problem.detail if isinstance(problem, HTTPException) else ""
        return render.page("staff/refused.html", status=status, status_code=status, why=detail)

    return Starlette(
        routes=[
            Route("/", home, methods=["GET"]),
            *advisor.routes(),
            *operations.routes(),
            *proofs.routes(),
            *metrics.routes(),
            *health.routes(),
            _static(pages_dir),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(host_names), www_redirect=False),
            Middleware(SecureHeaders, policy=STAFF_POLICY, https=False),
            Middleware(PlainAddresses),
        ],
        exception_handlers={
            HTTPException: refused,
            StoreUnavailable: refused,
            NotPublished: refused,
            TooLarge: _too_large,
            NotText: _not_text,
            ClientDisconnect: _hung_up,
        },
    )


def _static(pages_dir: Path) -> BaseRoute:
    """Style sheets, the font and htmx: our own files only."""
    return Mount("/static", app=_CachedFiles(directory=pages_dir / "static"))


class _CachedFiles(StaticFiles):
    """Static files that a browser may keep for an hour."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=3600"
        return response


async def _too_large(_request: Request, _problem: Exception) -> Response:
    return problem(413, "larger than this address takes")


async def _not_text(_request: Request, _problem: Exception) -> Response:
    return not_text()


async def _hung_up(_request: Request, _problem: Exception) -> Response:
    """They, or we because it took too long, have ended the connection before all of the request was here: nobody reads this."""
    return problem(408, "the request did not arrive whole")


def _flooded(seconds: int) -> Response:
    return problem(429, "too many requests from this source", headers={"retry-after": str(seconds)})
