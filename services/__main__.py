"""``sans-faute`` and ``python -m services``: the command line's door."""

import sys


def main() -> None:
    """Run the command that the arguments name; exit codes are 0 done, 1 failed, 2 wrong usage, 3 a needed service is not there."""
    from services.commands import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
