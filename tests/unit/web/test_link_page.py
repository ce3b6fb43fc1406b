"""The link page over HTTP: SC-03, SC-11, SC-27 as far as the page goes."""

import re
from datetime import timedelta

import httpx
import pytest

from services.core.changes import Changes
from services.core.model import Item, Place
from services.core.words import Kind, ObligationState, Step
from tests.unit.web.people import NOW, TOKEN, actualisation, meeting, paris, person, sms
from tests.unit.web.world import World

RIGHT = "2026-12-03T14:00"


def decoy_of(html: str) -> str:
    """The other date that the page offers."""
    offered: list[str] = re.findall(r'name="date" value="([^"]+)"', html)
    (wrong,) = set(offered) - {RIGHT}
    return wrong


async def test_looking_changes_nothing(world: World, public: httpx.AsyncClient) -> None:
    """HEAD and GET, as often as one likes, publish nothing (§7, §10.12)."""
    for method in ("HEAD", "GET", "GET", "GET", "GET"):
        assert (await public.request(method, f"/a/{TOKEN}")).status_code == 200
    assert world.outlet.published == []


async def test_no_other_personal_data(public: httpx.AsyncClient) -> None:
    """First name, date, place and reference; neither last name, number, purpose nor identifiers of the person (§8.2)."""
    page = (await public.get(f"/a/{TOKEN}")).text
    assert "Bonjour Caroline" in page
    assert "jeudi 3 décembre" in page
    assert "Lille Centre" in page
    assert "K7Q4-PM2X" in page
    for secret in ("Petit", "06 45", "point sur votre recherche", "cv:caroline", "Durand"):
        assert secret not in page


async def test_right_date_is_published_first(world: World, public: httpx.AsyncClient) -> None:
    """The POST of a visible choice with the right date becomes one reply, identity not verified, then the person is thanked (§10.12)."""
    answer = await public.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come", "who": "helper"})
    assert answer.status_code == 200
    assert "est noté" in answer.text
    assert "rendez-vous.ics" in answer.text
    ((_, event),) = world.outlet.published
    assert (event.topic, event.key, event.type) == ("replies.v1", "caroline", "reply.received")
    assert dict(event.data) == {
        "channel": "link",
        "choice": "come",
        "identity": "link",
        "answered_by": "helper",
        "attempt_id": "at-caroline",
        "person_id": "caroline",
        "at": NOW.isoformat(),
    }


async def test_promises_only_what_comes(world: World, public: httpx.AsyncClient) -> None:
    """A reminder is promised when it is surely ahead, and not on the eve."""
    form = {"date": RIGHT, "choice": "come"}
    assert "un rappel" in (await public.post(f"/a/{TOKEN}", data=form)).text
    world.clock.at = paris("2026-12-02T10:00")
    assert "un rappel" not in (await public.post(f"/a/{TOKEN}", data=form)).text


async def test_a_double_click_is_one_event(world: World, public: httpx.AsyncClient) -> None:
    """The same choice at the same instant has the same id; a later one is an event of its own, so that the last one wins."""
    form = {"date": RIGHT, "choice": "come"}
    await public.post(f"/a/{TOKEN}", data=form)
    await public.post(f"/a/{TOKEN}", data=form)
    world.clock.at += timedelta(minutes=1)
    await public.post(f"/a/{TOKEN}", data=form)
    ids = [event_id for event_id, _ in world.outlet.published]
    assert ids[0] == ids[1] != ids[2]


async def test_wrong_date_never_acknowledges(world: World, public: httpx.AsyncClient) -> None:
    """The decoy is published as unreadable, the page says so and offers the same dates again (§10.12)."""
    page = (await public.get(f"/a/{TOKEN}")).text
    answer = await public.post(f"/a/{TOKEN}", data={"date": decoy_of(page), "choice": "come"})
    assert "est pas la bonne date" in answer.text
    assert decoy_of(answer.text) == decoy_of(page)
    ((_, event),) = world.outlet.published
    assert event.data["choice"] == "unreadable"
    assert event.data["reason"] == "decoy"


