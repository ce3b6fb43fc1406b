"""The advisor's pages over HTTP."""

import re
from datetime import timedelta

import httpx
import pytest

from services.adapters.memory.readings import MemoryReadings
from services.adapters.policy import load_policy
from services.adapters.snapshots import Snapshots
from services.core.changes import Changes
from services.core.model import Alert, Fact
from services.core.words import AlarmType, AlertType, Routed, Severity
from services.watch.watch import Watch
from services.web.ports import DeskAction, DeskResult
from tests.unit.web.doubles import PlainTexts
from tests.unit.web.people import DURAND, LILLE, NOW, alert, meeting, person
from tests.unit.web.world import World, client


def form(world: World, **more: str) -> dict[str, str]:
    """A filled-in action about Luc."""
    token = world.tokens.issue("durand", NOW)
    return {"token": token, "person_id": "luc", "alert_id": "al-luc", "obligation_id": "cv:luc", "action": "called", **more}


async def test_choose_who_you_are(staff: httpx.AsyncClient) -> None:
    """A plain list of active advisors, with the word that nobody is signed in."""
    page = (await staff.get("/advisor")).text
    assert "Mme Durand" in page
    assert "M. Parti" not in page
    assert "Sans connexion" in page


async def test_least_time_first(staff: httpx.AsyncClient) -> None:
    """People stand by the time that is left to act; one person's alerts stand together (§10.8)."""
    page = (await staff.get("/advisor/durand")).text
    assert re.findall(r"/people/(\w+)", page) == ["genevieve", "luc", "leila"]
    assert page.count('class="person"') == 3
    assert page.count('class="alert ') == 4


async def test_what_a_line_says(staff: httpx.AsyncClient) -> None:
    """Who, what is owed and when, what is known, what to do, by when, and the severity as a word."""
    page = (await staff.get("/advisor/durand")).text
    for words in (
        "Luc M.",
        "jeudi 26 novembre à 10&nbsp;h&nbsp;30",
        "2 appels sans réponse",
        "Appelez la personne maintenant.",
        "mer. 25 nov., 16&nbsp;h&nbsp;30",
        "critique",
        "Il reste 6&nbsp;h",
        "En retard de 1&nbsp;h",
    ):
        assert words in page


async def test_contact_data_is_masked_in_the_list(staff: httpx.AsyncClient) -> None:
    """The list shows neither a whole number or address nor a last name; a dead address not at all (§8.4)."""
    page = (await staff.get("/advisor/durand")).text
    for secret in ("06 12 34 56 78", "0612345678", "Martin", "ancien-fai"):
        assert secret not in page
    assert "06 … 78" in page


async def test_not_the_colour_alone(staff: httpx.AsyncClient) -> None:
    """Every coloured tag carries its word."""
    page = (await staff.get("/advisor/durand")).text
    tags = re.findall(r'<span class="tag \w+">([^<]+)</span>', page)
    assert tags
    assert all(re.search(r"[a-zé]{4}", tag) for tag in tags)


async def test_an_empty_list(staff: httpx.AsyncClient) -> None:
    """An advisor without alerts reads that there is nothing to do."""
    assert "Rien à faire" in (await staff.get("/advisor/morel")).text


async def test_the_agency_sees_what_is_routed_to_it(world: World, staff: httpx.AsyncClient) -> None:
    """An alert without an advisor stands on everybody's list in its agency, and opens the file."""
    duty = meeting("nouria", "nouria", "2026-11-26T09:00")
    orphan = alert("al-n", duty, AlertType.UNREACHABLE, Severity.HIGH, "2026-11-25T12:00", advisor_id=None, routed=Routed.AGENCY)
    await world.put(Changes(profiles=[person("nouria", "Nouria", referent_id="gone", backup_id=None)], obligations=[duty], alerts=[orphan]))
    assert "Nouria" in (await staff.get("/advisor/petit")).text
    assert (await staff.get("/advisor/petit/people/nouria")).status_code == 200
    assert "Nouria" not in (await staff.get("/advisor/morel")).text
    assert (await staff.get("/advisor/morel/people/nouria")).status_code == 403


async def test_the_story_of_a_person(world: World, staff: httpx.AsyncClient) -> None:
    """What was sent and how it went, why now, why this way, why not another, the words, and the level of proof in words (§10.1.1)."""
    page = (await staff.get("/advisor/durand/people/luc")).text
    for words in (
        "impossible à remettre",
        "Pourquoi maintenant&nbsp;: le message d’avant n’est pas arrivé",  # noqa: RUF001
        "Pourquoi ce moyen&nbsp;: c’est le premier moyen utilisable",  # noqa: RUF001
        "lettre (la lettre arriverait trop tard)",
        "rendez-vous obligatoire jeudi 26 novembre",
        "message arrivé, rien ne prouve qu’il a été lu",  # noqa: RUF001
        "pas de réponse à l’appel",  # noqa: RUF001
        "06 12 34 56 78",
    ):
        assert words in page
    assert world.looks() == [("durand", "luc", "read_file", True)]


