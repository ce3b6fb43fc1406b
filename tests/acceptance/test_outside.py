"""Four stories on the real stack, told only by what can be seen from outside: the SMS centre, the mail server, the voice gateway,
the print shop, Kafka's topics and the pages.
"""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any, cast

import httpx
import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.core.words import Channel
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.simulator.app import templates
from services.simulator.app.stack import Playground, open_playground
from services.simulator.app.staff import StaffPages
from services.simulator.conductor import Conductor
from services.simulator.scenario.file import Scenario
from services.simulator.scenario.parse import parse_text
from services.simulator.servers.mail_server import MailServer
from services.simulator.servers.print_shop import PrintShop
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.voice_gateway import VoiceGateway
from tests.fixtures.kafka import KafkaNode

pytestmark = pytest.mark.stack

OUTGOING = ("alerts.v1", "contacts.v1", "obligations.v1")
STORIES = """
scenario: outside
until: 2026-12-11T12:00
people:
  leila: {first_name: Leïla, postal_code: "59000", preferred: sms, forbidden: [email], phone: "06 12 34 56 78"}
  luc: {first_name: Luc, postal_code: "59000", preferred: email, phone: "06 12 34 56 79", email: luc@ancien-fai.example}
  annie:
    first_name: Annie
    postal_code: "30120"
    preferred: letter
    digital_ease: offline
    postal: ["ANNIE TEST", "LE MAS NEUF", "30120 LE VIGAN"]
  emilie: {first_name: Emilie, postal_code: "59000", preferred: sms, phone: "06 45 12 34 56"}
world:
  - {channel: voice, person: leila, then: {after: 30s, receipt: 'keys "1 1"'}}
  - {channel: email, person: luc, then: {after: 40s, receipt: "bounce 5.1.1"}}
  - {channel: letter, person: annie, then: [{after: 22h, receipt: processed}, {at: 2026-12-07T11:00, receipt: returned N02}]}
events:
  - {at: 2026-11-30T07:00, event: actualisation.opened, person: emilie, period: "2026-11", required: true}
  - {at: 2026-11-30T10:00, event: convocation.issued, id: cv-leila, person: leila, starts: 2026-12-10T10:30}
  - {at: 2026-11-30T10:00, event: convocation.issued, id: cv-luc, person: luc, starts: 2026-12-10T14:00}
  - {at: 2026-11-30T10:00, event: appointment.scheduled, id: rdv-annie, person: annie, starts: 2026-12-16T14:00, mandatory: true}
  - {at: 2026-12-10T09:59, event: actualisation.completed, person: emilie, period: "2026-11", by: web}
"""


class Seen:
    """Everything that stands outside of us at the end of the play."""

    def __init__(self, conductor: Conductor, pages: dict[str, str], topics: dict[str, list[dict[str, Any]]]) -> None:
        networks = conductor.stage.networks
        self.sms = cast("SmscServer", networks[Channel.SMS, "a"])
        self.mail = cast("MailServer", networks[Channel.EMAIL, "a"])
        self.voice = cast("VoiceGateway", networks[Channel.VOICE, "a"])
        self.print_shop = cast("PrintShop", networks[Channel.LETTER, "a"])
        self.pages = pages
        self.topics = topics

    def alerts(self, person: str) -> set[tuple[str, str]]:
        """(event, type of alert) about one person."""
        return {(event["type"], event["data"]["type"]) for event in self.topics["alerts.v1"] if event["data"]["person_id"] == person}

    def last(self, obligation: str) -> dict[str, Any]:
        """What others know of an obligation in the end."""
        known = [event["data"] for event in self.topics["obligations.v1"] if event["data"]["obligation_id"] == obligation]
        newest: dict[str, Any] = max(known, key=lambda data: data["version"])
        return newest

    def sms_to(self, number: str) -> list[str]:
        """What the SMS centre took for a number, in order."""
        return [message.text for message in self.sms.messages.values() if f"+{message.destination.removeprefix(chr(43))}" == number]


@pytest.fixture(scope="module")
def seen(kafka: KafkaNode, postgres: EmbeddedPostgres) -> Seen:
    """One play, looked at from outside when it is over."""
    return asyncio.run(_played(kafka, postgres))


