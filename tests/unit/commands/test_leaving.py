"""The end of a command: nothing that a library left behind keeps it."""

import subprocess
import sys

import pytest

_STARTED_BESIDE = """
import sys, threading
threading.Thread(target=threading.Event().wait, daemon={daemon}).start()
sys.argv = {arguments}
from services.__main__ import main
main()
"""


@pytest.mark.parametrize("daemon", [True, False])
@pytest.mark.parametrize(("command", "code", "said"), [("--help", 0, "simulate"), ("nonsense", 2, "nonsense")])
def test_a_thread_that_never_ends_keeps_nobody(command: str, code: int, said: str, daemon: bool) -> None:
    """As Faust's, when it is stopped while it joins its group: what was said is said, and the exit code is the command's."""
    program = _STARTED_BESIDE.format(daemon=daemon, arguments=["sans-faute", command])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
