"""No personal data where it does not belong (§8.3): marked people, a story over every channel, and every place where a mark could show."""

import asyncio
import base64
import json
import signal
import sys
import unicodedata
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.kafka.topics import load_topics
from services.core.ports.streams import Message
from services.core.words import Channel
from services.runtime.embedded.children import free_ports
from services.runtime.settings import environment_with, home_of_the_code
from services.simulator.servers.mail_server import MailServer
from services.simulator.servers.print_shop import PrintShop
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.town import Accept, Answer, Network, Refuse, Submission
from services.simulator.servers.voice_gateway import VoiceGateway
from tests.fixtures.kafka import KafkaNode
from tests.integration.processes.outside import (
    PATIENCE,
    WallClock,
    convocation,
    directory,
    event,
    in_days,
    message,
    observer,
    policy_for_tests,
)

pytestmark = pytest.mark.stack
TOKEN: Final = "a-producer-that-knows-this-word-of-forty"
SECRET: Final = "hunter22"
#: what only these people have, and nobody else in the world
FIRST, LAST, MAILBOX, DOMAIN, STREET = "Zélindor", "Quibblezorn", "boite.marquee", "courrier-marque.example", "IMPASSE DES MARQUEURS"
NUMBERS: Final = "69870000"
WORDS: Final = "fraise des bois"
DEVICE: Final = "montgolfiere"
MARKS: Final = (FIRST, LAST, MAILBOX, DOMAIN, STREET, NUMBERS, "98 70 00 0", WORDS, DEVICE)
#: how each person is reached
PREFERRED: Final = ("sms", "sms", "email", "email", "voice", "letter")
#: topics on which personal data travels, by contract
OURS_TO_KNOW: Final = frozenset({"people.v1"})


def found(place: bytes) -> list[str]:
    """The marks that stand there: plain, without accents, in any case, escaped, in a URL, in base64."""
    lower = place.lower()
    return [mark for mark in MARKS if any(form in lower for form in _forms(mark)) or any(form in place for form in _in_base64(mark))]


def _forms(mark: str) -> set[bytes]:
    plain = unicodedata.normalize("NFKD", mark).encode("ascii", "ignore").decode()
    written = {form for word in (mark, plain) for form in (word, quote(word), json.dumps(word)[1:-1], word.replace(" ", "+"))}
    return {form.lower().encode() for form in written}


def _in_base64(mark: str) -> set[bytes]:
    """Whatever stands before it: without the characters that also depend on its neighbours."""
    return {base64.b64encode(b"\0" * before + mark.encode())[4 if before else 0 : -4] for before in range(3)}


def person(number: int, preferred: str) -> dict[str, object]:
    """Marked in every field that says who somebody is, or where."""
    contacts = [
        {"contact_id": f"p{number}-m", "channel": "phone", "value": f"0{NUMBERS[:8]}{number}", "declared_by": "self"},
        {"contact_id": f"p{number}-e", "channel": "email", "value": f"{MAILBOX}.{number}@{DOMAIN}", "declared_by": "self"},
        {
            "contact_id": f"p{number}-p", "channel": "postal", "declared_by": "self",
            "lines": [f"{FIRST} {LAST}".upper(), f"{number} {STREET}", "59000 LILLE"],
        },
    ]  # fmt: skip
    return {
        "person_id": f"p{number}", "revision": 1, "first_name": FIRST, "last_name": LAST, "postal_code": "59000",
        "preferred_channel": preferred, "forbidden_channels": [], "constraints": ["link_ok"], "digital_ease": "at_ease",
        "asked_opening_notice": False, "missed_actualisations": 0, "contacts": contacts, "referent_id": "anne", "agency_id": "lille",
    }  # fmt: skip


def unreadable() -> list[dict[str, object]]:
    """Directory snapshots with a mark where something else belongs: each mistake could quote it."""
    right = person(90, "sms")
    wrong: list[dict[str, object]] = [
        {"preferred_channel": LAST}, {"revision": LAST}, {"postal_code": f"{STREET} {LAST}"}, {"constraints": [LAST]},
        {"contacts": [{"contact_id": "x", "channel": LAST, "value": f"+33{NUMBERS}0"}]}, {"first_name": [FIRST, LAST]},
        {"hold": f"{FIRST} {LAST}"}, {"language": LAST}, {"missed_actualisations": f"0{NUMBERS}1"},
    ]  # fmt: skip
    events = [event("person.updated", f"p{90 + at}", {**right, "person_id": f"p{90 + at}", **one}) for at, one in enumerate(wrong)]
    del events[0]["data"]["first_name"]
    return events


