"""What a provider says, in the words of the scenario language, read through the same tables as the real protocols (rules §11)."""

from collections.abc import Callable, Mapping
from typing import Final

from services.core.evidence import statuses
from services.core.evidence.statuses import Reading
from services.core.ports.providers import Outcome, OutcomeUnknown, Refused, TryLater
from services.core.words import Channel, ReceiptStatus, Why

#: numbers of the SMPP 3.4 command statuses that a scenario names (§5.1.3)
_ESME: Final[Mapping[str, int]] = {
    "ESME_RSYSERR": 0x08,
    "ESME_RINVSRCADR": 0x0A,
    "ESME_RINVDSTADR": 0x0B,
    "ESME_RMSGQFUL": 0x14,
    "ESME_RSUBMITFAIL": 0x45,
    "ESME_RTHROTTLED": 0x58,
    "ESME_RX_T_APPN": 0x64,
}

_SMS: Final[Mapping[str, tuple[str, str]]] = {
    "delivered": ("DELIVRD", "000"),
    "undelivered unknown_subscriber": ("UNDELIV", "001"),
    "undelivered unreachable": ("UNDELIV", "006"),
    "rejected": ("REJECTD", "000"),
    "expired": ("EXPIRED", "000"),
}


def report_of(channel: Channel, word: str) -> tuple[Reading, str] | None:
    """The canonical reading of a report and its raw words; none for one that says nothing new (``none``, ``accepted``, ``out_of_office``).

    Key presses are a conversation, not a report. Raises ``ValueError`` for a word that the channel does not know.
    """
    if word in {"none", "accepted", "out_of_office"}:
        return None
    return _REPORTS[channel](word)


def answer_to(channel: Channel, raw: str) -> Outcome:
    """A refusal at once, in the words of the protocol, as the adapter of that protocol would understand it."""
    return _ANSWERS[channel](raw)


def _sms_report(word: str) -> tuple[Reading, str]:
    if word not in _SMS:
        raise ValueError(f"no such SMS report: {word}")
    stat, err = _SMS[word]
    return statuses.smpp_receipt(stat, err), f"{stat} err:{err}"


def _email_report(word: str) -> tuple[Reading, str]:
    kind, _, rest = word.partition(" ")
    if word == "complaint":
        return Reading(status=ReceiptStatus.COMPLAINT, reason="arf"), "ARF abuse"
    if word == "delivered":
        return statuses.email_dsn("delivered", "2.0.0", ""), "delivered 2.0.0"
    if kind in {"bounce", "reject"} and rest:
        said = rest.strip('"')
        return statuses.email_dsn("failed", said, said), f"failed {said}"
    raise ValueError(f"no such e-mail report: {word}")


def _voice_report(word: str) -> tuple[Reading, str]:
    kind, _, rest = word.partition(" ")
    if word in {"no_answer", "busy"}:
        status = word.replace("_", "-")
        return statuses.TWILIO_CALL[status], status
    if word == "machine":
        return statuses.call_answered("machine_end_beep"), "completed machine_end_beep"
    if word == "fax":
        return statuses.call_answered("fax"), "completed fax"
    if kind == "cause" and rest.isdigit():
        return statuses.call_failed(None, int(rest)), f"failed q850:{rest}"
    raise ValueError(f"no such voice report: {word}")


def _letter_report(word: str) -> tuple[Reading, str]:
    kind, _, rest = word.partition(" ")
    if kind == "returned" and rest:
        return statuses.letter_returned(rest), f"ON_UNDELIVERED_MAIL_RECEIVED {rest}"
    if word == "acknowledged":
        return statuses.LETTER_DELIVERY["ACKNOWLEDGED"], "ON_ACKNOWLEDGEMENT_OF_RECEIPT_RECEIVED"
    status = {"processed": "PROCESSED", "rejected": "REJECTED"}.get(kind)
    reading = None if status is None else statuses.letter_status(status, rest)
    if status is None or reading is None:
        raise ValueError(f"no such letter report: {word}")
    return reading, f"{status} {rest}".strip()


def _outcome(reading: Reading | None, raw: str) -> Outcome:
    """No reading is our own overload; a soft failure is tried again; the rest never will be taken."""
    if reading is None:
        return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=raw)
    if reading.status is ReceiptStatus.FAILED_SOFT:
        return TryLater(reason=Why.REJECTED_BY_PROVIDER, status=reading.status, raw_status=raw)
    return Refused(status=reading.status, raw_status=raw)


def _sms_answer(raw: str) -> Outcome:
    command_status = _ESME.get(raw.upper())
    return _outcome(Reading(status=ReceiptStatus.FAILED_POLICY) if command_status is None else statuses.smpp_answer(command_status), raw)


def _voice_answer(raw: str) -> Outcome:
    status, _, code = raw.partition(" ")
    if status in {"429", "503"}:
        return _outcome(None, raw)
    if status.startswith("5"):
        # the call may have been placed, and the API has no key against doubles
        return OutcomeUnknown(raw_status=raw)
    return _outcome(statuses.TWILIO_CALL_ERRORS.get(code, Reading(status=ReceiptStatus.FAILED_POLICY)), raw)


def _letter_answer(raw: str) -> Outcome:
    overloaded = raw.startswith(("429", "5"))
    return _outcome(None if overloaded else Reading(status=ReceiptStatus.FAILED_POLICY), raw)


_REPORTS: Final[Mapping[Channel, Callable[[str], tuple[Reading, str]]]] = {
    Channel.SMS: _sms_report,
    Channel.EMAIL: _email_report,
    Channel.VOICE: _voice_report,
    Channel.LETTER: _letter_report,
}

_ANSWERS: Final[Mapping[Channel, Callable[[str], Outcome]]] = {
    Channel.SMS: _sms_answer,
    Channel.EMAIL: lambda raw: _outcome(statuses.email_answer(raw), raw),
    Channel.VOICE: _voice_answer,
    Channel.LETTER: _letter_answer,
}
