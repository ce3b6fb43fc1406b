"""Deterministic spreading: the same person always gets the same place in a span (§10.4). No randomness."""

from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=65536)
def place(person_id: str) -> float:
    """A number in [0, 1) that depends on the person alone, evenly spread over people."""
    return int.from_bytes(blake2b(person_id.encode(), digest_size=6).digest()) / 2**48


def jitter(person_id: str, spread: timedelta) -> timedelta:
    """This person's share of a spread, in whole seconds, less than the spread."""
    return timedelta(0, int(place(person_id) * spread.total_seconds()))


def within(person_id: str, start: datetime, end: datetime) -> datetime:
    """This person's instant in [start, end): a campaign is mapped evenly onto the allowed time."""
    return start + jitter(person_id, end - start) if end > start else start