@dataclass(slots=True)
class Town:
    """Implements ``services.simulator.servers.town.Town``: of two messages of a channel one is refused in words that name the person."""

    networks: dict[Channel, Network] = field(default_factory=dict)
    taken: list[Submission] = field(default_factory=list)
    _happening: set["asyncio.Task[None]"] = field(default_factory=set)

    def answer(self, submission: Submission) -> Answer:
        """Person 1's network knows no such number, person 3's mailbox is refused; what else comes is answered."""
        self.taken.append(submission)
        if submission.to.endswith(f"{NUMBERS}1") and submission.channel is Channel.SMS:
            return Refuse(raw="ESME_RINVDSTADR")
        if submission.to == f"{MAILBOX}.3@{DOMAIN}":
            return Refuse(raw=f"550 5.1.1 <{submission.to}> {LAST} has left")
        task = asyncio.create_task(self._lives(submission))
        self._happening.add(task)
        task.add_done_callback(self._happening.discard)
        return Accept()

    async def _lives(self, submission: Submission) -> None:
        network = self.networks[submission.channel]
        match submission.channel:
            case Channel.SMS:
                await network.report(submission.provider_ref, "delivered")
                await network.inbound(submission.to, f"{FIRST} {LAST} : {WORDS}, rappelez-moi")
                await network.inbound(submission.to, "1")
            case Channel.EMAIL:
                await network.inbound(submission.to, f"{WORDS}, dit {LAST}")
                await network.report(submission.provider_ref, f'bounce "550 5.1.1 {submission.to} {LAST}"')
            case Channel.VOICE:
                await network.report(submission.provider_ref, 'keys "1 1"')
            case Channel.LETTER:
                await network.report(submission.provider_ref, "rejected ADDRESS_LINE_2_TOO_LONG")

    async def stop(self) -> None:
        """Nothing happens any more."""
        for task in list(self._happening):
            task.cancel()
        await asyncio.gather(*self._happening, return_exceptions=True)


@asynccontextmanager
async def providers(public: int, returns: int) -> AsyncIterator[tuple[Town, dict[str, str]]]:
    """All four, and where they are in the words of the settings."""
    town, clock = Town(), WallClock()
    smsc = SmscServer("sms", town, clock, password=SECRET)
    voice = VoiceGateway("voice", town, clock, account="ours", token=SECRET)
    mail = MailServer("email", town, clock, returns_to=("127.0.0.1", returns))
    shop = PrintShop("letter", town, clock, webhook=f"http://127.0.0.1:{public}/callbacks/letter", credentials=("ours", SECRET))
    town.networks = {Channel.SMS: smsc, Channel.VOICE: voice, Channel.EMAIL: mail, Channel.LETTER: shop}
    async with AsyncExitStack() as stack:
        for server in (smsc, voice, mail, shop):
            await server.start()
            stack.push_async_callback(server.stop)
        stack.push_async_callback(town.stop)
        account = f"://ours:{SECRET}@"
        yield (
            town,
            {
                "SMS_PROVIDERS": f"sms=smpp{account}127.0.0.1:{smsc.port}",
                "VOICE_URL": voice.base_url.replace("://", account),
                "SMTP_URL": f"smtp://127.0.0.1:{mail.port}?tls=none",
                "LETTER_URL": f"{shop.base_url.replace('://', account)}?user=ours&password={SECRET}&token_url={shop.token_url}",
            },
        )


