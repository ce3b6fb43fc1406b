"""Dead letters on a real broker and a real database: recorded by intake, listed, replayed through the front door, understood."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.adapters.clock import SystemClock
from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.kafka.confluent_stream import ConfluentStream
from services.adapters.kafka.originals import KafkaOriginals
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.letters import PostgresLetters
from services.adapters.postgres.store import PostgresStore
from services.commands import run
from services.core.events import Event, Problem
from services.core.model import PersonId
from services.core.ports.dead_letters import Sought
from services.core.ports.store import DeadLetter
from services.core.ports.streams import Message
from services.intake.receive import Received, receive
from services.relay.relay import Relay
from services.runtime.dead_letters import LimitedDecode, TooManyDeadLetters
from services.web.replay import Outcome, Replayed, Replayer
from tests.fixtures.kafka import KafkaNode
from tests.fixtures.steps import handling

pytestmark = pytest.mark.stack

TOPICS = ("appointments.v1", "people.v1")


@dataclass(slots=True, kw_only=True)
class Bench:
    """Intake, relay and replays over real servers; intake may be of an older version that knows no meeting by video."""

    store: PostgresStore
    letters: PostgresLetters
    publisher: KafkaPublisher
    stream: ConfluentStream
    originals: KafkaOriginals
    kafka: KafkaNode
    group: str
    outdated: bool = False
    share: float = 1.0

    async def publish(self, *events: dict[str, Any] | bytes, topic: str = "appointments.v1") -> None:
        """As a producer does."""
        values = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
        await self.publisher.publish([Message(topic=topic, key="luc", value=value) for value in values])

    def decode(self, topic: str, value: bytes | None, key: str | None) -> Event | list[Problem]:
        """The contracts, without what this version does not know."""
        if self.outdated and b'"video"' in (value or b""):
            return [Problem(path="/data/place/kind", message="is not one of agency, phone, other")]
        return DECODER(topic, value, key)

    async def intake(self, records: int) -> Counter[str]:
        """Store so many records, then tell of them; how many were applied, repeated and unreadable."""
        limited, done = LimitedDecode(decode=self.decode, share=self.share, unreadable=lambda _topic: None), Counter[str]()
        while records > 0:
            batch = await asyncio.wait_for(self.stream.next_batch(), 30)
            now = SystemClock().now()
            received: Received = await receive(batch, store=self.store, decode=limited, handling=handling(), now=now)
            await self.stream.acknowledge(batch)
            done.update(applied=received.applied, duplicates=received.duplicates, unreadable=received.unreadable)
            records -= len(batch)
        relay = Relay(store=self.store, publisher=self.publisher, encode=encode, source="/sans-faute")
        while await relay.round(SystemClock().now()):
            pass
        return done

    async def restart(self) -> None:
        """The process ends, and another of its group takes its place."""
        await self.stream.stop()
        self.stream = ConfluentStream(self.kafka.connection, topics=TOPICS, group=self.group)
        await self.stream.start()

    async def replay(self, *letters: DeadLetter, again: bool = False) -> Replayed:
        """As operations do."""
        replayer = Replayer(store=self.store, originals=self.originals, publisher=self.publisher, clock=SystemClock())
        return await replayer.replay([letter.place for letter in letters], by="Paul", reason="new version", again=again)

    async def all(self) -> list[DeadLetter]:
        """Every letter, the newest first."""
        return list(await self.letters.dead_letters(Sought()))


DECODER = Decoder(Schemas())


@pytest.fixture
async def bench(kafka: KafkaNode, pool: Pool) -> AsyncIterator[Bench]:
    """Empty topics, an empty database, a reader that starts at the beginning."""
    await kafka.fresh_topics()
    group = kafka.name("intake")
    stream = ConfluentStream(kafka.connection, topics=TOPICS, group=group)
    await stream.start()
    async with KafkaPublisher(kafka.connection) as publisher:
        made = Bench(
            store=PostgresStore(pool),
            letters=PostgresLetters(pool),
            publisher=publisher,
            stream=stream,
            originals=KafkaOriginals(kafka.connection),
            kafka=kafka,
            group=group,
        )
        yield made
    await made.stream.stop()


def meeting(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A meeting by video."""
    data = {
        "appointment_id": f"r{number}",
        "revision": 1,
        "person_id": "luc",
        "starts_at": "2030-12-03T10:30:00+01:00",
        "place": {"kind": "video", "name": "Visio"},
        "purpose": "entretien de suivi",
    }
    return envelope("appointment.scheduled", f"e{number}", data | changed)


def envelope(type_: str, event_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "urn:test",
        "type": type_,
        "subject": "luc",
        "time": "2026-11-20T16:00:00+01:00",
        "datacontenttype": "application/json",
        "data": data,
    }


