"""A record that nobody can read: what operations keep and what others are told (contracts §1), and how a letter is named."""

from typing import Any

import pytest

from services.core.changes import JournalLine, Outgoing
from services.core.dead_letters import bury, place_of
from services.core.events import Problem
from services.core.ledger import Ledger
from services.core.ports.store import DeadLetter
from services.core.ports.streams import MissingTopics, NotPublished, Record
from tests.unit.core.scene import NOW

_PROBLEMS = (Problem(path="/data/revision", message="is missing"), Problem(path="/type", message="is unknown"))
_ERRORS = [{"path": "/data/revision", "message": "is missing"}, {"path": "/type", "message": "is unknown"}]
_LINE = ["/data/revision: is missing", "/type: is unknown"]


def _record(**changed: Any) -> Record:
    return Record(**{"topic": "receipts.v1", "partition": 2, "offset": 7, "key": "leila", "value": b"{}", "at": NOW, **changed})


def _buried(record: Record) -> tuple[DeadLetter, list[Outgoing], list[JournalLine]]:
    ledger = Ledger(NOW)
    letter = bury(ledger, record, _PROBLEMS)
    return letter, ledger.changes.outbox, ledger.changes.journal


def _outgoing(key: str, subject: str, data: dict[str, object]) -> Outgoing:
    type_ = "dead_letter.recorded"
    return Outgoing(topic="dead-letters.v1", key=key, type=type_, subject=subject, data=data, shard_key=key, at=NOW)


def test_a_letter_is_kept_told_and_journalled() -> None:
    """Where it was, every error, and the record itself; the journal has the errors without the record."""
    letter, outbox, journal = _buried(_record())
    errors = tuple((one["path"], one["message"]) for one in _ERRORS)
    assert letter == DeadLetter(topic="receipts.v1", partition=2, offset=7, errors=errors, at=NOW)
    told: dict[str, object] = {"topic": "receipts.v1", "partition": 2, "offset": 7, "key": "leila", "errors": _ERRORS, "recorded_at": NOW}
    assert outbox == [_outgoing("leila", "receipts.v1/2/7", {**told, "payload_base64": "e30="})]
    assert journal == [JournalLine(at=NOW, what="dead_letter", fields={"topic": "receipts.v1", "errors": _LINE})]


def test_what_has_no_key_or_no_value() -> None:
    """Its own topic keeps it in order; a tombstone that nobody may send has an empty payload."""
    _, outbox, _ = _buried(_record(key=None, value=None))
    data: dict[str, object] = {"topic": "receipts.v1", "partition": 2, "offset": 7, "key": "", "errors": _ERRORS, "recorded_at": NOW}
    assert outbox == [_outgoing("receipts.v1", "receipts.v1/2/7", {**data, "payload_base64": ""})]


def test_personal_data_is_never_copied() -> None:
    """Of the directory's records only where and why (§8.4)."""
    _, outbox, _ = _buried(_record(topic="people.v1"))
    assert "payload_base64" not in outbox[0].data


@pytest.mark.parametrize(
    ("named", "ancestor"), [("receipts.v1/0/12", "receipts.v1/0/12"), ("somebody else's header", None), ("receipts.v1/0/", None)]
)
def test_a_replay_names_its_first_letter(named: str, ancestor: str | None) -> None:
    """A record that was published again and cannot be read again is told with the letter that it was."""
    letter, outbox, _ = _buried(_record(headers={"sans-faute-replay-of": named}))
    assert (letter.ancestor, outbox[0].data.get("replay_of")) == (ancestor, ancestor)
    assert ("replay_of" in outbox[0].data) is (ancestor is not None)


@pytest.mark.parametrize(
    ("letter_id", "place"),
    [
        ("receipts.v1/2/7", ("receipts.v1", 2, 7)),
        ("t/0/999999999999999999", ("t", 0, 999_999_999_999_999_999)),
        # more than an offset can be
        ("t/0/1000000000000000000", None),
        ("t/1000000000000000000/0", None),
        ("/2/7", None),
        ("receipts.v1/2", None),
        ("receipts.v1//7", None),
        ("receipts.v1/2/", None),
        ("receipts.v1/2/7/8", None),
        ("receipts.v1/-2/7", None),
        ("receipts.v1/2/sept", None),
        # digits of other scripts are digits for Python, not for Kafka
        ("receipts.v1/2/\u0667", None),
        ("", None),
    ],
)
def test_the_name_of_a_letter_is_its_place(letter_id: str, place: tuple[str, int, int] | None) -> None:
    """Topic, partition and offset; anything else is nobody's letter."""
    assert place_of(letter_id) == place


def test_what_kafka_lacks_is_said() -> None:
    """Which topics, and the command that creates them; how many messages, and why."""
    missing = MissingTopics(["a.v1", "b.v1"])
    assert missing.names == ("a.v1", "b.v1")
    assert str(missing) == "missing topics: a.v1, b.v1; create them with: sans-faute topics"
    refused = NotPublished([0, 3], "timed out")
    assert refused.indexes == (0, 3)
    assert str(refused) == "2 messages not confirmed by the broker: timed out"