@pytest.mark.parametrize(
    "form", [{}, {"choice": "come"}, {"choice": "come", "date": "2026-12-24T10:00"}, {"choice": "done", "date": RIGHT}]
)
async def test_a_form_that_says_nothing(world: World, public: httpx.AsyncClient, form: dict[str, str]) -> None:
    """Without a visible choice and one of the two dates nobody is told, and the page asks again."""
    answer = await public.post(f"/a/{TOKEN}", data=form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert world.outlet.published == []


async def test_faster_than_reading(world: World, public: httpx.AsyncClient) -> None:
    """The right date within ten seconds of sending is published for the core to judge, and the person is asked once more (§10.12)."""
    world.clock.at = NOW - timedelta(minutes=20) + timedelta(seconds=5)
    answer = await public.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come"})
    assert "encore une fois" in answer.text
    assert "est noté" not in answer.text
    assert len(world.outlet.published) == 1


async def test_cannot_come_with_a_bounded_reason(world: World, public: httpx.AsyncClient) -> None:
    """A reason is one of a short list; anything else is not kept (§2.2, §10.12)."""
    await public.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "cannot_come", "reason": "family"})
    await public.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "cannot_come", "reason": "je suis malade"})
    await public.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come", "reason": "family"})
    assert [event.data.get("reason") for _, event in world.outlet.published] == ["family", None, None]


