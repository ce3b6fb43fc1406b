"""A record that nobody can read becomes a dead letter: kept for operations and told to others, with every error (contracts §1)."""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from services.core.events import Problem
from services.core.ledger import Ledger
from services.core.ports.store import DeadLetter, LetterPlace
from services.core.ports.streams import Record

TOPIC: Final = "dead-letters.v1"
#: dead letters of this topic keep where and why, not what (contracts §1)
PERSONAL: Final = "people.v1"
#: Kafka counts partitions in 32 bits
_LAST_PARTITION: Final = 2**31 - 1
#: what Kafka lets a topic be called
_TOPIC_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
#: octets of a record that travel with word of it: in base64 and with every mistake they stay below the million that Kafka takes at once
_MOST_KEPT: Final = 500_000
#: characters of its key; no identifier of ours is longer
_MOST_OF_A_KEY: Final = 200
#: Kafka header of a record that was published again: which letter it was
REPLAY_OF: Final = "sans-faute-replay-of"


def bury(ledger: Ledger, record: Record, problems: Sequence[Problem]) -> DeadLetter:
    """Tell of the record; the letter is for ``Unit.record_dead_letters`` in the same transaction."""
    letter = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        errors=tuple((problem.path, problem.message) for problem in problems),
        at=ledger.now,
        ancestor=_ancestor(record),
    )
    said_key = _plain(record.key or "")
    data: dict[str, object] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": said_key,
        "errors": [{"path": problem.path, "message": problem.message} for problem in problems],
        "recorded_at": ledger.now,
    }
    if letter.ancestor is not None:
        data["replay_of"] = letter.ancestor
    value = record.value or b""
    if record.topic != PERSONAL and len(value) <= _MOST_KEPT:
        data["payload_base64"] = b64encode(value).decode()
    key = said_key or record.topic
    ledger.publish(TOPIC, key, "dead_letter.recorded", letter.letter_id, data, key)
    ledger.line("dead_letter", topic=record.topic, errors=[f"{problem.path}: {problem.message}" for problem in problems])
    return letter


def place_of(letter_id: str) -> LetterPlace | None:
    """``topic/partition/offset`` as a place; none when it is not one."""
    topic, _, rest = letter_id.partition("/")
    partition, _, offset = rest.partition("/")
    if not _TOPIC_NAME.fullmatch(topic) or not all(
        number.isascii() and number.isdigit() and len(number) < 19 for number in (partition, offset)
    ):
        return None
    return (topic, int(partition), int(offset)) if int(partition) <= _LAST_PARTITION else None


def _plain(key: str) -> str:
    """A key as it can be stored and told: neither NUL, which no database takes, nor without end."""
    return key[:_MOST_OF_A_KEY].replace("\0", "\ufffd")


def _ancestor(record: Record) -> str | None:
    """Named by whoever replayed it; a header that is no place is somebody else's."""
    named = record.headers.get(REPLAY_OF)
    return named if named is not None and place_of(named) is not None else None
