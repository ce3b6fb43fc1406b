"""Live, ready, metrics: what operations and orchestrators ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Lack(Protocol):
    """A check that does not hold."""

    @property
    def check(self) -> str:
        """Its name."""
        ...

    @property
    def problem(self) -> str:
        """What is missing, as a plain sentence."""
        ...


class Checks(Protocol):
    """The checks of this process."""

    async def alive(self) -> Sequence[Lack]:
        """What speaks for starting this process again; empty is alive."""
        ...

    async def ready(self) -> Sequence[Lack]:
        """What is missing before it can do its work; empty is ready."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPages:
    """``/healthz`` and ``/readyz``."""

    checks: Checks

    def routes(self) -> list[Route]:
        """Two addresses."""
        return [Route("/healthz", self.live, methods=["GET"]), Route("/readyz", self.ready, methods=["GET"])]

    async def live(self, _request: Request) -> Response:
        """200 while the process should not be killed."""
        return _answer("alive", await self.checks.alive())

    async def ready(self, _request: Request) -> Response:
        """200 when everything needed is there, else 503 with what is missing."""
        return _answer("ready", await self.checks.ready())


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsPage:
    """``/metrics`` in the format of Prometheus."""

    registry: CollectorRegistry

    def routes(self) -> list[Route]:
        """One address."""
        return [Route("/metrics", self.show, methods=["GET"])]

    async def show(self, _request: Request) -> Response:
        """All metrics of this process."""
        return Response(generate_latest(self.registry), headers={"content-type": CONTENT_TYPE_LATEST})


def _answer(word: str, lacks: Sequence[Lack]) -> Response:
    missing = [{"check": lack.check, "problem": lack.problem} for lack in lacks]
    return JSONResponse({word: not lacks, "missing": missing}, status_code=503 if lacks else 200)
