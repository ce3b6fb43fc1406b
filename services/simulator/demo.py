"""The demo on a terminal: a clock, the people, what happens, and at the end who was reached and how."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.core.ports.store import Store
from services.simulator.telling import Standing, SummaryRow, Teller, Told

_STYLES = {"quiet": "default", "good": "green", "bad": "yellow", "alert": "bold red"}
_STANDING_STYLES = {
    "waiting": "dim", "sent": "default", "delivered": "cyan",
    "answered": "green", "verified": "green", "done": "bold green", "lost": "bold red",
}  # fmt: skip
_LINES = 18


@dataclass(slots=True, kw_only=True)
class Show:
    """What the terminal shows; also ``Pace``: it slows the scenario's clock down to a speed that people can follow."""

    console: Console
    teller: Teller
    zone: ZoneInfo
    #: person_id → first name (and initial, when two share it)
    names: Mapping[str, str]
    store: Store
    #: seconds a told line stays before time goes on; 0 plays as fast as the work goes
    seconds_per_line: float
    #: where the pages are, and what was written, each as a line for people
    pages: str = ""
    folder: str = ""
    #: pages should look again
    changed: Callable[[], None] = lambda: None
    told: int = 0
    instants: int = 0
    _seen: int = 0
    _recent: deque[Told] = field(default_factory=lambda: deque(maxlen=_LINES))
    _people: dict[str, Standing] = field(default_factory=dict)
    _live: Live | None = None
    _now: datetime | None = None

    def __post_init__(self) -> None:
        self._people = {person: Standing(name=name) for person, name in self.names.items()}

    async def __call__(self, at: datetime) -> None:
        """Time is about to go on: show what has happened so far."""
        self.instants += 1
        await self.catch_up()
        self._now = at

    async def catch_up(self) -> None:
        """Read what is new in the journal and show it."""
        journal = await self.store.journal()
        fresh, self._seen = journal[self._seen :], len(journal)
        if fresh:
            self.changed()
        for line in fresh:
            standing = self._people.get(str(line.fields.get("person")))
            if standing is not None:
                standing.hear(line)
            told = self.teller.tell(line, self.names)
            if told is not None:
                await self._show(told)

    async def _show(self, told: Told) -> None:
        self.told += 1
        self._recent.append(told)
        self._now = told.at
        if self._live is not None:
            self._live.update(self.picture(), refresh=True)
        elif not self.console.is_terminal:
            self.console.print(f"{self._clock(told.at):<24} {told.person:<14} {told.text}", soft_wrap=True)
        if self.seconds_per_line:
            await asyncio.sleep(self.seconds_per_line)

    def live(self) -> Live:
        """The moving picture, for a terminal."""
        self._live = Live(self.picture(), console=self.console, auto_refresh=False, transient=False)
        return self._live

    def over(self) -> None:
        """The moving picture has ended."""
        self._live = None

    # ---- pictures

    def picture(self) -> RenderableType:
        """Clock and counts, people, timeline."""
        words = self.teller.words
        body = Table.grid(expand=True, padding=(0, 1))
        body.add_column(ratio=2, min_width=30)
        body.add_column(ratio=5)
        body.add_row(
            Panel(self._people_table(), title=words["people"], border_style="dim", box=box.ROUNDED),
            Panel(self._timeline(), title=words["timeline"], border_style="dim", box=box.ROUNDED),
        )
        where = [Text(line, style="dim") for line in (self.pages, self.folder)]
        return Group(self._head(), body, *where)

    def figures(self) -> dict[str, int]:
        """How many messages were sent, and how many alerts raised."""
        people = self._people.values()
        return {"sent": sum(one.sent for one in people), "alerts": sum(one.alerts for one in people)}

    def _head(self) -> RenderableType:
        words = self.teller.words
        people = self._people.values()
        counts = words["counts"].format(
            sent=self.figures()["sent"],
            reached=sum(one.answered for one in people),
            people=len(self._people),
            alerts=self.figures()["alerts"],
        )
        head = Table.grid(expand=True)
        head.add_column(ratio=1)
        head.add_column(justify="right")
        clock = self._clock(self._now) if self._now else ""
        head.add_row(Text(words["title"], style="bold"), Text(clock, style="bold"))
        head.add_row(Text(counts, style="dim"), Text(""))
        return head

    def _clock(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return str(self.teller.words["clock"]).format(day=self.teller.date(local), hour=f"{local:%H:%M}")

    def _people_table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        for standing in self._people.values():
            word = self.teller.words["status"][standing.word]
            bell = Text("!" * min(standing.alerts, 3), style="bold red")
            table.add_row(Text(standing.name), Text(word, style=_STANDING_STYLES[standing.word]), bell)
        return table

    def _timeline(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(style="dim", no_wrap=True, min_width=12)
        table.add_column(style="bold", no_wrap=True, min_width=max(len(name) for name in self.names.values()))
        table.add_column(overflow="ellipsis", no_wrap=True)
        for told in self._recent:
            local = told.at.astimezone(self.zone)
            day = self.teller.date(local).split()[0][:3]
            table.add_row(f"{day} {local.day:>2} {local:%H:%M}", told.person, Text(told.text, style=_STYLES[told.tone]))
        return table

    def summary(self, rows: Iterable[SummaryRow]) -> RenderableType:
        """Per person and duty: reached how, evidence, alerts and the time that was left."""
        words = self.teller.words
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=words["summary"], title_style="bold", title_justify="left")
        columns = words["columns"]
        for name in ("person", "duty", "reached", "proof", "state", "alerts"):
            table.add_column(columns[name], overflow="fold")
        before = ""
        for row in rows:
            person = row.person if row.person != before else ""
            before = row.person
            proof = Text(row.proof, style="green" if row.good else "bold red")
            table.add_row(Text(person, style="bold"), row.duty, row.reached, proof, row.state, "\n".join(row.alerts) or "—")
        return table