@dataclass(slots=True, kw_only=True)
class Up:
    """All processes in one, on servers of the test's own."""

    process: asyncio.subprocess.Process
    environment: Mapping[str, str]
    public: str
    staff: str
    log: Path

    async def command(self, *words: str) -> bytes:
        """What another ``sans-faute`` says, on both streams."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services", *words, env=environment_with(self.environment), cwd=home_of_the_code(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        return (await process.communicate())[0]


@asynccontextmanager
async def up(kafka: KafkaNode, database: str, folder: Path) -> AsyncIterator[tuple[Up, Town]]:
    """Ready, as talkative as it can be."""
    public, staff, returns = free_ports(3)
    async with providers(public, returns) as (town, addresses):
        environment = {
            **addresses,
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "TOPIC_REPLICATION_FACTOR": "1",
            "DATABASE_URL": database,
            "STATE_DIR": str(folder / "state"),
            "PUBLIC_LISTEN": f"127.0.0.1:{public}",
            "STAFF_LISTEN": f"127.0.0.1:{staff}",
            "BOUNCE_LISTEN": f"127.0.0.1:{returns}",
            "EVENTS_TOKEN": TOKEN,
            "GATEWAY_TOKEN": TOKEN,
            "SENDER_ADDRESS": "1 PLACE DE LA GARE|59000 LILLE",
            "POLICY_FILE": str(policy_for_tests(folder / "policy.toml", early_suspect="0s")),
            "DEAD_LETTER_SHARE": "1",
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
        }
        with (folder / "up.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services", "up",
                env=environment_with(environment), cwd=home_of_the_code(), stdout=log, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
        running = Up(
            process=process,
            environment=environment,
            public=f"http://127.0.0.1:{public}",
            staff=f"http://127.0.0.1:{staff}",
            log=folder / "up.log",
        )
        try:
            yield running, town
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def ready(running: Up, outside: httpx.AsyncClient) -> None:
    """Return when every process says so."""
    async with asyncio.timeout(PATIENCE):
        while running.process.returncode is None:
            try:
                if (await outside.get(f"{running.public}/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    pytest.fail(running.log.read_text("utf-8")[-3000:])


async def wrong_requests(running: Up, outside: httpx.AsyncClient) -> dict[str, bytes]:
    """What is answered to requests that name people where nobody understands it."""
    named = quote(f"{FIRST} {LAST}")
    events = {"content-type": "application/cloudevents-batch+json", "authorization": f"Bearer {TOKEN}"}
    form = {"To": f"+33{NUMBERS}0", "CallSid": LAST, "date": LAST, "choice": WORDS, "who": FIRST, "key": DEVICE}
    agent = {"user-agent": f"{DEVICE} {LAST}", "referer": f"https://{DOMAIN}/{named}", "x-forwarded-for": LAST}
    public, staff = running.public, running.staff
    answers = {
        "wrong events": await outside.post(f"{public}/events", content=json.dumps(unreadable()), headers=events),
        "no events": await outside.post(f"{public}/events", content=f'{{"{LAST}": "{STREET}', headers=events),
        "a stranger's events": await outside.post(f"{public}/events", content="[]", headers={**events, "authorization": f"Bearer {LAST}"}),
        "no link": await outside.get(f"{public}/a/{named}", headers=agent),
        "no link's answer": await outside.post(f"{public}/a/{named}?who={named}", data=form, headers=agent),
        "a forged call": await outside.post(f"{public}/callbacks/voice", data=form, headers={**agent, "x-twilio-signature": LAST}),
        "a forged letter": await outside.post(f"{public}/callbacks/letter", json=form, headers=agent),
        "no such provider": await outside.post(f"{public}/callbacks/{named}", data=form, headers=agent),
        "no such attempt": await outside.post(f"{public}/attempts/{named}/claim", headers={"authorization": f"Bearer {TOKEN}"}),
        "no such page": await outside.get(f"{public}/{named}?q={named}", headers=agent),
        "no such staff page": await outside.get(f"{staff}/{named}?q={named}", headers=agent),
        "no such advisor": await outside.get(f"{staff}/advisor/{named}/people/p0", headers=agent),
        "a forged act": await outside.post(f"{staff}/advisor/anne/acts", data={**form, "person": LAST, "token": LAST}, headers=agent),
        "no such proof": await outside.get(f"{staff}/obligations/{named}/proof?advisor={named}", headers=agent),
    }
    # that they were refused is seen; a page that says yes would not be about an error
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code < 400} == {}
    return {f"the answer to {name}": answer.content + repr(answer.headers.raw).encode() for name, answer in answers.items()}


def records(kafka: KafkaNode, topics: Collection[str]) -> dict[str, list[bytes]]:
    """Everything that stands on these topics now: keys, values and headers."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": kafka.name("eyes"), "enable.auto.commit": False})
    try:
        everywhere = [TopicPartition(topic, number) for topic in topics for number in range(load_topics()[topic].partitions)]
        ends = {(at.topic, at.partition): consumer.get_watermark_offsets(at, timeout=30) for at in everywhere}
        left = {where: high for where, (low, high) in ends.items() if high > low}
        kept: dict[str, list[bytes]] = {topic: [] for topic in topics}
        consumer.assign([TopicPartition(topic, number, ends[topic, number][0]) for topic, number in left])
        while left:
            record = consumer.poll(30)
            assert record is not None
            assert record.error() is None
            topic, number = record.topic() or "", record.partition() or 0
            headers = repr(record.headers() or []).encode()
            kept[topic].append(b"\n".join([record.key() or b"", record.value() or b"", headers]))
            if (record.offset() or 0) + 1 >= left[topic, number]:
                del left[topic, number]
        return kept
    finally:
        consumer.close()


