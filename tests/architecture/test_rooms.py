"""The rooms of the house: small, named after what they are, each with a sentence at its door."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for folder in ("services", "tests") for path in (ROOT / folder).rglob("*.py"))
#: names that say nothing of what is inside
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc", "shared", "lib", "stuff"}
LONGEST_MODULE = 400
#: a function fits a glance; the exceptions are tables in the form of a function
LONGEST_FUNCTION = 80


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_named)
def test_a_module_has_a_sentence_and_is_small(path: Path) -> None:
    """Each module begins with a docstring and has at most 400 lines."""
    source = path.read_text("utf-8")
    docstring = ast.get_docstring(ast.parse(source))
    assert docstring, "no docstring: one sentence on what is here"
    assert source.count("\n") <= LONGEST_MODULE, "two concepts in one module?"


@pytest.mark.parametrize("path", [path for path in MODULES if path.is_relative_to(ROOT / "services")], ids=_named)
def test_a_function_fits_a_glance(path: Path) -> None:
    """No function or method is longer than a screen."""
    functions = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = {node.name: length for node in functions if (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION}
    assert not too_long


def test_folders_and_modules_are_named_after_what_they_are() -> None:
    """Nothing is called utils, helpers, common, base, manager or misc."""
    folders = {path for module in MODULES for path in module.parents if path.is_relative_to(ROOT) and path != ROOT}
    assert not [_named(path) for path in (*folders, *MODULES) if path.stem in VAGUE]


@pytest.mark.parametrize("path", [path for path in MODULES if path.name.startswith("test_")], ids=_named)
def test_a_test_says_the_behaviour(path: Path) -> None:
    """Every test has a docstring, and test names are unique within a file (a second one would hide the first)."""
    body = ast.parse(path.read_text("utf-8")).body
    scopes = [body, *(node.body for node in body if isinstance(node, ast.ClassDef))]
    for scope in scopes:
        tests = [node for node in scope if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")]
        assert not [test.name for test in tests if not ast.get_docstring(test)]
        assert len({test.name for test in tests}) == len(tests)


def test_nothing_is_left_for_later() -> None:
    """No note to ourselves stays in what we ship: it is done, or it is an issue."""
    # put together here so that this file does not find itself
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    found = [_named(path) for path in MODULES if any(mark in path.read_text("utf-8") for mark in marks)]
    assert not found


def test_the_repository_knows_no_machine() -> None:
    """No path of somebody's machine, and no name of a package registry's host, outside the lock."""
    machines = [
        "/wo" + "rk/",
        "/home" + "/",
        "py" + "pi.org",
        "repo.maven" + ".apache.org",
        "registry.npm" + "js.org",
        "deb.debian" + ".org",
    ]
    suffixes = {".py", ".toml", ".yaml", ".yml", ".md", ".xml", ".sql", ".sh", ".json", ".css", ".js", ""}
    built = {"out", "target", "node_modules", "__pycache__"}
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = parts[0].startswith(".") and parts[0] != ".ci"
        if hidden or built & set(parts) or not path.is_file() or path.suffix not in suffixes:
            continue
        text = path.read_text("utf-8", "ignore")
        found += [f"{_named(path)}: {name}" for name in machines if name in text]
    assert not found