async def test_a_letter_is_understood_after_its_cause_is_mended(bench: Bench) -> None:
    """An older version buries it, the next one takes the same bytes with the same key; one that stays wrong names its ancestor."""
    bench.outdated = True
    wrong = meeting(2, revision=0, starts_at="tomorrow")
    await bench.publish(meeting(1), wrong)
    assert (await bench.intake(2))["unreadable"] == 2
    right, bad = sorted(await bench.all(), key=lambda letter: letter.offset)
    assert right.errors[0][0] == "/data/place/kind"
    bench.outdated = False

    replayed = await bench.replay(right, bad)
    assert set(replayed.outcomes.values()) == {Outcome.REPLAYED}
    assert await bench.intake(2) == Counter(applied=1, unreadable=1)
    async with bench.store.unit() as unit:
        case = (await unit.load([PersonId("luc")]))[PersonId("luc")]
    assert [row.obligation_id for row in case.obligations] == ["rdv:r1"]
    child = next(letter for letter in await bench.all() if letter.ancestor)
    assert child.ancestor == bad.letter_id
    assert {path for path, _ in child.errors} == {"/data/revision", "/data/starts_at"}

    marked = {letter.letter_id: letter.replays for letter in await bench.all()}
    assert [(each.by, each.reason) for each in marked[right.letter_id]] == [("Paul", "new version")]
    assert marked[child.letter_id] == ()
    assert (await bench.replay(right)).outcomes == {right.place: Outcome.ALREADY}
    assert (await bench.replay(right, again=True)).outcomes == {right.place: Outcome.REPLAYED}
    assert await bench.intake(1) == Counter(duplicates=1)
    # of the child's child, too, the bytes come from the dead letter's copy
    assert (await bench.originals.originals([child]))[child.place].value == json.dumps(wrong).encode()


async def test_a_letter_about_a_person_is_read_where_it_was(bench: Bench) -> None:
    """people.v1: no copy of the payload anywhere; at its offset while the topic keeps it, and said so when it is gone."""
    bench.outdated = True
    removed = envelope("person.removed", "p1", {"person_id": "luc", "note": "video"})
    await bench.publish(removed, topic="people.v1")
    assert (await bench.intake(1))["unreadable"] == 1
    (letter,) = await bench.all()
    gone = DeadLetter(topic="people.v1", partition=letter.partition, offset=9999, errors=(("/", "x"),), at=letter.at)
    nowhere = DeadLetter(topic="people.v1", partition=letter.partition, offset=77, errors=(), at=letter.at)
    async with bench.store.unit() as unit:
        await unit.record_dead_letters([gone])
    bench.outdated = False
    replayed = await bench.replay(letter, gone, nowhere)
    assert replayed.outcomes == {letter.place: Outcome.REPLAYED, gone.place: Outcome.REMOVED, nowhere.place: Outcome.UNKNOWN}
    assert not replayed.all_done
    assert await bench.intake(1) == Counter(applied=1)
    async with bench.store.unit() as unit:
        assert await unit.erased({PersonId("luc")}) == {PersonId("luc")}


async def test_above_the_share_the_reader_stops_and_nothing_is_buried(bench: Bench) -> None:
    """A restart with a higher share buries what cannot be read, and a replay after the correction brings all of it in."""
    bench.outdated, bench.share = True, 0.2
    await bench.publish(*(meeting(number) for number in range(30)))
    with pytest.raises(TooManyDeadLetters):
        await bench.intake(30)
    assert await bench.all() == []
    await bench.restart()
    bench.share = 1.0
    assert await bench.intake(30) == Counter(unreadable=30)
    bench.outdated = False
    replayed = await bench.replay(*await bench.all())
    assert replayed.count(Outcome.REPLAYED) == 30
    assert await bench.intake(30) == Counter(applied=30)


async def test_a_thousand_are_replayed_by_one_command(
    bench: Bench, kafka: KafkaNode, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Listed, shown, replayed by topic and error with a reason; a second time nothing is left to do; who did it is kept."""
    bench.outdated = True
    await bench.publish(*(meeting(number) for number in range(1000)))
    assert (await bench.intake(1000))["unreadable"] == 1000
    bench.outdated = False
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("DATABASE_URL", database)

    async def said(*arguments: str, code: int = 0) -> str:
        assert await asyncio.to_thread(run, ["dead-letters", *arguments]) == code
        return capsys.readouterr().out

    async def found(*arguments: str) -> Any:
        # the reader's own log may stand before it
        return json.loads((await said(*arguments, "--json")).splitlines()[-1])

    listed = (await found("list", "--since", "1h", "--limit", "3"))["dead_letters"]
    assert [letter["topic"] for letter in listed] == ["appointments.v1"] * 3
    assert listed[0]["errors"] == [{"path": "/data/place/kind", "message": "is not one of agency, phone, other"}]
    shown = await said("show", listed[0]["id"])
    assert "/data/place/kind" in shown
    assert "entretien" not in shown
    assert "entretien de suivi" in await said("show", listed[0]["id"], "--payload")
    assert "personal data" not in await said("show", "people.v1/0/0", "--payload", code=2)
    await said("replay", "--all", code=2)
    await said("replay", "--reason", "x", code=2)
    await said("replay", "--reason", " ", "--all", code=2)
    await said("replay", "nonsense", "--reason", "x", code=2)
    await said("show", "appointments.v1/0/999999", code=1)

    chosen = ("--topic", "appointments.v1", "--error", "/data/place/kind", "--reason", "intake 1.1", "--by", "Paul")
    done = (await found("replay", *chosen))["letters"]
    assert Counter(done.values()) == {"replayed": 1000}
    assert await bench.intake(1000) == Counter(applied=1000)
    assert (await found("replay", *chosen))["letters"] == {}
    assert (await found("list", "--not-replayed"))["dead_letters"] == []
    assert "by Paul" in await said("list", "--replayed", "--limit", "1")
