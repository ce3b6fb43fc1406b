"""Chaos that is told to stop leaves nothing behind: no process, no folder, no disk."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path
from typing import Final

import pytest

from services.runtime.settings import environment_with

pytestmark = [pytest.mark.stack, pytest.mark.slow]
#: seconds; a copy may take thirty to end in order
_PATIENCE: Final = 120.0
_MARK: Final = "CHAOS_STOPPED_TEST"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("when", ["Starting servers", "faults while"])
async def test_a_run_that_is_stopped_leaves_nothing(number: signal.Signals, when: str) -> None:
    """SIGTERM and Ctrl-C, while things start and in the middle of the storm: it says so, and servers, copies and folders are gone."""
    value = f"{os.getpid()}-{number}-{len(when)}"
    mark = f"{_MARK}={value}"
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos", "--seed", "3", "--obligations", "40", "--faults", "20",
        stdout=PIPE, stderr=STDOUT, env=environment_with({_MARK: value}),
    )  # fmt: skip
    try:
        said = await asyncio.wait_for(_said(run, when), _PATIENCE)
        await asyncio.sleep(3)
        folders = _folders_of(mark)
        run.send_signal(number)
        rest, _ = await asyncio.wait_for(run.communicate(), _PATIENCE)
    finally:
        if run.returncode is None:
            run.kill()
            await run.wait()
    assert run.returncode == 1
    assert b"stopped; nothing was counted" in rest
    assert await _left(mark) == {}
    assert folders, "nothing had been started: this proves nothing"
    (logs,) = re.findall(rb"their logs are in (\S+)", said)
    assert _there({*folders, logs.decode()}) == set()


async def _said(run: Process, words: str) -> bytes:
    """What it says, up to the line with these words."""
    said = b""
    assert run.stdout is not None
    async for line in run.stdout:
        said += line
        if words.encode() in line:
            return said
    raise AssertionError(f"it ended:\n{said.decode()}")


async def _left(mark: str) -> dict[int, str]:
    """Who is still there; the keeper of the forks ends a moment after us."""
    for _ in range(50):
        if not _processes_of(mark):
            break
        await asyncio.sleep(0.1)
    return _processes_of(mark)


def _processes_of(mark: str) -> dict[int, str]:
    """Everything that has inherited the mark: whatever was started from there, in whatever session."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def _there(folders: set[str]) -> set[str]:
    return {folder for folder in folders if Path(folder).exists()}


def _folders_of(mark: str) -> set[str]:
    """The run's own folders, as its servers' command lines name them."""
    words = " ".join(_processes_of(mark).values())
    return set(re.findall(r"(/\S*?/sans-faute-chaos-(?!logs)[^/\s]+)", words))
