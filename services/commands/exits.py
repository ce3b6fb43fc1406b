"""What a command's exit code says to a script."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command (contracts §5)."""

    #: it is done
    DONE = 0
    #: it was tried and failed
    FAILED = 1
    #: wrong usage, or bad input
    WRONG_USAGE = 2
    #: a service that it needs is not there
    NOT_THERE = 3
