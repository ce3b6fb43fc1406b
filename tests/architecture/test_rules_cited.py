"""The documentation holds what the code cites, and names only files that exist."""

import re
from pathlib import Path

import pytest

from tests.architecture.proofs import HEADING, ROOT, RULES, cited

SOURCES = sorted(path for path in (ROOT / "services").rglob("*") if path.suffix in {".py", ".sql", ".toml"})
CONTRACTS = ROOT / "contracts" / "README.md"
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), CONTRACTS, ROOT / "CHANGELOG.md"]

_NUMBER = r"\d+(?:\.\d+)*"
_POLICY_CITED = re.compile(rf"\bR-({_NUMBER})\b")
_CONTRACT_CITED = re.compile(rf"\bcontracts § ?({_NUMBER})")
_STORY = re.compile(r"\bSC-\d+\b")
_PATH = re.compile(r"`((?:services|templates|contracts|tests|infra|docs)/[^`\s*<>{}…]+)`")


def _citations() -> dict[str, list[str]]:
    """Number of a rule → where it is cited."""
    found: dict[str, list[str]] = {}
    for path in SOURCES:
        text = path.read_text("utf-8")
        for number in (*cited(text), *_POLICY_CITED.findall(text)):
            found.setdefault(number, []).append(str(path.relative_to(ROOT)))
    return found


def test_every_rule_that_the_code_cites_is_written_down() -> None:
    """Each "§x.y" of the services is a heading of docs/rules.md."""
    written = set(HEADING.findall(RULES.read_text("utf-8")))
    assert {number: where for number, where in _citations().items() if number not in written} == {}


def test_every_story_that_the_code_cites_is_in_the_table() -> None:
    """Each "SC-nn" of the services has its line in docs/rules.md."""
    told = set(_STORY.findall(RULES.read_text("utf-8")))
    named = {story for path in SOURCES for story in _STORY.findall(path.read_text("utf-8"))}
    assert named - told == set()


def test_every_contract_that_the_code_cites_is_written_down() -> None:
    """Each "contracts §n" of the services is a heading of contracts/README.md."""
    written = set(HEADING.findall(CONTRACTS.read_text("utf-8")))
    named = {number for path in SOURCES for number in _CONTRACT_CITED.findall(path.read_text("utf-8"))}
    assert named
    assert named - written == set()


def test_a_rule_is_written_once() -> None:
    """No number stands over two headings."""
    headings = HEADING.findall(RULES.read_text("utf-8"))
    assert sorted(headings) == sorted(set(headings))


def test_citations_are_found_at_all() -> None:
    """The pattern sees the rules that everybody knows, and not the sections of other documents."""
    found = _citations()
    assert {"10.3", "10.5", "10.6", "4.2"} <= set(found)
    assert "9.2.3.24.1" not in found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_what_exists(page: Path) -> None:
    """Each path in a page is a file or folder of the checkout."""
    named = {match.split("#")[0].split(":")[0].rstrip("/") for match in _PATH.findall(page.read_text("utf-8"))}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_between_pages_leads_somewhere(page: Path) -> None:
    """Relative links name a file that exists, and a heading of it when they name one."""
    astray = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            astray.append(target)
    assert astray == []


def anchors(page: Path) -> set[str]:
    """Anchors that a page's headings have where Markdown is shown: lower case, no punctuation, spaces as hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
