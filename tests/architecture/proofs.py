"""Which tests and stories prove each rule: the "Proven by" lines of docs/rules.md, collected from those that cite its number.

A test cites a rule in its docstring, or in its module's ("§10.5"); a story in a comment above its name ("# proves §10.5, §10.9").
Run as a program (`make docs`) it rewrites the lines; `test_rules_proven.py` compares.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = ROOT / "docs" / "rules.md"
STORIES: Final = ROOT / "tests" / "acceptance" / "scenarios"
#: sections that explain and rule nothing: the people, the size, the list of stories
BACKGROUND: Final = frozenset({"1", "9", "12"})

_NUMBER: Final = r"\d+(?:\.\d+)*"
_CITED: Final = re.compile(rf"§ ?({_NUMBER})")
HEADING: Final = re.compile(rf"^#+ §({_NUMBER}) ", re.MULTILINE)
#: a section of somebody else's document: "contracts §3", "RFC 3464 §2.3.3", "3GPP TS 23.040 §9.2.3.24.1", "SMPP 3.4 §5.2.12"
_ELSEWHERE: Final = re.compile(
    r"(?:contracts |(?:design|RFC \d+|TS [\d.]+|SMPP(?: 3\.4)?(?:[^.§]*\()?|decision [\d-]+),? ?(?:§ ?[\d.]+(?:, | and ))*)$"
)
#: the comments that a story begins with
_ABOVE: Final = re.compile(r"\A(?:#.*\n)+")
_LINE: Final = re.compile(r"\n*^\*\*Proven by\.\*\* .*$", re.MULTILINE)


@dataclass(slots=True)
class Proofs:
    """What cites one rule: files of tests, and stories by name."""

    tests: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)


def cited(text: str) -> list[str]:
    """Numbers of the rules that a text cites, without the sections of other documents."""
    return [match[1] for match in _CITED.finditer(text) if not _ELSEWHERE.search(text[max(0, match.start() - 90) : match.start()])]


@cache
def citations() -> dict[str, Proofs]:
    """Number of a rule → what cites it, in order."""
    found: dict[str, Proofs] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if not path.name.startswith("test_") and path.name != "promises.py":
            continue
        for number in {number for said in _docstrings(path) for number in cited(said)}:
            found.setdefault(number, Proofs()).tests.append(str(path.relative_to(ROOT)))
    for path in sorted(STORIES.glob("*.yaml")):
        above = _ABOVE.match(path.read_text("utf-8"))
        for number in set(cited(above[0]) if above else ()):
            found.setdefault(number, Proofs()).stories.append(path.stem)
    return found


def _docstrings(path: Path) -> Iterator[str]:
    """What a module says of itself and of its tests; of its promises, too, which are tests of every life."""
    tree = ast.parse(path.read_text("utf-8"))
    yield ast.get_docstring(tree) or ""
    scopes = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    for scope in scopes:
        for node in scope:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                yield ast.get_docstring(node) or ""


def rules(page: str) -> list[str]:
    """The sections that rule something themselves: neither background, nor only a heading over others."""
    numbers = HEADING.findall(page)
    return [
        number
        for number in numbers
        if number.split(".")[0] not in BACKGROUND and not any(other.startswith(f"{number}.") for other in numbers)
    ]


def proven(page: str) -> str:
    """The page with the "Proven by" line of every rule as the tests are now."""
    found, ruling = citations(), rules(page)
    bare = _LINE.sub("", page)
    starts = [match.start() for match in HEADING.finditer(bare)]
    parts = [bare[: starts[0]]]
    for start, end in pairwise([*starts, len(bare)]):
        text = bare[start:end]
        number = HEADING.findall(text)[0]
        said = _said(found[number]) if number in ruling and number in found else ""
        body, space = text.rstrip(), text[len(text.rstrip()) :]
        parts.append(f"{body}\n\n**Proven by.** {said}{space}" if said else text)
    return "".join(parts)


def _said(proofs: Proofs) -> str:
    tests = ", ".join(f"`{path}`" for path in proofs.tests)
    stories = ", ".join(proofs.stories)
    return "; ".join(filter(None, (tests, stories))) + "."


if __name__ == "__main__":
    RULES.write_text(proven(RULES.read_text("utf-8")), encoding="utf-8")
