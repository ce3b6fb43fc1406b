"""Which senders may be shown (rules §4.2, SC-43)."""

import pytest

from services.core.channels.senders import SenderKind, SenderProblem, check_sender


@pytest.mark.parametrize(
    ("value", "kind", "two_way"),
    [
        ("38123", SenderKind.SHORT_CODE, True),
        ("36000", SenderKind.SHORT_CODE, True),
        ("FRTRAVAIL", SenderKind.ALPHANUMERIC, False),
        ("A1234567890", SenderKind.ALPHANUMERIC, False),
        ("0948123456", SenderKind.NUMBER, True),
        ("09 48 12 34 56", SenderKind.NUMBER, True),
        ("+33 1 62 12 34 56", SenderKind.NUMBER, True),
        ("+33 (0)9 47 51 23 45", SenderKind.NUMBER, True),
        ("0033948123456", SenderKind.NUMBER, True),
    ],
)
def test_a_lawful_sender_is_accepted(value: str, kind: SenderKind, two_way: bool) -> None:
    """Short codes, names and verified numbers are valid; only names cannot be answered."""
    verdict = check_sender(value)
    assert verdict.valid
    assert verdict.problem is None
    assert (verdict.kind, verdict.two_way) == (kind, two_way)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0612345678", SenderProblem.MOBILE_NUMBER),
        ("+33 7 56 78 90 12", SenderProblem.MOBILE_NUMBER),
        ("0140010000", SenderProblem.GEOGRAPHIC_NUMBER),
        ("0972123456", SenderProblem.ORDINARY_09_NUMBER),
        ("0947123456", SenderProblem.ORDINARY_09_NUMBER),
        ("0938123456", SenderProblem.PLATFORM_NUMBER),
        ("0800123456", SenderProblem.SPECIAL_NUMBER),
        ("12345678901", SenderProblem.NOT_A_NUMBER),
        ("3949", SenderProblem.NOT_A_NUMBER),
        ("0012345678", SenderProblem.NOT_A_NUMBER),
        ("37123", SenderProblem.SHORT_CODE_RANGE),
        ("FranceTravail", SenderProblem.NAME_TOO_LONG),
        ("FT-INFO", SenderProblem.NAME_CHARACTER),
        ("FR TRAVAIL", SenderProblem.NAME_CHARACTER),
        ("ÉQUIPE", SenderProblem.NAME_CHARACTER),
        ("  ", SenderProblem.EMPTY),
    ],
)
def test_an_unlawful_sender_is_refused_with_its_reason(value: str, problem: SenderProblem) -> None:
    """What the numbering plan or the operators' charter forbids is refused, and nothing refused can be answered."""
    verdict = check_sender(value)
    assert not verdict.valid
    assert verdict.problem is problem
    assert not verdict.two_way


def test_the_verified_ranges_are_a_setting() -> None:
    """Another list of verified ranges replaces the shipped one."""
    assert check_sender("0140010000", ("0140",)).valid
    assert check_sender("0948123456", ("0140",)).problem is SenderProblem.ORDINARY_09_NUMBER
