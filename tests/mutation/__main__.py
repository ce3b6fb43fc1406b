"""`python -m tests.mutation`: mutmut makes the mutants, ``trials.py`` tries them; then how many were killed, module by module.

A mutant is the core with one small mistake in it; it is killed when a test fails, or never ends, because of it.
What was killed stays killed until its function changes; what lived is tried again by every run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatch
from io import StringIO
from pathlib import Path

from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants
from rich.console import Console
from rich.table import Table

#: where mutmut keeps the mutants and what became of each
FOLDER = Path("mutants")
#: how it is written down that no test failed, that none comes near, and that the tests never ended
_SURVIVED, _NO_TEST, _TIMEOUT = 0, 33, 36


@dataclass(slots=True)
class Count:
    """Mutants of one module."""

    killed: int = 0
    #: of these, how many because the tests never ended
    endless: int = 0
    survived: int = 0
    untested: int = 0

    @property
    def total(self) -> int:
        """All that were tried."""
        return self.killed + self.survived + self.untested

    @property
    def share(self) -> float:
        """How many of a hundred were killed; an untested one counts as alive."""
        return 100 * self.killed / self.total if self.total else 100.0

    def add(self, exit_code: int) -> None:
        """One more, by what its run of the tests answered."""
        if exit_code == _SURVIVED:
            self.survived += 1
        elif exit_code == _NO_TEST:
            self.untested += 1
        else:
            self.killed += 1
            self.endless += exit_code == _TIMEOUT


def outcomes(folder: Path, patterns: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Every mutant that was tried and fits a pattern (all, without any), with the exit code of its run; raises when there is none."""
    found = False
    for file in sorted(folder.rglob("*.meta")):
        codes: Mapping[str, int | None] = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        for name, code in codes.items():
            if code is not None and (not patterns or any(fnmatch(name, pattern) for pattern in patterns)):
                found = True
                yield name, code
    if not found:
        raise LookupError(f"no mutant was tried; look into {folder}/")


def make(folder: Path) -> None:
    """The core with all its mutants side by side, and everything that its tests need, as it is now."""
    shutil.rmtree(folder / "tests", ignore_errors=True)
    folder.mkdir(exist_ok=True)
    with redirect_stdout(StringIO()):
        copy_src_dir()
        _copy_what_is_no_code(folder)
        copy_also_copy_files()
        create_mutants(os.cpu_count() or 1)


def _copy_what_is_no_code(folder: Path) -> None:
    """The policy, the SQL …: mutmut would keep the copies that it has, however old."""
    for file in Path("services").rglob("*"):
        if file.is_file() and file.suffix not in (".py", ".pyc"):
            shutil.copy2(file, folder / file)


def forget_survivors(folder: Path) -> None:
    """Let the next run try again what lived: the tests may be better now."""
    for file in folder.rglob("*.meta"):
        content = json.loads(file.read_text(encoding="utf-8"))
        codes: dict[str, int | None] = content["exit_code_by_key"]
        content["exit_code_by_key"] = {name: None if code in (_SURVIVED, _NO_TEST) else code for name, code in codes.items()}
        file.write_text(json.dumps(content, indent=4), encoding="utf-8")


def attempt(folder: Path, patterns: Sequence[str]) -> None:
    """Try what was not tried yet; exits like pytest when the tests fail by themselves."""
    selection: list[str] = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"][
        "pytest_add_cli_args_test_selection"
    ]
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "--tb=native",
        "-p",
        "tests.mutation.trials",
        *(f"--mutant={one}" for one in patterns),
    ]
    code = subprocess.call([*words, *selection], cwd=folder)
    if code:
        sys.exit(code)


def counted(mutants: Iterator[tuple[str, int]]) -> dict[str, Count]:
    """Mutants by module (``services.core.ledger``)."""
    modules: dict[str, Count] = defaultdict(Count)
    for name, code in mutants:
        modules[name.rpartition(".")[0]].add(code)
    return dict(modules)


def main() -> None:
    """Print the table, most survivors first; exit code 1 when less was killed than asked for."""
    options = _options()
    if not options.report:
        make(FOLDER)
        forget_survivors(FOLDER)
        attempt(FOLDER, options.patterns)
    modules = counted(outcomes(FOLDER, options.patterns))
    whole = Count(
        killed=sum(each.killed for each in modules.values()),
        endless=sum(each.endless for each in modules.values()),
        survived=sum(each.survived for each in modules.values()),
        untested=sum(each.untested for each in modules.values()),
    )
    Console(width=None if Console().is_terminal else 100).print(_table(modules, whole))
    if whole.share < options.fail_under:
        sys.exit(f"{whole.share:.1f} % of the mutants were killed, less than {options.fail_under} %")


def _table(modules: Mapping[str, Count], whole: Count) -> Table:
    table = Table("module", box=None)
    for name in ("mutants", "killed", "of these endless", "survived", "untested", "killed %"):
        table.add_column(name, justify="right")
    for name, each in sorted(modules.items(), key=lambda row: (-row[1].survived - row[1].untested, row[0])):
        table.add_row(name, *_figures(each))
    table.add_section()
    table.add_row("all", *_figures(whole), style="bold")
    return table


def _figures(each: Count) -> tuple[str, ...]:
    return (str(each.total), str(each.killed), str(each.endless), str(each.survived), str(each.untested), f"{each.share:.1f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN", help="only these mutants, such as services.core.ledger*; else all")
    parser.add_argument("--fail-under", type=float, default=0.0, metavar="SHARE", help="how many of a hundred must be killed")
    parser.add_argument("--report", action="store_true", help="try nothing, say what is known")
    return parser.parse_args()


if __name__ == "__main__":
    main()