async def test_kafka_away(world: World, public: httpx.AsyncClient) -> None:
    """Nobody is thanked before Kafka has the answer: 503, when to try again, and a telephone number."""
    world.outlet.away = True
    answer = await public.post(f"/a/{TOKEN}", data={"date": RIGHT, "choice": "come"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "39&nbsp;49" in answer.text


async def test_database_away(world: World, public: httpx.AsyncClient) -> None:
    """The same friendly page when the database is away."""
    world.pages.away = True
    assert (await public.get(f"/a/{TOKEN}")).status_code == 503


@pytest.mark.parametrize("token", ["unknown-token", "x", "a" * 200, "..%2F..%2Fetc"])
async def test_unknown_token(public: httpx.AsyncClient, token: str) -> None:
    """A guessed link leads to a friendly page that tells nothing."""
    answer = await public.get(f"/a/{token}")
    assert answer.status_code == 404
    assert "39&nbsp;49" in answer.text
    assert "Caroline" not in answer.text


async def test_until_the_event(world: World, public: httpx.AsyncClient) -> None:
    """The link works up to the meeting and shows nothing from then on."""
    world.clock.at = paris("2026-12-03T13:59")
    assert (await public.get(f"/a/{TOKEN}")).status_code == 200
    world.clock.at = paris("2026-12-03T14:00")
    answer = await public.get(f"/a/{TOKEN}")
    assert answer.status_code == 410
    assert "Caroline" not in answer.text


async def test_moved_meeting(world: World, public: httpx.AsyncClient) -> None:
    """An old message's link shows the new date and takes no answer to the old one (§10.11)."""
    moved = meeting("moved", "zoe", "2026-12-09T11:00", revision=2)
    old = sms("at-zoe", moved, token="moved-token", items=(Item(obligation_id=moved.obligation_id, revision=1, step=Step.N0),))
    await world.put(Changes(profiles=[person("zoe", "Zoé")], obligations=[moved], attempts=[old]))
    page = (await public.get("/a/moved-token")).text
    assert "La date a changé" in page
    assert "mercredi 9 décembre" in page
    assert "<form" not in page
    assert (await public.post("/a/moved-token", data={"date": "2026-12-09T11:00", "choice": "come"})).status_code == 422
    assert world.outlet.published == []


async def test_cancelled_meeting(world: World, public: httpx.AsyncClient) -> None:
    """A cancelled meeting's link says: do not come."""
    gone = meeting("gone", "zoe", "2026-12-09T11:00", state=ObligationState.CANCELLED)
    await world.put(Changes(profiles=[person("zoe", "Zoé")], obligations=[gone], attempts=[sms("at-zoe", gone, token="gone-token")]))
    page = (await public.get("/a/gone-token")).text
    assert "annulé" in page
    assert "Ne venez pas" in page
    assert "<form" not in page


async def test_actualisation(world: World, public: httpx.AsyncClient) -> None:
    """« C'est fait » or « qu'on m'appelle »; neither coming nor a calendar file."""
    month = actualisation("genevieve")
    await world.put(Changes(attempts=[sms("at-gen", month, token="month-token")]))
    page = (await public.get("/a/month-token")).text
    assert 'value="done"' in page
    assert 'value="call_me_back"' in page
    assert 'value="come"' not in page
    answer = await public.post("/a/month-token", data={"date": "2026-12-15T23:59", "choice": "done"})
    assert "est noté" in answer.text
    assert world.outlet.published[0][1].data["choice"] == "done"
    assert (await public.get("/a/month-token/rendez-vous.ics")).status_code == 404


async def test_bundle(world: World, public: httpx.AsyncClient) -> None:
    """A message with two meetings shows both; the answer names the attempt, not one of the duties."""
    first, second = meeting("b1", "anna", "2026-12-01T09:00"), meeting("b2", "anna", "2026-12-01T14:30", kind=Kind.APPOINTMENT)
    items = tuple(Item(obligation_id=each.obligation_id, revision=1, step=Step.N0) for each in (first, second))
    await world.put(
        Changes(
            profiles=[person("anna", "Anna")],
            obligations=[first, second],
            attempts=[sms("at-anna", first, token="both-token", items=items)],
        )
    )
    page = (await public.get("/a/both-token")).text
    assert "14&nbsp;h&nbsp;30" in page
    await public.post("/a/both-token", data={"date": "2026-12-01T09:00", "choice": "come"})
    ((_, event),) = world.outlet.published
    assert "obligation_id" not in event.data
    assert event.data["attempt_id"] == "at-anna"


async def test_overseas_hours(world: World, public: httpx.AsyncClient) -> None:
    """A meeting at a place is said in the place's time, an actualisation in the residence's (rules §3)."""
    there = Place(kind="other", name="Mairie", address="12 rue de la République 97400 SAINT-DENIS")
    far = meeting("far", "ibrahim", "2026-12-03T10:00", place=there)
    month = actualisation("ibrahim")
    await world.put(
        Changes(
            profiles=[person("ibrahim", "Ibrahim", postal_code="97110")],
            obligations=[far, month],
            attempts=[sms("at-far", far, token="far-token"), sms("at-month", month, token="month-97-token")],
        )
    )
    assert "13&nbsp;h" in (await public.get("/a/far-token")).text
    assert "18&nbsp;h&nbsp;59" in (await public.get("/a/month-97-token")).text


async def test_calendar_file(public: httpx.AsyncClient) -> None:
    """The .ics names the local hour with its zone and the place, and updates itself when the meeting moves."""
    answer = await public.get(f"/a/{TOKEN}/rendez-vous.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    body = answer.text.replace("\r\n ", "")
    assert "DTSTART;TZID=Europe/Paris:20261203T140000" in body
    assert "UID:cv:caroline@sans-faute" in body
    assert "SEQUENCE:1" in body
    assert "METHOD:PUBLISH" in body
    assert "Lille Centre" in body
    assert "BEGIN:VTIMEZONE" in body


async def test_printable(public: httpx.AsyncClient) -> None:
    """A sheet to keep, without any script (§8.1)."""
    page = (await public.get(f"/a/{TOKEN}/imprimer")).text
    assert "jeudi 3 décembre" in page
    assert "<script" not in page


async def test_protective_headers(public: httpx.AsyncClient) -> None:
    """No script, no frame, no third party, no referrer, no cache; https for good."""
    headers = (await public.get(f"/a/{TOKEN}")).headers
    assert "script-src" not in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert "max-age" in headers["strict-transport-security"]


async def test_a_flood_is_not_read(world: World, public: httpx.AsyncClient) -> None:
    """A body far larger than the form is refused."""
    assert (await public.post(f"/a/{TOKEN}", content=b"x" * 5000)).status_code == 413
    assert world.outlet.published == []


async def test_hostile_first_name(world: World, public: httpx.AsyncClient) -> None:
    """Names are escaped (§10.18)."""
    duty = meeting("evil", "evil", "2026-12-09T11:00")
    hostile = person("evil", "<script>alert(1)</script>")
    await world.put(Changes(profiles=[hostile], obligations=[duty], attempts=[sms("at-evil", duty, token="evil-token")]))
    page = (await public.get("/a/evil-token")).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
