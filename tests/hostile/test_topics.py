"""Hostile records on every topic that is read: each becomes a dead letter with every mistake, changes nothing else, and stops nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.contracts import Schemas, encode
from services.adapters.memory.store import MemoryStore
from services.adapters.postgres.connection import Pool
from services.adapters.postgres.store import PostgresStore
from services.core.dead_letters import REPLAY_OF
from services.core.ports.store import LetterPlace, Store
from services.core.ports.streams import Record
from services.evidence.apply import apply
from services.intake.receive import receive
from tests.fixtures.steps import handling
from tests.hostile.border import DECODE, run
from tests.hostile.public import snapshot
from tests.unit.contracts.corpus import good
from tests.unit.web.people import NOW
from tests.unit.web.world import LINK_POLICY, populated

_QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
_DEEP = settings(_QUICK, max_examples=2000, derandomize=False)
INTAKE: Final = ("appointments.v1", "convocations.v1", "actualisations.v1", "people.v1", "advisors.v1")
EVIDENCE: Final = ("receipts.v1", "replies.v1")
#: octets that a producer of Kafka takes, key and value together, unless it is told otherwise
LARGEST: Final = 1_000_000
#: what an unreadable record leaves: itself, and word of it
WORD_OF_IT: Final = {"dead_letters", "outbox", "journal"}
SCHEMAS = Schemas()

_KEYS = st.none() | st.text(max_size=20) | st.sampled_from(["", "\0", "leila", "é", "k" * 100_000, "\ufffd"])
_HEADERS = st.dictionaries(
    st.sampled_from([REPLAY_OF, "content-type"]),
    st.sampled_from(["appointments.v1/0/1", "\0/0/1", "x" * 100_000 + "/0/1", "a/²/1", "//", "a/0/" + "9" * 18]) | st.text(max_size=9),
    max_size=2,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def _spoilt(draw: st.DrawFn) -> bytes:
    """A good event of any type, some of it replaced."""
    event = draw(st.sampled_from(good())).event
    for _ in range(draw(st.integers(1, 4))):
        holder, name = draw(st.sampled_from(list(_places(event))))
        holder[name] = draw(_JSON)
    return json.dumps(event).encode()


def _places(value: Any) -> list[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, inner in list(items) for place in ((value, name), *_places(inner))]


_VALUES = (
    st.none()
    | st.binary(max_size=80)
    | _spoilt()
    | st.sampled_from([b"[" * 100_000, b'{"type":' * 50_000, b"\xef\xbb\xbf{}", b'{"a":1e999}', b"x" * 999_000, b'{"type":"\\u0000"}'])
)


def _records(topics: Sequence[str]) -> st.SearchStrategy[list[Record]]:
    one = st.builds(
        Record,
        topic=st.sampled_from(topics),
        partition=st.integers(0, 11),
        offset=st.integers(0, 2**62),
        key=_KEYS,
        value=_VALUES,
        headers=_HEADERS,
        at=st.just(NOW),
    )
    return st.lists(one, min_size=1, max_size=8, unique_by=lambda record: (record.topic, record.partition, record.offset))


async def _read(store: Store, batch: Sequence[Record]) -> int:
    """What intake, or evidence, makes of a batch; how many were unreadable."""
    if batch[0].topic in INTAKE:
        return (await receive(batch, store=store, decode=DECODE, handling=handling(), now=NOW)).unreadable
    return (await apply(batch, store=store, decode=DECODE, link=LINK_POLICY, now=NOW)).unreadable


async def _hostile(batch: Sequence[Record]) -> None:
    store = (await populated()).store
    unreadable = {
        place_of(record): problems for record in batch if isinstance(problems := DECODE(record.topic, record.value, record.key), list)
    }
    before = snapshot(store)
    assert await _read(store, batch) == len(unreadable)
    after = snapshot(store)
    if len(unreadable) == len(batch):
        assert {name: rows for name, rows in after.items() if name not in WORD_OF_IT} == {
            name: rows for name, rows in before.items() if name not in WORD_OF_IT
        }
    letters = {letter.place: letter for letter in after["dead_letters"]}
    for place, problems in unreadable.items():
        assert letters[place].errors == tuple((problem.path, problem.message) for problem in problems)
    _travels(store)


def place_of(record: Record) -> LetterPlace:
    """Where it is."""
    return record.topic, record.partition, record.offset


def _travels(store: MemoryStore) -> None:
    """Everything that was said of it can be published, and read by whoever listens."""
    for row in store.committed.outbox.all():
        message = encode(row.message, str(row.id), "/sans-faute/test")
        assert len(message.value or b"") + len(message.key.encode()) < LARGEST
        assert message.value is None or SCHEMAS.problems(row.message.type, json.loads(message.value)) == []


@_QUICK
@given(batch=_records(INTAKE))
def test_what_intake_reads(batch: list[Record]) -> None:
    """Appointments, convocations, actualisations, people and advisors: whatever the bytes, the keys and the headers are (contracts §1)."""
    run(_hostile(batch))


@_QUICK
@given(batch=_records(EVIDENCE))
def test_what_evidence_reads(batch: list[Record]) -> None:
    """Receipts and replies (contracts §1)."""
    run(_hostile(batch))


@pytest.mark.slow
@_DEEP
@given(batch=_records(INTAKE), other=_records(EVIDENCE))
def test_whatever_else_is_read(batch: list[Record], other: list[Record]) -> None:
    """The same, deeper and with fresh dice."""
    run(_hostile(batch))
    run(_hostile(other))


def hostile(
    value: bytes | None, *, key: str | None = "leila", headers: dict[str, str] | None = None, topic: str = "appointments.v1"
) -> Record:
    """One record."""
    return Record(topic=topic, partition=0, offset=1, key=key, value=value, headers=headers or {}, at=NOW)


NASTY = {
    "a key with NUL": hostile(b"x", key="a\0b"),
    "a key of a hundred thousand": hostile(b"x", key="k" * 100_000),
    "NUL in what it replays": hostile(b"x", headers={REPLAY_OF: "\0/0/1"}),
    "a partition that fits nowhere": hostile(b"x", headers={REPLAY_OF: f"a/{'9' * 18}/1"}),
    "as large as Kafka takes": hostile(b"x" * 999_000),
    "NUL in the value": hostile(b"\0"),
    "nested without end": hostile(b"[" * 500_000),
    "a tombstone without a key": hostile(None, key=None, topic="people.v1"),
    "a tombstone of NUL": hostile(None, key="\0", topic="people.v1"),
    "a receipt of nothing": hostile(b"\xff\xfe", topic="receipts.v1", key="a\0b"),
}


@pytest.mark.parametrize("record", NASTY.values(), ids=NASTY)
def test_one_record(record: Record) -> None:
    """Each of what has stopped somebody's reader."""
    run(_hostile([record]))


@pytest.mark.stack
async def test_the_database_keeps_them_all(pool: Pool) -> None:
    """On PostgreSQL no record can stop its reader: what cannot be stored as it is, is stored as it can be (contracts §1)."""
    store = PostgresStore(pool)
    for number, record in enumerate(NASTY.values()):
        assert await _read(store, [replace(record, offset=number)]) == 1
    assert await pool.fetchval("SELECT count(*) FROM dead_letters") == len(NASTY)
    assert await store.outbox_size() == len(NASTY)
