"""Every rule of docs/rules.md is proven by a test or a story that cites it, and the page says by which."""

from tests.architecture.proofs import HEADING, RULES, citations, cited, proven, rules

_PAGE = RULES.read_text("utf-8")


def test_every_rule_is_proven() -> None:
    """Each section that rules something is cited by the docstring of a test, or by a story."""
    assert [number for number in rules(_PAGE) if number not in citations()] == []


def test_the_page_names_the_proofs_of_today() -> None:
    """The "Proven by" lines are what the tests cite now; `make docs` rewrites them."""
    today, written = proven(_PAGE).splitlines(), _PAGE.splitlines()
    assert [line for line in today if line not in written] == []
    assert [line for line in written if line not in today] == []


def test_what_tests_cite_is_written_down() -> None:
    """Each "§x.y" in the docstrings of tests and at the top of stories is a heading of docs/rules.md."""
    written = set(HEADING.findall(_PAGE))
    assert {number: (found.tests, found.stories) for number, found in citations().items() if number not in written} == {}


def test_sections_of_other_documents_are_no_rules() -> None:
    """Only the project's own numbers count."""
    assert cited("(contracts §3; rules §10.5, §10.9) RFC 3464 §2.3.3") == ["10.5", "10.9"]


def test_a_line_is_written_once() -> None:
    """Written twice, the page is the same; a rule without proofs has no line, a heading over others none either."""
    once = proven(_PAGE)
    assert proven(once).splitlines() == once.splitlines()
    assert "10.1" not in rules(_PAGE)
    assert "10.1.5" in rules(_PAGE)
    assert proven("## §10.3 Quiet hours\n\nText.\n").count("**Proven by.**") == 1
    assert "Proven by" not in proven("## §77 Nothing\n\nText.\n")
