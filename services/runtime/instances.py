"""The name of this copy of the processes: stable over restarts, so that a group knows its member again; unique among copies."""

import fcntl
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

from services.runtime.settings import Settings


@contextmanager
def instance_name(settings: Settings, process: str) -> Iterator[str]:
    """The name that is set, else the host's with the lowest number that no running copy of ``process`` in our state folder has.

    The number is held by a lock that ends with us, however we end: whoever starts next takes its place, and its name.
    """
    if settings.instance_name is not None:
        yield settings.instance_name
        return
    folder = settings.state_dir / "instances"
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        descriptor = os.open(folder / f"{process}-{number}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            yield f"{os.uname().nodename}-{number}"
        finally:
            os.close(descriptor)
        return
