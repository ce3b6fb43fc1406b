"""A place where a test lets a process die as by ``kill -9``: nothing burns unless SANS_FAUTE_TEST_FUSE says so."""

import os
import signal
from dataclasses import dataclass
from datetime import datetime

from services.core.ports.fuse import Fuse, no_fuse
from services.runtime.settings import Settings


@dataclass(slots=True, kw_only=True)
class DeadlyFuse:
    """Kills this operating-system process when the point is reached for the ``left``-th time."""

    point: str
    left: int

    def __call__(self, when: str, now: datetime) -> None:
        """See ``services.core.ports.fuse.Fuse``; does not return the last time."""
        if when != self.point:
            return
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def fuse_of(settings: Settings, process: str) -> Fuse:
    """The fuse that the settings ask for, in this process only."""
    asked = settings.test_fuse
    if asked is None or asked.process != process:
        return no_fuse
    return DeadlyFuse(point=asked.point, left=asked.count)
