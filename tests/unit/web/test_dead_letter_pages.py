"""Dead letters on the operations page: looked at, and published again by a form that works without a script."""

import re
from datetime import timedelta

import httpx
import pytest

from services.core.dead_letters import REPLAY_OF
from services.core.ports.dead_letters import Original
from services.core.ports.store import DeadLetter
from tests.unit.web.people import NOW
from tests.unit.web.world import World

PAGE = "/operations/dead-letters"


def letter(offset: int, topic: str = "appointments.v1", path: str = "/data/starts_at") -> DeadLetter:
    """A record with one error."""
    return DeadLetter(topic=topic, partition=2, offset=offset, errors=((path, "is <required>"),), at=NOW + timedelta(minutes=offset))


@pytest.fixture
async def letters(world: World) -> list[DeadLetter]:
    """Three; of the last one Kafka keeps nothing."""
    rows = [letter(1), letter(2, path="/data/revision"), letter(3, "people.v1")]
    async with world.store.unit() as unit:
        await unit.record_dead_letters(rows)
    world.originals.kept = {row.place: Original(key="luc", value=b"secret words") for row in rows[:2]}
    return rows


async def form(staff: httpx.AsyncClient, page: str = PAGE, **fields: object) -> dict[str, object]:
    """What a browser would send, with the token of the page."""
    token = re.search(r'name="token" value="([^"]+)"', (await staff.get(page)).text)
    assert token is not None
    return {"token": token[1], "by": "Paul", "reason": "agenda corrigé", "which": "chosen", **fields}


async def told(staff: httpx.AsyncClient, fields: dict[str, object]) -> str:
    """The page after the form."""
    answer = await staff.post(PAGE, data=fields)
    assert answer.status_code == 303
    return (await staff.get(answer.headers["location"])).text


@pytest.mark.usefixtures("letters")
async def test_the_list_is_found_from_the_board_and_filtered(staff: httpx.AsyncClient) -> None:
    """Where, when and what is wrong; by topic and by the path of an error; never what a record says."""
    assert PAGE in (await staff.get("/operations")).text
    page = (await staff.get(PAGE)).text
    assert all(f"/{offset}</code>" in page for offset in (1, 2, 3))
    assert "is &lt;required&gt;" in page
    assert "secret words" not in page
    filtered = (await staff.get(PAGE, params={"error": "/data/revision"})).text
    assert "appointments.v1/2/2" in filtered
    assert "appointments.v1/2/1" not in filtered
    assert "Aucun." in (await staff.get(PAGE, params={"topic": "nothing.v1"})).text


async def test_chosen_ones_are_replayed_and_the_page_says_so(world: World, staff: httpx.AsyncClient, letters: list[DeadLetter]) -> None:
    """The same bytes under the same key on the same topic, naming the letter; who and why stay with it; what is gone is said."""
    page = await told(staff, await form(staff, letter=[letters[0].letter_id, letters[2].letter_id]))
    assert "1 événement rejoué." in page
    assert "effacé de Kafka" in page
    (message,) = world.shelf.messages
    assert (message.topic, message.key, message.value) == ("appointments.v1", "luc", b"secret words")
    assert message.headers[REPLAY_OF] == "appointments.v1/2/1"
    one = (await staff.get(f"{PAGE}/appointments.v1/2/1")).text
    assert "par Paul" in one
    assert "agenda corrigé" in one
    assert "appointments.v1/2/1" not in (await staff.get(PAGE)).text.replace(one, "")
    assert "1 déjà rejoué" in await told(staff, await form(staff, letter=letters[0].letter_id))
    assert "1 événement rejoué." in await told(staff, await form(staff, letter=letters[0].letter_id, again="yes"))
    assert len(world.shelf.messages) == 2


@pytest.mark.usefixtures("letters")
async def test_all_that_the_filter_finds(world: World, staff: httpx.AsyncClient) -> None:
    """One button for all of a topic."""
    page = await told(staff, await form(staff, which="found", topic="appointments.v1"))
    assert "2 événements rejoués." in page
    assert [message.headers[REPLAY_OF] for message in world.shelf.messages] == ["appointments.v1/2/1", "appointments.v1/2/2"]


async def test_nothing_is_replayed_without_a_word(world: World, staff: httpx.AsyncClient, letters: list[DeadLetter]) -> None:
    """No reason, no name, nothing chosen, another site's form, Kafka away: each is said, and nothing went out."""
    chosen = letters[0].letter_id
    assert "indiquez votre nom et la raison" in await told(staff, await form(staff, letter=chosen, reason=" "))
    assert "indiquez votre nom et la raison" in await told(staff, await form(staff, letter=chosen, by=""))
    assert "indiquez votre nom et la raison" in await told(staff, await form(staff, letter=chosen, reason="x" * 201))
    assert "aucun événement" in await told(staff, await form(staff, letter="nonsense"))
    assert (await staff.post(PAGE, data=await form(staff, letter=chosen, token="1.x"))).status_code == 403
    world.originals.away = True
    assert "Kafka ne répond pas" in await told(staff, await form(staff, letter=chosen))
    world.originals.away, world.shelf.away = False, True
    assert "non confirmé par Kafka" in await told(staff, await form(staff, letter=chosen))
    assert world.shelf.messages == []
    async with world.store.unit() as unit:
        assert [row.replays for row in await unit.hold_dead_letters([letters[0].place])] == [()]


async def test_an_unknown_letter_is_a_page_that_is_not_there(staff: httpx.AsyncClient) -> None:
    """404, in French."""
    answer = await staff.get(f"{PAGE}/appointments.v1/2/77")
    assert answer.status_code == 404
    assert "existe pas" in answer.text