async def test_never_says_that_the_person_confirmed(staff: httpx.AsyncClient) -> None:
    """SC-03: a link answered by a helper is « confirmé par le lien, identité non vérifiée, par un proche » (§10.6)."""
    page = (await staff.get("/advisor/durand/people/leila")).text
    assert "confirmé par le lien, identité non vérifiée, par un proche" in page
    assert "la personne a confirmé" not in page


@pytest.mark.parametrize("path", ["/advisor/morel/people/luc", "/advisor/durand/people/nobody", "/advisor/gone"])
async def test_denied_by_default(world: World, staff: httpx.AsyncClient, path: str) -> None:
    """Who does not follow a person, asks for an unknown one or has left reads nothing; the attempt is logged (§8.4)."""
    answer = await staff.get(path)
    assert answer.status_code == 403
    assert "Accès refusé" in answer.text
    assert "06 12" not in answer.text
    assert not any(granted for *_, granted in world.looks())


async def test_who_cannot_be_logged_sees_nothing(world: World, staff: httpx.AsyncClient) -> None:
    """The look is stored before anything is shown: without the database there is no file (§8.4)."""
    world.store.available = False
    answer = await staff.get("/advisor/durand/people/luc")
    assert answer.status_code == 503
    assert "Luc" not in answer.text
    assert not world.looks()


async def test_who_tries_identifiers_is_noticed(world: World, staff: httpx.AsyncClient) -> None:
    """The fifty-first file within the hour rings, shown or not: the watch counts what the pages stored (§8.4)."""
    watch = Watch(store=world.store, readings=MemoryReadings(world.store), snapshot=Snapshots(policy=load_policy()), clock=world.clock)
    for number in range(50):
        assert (await staff.get(f"/advisor/durand/people/p{number}")).status_code == 403
    assert not (await watch.round(world.clock.now())).raised
    assert (await staff.get("/advisor/durand/people/luc")).status_code == 200
    (alarm,) = [one for one in (await watch.round(world.clock.now())).raised if one.type is AlarmType.UNUSUAL_ACCESS]
    assert (alarm.scope, alarm.figures) == ("durand", {"files": 51, "denied": 50})


async def test_a_name_that_is_no_identifier_is_cut_in_the_log(world: World, staff: httpx.AsyncClient) -> None:
    """Nobody fills the log with what they type."""
    assert (await staff.get(f"/advisor/durand/people/{'x' * 900}")).status_code == 403
    assert world.looks() == [("durand", "x" * 160, "read_file", False)]


async def test_unknown_advisor(staff: httpx.AsyncClient) -> None:
    """404."""
    assert (await staff.get("/advisor/nobody")).status_code == 404


@pytest.mark.parametrize("action", list(DeskAction))
async def test_actions_reach_the_desk(world: World, staff: httpx.AsyncClient, action: DeskAction) -> None:
    """A posted action is carried out, logged, and answered by going back with a word of thanks."""
    answer = await staff.post("/advisor/durand/acts", data=form(world, action=action.value))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/advisor/durand?done={action.value}"
    assert world.desk.acts == [("durand", "luc", action, "al-luc", "cv:luc")]
    assert world.looks() == [("durand", "luc", f"act_{action.value}", True)]
    assert "C’est noté" in (await staff.get(answer.headers["location"])).text  # noqa: RUF001


async def test_back_to_the_file(world: World, staff: httpx.AsyncClient) -> None:
    """An action from the person's page leads back there."""
    answer = await staff.post("/advisor/durand/acts", data=form(world, back="file"))
    assert answer.headers["location"] == "/advisor/durand/people/luc?done=called"


@pytest.mark.parametrize(("result", "words"), [(DeskResult.TAKEN, "Un collègue"), (DeskResult.GONE, "fermée")])
async def test_somebody_was_faster(world: World, staff: httpx.AsyncClient, result: DeskResult, words: str) -> None:
    """The advisor is told when a colleague has it, or when it is over."""
    world.desk.result = result
    answer = await staff.post("/advisor/durand/acts", data=form(world))
    assert words in (await staff.get(answer.headers["location"])).text


async def test_an_action_while_kafka_is_away(world: World, staff: httpx.AsyncClient) -> None:
    """The advisor is told to try again, instead of being thanked or seeing a failure."""
    world.desk.away = True
    answer = await staff.post("/advisor/durand/acts", data=form(world, action="actualised_by_phone"))
    assert answer.status_code == 503
    assert "Réessayez dans un instant" in answer.text


