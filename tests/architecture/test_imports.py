"""Who may import whom: the contracts of pyproject.toml hold, and the core is the standard library only."""

import ast
import contextlib
import io
import re
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[2]
CORE = sorted((ROOT / "services" / "core").rglob("*.py"))
#: of the standard library, and still not for the core: clocks, chance, the machine, the network, logs
IMPURE = {
    "asyncio", "concurrent", "getpass", "glob", "http", "io", "locale", "logging", "multiprocessing", "os", "platform", "queue",
    "random", "sched", "secrets", "select", "selectors", "shutil", "signal", "socket", "socketserver", "ssl", "subprocess", "sys",
    "tempfile", "threading", "time", "urllib", "uuid", "warnings",
}  # fmt: skip


def _imports(path: Path) -> set[str]:
    """Top-level names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room is meant"
            names.add(node.module or "")
    return names


def test_the_contracts_hold() -> None:
    """Layers, wiring in app.py only, a pure core, no cycles (import-linter; `make lint` prints the same)."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == 0, said.getvalue()


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_imports_the_standard_library_only(path: Path) -> None:
    """Neither a library nor a door to the outside: no clock, no chance, no files, no network, no logs."""
    ours = {name for name in _imports(path) if name.split(".")[0] == "services"}
    others = {name.split(".")[0] for name in _imports(path)} - {"services"}
    assert all(name == "services.core" or name.startswith("services.core.") for name in ours)
    assert others <= sys.stdlib_module_names
    assert not others & IMPURE


def test_the_clock_is_read_in_one_place() -> None:
    """Nobody but the clock's own module and the settings' switches its ruff rule off."""
    pattern = re.compile(r"noqa:[^\n]*TID251")
    assert not [str(path.relative_to(ROOT)) for path in (ROOT / "services").rglob("*.py") if pattern.search(path.read_text("utf-8"))]
