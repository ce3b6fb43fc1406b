"""Child processes that die with us, even when we are killed with -9: start, wait until ready, stop by process id."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from services.runtime.errors import NotThere
from services.runtime.settings import environment_with

_LAUNCHER = Path(__file__).with_name("launch.py")
#: between two looks at a port that does not answer yet; a server that starts offers no other event
_LOOK_AGAIN = timedelta(milliseconds=20)
#: how much of the end of a log goes into an error
_TAIL_LINES = 12


class ChildFailed(NotThere):
    """A child could not be started, ended too early or was not ready in time; says which, and the end of its log."""

    def __init__(self, name: str, problem: str, log_path: Path) -> None:
        self.name = name
        self.log_path = log_path
        tail = "\n".join(f"    {line}" for line in log_tail(log_path))
        super().__init__(f"{name} {problem}; its log is {log_path}" + (f" and ends with:\n{tail}" if tail else ""))


class Child:
    """A running child process. ``exited`` becomes its exit status (negative: the signal that ended it)."""

    def __init__(self, process: "subprocess.Popen[bytes]", *, name: str, log_path: Path) -> None:
        self.name = name
        self.log_path = log_path
        self._process = process
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int] = self._loop.create_future()
        # The kernel makes this descriptor readable when the process ends: no thread, no polling.
        self._watch = os.pidfd_open(process.pid)
        self._loop.add_reader(self._watch, self._on_exit)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended, as far as we were told."""
        return not self.exited.done()

    async def stop(self, grace: timedelta = timedelta(seconds=10), *, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, wait ``grace``, then kill it; return its exit status. Harmless when it has ended."""
        if self.running:
            self._signal(with_signal)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self.exited), grace.total_seconds())
            self._signal(signal.SIGKILL)
        return await asyncio.shield(self.exited)

    def kill(self) -> None:
        """End it now, without waiting: SIGKILL."""
        if self.running:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _on_exit(self) -> None:
        self._loop.remove_reader(self._watch)
        os.close(self._watch)
        self.exited.set_result(self._process.wait())


async def start_child(
    argv: Sequence[str],
    *,
    name: str,
    log_path: Path,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> Child:
    """Start a program that gets ``death_signal`` from the kernel when we end, in whatever way.

    Its output is appended to ``log_path``; ``env`` adds to our environment; ``user`` needs us to be root.
    It is in a session of its own, so that Ctrl-C in the terminal reaches us alone and we stop things in order.
    Call it from the main thread: Linux sends the signal when the *thread* that started the child ends.
    """
    if sys.platform != "linux":
        raise ChildFailed(name, "cannot be embedded on this system: children that die with their parent need Linux", log_path)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(death_signal)), user or "-"]
    with log_path.open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - in a worker thread the child would die with that thread
            [*launcher, *argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment_with(env or {}),
            cwd=cwd,
            start_new_session=True,
        )
    return Child(process, name=name, log_path=log_path)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Several different free ports: all are held until all are chosen."""
    with contextlib.ExitStack() as held:
        ports = []
        for _ in range(count):
            listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            listener.bind(("127.0.0.1", 0))
            ports.append(int(listener.getsockname()[1]))
        return ports


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as servers bind it: connections of a killed one that still linger do not count
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


async def wait_for_port(port: int, child: Child, timeout: timedelta, *, host: str = "127.0.0.1") -> None:  # noqa: ASYNC109 - the message names it
    """Return once ``host:port`` accepts connections; raise ``ChildFailed`` as soon as the child ends, or after ``timeout``."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout.total_seconds()
    while loop.time() < deadline:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.wait([child.exited], timeout=_LOOK_AGAIN.total_seconds())
            if child.exited.done():
                raise ChildFailed(child.name, f"ended with status {child.exited.result()} before it was ready", child.log_path) from None
        else:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return
    raise ChildFailed(child.name, f"was not listening on port {port} after {timeout.total_seconds():.0f} s", child.log_path)


def log_tail(path: Path, lines: int = _TAIL_LINES) -> list[str]:
    """The last lines of a log, none when it cannot be read."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 8192))
            return log.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []
