"""A PostgreSQL server as our child: made on first use, kept in the state folder, gone when we are, whatever ends us."""

import asyncio
import contextlib
import os
import secrets
import select
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.runtime.embedded import folders
from services.runtime.embedded.children import Child, ChildFailed, free_port, is_free, log_tail, start_child
from services.runtime.embedded.postgres_programs import Programs, find_programs

_SUPERUSER = "sans_faute"
_START_LIMIT = timedelta(seconds=30)
_STOP_GRACE = timedelta(seconds=15)
#: an orphan that was told to stop at once; it only has to end its own children
_ORPHAN_GRACE = timedelta(seconds=5)
_LOOK_AGAIN = timedelta(milliseconds=10)
#: another process may take the free port between our choice and the server's start
_PORT_CHOICES = 3

#: durable by default (fsync and synchronous_commit stay on); the rest suits one small machine
_OPTIONS: dict[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    # our statements are short: compiling them costs more than it saves
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    # a failed statement would be logged with its values, which are people's data
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
#: A page goes whole to the log when it changes for the first time after a checkpoint; in a large table nearly every change is one.
#: PostgreSQL's own compression takes a third of a planner's round for that, LZ4 a tenth as long; not every server is built with it.
_COMPRESSION = "wal_compression"
_QUICK, _EVERYWHERE = "lz4", "pglz"
#: for tests, whose data nobody misses
_NOT_DURABLE: dict[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPostgres:
    """A running server. ``url`` holds its password: never log it."""

    url: str
    port: int
    data_dir: Path
    child: Child

    def database(self, name: str) -> str:
        """URL of another database of this server."""
        return self.url.rpartition("/")[0] + "/" + name


@asynccontextmanager
async def embedded_postgres(state_dir: Path, *, durable: bool = True, buffers: str | None = None) -> AsyncIterator[EmbeddedPostgres]:
    """Start the server of this state folder, stop it at the end.

    Data are in ``state_dir/postgres``; as root, when the user ``postgres`` cannot reach that, in a folder under ``/var/lib/sans-faute``
    (``data_dir`` tells). Raises ``NotThere`` when PostgreSQL is not installed or another of us uses the folder, ``ChildFailed`` when it
    does not start. It keeps its port from one start to the next while that is free. ``durable=False`` gives up fsync, for tests;
    ``buffers`` is its shared memory, e.g. ``2GB``.
    """
    log_path = state_dir / "logs" / "postgres.log"
    options = _OPTIONS | ({} if durable else _NOT_DURABLE) | ({"shared_buffers": buffers} if buffers else {})
    with folders.only_one(state_dir / "postgres.lock", "the embedded PostgreSQL"):
        place = await asyncio.to_thread(_place, state_dir / "postgres")
        password = await asyncio.to_thread(_password, state_dir / "postgres.password")
        await asyncio.to_thread(_end_orphan, place.data_dir)
        if not place.data_dir.exists():
            await _make(place, password, log_path)
        if durable:
            options |= await _compression(place, log_path)
        child, port = await _start(place, log_path, options)
        try:
            url = f"postgresql://{_SUPERUSER}:{password}@127.0.0.1:{port}/postgres"
            yield EmbeddedPostgres(url=url, port=port, data_dir=place.data_dir, child=child)
        finally:
            # SIGINT is PostgreSQL's fast shutdown: connections are closed, the data are left clean
            await child.stop(_STOP_GRACE, with_signal=signal.SIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What runs, and on which data: ``home`` belongs to the server's user, ``data_dir`` in it exists once it is complete."""

    programs: Programs
    home: Path
    data_dir: Path


def _place(wanted: Path) -> _Place:
    """The programs to run and the folder to run them on; existing data decide the version."""
    programs = find_programs()
    user = folders.account(programs.user) if programs.user else None
    home = wanted if user is None else folders.folder_for(user, wanted)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    version = home / "data" / "PG_VERSION"
    if version.exists():
        programs = find_programs(int(version.read_text("ascii")))
    return _Place(programs=programs, home=home, data_dir=home / "data")


def _password(path: Path) -> str:
    """The superuser's password: any local user can reach the port, only we can read this file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
        draft.rename(path)
    return path.read_text("ascii")


def _end_orphan(data_dir: Path) -> None:
    """Wait for the server of a predecessor that was killed; clear away what it left behind.

    The kernel has told it to stop at once, but it may need a moment; and its pid file may name a process that is somebody else's by now.
    We hold the folder's lock, so whatever still runs there belongs to nobody.
    """
    pid_file = data_dir / "postmaster.pid"
    try:
        pid = int(pid_file.read_text("ascii", "replace").split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        watch = os.pidfd_open(pid)
    except (OSError, ValueError):
        pid_file.unlink(missing_ok=True)
        return
    try:
        if os.fsencode(data_dir) in command:
            for number in (signal.SIGQUIT, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(watch, number)
                if select.select([watch], [], [], _ORPHAN_GRACE.total_seconds())[0]:
                    break
    finally:
        os.close(watch)
        pid_file.unlink(missing_ok=True)


async def _make(place: _Place, password: str, log_path: Path) -> None:
    """``initdb`` beside its final name, then renamed: an interrupted one is never taken for a database."""
    draft, password_file = place.home / "data.new", place.home / "initial-password"
    await asyncio.to_thread(_clear, draft, password_file, password, place.programs.user)
    arguments = ["-D", str(draft), "-U", _SUPERUSER, "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--no-instructions"]
    initdb = await start_child(
        [place.programs.program("initdb"), *arguments, f"--pwfile={password_file}"],
        name="initdb",
        log_path=log_path,
        user=place.programs.user,
        cwd=place.home,
    )
    status = await initdb.exited
    password_file.unlink()
    if status != 0:
        raise ChildFailed("initdb", f"ended with status {status}", log_path)
    draft.rename(place.data_dir)


def _clear(draft: Path, password_file: Path, password: str, user: str | None) -> None:
    """No draft of an earlier try; the password where ``initdb``'s user can read it."""
    shutil.rmtree(draft, ignore_errors=True)
    password_file.touch(mode=0o600)
    password_file.write_text(password, "ascii")
    if user is not None:
        shutil.chown(password_file, user)


async def _compression(place: _Place, log_path: Path) -> dict[str, str]:
    """The quickest compression of pages in the log that this server knows: asked to print the setting, it ends badly when it does not."""
    asked = await start_child(
        [place.programs.program("postgres"), "-C", _COMPRESSION, "-D", str(place.data_dir), "-c", f"{_COMPRESSION}={_QUICK}"],
        name="postgres -C",
        log_path=log_path,
        user=place.programs.user,
        cwd=place.home,
    )
    return {_COMPRESSION: _QUICK if await asked.exited == 0 else _EVERYWHERE}


async def _start(place: _Place, log_path: Path, options: Mapping[str, str]) -> tuple[Child, int]:
    """A server that answers, and its port."""
    last_choice = range(_PORT_CHOICES)[-1]
    for choice in range(_PORT_CHOICES):
        last = _last_port(place) if choice == 0 else None
        port = last if last and is_free(last) else free_port()
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        child = await start_child(
            [place.programs.program("postgres"), "-D", str(place.data_dir), "-p", str(port), *flags],
            name="PostgreSQL",
            log_path=log_path,
            user=place.programs.user,
            cwd=place.home,
            death_signal=signal.SIGQUIT,
        )
        try:
            await _ready(child, place.data_dir / "postmaster.pid")
        except ChildFailed:
            await child.stop(_STOP_GRACE)
            if choice == last_choice or not any("Address already in use" in line for line in log_tail(log_path)):
                raise
        except BaseException:
            child.kill()
            raise
        else:
            if port != last:
                _port_file(place).write_text(str(port), "ascii")
            return child, port
    raise AssertionError("the last choice returns or raises")


def _last_port(place: _Place) -> int | None:
    """Where it listened last time: whoever runs beside us finds it again there."""
    with contextlib.suppress(OSError, ValueError):
        return int(_port_file(place).read_text("ascii"))
    return None


def _port_file(place: _Place) -> Path:
    return place.home / "port"


async def _ready(child: Child, pid_file: Path) -> None:
    """Return when the server says in its pid file that it takes connections (it listens before that, and refuses)."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_LIMIT.total_seconds()
    while loop.time() < deadline:
        if _says_ready(child.pid, pid_file):
            return
        await asyncio.wait([child.exited], timeout=_LOOK_AGAIN.total_seconds())
        if child.exited.done():
            raise ChildFailed(child.name, f"ended with status {child.exited.result()} before it was ready", child.log_path)
    raise ChildFailed(child.name, f"was not ready after {_START_LIMIT.total_seconds():.0f} s", child.log_path)


def _says_ready(pid: int, pid_file: Path) -> bool:
    """Line 1 is the server's process, line 8 its state (src/include/utils/pidfile.h)."""
    try:
        lines = pid_file.read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
