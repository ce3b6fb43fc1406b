"""Folders of embedded servers: who may reach them, and that one of us at a time uses them."""

import fcntl
import hashlib
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.runtime.errors import NotThere

#: where a server's data goes when its user cannot reach the state folder (a private home, for instance)
ELSEWHERE = Path("/var/lib/sans-faute")


def running_as_root() -> bool:
    """Whether we may change user."""
    return os.geteuid() == 0


def account(user: str) -> pwd.struct_passwd | None:
    """The machine's user of this name."""
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None


def reachable_by(user: pwd.struct_passwd, folder: Path) -> bool:
    """Whether this user may walk down to the folder (which need not exist yet)."""
    groups = set(os.getgrouplist(user.pw_name, user.pw_gid))
    for parent in (folder, *folder.parents):
        try:
            status = parent.stat()
        except FileNotFoundError:
            continue
        bit = 0o100 if status.st_uid == user.pw_uid else 0o010 if status.st_gid in groups else 0o001
        if not status.st_mode & bit:
            return False
    return True


def folder_for(user: pwd.struct_passwd, wanted: Path) -> Path:
    """``wanted`` when the user can reach it, else a folder of its own under ``/var/lib/sans-faute``; made, and owned by the user."""
    folder = wanted
    if not reachable_by(user, wanted.parent):
        folder = ELSEWHERE / hashlib.sha256(str(wanted).encode()).hexdigest()[:12] / wanted.name
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)
    return folder


@contextmanager
def only_one(lock: Path, what: str) -> Iterator[None]:
    """Hold a file's lock; the kernel lets go of it however we end. Raises ``NotThere`` when another process has it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().decode("ascii", "replace").strip() or "unknown"
            raise NotThere(
                f"{what} in {lock.parent} is in use by process {holder}; stop that one, or set STATE_DIR to another folder"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        yield