async def test_nobody_shows_outside_the_directory(kafka: KafkaNode, database: str, tmp_path: Path) -> None:
    """Names, numbers, addresses and words: not in a log, a metric, an error, a dead letter or any topic but people.v1 (§8.3)."""
    await kafka.fresh_topics()
    places: dict[str, bytes] = {}
    async with up(kafka, database, tmp_path) as (running, town), httpx.AsyncClient(trust_env=False) as outside, observer(database) as eyes:
        await ready(running, outside)
        async with KafkaPublisher(kafka.connection) as publisher:
            staff = directory(0)
            people = [event("person.updated", f"p{at}", person(at, preferred)) for at, preferred in enumerate(PREFERRED)]
            await publisher.publish([message("advisors.v1", one) for one in staff])
            await publisher.publish([message("people.v1", one) for one in [*people, *unreadable()]])
            await publisher.publish([Message(topic="people.v1", key="p99", value=f"{FIRST} {LAST} is no JSON".encode())])
            await publisher.publish([message("convocations.v1", convocation(at, in_days(9))) for at in range(len(PREFERRED))])
        places |= await wrong_requests(running, outside)

        async def it_has_happened() -> bool:
            """Every first message has its end, every word that came back is stored, and nothing waits to be published."""
            return (
                {submission.channel for submission in town.taken} == set(Channel)
                and await eyes.count("SELECT count(*) FROM replies") >= 5
                and await eyes.count("SELECT count(*) FROM receipts") >= 3
                and await eyes.count("SELECT count(*) FROM dead_letters") == len(unreadable()) + 1
                and await eyes.count("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
            )

        try:
            async with asyncio.timeout(PATIENCE):
                while not await it_has_happened():  # noqa: ASYNC110 - not all of it wakes somebody
                    await asyncio.sleep(0.2)
        except TimeoutError:
            counts = {table: await eyes.count(f"SELECT count(*) FROM {table}") for table in ("replies", "receipts", "dead_letters")}
            pytest.fail(f"{counts} {running.log.read_text('utf-8')[-5000:]}")
        for name, address in {
            "the metrics": f"{running.staff}/metrics",
            "readiness": f"{running.public}/readyz",
            "the operations page": f"{running.staff}/operations",
            "the page of dead letters": f"{running.staff}/operations/dead-letters",
        }.items():
            answer = await outside.get(address)
            assert answer.status_code == httpx.codes.OK
            places[name] = answer.content
        places["the list of dead letters"] = await running.command("dead-letters", "list", "--topic", "people.v1", "--json")
        running.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(running.process.wait(), PATIENCE) == 0
    places["the logs"] = running.log.read_bytes()
    topics = await asyncio.to_thread(records, kafka, load_topics())
    places |= {f"record {at} of {topic}": each for topic in topics.keys() - OURS_TO_KNOW for at, each in enumerate(topics[topic])}

    # the eyes see: each mark stands where it may, and the places looked at are those of this story
    told = {mark for each in topics["people.v1"] for mark in found(each)}
    assert told >= {FIRST, LAST, MAILBOX, DOMAIN, STREET, NUMBERS}
    assert all(
        topics[name] for name in ("dispatch.sms.v1", "dispatch.letter.v1", "receipts.v1", "replies.v1", "contacts.v1", "dead-letters.v1")
    )
    assert b"attempt_id" in places["the logs"]
    assert {name: marks for name, place in places.items() if (marks := found(place))} == {}


def test_the_eyes_see() -> None:
    """A mark is found in any case, without its accent, escaped, in an address, and in base64 whatever stands before it."""
    for place in (b'{"to": "ZELINDOR"}', b"Z\\u00e9lindor", b"/Z%C3%A9lindor?", "zélindor".encode()):
        assert found(place) == [FIRST]
    for before in range(3):
        assert found(base64.b64encode(b"x" * before + b"the street is IMPASSE DES MARQUEURS, 59000")) == [STREET]
    assert found(b"nobody is here") == []
