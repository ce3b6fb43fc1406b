"""Becomes another program that dies with its parent: run as ``launch.py PARENT_PID SIGNAL USER PROGRAM ARGUMENT…``.

A file of its own because it runs in the child, between fork and exec, without the package: standard library only, few imports.
The order matters: Linux forgets the parent-death signal when the user changes, so the user is changed first.
"""

import ctypes
import os
import pwd
import sys

#: prctl(2): "set the parent-death signal of the calling process"
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Change user unless USER is ``-``, tie our life to PARENT_PID, become PROGRAM."""
    parent, signal_number, user, *program = arguments
    if user != "-":
        account = pwd.getpwnam(user)
        os.initgroups(user, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        os.putenv("HOME", account.pw_dir)
        os.putenv("USER", user)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    # The parent may have died before the line above: then nobody will ever send the signal.
    if os.getppid() != int(parent):
        raise SystemExit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 - without a shell is what we want
    except OSError as error:
        raise SystemExit(f"{program[0]}: {error.strerror}" + (f" (as user {user})" if user != "-" else "")) from None


if __name__ == "__main__":
    main(sys.argv[1:])