async def test_forms_from_elsewhere(world: World, staff: httpx.AsyncClient) -> None:
    """A form without our token, with another advisor's or with an old one does nothing."""
    others = world.tokens.issue("petit", NOW)
    old = world.tokens.issue("durand", NOW - timedelta(hours=13))
    for token in ("", "x.y", "99999999999999.x", others, old):
        assert (await staff.post("/advisor/durand/acts", data=form(world, token=token))).status_code == 403
    assert world.desk.acts == []


async def test_actions_about_others(world: World, staff: httpx.AsyncClient) -> None:
    """Acting on somebody whom the advisor does not follow is denied here, and by the desk when it knows better."""
    token = world.tokens.issue("morel", NOW)
    assert (await staff.post("/advisor/morel/acts", data=form(world, token=token))).status_code == 403
    assert world.desk.acts == []
    world.desk.result = DeskResult.DENIED
    assert (await staff.post("/advisor/durand/acts", data=form(world))).status_code == 403


async def test_an_unknown_action(world: World, staff: httpx.AsyncClient) -> None:
    """422, nothing done."""
    assert (await staff.post("/advisor/durand/acts", data=form(world, action="delete"))).status_code == 422
    assert world.desk.acts == []


async def test_other_names_for_this_machine(world: World, staff: httpx.AsyncClient) -> None:
    """A page of another site that points its own name at this machine reads nothing (DNS rebinding)."""
    assert (await staff.get("/advisor", headers={"host": "evil.example"})).status_code == 400


async def test_database_away(world: World, staff: httpx.AsyncClient) -> None:
    """A calm page instead of an error."""
    world.pages.away = True
    answer = await staff.get("/advisor/durand")
    assert answer.status_code == 503
    assert "ne répond pas" in answer.text


async def test_a_fact_without_words_hides_nobody(world: World) -> None:
    """Where the texts fail the code stands, and everybody else's alerts are there."""

    class Mute(PlainTexts):
        def fact(self, fact: Fact, zone: str) -> str:
            raise KeyError(fact.code)

        def next_action(self, alert: Alert, zone: str) -> str:
            raise KeyError(alert.next_action)

    world.texts = Mute()
    async with client(world.staff()) as http:
        page = (await http.get("/advisor/durand")).text
    assert page.count('class="person"') == 3
    assert "no_answer" in page
    assert "call_now" in page


async def test_who_took_an_alert_and_how_soon(world: World, staff: httpx.AsyncClient) -> None:
    """The list says by whom an alert was taken and how long after it was raised (SC-47, §10.8)."""
    duty = meeting("kpi", "luc", "2026-12-03T10:00")
    raised, taken = NOW - timedelta(hours=1), NOW - timedelta(minutes=25)
    line = alert(
        "kpi", duty, AlertType.UNCONFIRMED, Severity.HIGH, "2026-12-02T18:00", raised_at=raised, claimed_by="petit", claimed_at=taken
    )
    await world.put(Changes(profiles=[person("luc", "Luc", "Martin")], obligations=[duty], alerts=[line]))
    page = (await staff.get("/advisor/durand")).text.replace("&nbsp;", " ").replace("\u2019", "'")
    assert "petit s'en occupe, 35 min après l'alerte." in page
    assert "Vous vous en occupez, 35 min" not in page


@pytest.mark.parametrize(("budget", "grouped"), [(2, True), (3, False)])
async def test_a_long_list_is_grouped_by_deadline(budget: int, grouped: bool) -> None:
    """Above the budget each day of deadlines has its heading, the next one first (§10.8)."""
    world = World.empty()
    world.budget = budget
    people = [person("luc", "Luc", "Martin"), person("leila", "Leïla", "Benali")]
    duties = [
        meeting("a", "luc", "2026-12-03T10:00"),
        meeting("b", "leila", "2026-12-01T10:00"),
        meeting("c", "leila", "2026-12-03T15:00"),
    ]
    lines = [alert(f"al-{duty.obligation_id}", duty, AlertType.UNCONFIRMED, Severity.HIGH, "2026-11-30T18:00") for duty in duties]
    await world.put(Changes(profiles=people, obligations=duties, alerts=lines, advisors=[DURAND], agencies=[LILLE]))
    async with client(world.staff()) as browser:
        page = (await browser.get("/advisor/durand")).text
    assert ("Cette liste est longue" in page) is grouped
    headings = ["Pour le mardi 1er décembre", "Pour le jeudi 3 décembre"] if grouped else []
    assert re.findall(r'<h2 class="day">([^<]+)</h2>', page) == headings
    assert page.count('class="person"') == (3 if grouped else 2)
