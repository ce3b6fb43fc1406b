"""The staff's pages beside a play: advisors and operations look at it by the story's clock."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from services.adapters.postgres.pages import PostgresPages
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.planner.foresee import Foresight
from services.simulator.app.listener import Well
from services.simulator.app.parts import PLAY_KEY, templates
from services.simulator.conductor import Conductor
from services.web.access import AccessLog
from services.web.advisor import AdvisorPages
from services.web.desk import FactsDesk
from services.web.engine import LagEngine
from services.web.health import HealthPages, MetricsPage
from services.web.listeners import build_staff
from services.web.live import Live
from services.web.operations import OperationsPages
from services.web.proof import ProofPages
from services.web.pulse import Broadcast
from services.web.render import Renderer
from services.web.security import FormTokens
from services.web.serving import bind, serve
from services.web.wording import Wording


@dataclass(slots=True, kw_only=True)
class StaffPages:
    """The staff listener of one play; ``changed`` is set whenever pages should look again."""

    texts: JinjaTexts
    port: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    @asynccontextmanager
    async def beside(self, conductor: Conductor, pages: PostgresPages) -> AsyncIterator[None]:
        """Serve for as long as the play stands. Raises ``AddressTaken``."""
        listener = bind("127.0.0.1", self.port)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        stage, clock = conductor.stage, conductor.clock
        render, pulse = Renderer(templates() / "pages"), Broadcast()
        live, access = Live(pulse=pulse), AccessLog(store=stage.store, clock=clock)
        app = build_staff(
            advisor=AdvisorPages(
                pages=pages,
                desk=FactsDesk(store=stage.store, outlet=stage.outlet, texts=self.texts),
                access=access,
                wording=Wording(self.texts),
                tokens=FormTokens(PLAY_KEY),
                live=live,
                clock=clock,
                render=render,
                foresee=Foresight(store=stage.store, texts=self.texts, snapshot=stage.snapshot),
                budget=stage.snapshot(clock.now()).policy.alerts.budget,
            ),
            operations=OperationsPages(
                pages=pages, figures=pages, engine=LagEngine(_nothing_behind), live=live, clock=clock, render=render
            ),
            proofs=ProofPages(proofs=pages, access=access, sign=Seals(PLAY_KEY).sign, printed=self.texts.proof),
            health=HealthPages(checks=Well()),
            metrics=MetricsPage(registry=CollectorRegistry()),
            render=render,
            pages_dir=templates() / "pages",
        )
        tasks = [asyncio.create_task(serve(app, listener)), asyncio.create_task(pulse.relay(self.changed))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def _nothing_behind() -> Mapping[tuple[str, str], int]:
    """Between two instants of a play everything has been read."""
    return {}
