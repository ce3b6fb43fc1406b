"""What is forgotten, and when, on a real broker and a real database, on a clock that the test moves (SC-50)."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.adapters.contracts import Decoder, Schemas, encode
from services.adapters.kafka.confluent_stream import ConfluentStream
from services.adapters.kafka.publisher import KafkaPublisher
from services.adapters.policy import load_policy
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.keeping import PostgresKeeper
from services.adapters.postgres.store import PostgresStore
from services.core.changes import Changes, MessageSent
from services.core.ports.streams import Message, Record
from services.core.proof import Proof
from services.core.words import AttemptState
from services.intake.receive import Received, receive
from services.relay.relay import Relay
from services.runtime.settings import home_of_the_code
from services.watch.keeping import Keeping
from tests.fixtures.facts import LUC, NOW, alert, attempt, item, receipt, reply
from tests.fixtures.kafka import KafkaNode
from tests.fixtures.steps import handling

pytestmark = pytest.mark.stack

IN_TOPICS = ("appointments.v1", "people.v1")
DATA = home_of_the_code()
DECODER = Decoder(Schemas())
#: what the directory says of somebody, until it says otherwise
DIRECTORY = {"people", "profiles", "contacts"}
#: figures of the service: how many of what
COUNTS = {
    "obligations": "SELECT kind || state || evidence, count(*) FROM obligations GROUP BY 1",
    "attempts": "SELECT channel || state, count(*) FROM attempts GROUP BY 1",
    "receipts": "SELECT status, count(*) FROM receipts GROUP BY 1",
    "replies": "SELECT choice, count(*) FROM replies GROUP BY 1",
    "alerts": "SELECT type, count(*) FROM alerts GROUP BY 1",
}


@dataclass(slots=True, kw_only=True)
class Years:
    """A house that lives long."""

    kafka: KafkaNode
    pool: Pool
    store: PostgresStore
    publisher: KafkaPublisher
    keeping: Keeping

    async def publish(self, topic: str, type_: str, number: int, data: dict[str, Any]) -> None:
        """As a producer does."""
        event = {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "urn:test",
            "type": type_,
            "subject": "luc",
            "time": "2026-11-20T09:00:00+01:00",
            "datacontenttype": "application/json",
            "data": {"person_id": "luc", **data},
        }
        await self.publisher.publish([Message(topic=topic, key="luc", value=json.dumps(event).encode())])

    async def read(self, *topics: str, records: int) -> list[Record]:
        """Topics from their beginning, by a group of its own."""
        stream = ConfluentStream(self.kafka.connection, topics=topics, group=self.kafka.name("reader"))
        await stream.start()
        found: list[Record] = []
        while len(found) < records:
            batch = await asyncio.wait_for(stream.next_batch(), 60)
            found += batch
            await stream.acknowledge(batch)
        await stream.stop()
        return found

    async def intake(self, now: datetime, *topics: str, records: int) -> Received:
        """Everything that a topic has ever carried."""
        batch = await self.read(*topics, records=records)
        done = await receive(batch, store=self.store, decode=DECODER, handling=handling(), now=now)
        relay = Relay(store=self.store, publisher=self.publisher, encode=encode, source="/sans-faute")
        while await relay.round(now):
            pass
        return done

    async def forget(self, now: datetime) -> None:
        """All that is due by then, and what it has to tell."""
        while (await self.keeping.round(now)).more:
            pass
        relay = Relay(store=self.store, publisher=self.publisher, encode=encode, source="/sans-faute")
        while await relay.round(now):
            pass
        await self.keeping.round(now + timedelta(days=3))

    async def counts(self) -> dict[str, Counter[str]]:
        """Of everything that statistics count."""
        return {name: Counter({row[0]: row[1] for row in await self.pool.fetch(sql)}) for name, sql in COUNTS.items()}

    async def naming(self, word: str) -> set[str]:
        """Tables with a row in which this word stands."""
        tables = [row[0] for row in await self.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {name for name in tables if await self.pool.fetchval(f"SELECT count(*) FROM {name} AS t WHERE t::text LIKE $1", f"%{word}%")}


@pytest.fixture
async def years(kafka: KafkaNode, pool: Pool) -> AsyncIterator[Years]:
    """Luc, who was told of a meeting, answered, and whose proof was fixed."""
    await kafka.fresh_topics()
    store = PostgresStore(pool)
    keeping = Keeping(keeper=PostgresKeeper(pool, store), policy=load_policy().retention)
    async with KafkaPublisher(kafka.connection) as publisher:
        house = Years(kafka=kafka, pool=pool, store=store, publisher=publisher, keeping=keeping)
        snapshot = json.loads((DATA / "contracts/samples/person.updated/valid.json").read_text())["data"]
        await house.publish("people.v1", "person.updated", 1, snapshot)
        place = {"kind": "phone", "name": "Téléphone"}
        meeting = {"appointment_id": "1", "revision": 1, "starts_at": "2026-12-01T10:00:00+01:00", "place": place, "purpose": "suivi"}
        await house.publish("appointments.v1", "appointment.scheduled", 2, meeting)
        await house.intake(NOW, *IN_TOPICS, records=2)
        sent = attempt(state=AttemptState.DELIVERED, provider="a", provider_ref="ref-1", items=(item(),), token="t-luc")
        async with store.unit() as unit:
            await unit.lock([LUC])
            words = MessageSent(attempt_id="a1", try_number=1, person_id=LUC, text="luc", parts=1, encoding=None, provider="a", at=NOW)
            closed = alert(closed_at=NOW + timedelta(days=2), close_reason="answered")
            proof = Proof(obligation_id=item().obligation_id, person_id=LUC, at=NOW, document='{"person_id":"luc"}', digest="d")
            await unit.write(
                Changes(attempts=[sent], messages=[words], receipts=[receipt()], replies=[reply()], alerts=[closed], proofs=[proof])
            )
        yield house


async def test_words_then_payloads_then_persons_are_forgotten(years: Years) -> None:
    """90 days: providers' words; 6 months: ours; 26 months: a duty of nobody, its tombstone on the topic; and every count as before."""
    before = await years.counts()
    await years.forget(NOW + timedelta(days=80))
    assert await years.pool.fetchval("SELECT raw_status FROM receipts") == "DELIVRD"
    await years.forget(NOW + timedelta(days=91))
    assert tuple(await years.pool.fetchrow("SELECT raw_status, provider_ref, status FROM receipts") or ()) == ("", None, "delivered")
    assert await years.naming("ref-1") == {"attempts"}
    assert await years.pool.fetchval("SELECT text FROM messages") == "luc"
    await years.forget(NOW + timedelta(days=184))
    assert await years.pool.fetchval("SELECT count(*) FROM messages") == 0
    assert tuple(await years.pool.fetchrow("SELECT text_sealed, choice FROM replies") or ()) == (None, "come")
    assert await years.naming("luc") == {
        "people",
        "profiles",
        "contacts",
        "obligations",
        "attempts",
        "receipts",
        "replies",
        "alerts",
        "proofs",
    }
    await years.forget(NOW + timedelta(days=790))
    assert "proofs" in await years.naming("luc")

    await years.forget(NOW + timedelta(days=810))
    assert await years.naming("luc") == DIRECTORY
    assert await years.naming("rdv:1") == set()
    assert await years.counts() == before
    told = await years.read("obligations.v1", records=2)
    assert [(record.key, record.value is None) for record in told] == [("rdv:1", False), ("rdv:1", True)]
    # once more changes nothing
    await years.forget(NOW + timedelta(days=830))
    assert await years.counts() == before


async def test_who_was_erased_stays_so_when_the_topics_are_read_again(years: Years) -> None:
    """No name, no number, no word is left; later, and again from the beginning, their events are refused; every count as before."""
    before = await years.counts()
    await years.publish("people.v1", "person.removed", 3, {})
    done = await years.intake(NOW + timedelta(days=1), *IN_TOPICS, records=3)
    assert (done.applied, done.duplicates) == (1, 2)
    assert await years.naming("LILAS") == set()
    assert await years.naming("Bonjour") == set()
    assert (await years.naming("luc")) & {"profiles", "contacts", "messages"} == set()
    # the seen events are forgotten by now: nothing but the erasure itself stands against them
    await years.forget(NOW + timedelta(days=60))
    again = await years.intake(NOW + timedelta(days=61), *IN_TOPICS, records=3)
    assert (again.applied, again.refused) == (0, 3)
    assert await years.pool.fetchval("SELECT count(*) FROM profiles") == 0
    assert await years.counts() == before
