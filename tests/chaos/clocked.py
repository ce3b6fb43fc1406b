"""One of our processes with a clock that somebody outside may put wrong.

A kernel moves the clock of all processes or of none. But only one place of ours reads the clock, so that place is given another one here:
the machine's, and as many seconds as a file says at that moment (eight octets, shared memory).

Copies are forked from a process that has imported everything: what is killed is back in a moment, and a small machine has time to work.
"""

import ctypes
import mmap
import os
import signal
import struct
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from services.adapters.clock import SystemClock
from services.runtime.embedded.launch import PR_SET_PDEATHSIG

#: imported once, before copies are forked
PRELOADED: Final = [
    "tests.chaos.clocked",
    "services.commands.single",
    *(f"services.{process}.app" for process in ("intake", "planner", "relay", "delivery", "evidence", "watch", "web")),
]
_SHIFT = struct.Struct("d")


class Shift:
    """The shared number of seconds; whoever opens the same file sees what another has set."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_SHIFT.pack(0.0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SHIFT.size)

    @property
    def seconds(self) -> float:
        """By how much the clock is wrong."""
        return float(_SHIFT.unpack(self._memory[:])[0])

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._memory[:] = _SHIFT.pack(value)


def be(process: str, environment: Mapping[str, str], clock: Path, log: Path) -> None:
    """Be ``sans-faute PROCESS`` with that clock until it ends; to be called in a process of its own."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    os.environ.update(environment)  # noqa: TID251 - as whoever starts a process sets it
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    shift = Shift(clock)

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=shift.seconds)  # noqa: TID251 - the clock of a process under test

    setattr(SystemClock, "now", now)  # noqa: B010 - mypy rightly refuses the plain way
    from services.commands import run  # noqa: PLC0415 - with the clock already wrong

    sys.exit(run([process]))
