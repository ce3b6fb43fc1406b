"""``sans-faute`` and ``python -m services``: the command line's door."""

import os
import sys
import threading


def main() -> None:
    """Run the command that the arguments name; exit codes are 0 done, 1 failed, 2 wrong usage, 3 a needed service is not there."""
    from services.commands import run

    _leave(run(sys.argv[1:]))


def _leave(code: int) -> None:
    """End, whatever thread of a library goes on: Faust's outlives a stop while it joins its group, and Python would wait for it."""
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
