"""People are spread evenly and always at the same place (§10.4)."""

from collections import Counter
from datetime import timedelta

from services.core.channels.spread import jitter, place, within
from tests.unit.core.scene import paris

_START = paris("2026-12-10", "10:00")
_PEOPLE = 600_000


def test_six_hundred_thousand_people_over_eight_hours() -> None:
    """20.8 a second: each minute's share is within a few per cent of 1,250."""
    per_minute = Counter(int(place.__wrapped__(f"person-{number}") * 480) for number in range(_PEOPLE))
    even = _PEOPLE / 480
    assert len(per_minute) == 480
    # a binomial share of 1,250 has a deviation of 35: five of them are 14 %
    assert all(abs(count - even) < 0.14 * even for count in per_minute.values())
    spread = sum((count - even) ** 2 for count in per_minute.values()) / 480
    assert spread**0.5 < 0.04 * even


def test_the_same_person_is_always_at_the_same_place() -> None:
    """No randomness: the instant depends on the person and the span alone."""
    end = _START + timedelta(hours=8)
    assert within("leila", _START, end) == within("leila", _START, end)
    assert within("leila", _START, end) != within("luc", _START, end)


def test_nobody_passes_the_end() -> None:
    """A span of minutes, a span of nothing, and a span that ends before it starts."""
    for number in range(1000):
        assert timedelta(0) <= jitter(f"p{number}", timedelta(minutes=30)) < timedelta(minutes=30)
    assert within("leila", _START, _START) == _START
    assert within("leila", _START, _START - timedelta(hours=1)) == _START
