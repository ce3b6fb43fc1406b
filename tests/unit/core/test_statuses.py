"""Which of several words of a provider counts (rules §11.1, §11.2, §11.3); the tables themselves are in test_status_maps.py."""

import pytest

from services.core.evidence import statuses
from services.core.evidence.statuses import Reading
from services.core.words import ReceiptStatus as R


def test_an_operators_own_error_table_replaces_ours() -> None:
    """Error codes differ by operator: the hard ones are configuration (§11.1)."""
    assert statuses.smpp_receipt("UNDELIV", "00A", {"00A": "unknown_subscriber"}).status is R.FAILED_HARD
    assert statuses.smpp_receipt("UNDELIV", "001", {}).status is R.FAILED_SOFT


def test_smpp_answers() -> None:
    """Overload is nobody's failure; a wrong destination is hard; everything else is between the provider and us (§11.1)."""
    assert statuses.smpp_answer(0x58) is None
    assert statuses.smpp_answer(0x14) is None
    assert statuses.smpp_answer(0x0B) == Reading(status=R.FAILED_HARD, reason="invalid_destination")
    assert statuses.smpp_answer(0x0456) == Reading(status=R.FAILED_POLICY)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416", R.FAILED_HARD),
        ("5.1.1", R.FAILED_HARD),
        ("550 5.1.1 refused OFR_506", R.FAILED_POLICY),
        ("no code at all", R.FAILED_SOFT),
        ("", R.FAILED_SOFT),
    ],
)
def test_email_answers(answer: str, status: R) -> None:
    """Whole answers and bare statuses; a provider's own code wins over the status; without any code it is soft (§11.3)."""
    assert statuses.email_answer(answer).status is status


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "expected"),
    [
        ("delivered", "2.0.0", "", R.DELIVERED),
        ("failed", "5.1.1", "smtp; 550 5.1.1 unknown", R.FAILED_HARD),
        ("failed", "5.0.0", "smtp; 550 5.1.1 unknown", R.FAILED_HARD),
        ("failed", "5.1.1", "smtp; 550 5.2.0 refused ofr_506", R.FAILED_POLICY),
        ("Failed", "5.2.2", "", R.FAILED_SOFT),
    ],
)
def test_email_notifications(action: str, status: str, diagnostic: str, expected: R) -> None:
    """Action first; a failure by the remote server's own words, then by the status (§11.3)."""
    assert statuses.email_dsn(action, status, diagnostic).status is expected


@pytest.mark.parametrize(
    ("sip", "cause", "expected"),
    [
        (503, 1, R.FAILED_HARD),
        (486, 34, R.FAILED_POLICY),
        (None, None, R.FAILED_SOFT),
    ],
)
def test_calls_that_failed(sip: int | None, cause: int | None, expected: R) -> None:
    """The Q.850 cause wins over the SIP answer; without either it is soft (§11.2)."""
    assert statuses.call_failed(sip, cause).status is expected
