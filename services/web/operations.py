"""The operations page: whether everybody is being reached right now, and if not, where it sticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.core.ports.clock import Clock
from services.core.ports.figures import Figures, KeyFigures
from services.core.words import Severity
from services.web.dead_letters import DeadLetterPages
from services.web.live import Live
from services.web.ports import Engine, Lag, Operations, Pages, Waiting
from services.web.render import Renderer, local
from services.web.zones import PARIS

#: A queue is "stuck" when its oldest entry waits longer than this.
_PATIENCE: Final = {
    "outbox": timedelta(seconds=30),
    "wakes": timedelta(minutes=2),
    "released": timedelta(minutes=10),
    "submitting": timedelta(minutes=5),
}
#: Records unread by a group, beyond which operations should look.
_MUCH_LAG: Final = 10_000
#: An open critical alert that nobody took for this long goes to the next in line (rules §10.8).
_CRITICAL_UNCLAIMED: Final = timedelta(hours=1)


class TroubleCode(StrEnum):
    """What may be wrong; templates word it."""

    ALARM = "alarm"
    OWED = "owed"
    KAFKA_AWAY = "kafka_away"
    STUCK = "stuck"
    LAG = "lag"
    ADRIFT = "adrift"
    QUARANTINED = "quarantined"
    DEAD_LETTERS = "dead_letters"
    CRITICAL_UNCLAIMED = "critical_unclaimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that keeps somebody from being reached; ``grave`` ones turn the headline red."""

    code: TroubleCode
    grave: bool
    subject: str = ""
    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything on the page."""

    operations: Operations
    #: none when the broker does not answer
    lags: tuple[Lag, ...] | None
    troubles: tuple[Trouble, ...]
    #: of the 30 days before, all and split
    figures: tuple[KeyFigures, ...] = ()

    @property
    def mood(self) -> str:
        """``well``, ``watch`` or ``trouble``: the colour of the headline, always beside its word."""
        if any(trouble.grave for trouble in self.troubles):
            return "trouble"
        return "watch" if self.troubles else "well"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPages:
    """``/operations``."""

    pages: Pages
    figures: Figures
    engine: Engine
    live: Live
    clock: Clock
    render: Renderer
    #: none beside a play, where nothing comes in again
    dead_letters: DeadLetterPages | None = None

    def routes(self) -> list[Route]:
        """The page, its part for the live refresh, the stream that asks for it, and the dead letters' own pages."""
        return [
            *(self.dead_letters.routes() if self.dead_letters is not None else ()),
            Route("/operations", self.show, methods=["GET"]),
            Route("/operations/board", self.part, methods=["GET"]),
            Route("/operations/live", self.live.stream, methods=["GET"]),
        ]

    async def show(self, _request: Request) -> Response:
        """The page."""
        return await self._board("operations/page.html")

    async def part(self, _request: Request) -> Response:
        """The figures alone."""
        return await self._board("operations/_board.html")

    async def _board(self, template: str) -> Response:
        now = self.clock.now()
        operations = await self.pages.operations(now, day_start(now))
        lags = await self._lags()
        figures = tuple(await self.figures.key_figures(now))
        board = Board(operations=operations, lags=lags, troubles=troubles(operations, lags, now), figures=figures)
        return self.render.page(template, board=board, can_replay=self.dead_letters is not None, now=local(now, PARIS), zone=PARIS)

    async def _lags(self) -> tuple[Lag, ...] | None:
        try:
            return tuple(await self.engine.lags())
        except ConnectionError:
            return None


def day_start(now: datetime) -> datetime:
    """Midnight in Paris: operations' day."""
    return datetime.combine(local(now, PARIS).date(), time(), ZoneInfo(PARIS))


def troubles(operations: Operations, lags: Sequence[Lag] | None, now: datetime) -> tuple[Trouble, ...]:
    """What keeps, or may soon keep, somebody from being reached; grave ones first."""
    found = [Trouble(code=TroubleCode.ALARM, grave=True, subject=alarm.type, since=alarm.since) for alarm in operations.alarms]
    if owing := operations.owing.duties:
        found.append(Trouble(code=TroubleCode.OWED, grave=True, count=owing, since=operations.owing.since))
    found += [trouble for waiting in operations.waiting if (trouble := _stuck(waiting, now)) is not None]
    found += _uncared(operations, now)
    if lags is None:
        found.append(Trouble(code=TroubleCode.KAFKA_AWAY, grave=True))
    else:
        far_behind = [lag for lag in lags if lag.records > _MUCH_LAG]
        found += [Trouble(code=TroubleCode.LAG, grave=False, subject=lag.topic, count=lag.records) for lag in far_behind]
    return tuple(sorted(found, key=lambda trouble: not trouble.grave))


def _stuck(waiting: Waiting, now: datetime) -> Trouble | None:
    patience = _PATIENCE.get(waiting.what)
    if patience is None or waiting.since is None or now - waiting.since <= patience:
        return None
    return Trouble(code=TroubleCode.STUCK, grave=True, subject=waiting.what, count=waiting.count, since=waiting.since)


def _uncared(operations: Operations, now: datetime) -> list[Trouble]:
    """People and records that nobody looks after."""
    found: list[Trouble] = []
    if operations.obligations_adrift:
        found.append(Trouble(code=TroubleCode.ADRIFT, grave=True, count=operations.obligations_adrift))
    if operations.quarantined:
        found.append(Trouble(code=TroubleCode.QUARANTINED, grave=True, count=len(operations.quarantined)))
    if operations.dead_letters_total:
        found.append(Trouble(code=TroubleCode.DEAD_LETTERS, grave=False, count=operations.dead_letters_total))
    for alerts in operations.alerts:
        raised = alerts.oldest_unclaimed_at
        if alerts.severity is Severity.CRITICAL and raised is not None and now - raised > _CRITICAL_UNCLAIMED:
            found.append(Trouble(code=TroubleCode.CRITICAL_UNCLAIMED, grave=False, count=alerts.unclaimed, since=raised))
    return found
