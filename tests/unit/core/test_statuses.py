"""Providers' words in ours (rules §11)."""

import pytest

from services.core import statuses
from services.core.statuses import Reading
from services.core.words import ReceiptStatus as R


@pytest.mark.parametrize(
    ("stat", "err", "reading"),
    [
        ("ENROUTE", "000", Reading(status=R.SENT)),
        ("ACCEPTD", "000", Reading(status=R.SENT)),
        ("DELIVRD", "000", Reading(status=R.DELIVERED)),
        ("EXPIRED", "000", Reading(status=R.EXPIRED)),
        ("UNDELIV", "001", Reading(status=R.FAILED_HARD, reason="unknown_subscriber")),
        ("UNDELIV", "027", Reading(status=R.FAILED_SOFT, reason="unreachable")),
        ("UNDELIV", "999", Reading(status=R.FAILED_SOFT)),
        ("REJECTD", "000", Reading(status=R.FAILED_POLICY)),
        ("DELETED", "000", Reading(status=R.UNKNOWN)),
        ("WHATEVER", "000", Reading(status=R.UNKNOWN)),
    ],
)
def test_smpp_receipts(stat: str, err: str, reading: Reading) -> None:
    """UNDELIV is hard only with an error that says that the number will never work."""
    assert statuses.smpp_receipt(stat, err) == reading


def test_an_operators_own_error_table_replaces_ours() -> None:
    """Error codes differ by operator: the hard ones are configuration."""
    assert statuses.smpp_receipt("UNDELIV", "00A", {"00A": "unknown_subscriber"}).status is R.FAILED_HARD
    assert statuses.smpp_receipt("UNDELIV", "001", {}).status is R.FAILED_SOFT


def test_smpp_answers() -> None:
    """Overload is nobody's failure; a wrong destination is hard; everything else is between the provider and us."""
    assert statuses.smpp_answer(0x58) is None
    assert statuses.smpp_answer(0x14) is None
    assert statuses.smpp_answer(0x0B) == Reading(status=R.FAILED_HARD, reason="invalid_destination")
    assert statuses.smpp_answer(0x0456) == Reading(status=R.FAILED_POLICY)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416", R.FAILED_HARD),
        ("5.1.1", R.FAILED_HARD),
        ("550 5.2.1 disabled", R.FAILED_HARD),
        ("550 5.5.0 Adresse inconnue LPN007_416", R.FAILED_HARD),
        ("552 5.2.2 Mailbox full", R.FAILED_SOFT),
        ("452 4.2.2 Mailbox full", R.FAILED_SOFT),
        ("451 4.7.1 greylisted", R.FAILED_SOFT),
        ("550 5.7.1 blocked", R.FAILED_POLICY),
        ("550 5.2.0 ofr_506", R.FAILED_POLICY),
        ("550 5.5.0 LPN007_405", R.FAILED_POLICY),
        ("421 Too many connections OFR004_104", R.FAILED_POLICY),
        ("450 4.7.1 LPN027_503", R.FAILED_POLICY),
        ("553 5.1.8 sender domain not found", R.FAILED_POLICY),
        ("550 no such user here", R.FAILED_SOFT),
        ("554 5.3.0 something", R.FAILED_SOFT),
        ("no code at all", R.FAILED_SOFT),
    ],
)
def test_email_answers(answer: str, status: R) -> None:
    """5.2.2 says 5 but is soft, 5.7.1 says 5 but is us, a provider's own code wins over the status."""
    assert statuses.email_answer(answer).status is status


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "expected"),
    [
        ("delivered", "2.0.0", "", R.DELIVERED),
        ("relayed", "2.0.0", "", R.DELIVERED),
        ("expanded", "2.0.0", "", R.SENT),
        ("delayed", "4.4.1", "", R.FAILED_SOFT),
        ("failed", "5.1.1", "smtp; 550 5.1.1 unknown", R.FAILED_HARD),
        ("failed", "5.0.0", "smtp; 550 5.1.1 unknown", R.FAILED_HARD),
        ("failed", "5.1.1", "smtp; 550 5.2.0 refused ofr_506", R.FAILED_POLICY),
        ("Failed", "5.2.2", "", R.FAILED_SOFT),
    ],
)
def test_email_notifications(action: str, status: str, diagnostic: str, expected: R) -> None:
    """Action first; a failure by the remote server's own words, then by the status."""
    assert statuses.email_dsn(action, status, diagnostic).status is expected


@pytest.mark.parametrize(
    ("sip", "cause", "expected"),
    [
        (404, None, R.FAILED_HARD),
        (484, None, R.FAILED_HARD),
        (486, None, R.BUSY),
        (480, None, R.NO_ANSWER),
        (603, None, R.FAILED_SOFT),
        (503, None, R.FAILED_POLICY),
        (503, 1, R.FAILED_HARD),
        (None, 27, R.FAILED_SOFT),
        (None, 34, R.FAILED_POLICY),
        (None, None, R.FAILED_SOFT),
    ],
)
def test_calls_that_failed(sip: int | None, cause: int | None, expected: R) -> None:
    """The Q.850 cause wins over the SIP answer; 5xx are the network's."""
    assert statuses.call_failed(sip, cause).status is expected


def test_calls_that_were_taken() -> None:
    """A machine is no person, a fax is a wrong line, silence is an attempt."""
    assert statuses.call_answered("human").status is R.ANSWERED_NO_INPUT
    assert statuses.call_answered("machine_end_beep").status is R.VOICEMAIL_LEFT
    assert statuses.call_answered("fax") == Reading(status=R.FAILED_HARD, reason="fax")


def test_letters() -> None:
    """Processed is not delivered; N05 is a person's refusal; a bad address is hard, with its code."""
    processed = statuses.letter_status("PROCESSED")
    assert processed is not None
    assert processed.status is R.SENT
    assert statuses.letter_status("PENDING") is None
    assert statuses.letter_status("REJECTED", "ADDRESS_LINE_2_TOO_LONG") == Reading(status=R.FAILED_HARD, reason="address_line_2_too_long")
    assert statuses.letter_returned("N02").status is R.RETURNED
    assert statuses.letter_returned("N05").status is R.REFUSED_BY_PERSON
    assert statuses.letter_returned("N99").status is R.RETURNED


def test_twilio_messages() -> None:
    """The error code wins; without one a failure is soft."""
    assert statuses.twilio_message("delivered", "").status is R.DELIVERED
    assert statuses.twilio_message("undelivered", "30005").status is R.FAILED_HARD
    assert statuses.twilio_message("undelivered", "30007").status is R.FAILED_POLICY
    assert statuses.twilio_message("failed", "").status is R.FAILED_SOFT
