"""What a process cannot work around by itself: each says what to do, and decides the exit code."""

from collections.abc import Sequence
from dataclasses import dataclass


class NotThere(Exception):
    """Something that we need is not there (a program, a server); the message says which and how to get it. Exit code 3."""


class Gone(NotThere):
    """Something that we need was there, and will not come back by itself: starting again would change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A setting that cannot be used."""

    #: name of the setting
    name: str
    #: what is wrong and what to write instead; never the value of a secret
    problem: str


class WrongSettings(Exception):
    """Every mistake of the settings at once. Exit code 2."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{mistake.name}: {mistake.problem}" for mistake in self.mistakes))
