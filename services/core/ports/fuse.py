"""A place where a test may let a process die."""

from datetime import datetime
from typing import Protocol


class Fuse(Protocol):
    """Stands at each dangerous point of a step."""

    def __call__(self, when: str, now: datetime) -> None:
        """Return, or raise what kills the process."""
        ...


def no_fuse(when: str, now: datetime) -> None:
    """In production nothing burns."""
