"""The proof of reception over HTTP: what the ledger has, letter by letter, signed; each look logged (contracts §4, SC-48)."""

import json
from datetime import timedelta

import httpx
import pytest

from services.adapters.seals import Seals
from services.core.changes import Changes
from services.core.events import MeetingMissed
from services.core.model import ObligationId
from services.core.proof import Proof, canonical, digest_of
from services.core.words import AttemptState, Evidence
from tests.fixtures.steps import House
from tests.unit.core.scene import LEILA, attempt, case, meeting, paris
from tests.unit.web.world import World, client

KEY = Seals(b"k" * 32)
MISSED = paris("2026-12-01", "11:00")


async def _missed() -> World:
    """A convocation that nobody came to, decided by the planner; both listeners over the same store."""
    house = House(now=MISSED)
    duty = meeting(evidence=Evidence.E2, evidence_how="delivered")
    sent = attempt(about=duty, state=AttemptState.DELIVERED, delivered_at=duty.known_at + timedelta(seconds=5))
    await house.stored(case(duty, attempts=(sent,)))
    event = MeetingMissed(
        source="urn:si", event_id="e1", at=MISSED, obligation_id=duty.obligation_id, revision=1, person_id=LEILA, happened_at=MISSED
    )
    await house.receive(house.record(event, "convocations.v1"))
    await house.plan()
    world = World.empty()
    world.store = house.store
    return world


async def _get(world: World, address: str, **headers: str) -> httpx.Response:
    async with client(world.staff()) as browser:
        return await browser.get(address, headers=headers)


async def test_the_export_is_what_the_ledger_has() -> None:
    """Document, hash and signature agree; anybody can compute the hash again from the JSON (SC-48, §2.3)."""
    world = await _missed()
    response = await _get(world, "/obligations/cv:1/proof")
    body = response.json()
    stored: Proof = world.store.committed.proofs.tagged(ObligationId("cv:1"))[0]
    assert response.status_code == 200
    assert body["sha256"] == stored.digest == digest_of(canonical(body["proof"]))
    assert KEY.verify(body["signature"], "proof", body["sha256"])
    assert not KEY.verify(body["signature"], "proof", digest_of("{}"))
    assert body["proof"]["verdict"] == "not_proved"
    assert (body["proof"]["evidence"], body["proof"]["non_receipt"]) == ("E2", True)
    assert [row["channel"] for row in body["proof"]["messages"]] == ["sms"]
    assert body["proof"]["facts"][0] == {"code": "evidence", "parameters": {"level": "E2"}}


async def test_what_happens_later_edits_nothing() -> None:
    """An advisor closes the alert, a receipt comes late: the proof stays what it was (SC-48)."""
    world = await _missed()
    before = (await _get(world, "/obligations/cv:1/proof")).json()
    async with world.store.unit() as unit:
        found = (await unit.lock([LEILA]))[LEILA]
        await unit.write(Changes(attempts=[attempt(about=found.obligations[0], state=AttemptState.FAILED)]))
    assert (await _get(world, "/obligations/cv:1/proof")).json() == before


async def test_nobodys_name_or_number_is_in_it() -> None:
    """Identifiers only (§8.3)."""
    words = json.dumps((await _get(await _missed(), "/obligations/cv:1/proof")).json())
    assert "Leila" not in words
    assert "+33" not in words


@pytest.mark.parametrize(
    ("address", "accept"), [("/obligations/cv:1/proof?format=pdf", "*/*"), ("/obligations/cv:1/proof", "application/pdf")]
)
async def test_printed(address: str, accept: str) -> None:
    """The same entry as a PDF, with the same hash and signature."""
    world = await _missed()
    response = await _get(world, address, accept=accept)
    body = (await _get(world, "/obligations/cv:1/proof")).json()
    assert response.headers["content-type"] == "application/pdf"
    assert response.content == f"%PDF {body['sha256']} {body['signature']}".encode()


async def test_no_verdict_no_proof() -> None:
    """404 for what is ahead, and for what nobody knows; each look that shows something is logged (§8.4)."""
    world = await _missed()
    assert (await _get(world, "/obligations/rdv:9/proof")).status_code == 404
    assert not world.looks()
    await _get(world, "/obligations/cv:1/proof")
    assert world.looks() == [("procedure", LEILA, "read_proof", True)]