async def _played(kafka: KafkaNode, postgres: EmbeddedPostgres) -> Seen:
    scenario = parse_text(STORIES, "outside.yaml")
    assert isinstance(scenario, Scenario), scenario
    texts = JinjaTexts(templates())
    staff = StaffPages(texts=texts)
    async with AsyncExitStack() as stack:
        ground: Playground = await stack.enter_async_context(open_playground(kafka.connection, postgres.url))
        conductor = await stack.enter_async_context(ground.play(scenario, texts, beside=staff.beside))
        await conductor.play()
        async with httpx.AsyncClient(base_url=staff.url) as client:
            pages = {path: (await client.get(path)).text for path in ("/advisor/adv", "/operations", "/advisor/adv/people/annie")}
        return Seen(conductor, pages, await _topics(conductor))


async def _topics(conductor: Conductor) -> dict[str, list[dict[str, Any]]]:
    """Everything in the outgoing topics, read by a group of somebody else's."""
    found: dict[str, list[dict[str, Any]]] = {topic: [] for topic in OUTGOING}
    streams = await conductor.stage.open_streams(OUTGOING, "outside")
    try:
        for stream in streams:
            while True:
                try:
                    batch = await asyncio.wait_for(stream.next_batch(), 3)
                except TimeoutError:
                    break
                for record in batch:
                    assert record.value is not None
                    found[record.topic].append(json.loads(record.value))
    finally:
        for stream in streams:
            await stream.stop()
    return found


def test_silence_brings_a_call_and_a_key_is_the_proof(seen: Seen) -> None:
    """Convocation → SMS → receipt → silence → call → key press → E3, and no second SMS."""
    sms = seen.sms_to("+33612345678")
    assert len(sms) == 1
    assert "convocation jeudi 10 décembre" in sms[0]
    calls = [call for call in seen.voice.calls.values() if call.to == "+33612345678"]
    # the call after the silence, and the eve's eve's short reminder on the channel that she answered
    assert len(calls) == 2
    heard = " ".join(calls[0].heard)
    assert heard.index("appuyez sur 1") < heard.index("dix décembre"), "no date before the identity question"
    assert (seen.last("cv:cv-leila")["state"], seen.last("cv:cv-leila")["evidence"]) == ("acknowledged", "E3")
    assert seen.last("cv:cv-leila")["evidence_how"] == "voice"
    assert ("alert.raised", "UNCONFIRMED") not in seen.alerts("leila")


def test_a_dead_mailbox_brings_another_channel_and_an_alert(seen: Seen) -> None:
    """One e-mail, bounced; the SMS says the same; the directory and the advisor are told that the mailbox is dead."""
    assert [mail.to for mail in seen.mail.mails.values()] == ["luc@ancien-fai.example"]
    assert "convocation jeudi 10 décembre à 14h" in seen.sms_to("+33612345679")[0]
    observed = [event["data"] for event in seen.topics["contacts.v1"] if event["data"]["person_id"] == "luc"]
    assert [(data["channel"], data["observation"]) for data in observed] == [("email", "disabled")]
    assert ("alert.raised", "CONTACT_DEAD") in seen.alerts("luc")


def test_a_returned_letter_brings_an_alert(seen: Seen) -> None:
    """Nobody lives there any more and nothing else is known: a human has to find her, and reads why."""
    assert len(seen.print_shop.submitted) == 1
    assert {("alert.raised", "CONTACT_DEAD"), ("alert.raised", "UNREACHABLE")} <= seen.alerts("annie")
    assert "Annie" in seen.pages["/advisor/adv"]
    assert "revenue" in seen.pages["/advisor/adv/people/annie"]
    assert seen.last("rdv:rdv-annie")["evidence"] in {"E0", "E1"}


def test_a_done_actualisation_stops_everything(seen: Seen) -> None:
    """One reminder on the 5th; done before the next one: nothing follows, nobody is alerted."""
    sms = seen.sms_to("+33645123456")
    assert len(sms) == 1
    assert "actualisation de novembre" in sms[0]
    assert (seen.last("act:2026-11:emilie")["state"], seen.last("act:2026-11:emilie")["evidence"]) == ("done", "E5")
    assert not seen.alerts("emilie")


def test_no_topic_tells_who_anybody_is(seen: Seen) -> None:
    """Identifiers only: neither names nor numbers nor addresses leave us on a topic of ours."""
    told = json.dumps(seen.topics, ensure_ascii=False)
    for personal in ("Leïla", "+336", "06 12", "ancien-fai", "MAS NEUF"):
        assert personal not in told
    assert "<html" in seen.pages["/operations"]
