"""Live, ready, metrics: what operations and orchestrators ask."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

#: what is missing, as plain sentences; empty when everything is there
Missing = Callable[[], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """``/healthz`` and ``/readyz``."""

    missing: Missing

    def routes(self) -> list[Route]:
        """Two addresses."""
        return [Route("/healthz", self.live, methods=["GET"]), Route("/readyz", self.ready, methods=["GET"])]

    async def live(self, _request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok\n")

    async def ready(self, _request: Request) -> Response:
        """503 with what is missing, else 200."""
        missing = list(await self.missing())
        return JSONResponse({"ready": not missing, "missing": missing}, status_code=503 if missing else 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """``/metrics`` in the format of Prometheus."""

    registry: CollectorRegistry

    def routes(self) -> list[Route]:
        """One address."""
        return [Route("/metrics", self.show, methods=["GET"])]

    async def show(self, _request: Request) -> Response:
        """All metrics of this process."""
        return Response(generate_latest(self.registry), headers={"content-type": CONTENT_TYPE_LATEST})
