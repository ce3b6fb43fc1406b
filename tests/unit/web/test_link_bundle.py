"""The link page of a message about several duties (§10.12, §10.15): what is asked, and what an answer is about."""

import httpx

from services.core.changes import Changes
from services.core.model import Item, Obligation
from services.core.words import Kind, Step
from tests.unit.web.people import actualisation, meeting, person, sms
from tests.unit.web.world import World


async def _put(world: World, *duties: Obligation) -> None:
    items = tuple(Item(obligation_id=each.obligation_id, revision=1, step=Step.R2) for each in duties)
    rows = Changes(profiles=[person("genevieve", "Geneviève")], obligations=list(duties))
    rows.attempts.append(sms("at-gen", duties[0], token="both-token", items=items))
    await world.put(rows)


async def test_beside_an_actualisation_the_page_asks_about_the_meeting(world: World, public: httpx.AsyncClient) -> None:
    """Both are shown; the date, the choices and the calendar file are the meeting's, though the period closes first."""
    await _put(world, actualisation("genevieve"), meeting("late", "genevieve", "2026-12-16T09:00"))
    page = (await public.get("/a/both-token")).text
    assert "mercredi 16 décembre" in page
    assert "mardi 15 décembre" in page
    assert 'value="2026-12-16T09:00"' in page
    assert 'value="come"' in page
    assert 'value="done"' not in page
    await public.post("/a/both-token", data={"date": "2026-12-16T09:00", "choice": "cannot_come"})
    assert world.outlet.published[0][1].data["choice"] == "cannot_come"
    calendar = await public.get("/a/both-token/rendez-vous.ics")
    assert calendar.status_code == 200
    assert calendar.text.count("BEGIN:VEVENT") == 1


async def test_who_cannot_come_to_one_of_several_is_told_that_somebody_asks(world: World, public: httpx.AsyncClient) -> None:
    """One press declines none of them (§10.12), and the page does not say that it did."""
    await _put(world, meeting("b1", "genevieve", "2026-12-01T09:00"), meeting("b2", "genevieve", "2026-12-02T09:00", kind=Kind.APPOINTMENT))
    thanks = (await public.post("/a/both-token", data={"date": "2026-12-01T09:00", "choice": "cannot_come"})).text
    assert "Il vous demande pour quel rendez-vous." in thanks


async def test_the_page_asks_who_answers(world: World, public: httpx.AsyncClient) -> None:
    """« Vous répondez pour vous-même ? »: what is said travels with the answer (§10.12)."""
    await _put(world, meeting("b1", "genevieve", "2026-12-01T09:00"))
    assert "Vous répondez pour vous-même" in (await public.get("/a/both-token")).text
    await public.post("/a/both-token", data={"date": "2026-12-01T09:00", "choice": "come", "who": "helper"})
    assert world.outlet.published[0][1].data["answered_by"] == "helper"
