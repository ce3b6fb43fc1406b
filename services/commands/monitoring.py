"""What a process that runs by itself tells operations: `/healthz`, `/readyz` and `/metrics` on HEALTH_LISTEN."""

from contextlib import closing

from starlette.applications import Starlette

from services.runtime.errors import Gone
from services.runtime.readers import Listen
from services.runtime.surroundings import Surroundings
from services.web.health import HealthPages, MetricsPage
from services.web.serving import AddressTaken, bind, serve


async def serve_monitoring(surroundings: Surroundings, where: Listen) -> None:
    """Serve the three until cancelled. Raises ``Gone`` when somebody else listens there."""
    routes = [*HealthPages(checks=surroundings.overall).routes(), *MetricsPage(registry=surroundings.metrics.registry).routes()]
    try:
        listener = bind(where.host, where.port)
    except AddressTaken as problem:
        raise Gone(f"nobody can listen on {problem}; set HEALTH_LISTEN to another address") from None
    with closing(listener):
        await serve(Starlette(routes=routes), listener)
