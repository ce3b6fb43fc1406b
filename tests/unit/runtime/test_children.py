"""Children: started, ready, stopped, and gone when their parent is."""

import asyncio
import os
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from services.runtime.embedded.children import Child, ChildFailed, free_ports, start_child, wait_for_port

#: starts a child that sleeps, says its process id, and kills itself as nobody can catch
PARENT = """
import asyncio, os, pathlib, signal, sys
from services.runtime.embedded.children import start_child

async def main():
    child = await start_child(["sleep", "600"], name="sleeper", log_path=pathlib.Path(sys.argv[1]))
    print(child.pid, flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""

#: listens, and takes no notice of SIGTERM
DEAF = """
import signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
signal.pause()
"""


async def _python(code: str, tmp_path: Path, *arguments: str) -> Child:
    return await start_child([sys.executable, "-c", code, *arguments], name="the child", log_path=tmp_path / "logs" / "child.log")


async def _ended(pid: int) -> None:
    """Return when a process that is not our child has ended."""
    watch = os.pidfd_open(pid)
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(watch, over.set)
    try:
        await asyncio.wait_for(over.wait(), 5)
    finally:
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)


async def test_it_says_when_it_has_ended_and_keeps_what_was_said(tmp_path: Path) -> None:
    """The exit status comes as an event; both outputs are in the log."""
    child = await _python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)", tmp_path)
    assert await child.exited == 7
    assert not child.running
    assert sorted(child.log_path.read_text().split()) == ["err", "out"]
    assert await child.stop() == 7


async def test_it_is_asked_to_stop_first(tmp_path: Path) -> None:
    """SIGTERM, and its own exit status when it obeys."""
    child = await start_child(["sleep", "600"], name="sleeper", log_path=tmp_path / "log")
    assert await child.stop() == -signal.SIGTERM


async def test_who_does_not_listen_is_killed(tmp_path: Path) -> None:
    """After the grace comes SIGKILL."""
    port = free_ports(1)[0]
    child = await _python(DEAF, tmp_path, str(port))
    await wait_for_port(port, child, timedelta(seconds=10))
    assert await child.stop(timedelta(milliseconds=20)) == -signal.SIGKILL


async def test_waiting_for_a_port_ends_when_somebody_listens(tmp_path: Path) -> None:
    """Ready is when a connection is accepted."""
    port = free_ports(1)[0]
    server = "import socket, sys; server = socket.create_server(('127.0.0.1', int(sys.argv[1]))); server.accept(); server.accept()"
    child = await _python(server, tmp_path, str(port))
    await wait_for_port(port, child, timedelta(seconds=10))
    socket.create_connection(("127.0.0.1", port)).close()
    assert await child.exited == 0


async def test_waiting_ends_at_once_when_the_child_has_died(tmp_path: Path) -> None:
    """The error names the child and ends with what it said last."""
    child = await _python("raise SystemExit('no room left')", tmp_path)
    with pytest.raises(ChildFailed, match=r"(?s)the child ended with status 1 before it was ready.*no room left"):
        await wait_for_port(free_ports(1)[0], child, timedelta(minutes=10))


async def test_waiting_has_a_limit(tmp_path: Path) -> None:
    """A child that lives and never listens is not waited for."""
    child = await start_child(["sleep", "600"], name="sleeper", log_path=tmp_path / "log")
    with pytest.raises(ChildFailed, match="not listening on port"):
        await wait_for_port(free_ports(1)[0], child, timedelta(milliseconds=30))
    await child.stop()


async def test_a_program_that_is_not_there_is_a_plain_sentence(tmp_path: Path) -> None:
    """Not a traceback: the program's name and the system's reason."""
    child = await start_child(["/no/such/program"], name="nothing", log_path=tmp_path / "log")
    assert await child.exited == 1
    assert child.log_path.read_text().strip() == "/no/such/program: No such file or directory"


async def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Killing the parent with -9 leaves nothing behind."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path / "log"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    ended = asyncio.create_task(_ended(pid))
    await asyncio.sleep(0)  # the watch is on before the parent is told to go
    parent.stdin.write(b"\n")
    await parent.stdin.drain()
    assert await parent.wait() == -signal.SIGKILL
    await ended


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")
async def test_root_can_hand_a_child_to_somebody_else(tmp_path: Path) -> None:
    """The child runs as the user asked for, groups included."""
    child = await start_child(["/usr/bin/id", "-un"], name="id", log_path=tmp_path / "log", user="nobody", cwd=Path("/"))
    assert await child.exited == 0
    assert child.log_path.read_text().strip() == "nobody"


def test_ports_are_different() -> None:
    """Ports asked for together never coincide."""
    assert len(set(free_ports(20))) == 20
