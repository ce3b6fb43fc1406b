"""A reader that cannot read what comes stops, instead of burying a topic."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from services.core.events import Event, PersonRemoved, Problem
from services.core.model import PersonId
from services.runtime.dead_letters import WINDOW, LimitedDecode, TooManyDeadLetters

GOOD = PersonRemoved(event_id="1", source="/directory", at=datetime(2026, 11, 20, tzinfo=UTC), person_id=PersonId("p1"))


def _decode(topic: str, value: bytes | None, key: str | None) -> Event | list[Problem]:
    """Reads nothing but ``good``."""
    return GOOD if value == b"good" else [Problem(path="/", message="not a JSON object")]


def _limited(share: float) -> tuple[LimitedDecode, Counter[str]]:
    counted: Counter[str] = Counter()

    def unreadable(topic: str) -> None:
        counted[topic] += 1

    return LimitedDecode(decode=_decode, share=share, unreadable=unreadable), counted


def test_a_few_are_passed_on_and_counted() -> None:
    """Up to the share of the window they are dead letters like any other."""
    decode, counted = _limited(0.2)
    for _ in range(20):
        assert decode("people.v1", b"bad", None) == [Problem(path="/", message="not a JSON object")]
    assert counted == {"people.v1": 20}


def test_above_the_share_it_stops_with_a_sentence() -> None:
    """The sentence says how many, where, and what to do; it quotes nothing that was read."""
    decode, _ = _limited(0.2)
    for _ in range(20):
        decode("people.v1", b"bad", None)
    with pytest.raises(
        TooManyDeadLetters, match=r"^21 of the last 100 records .* people\.v1 \(/: not a JSON object\); .*DEAD_LETTER_SHARE \(now 0\.2\)"
    ):
        decode("people.v1", b"secret", None)


def test_a_share_of_one_never_stops() -> None:
    """Whoever wants everything buried may have it."""
    decode, _ = _limited(1.0)
    for _ in range(3 * WINDOW):
        decode("people.v1", b"bad", None)


def test_old_ones_are_forgotten() -> None:
    """Only the last hundred records count."""
    decode, _ = _limited(0.2)
    for _ in range(20):
        decode("people.v1", b"bad", None)
    for _ in range(WINDOW):
        assert decode("people.v1", b"good", None) is GOOD
    decode("people.v1", b"bad", None)
