"""« Ce qui est prévu » on the person's page: the branches of a preview (R8)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from services.core.changes import JournalLine
from services.core.decide import UndecidableError
from services.core.explaining.branches import Branch, Forecast
from services.core.model import Case
from tests.unit.web.world import World, client


async def test_the_page_says_what_is_planned(staff: httpx.AsyncClient) -> None:
    """Silence first and open; each line with day, channel, step and reason; the alert that would come; no JavaScript needed."""
    page = (await staff.get("/advisor/durand/people/genevieve")).text
    section = page[page.index('id="ahead"') : page.index("Ce qui s\u2019est passé")]
    titles = re.findall(r"<summary>([^<]+)</summary>", section)
    assert titles == ["Si la personne ne répond pas", "Si la personne répond qu\u2019elle vient, ou fait son actualisation"]
    assert section.count("<details") == len(titles)
    assert section.count('<details class="panel" open>') == 1
    silent = section[: section.index("</details>")]
    lines = re.findall(r"<time datetime=\"([^\"]+)\">", silent)
    assert lines
    assert lines == sorted(lines)
    assert "<span>Appel, rappel à cinq jours <span" in silent
    assert "Alerte au conseiller : actualisation manquée (critique)" in silent
    assert "<script" not in section


async def test_what_is_over_has_no_future(staff: httpx.AsyncClient) -> None:
    """A declined meeting brings nothing more: every branch says so, or there is none."""
    page = (await staff.get("/advisor/durand/people/leila")).text
    assert "Lettre, " not in page[page.index('id="ahead"') :]
    assert "Rien n\u2019est prévu." in page


async def test_the_past_is_shown_when_the_future_fails(world: World) -> None:
    """A rule that loops for one person does not take the page down."""

    async def broken(case: Case, now: datetime) -> Sequence[Forecast]:
        raise UndecidableError

    world.foresee = broken
    async with client(world.staff()) as staff:
        answer = await staff.get("/advisor/durand/people/luc")
    assert answer.status_code == 200
    assert 'id="ahead"' not in answer.text
    assert "Ce qui s\u2019est passé" in answer.text


async def test_instants_are_the_persons(world: World) -> None:
    """Whatever is foreseen is told on the clock of the residence, and nothing but what people want to read."""

    async def two_lines(case: Case, now: datetime) -> Sequence[Forecast]:
        at = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
        said = JournalLine(at=at, what="state", fields={"from": "open", "to": "lapsed"})
        return [Forecast(branch=Branch.SILENT, lines=(said, JournalLine(at=at, what="planned", fields={"steps": ["R1 sms"]})))]

    world.foresee = two_lines
    async with client(world.staff()) as staff:
        page = (await staff.get("/advisor/durand/people/luc")).text
    section = page[page.index('id="ahead"') : page.index("</details>")]
    assert "jeu. 26 nov., 10&nbsp;h&nbsp;30</time> <span>Où en est-on : date passée, issue inconnue" in section
    assert section.count("<li>") == 1
