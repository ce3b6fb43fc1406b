"""What providers' words mean in ours: one table per protocol, and for each the one function that reads it (rules §11).

The most specific rule wins: a provider's own code before a status class. Nothing here decides what is done about it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from services.core.words import ReceiptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A provider's words, understood. ``reason`` is a bounded word, or the protocol's own short code in lower case."""

    status: ReceiptStatus
    reason: str | None = None


_HARD = ReceiptStatus.FAILED_HARD
_SOFT = ReceiptStatus.FAILED_SOFT
_POLICY = ReceiptStatus.FAILED_POLICY

# --- SMS (rules §11.1) --------------------------------------------------------------------------------------------------

#: ``stat:`` of an SMPP 3.4 delivery receipt (appendix B)
SMPP_STAT: Final[Mapping[str, ReceiptStatus]] = {
    "ENROUTE": ReceiptStatus.SENT,
    "ACCEPTD": ReceiptStatus.SENT,
    "DELIVRD": ReceiptStatus.DELIVERED,
    "EXPIRED": ReceiptStatus.EXPIRED,
    "UNDELIV": ReceiptStatus.FAILED_SOFT,
    "REJECTD": ReceiptStatus.FAILED_POLICY,
    "DELETED": ReceiptStatus.UNKNOWN,
    "UNKNOWN": ReceiptStatus.UNKNOWN,
}

#: ``err:`` with UNDELIV that says "this number will never work"; an operator's own table replaces it (3GPP TS 29.002 error values)
SMPP_HARD_ERRORS: Final[Mapping[str, str]] = {
    "001": "unknown_subscriber",
    "005": "invalid_destination",
}

#: ``err:`` worth naming beside a soft failure
SMPP_SOFT_ERRORS: Final[Mapping[str, str]] = {
    "006": "unreachable",
    "027": "unreachable",
    "032": "memory_full",
}

#: command_status of a submit_sm_resp (SMPP 3.4 §5.1.3); none: the provider's or our overload, not the number's fault
SMPP_ANSWERS: Final[Mapping[int, Reading | None]] = {
    0x0000000A: Reading(status=_POLICY, reason="invalid_source"),
    0x0000000B: Reading(status=_HARD, reason="invalid_destination"),
    0x00000050: Reading(status=_HARD, reason="invalid_destination"),
    0x00000051: Reading(status=_HARD, reason="invalid_destination"),
    0x00000008: None,  # ESME_RSYSERR
    0x00000014: None,  # ESME_RMSGQFUL
    0x00000045: None,  # ESME_RSUBMITFAIL
    0x00000058: None,  # ESME_RTHROTTLED
    0x00000064: None,  # ESME_RX_T_APPN: temporary, says the application behind
}


def smpp_receipt(stat: str, err: str, hard_errors: Mapping[str, str] = SMPP_HARD_ERRORS) -> Reading:
    """A delivery receipt; an unheard-of ``stat`` is unknown."""
    status = SMPP_STAT.get(stat.upper(), ReceiptStatus.UNKNOWN)
    if status is ReceiptStatus.FAILED_SOFT and err in hard_errors:
        return Reading(status=_HARD, reason=hard_errors[err])
    if status is ReceiptStatus.FAILED_SOFT:
        return Reading(status=status, reason=SMPP_SOFT_ERRORS.get(err))
    return Reading(status=status)


def smpp_answer(command_status: int) -> Reading | None:
    """A refusal of submit_sm; none for overload. What the table does not name is between the provider and us (policy)."""
    return SMPP_ANSWERS.get(command_status, Reading(status=_POLICY))


#: MessageStatus of a Twilio message
TWILIO_MESSAGE: Final[Mapping[str, ReceiptStatus]] = {
    "queued": ReceiptStatus.ACCEPTED,
    "accepted": ReceiptStatus.ACCEPTED,
    "scheduled": ReceiptStatus.ACCEPTED,
    "sending": ReceiptStatus.SENT,
    "sent": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.DELIVERED,
    "undelivered": _SOFT,
    "failed": _SOFT,
    "canceled": _POLICY,
    "partially_delivered": ReceiptStatus.UNKNOWN,
}

#: ErrorCode beside ``undelivered`` or ``failed``
TWILIO_MESSAGE_ERRORS: Final[Mapping[str, Reading]] = {
    "30003": Reading(status=_SOFT, reason="unreachable"),
    "30004": Reading(status=_HARD, reason="blocked"),
    "30005": Reading(status=_HARD, reason="unknown_subscriber"),
    "30006": Reading(status=_HARD, reason="landline"),
    "30007": Reading(status=_POLICY, reason="carrier_filtered"),
    "30008": Reading(status=ReceiptStatus.UNKNOWN),
}


def twilio_message(status: str, error_code: str) -> Reading:
    """A Twilio message callback; the error code wins over the status word."""
    reading = TWILIO_MESSAGE.get(status, ReceiptStatus.UNKNOWN)
    if reading is _SOFT and error_code in TWILIO_MESSAGE_ERRORS:
        return TWILIO_MESSAGE_ERRORS[error_code]
    return Reading(status=reading)


#: ``status`` of a Vonage delivery receipt
VONAGE_MESSAGE: Final[Mapping[str, ReceiptStatus]] = {
    "accepted": ReceiptStatus.SENT,
    "buffered": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "expired": ReceiptStatus.EXPIRED,
    "failed": _SOFT,
    "rejected": _POLICY,
    "unknown": ReceiptStatus.UNKNOWN,
}

#: ``err-code`` beside ``failed``; what the table does not name stays soft
VONAGE_MESSAGE_ERRORS: Final[Mapping[str, Reading]] = {
    "2": Reading(status=_SOFT, reason="unreachable"),
    "3": Reading(status=_HARD, reason="unknown_subscriber"),
    "4": Reading(status=_HARD, reason="blocked"),
    "6": Reading(status=_POLICY, reason="carrier_filtered"),
    "7": Reading(status=_SOFT, reason="unreachable"),
    "9": Reading(status=_HARD, reason="invalid_destination"),
    "12": Reading(status=_SOFT, reason="unreachable"),
}


def vonage_message(status: str, error_code: str) -> Reading:
    """A Vonage delivery receipt; the error code says what kind of failure it is."""
    reading = VONAGE_MESSAGE.get(status, ReceiptStatus.UNKNOWN)
    if reading is _SOFT and error_code in VONAGE_MESSAGE_ERRORS:
        return VONAGE_MESSAGE_ERRORS[error_code]
    return Reading(status=reading)


#: ``msg_status`` of a Brevo SMS, in both spellings; none: an answer, which is no receipt
BREVO_MESSAGE: Final[Mapping[str, ReceiptStatus | None]] = {
    "sent": ReceiptStatus.SENT,
    "accepted": ReceiptStatus.SENT,
    "delivered": ReceiptStatus.DELIVERED,
    "softBounce": _SOFT,
    "soft_bounce": _SOFT,
    "hardBounce": _HARD,
    "hard_bounce": _HARD,
    "rejected": _POLICY,
    "blocked": _POLICY,
    "blacklisted": _POLICY,
    "replied": None,
}


def brevo_message(status: str, _error_code: str) -> Reading | None:
    """A Brevo SMS event, which has no error code; none for an answer."""
    reading = BREVO_MESSAGE.get(status, ReceiptStatus.UNKNOWN)
    return Reading(status=reading) if reading is not None else None


#: whose words a gateway may hand on as they came: (status, error code) → ours, none when it is no receipt
SMS_WORDS: Final[Mapping[str, Callable[[str, str], Reading | None]]] = {
    "smpp": smpp_receipt,
    "twilio": twilio_message,
    "vonage": vonage_message,
    "brevo": brevo_message,
}

# --- voice (rules §11.2) ------------------------------------------------------------------------------------------------

#: CallStatus of a Twilio call that never was a conversation; ``failed`` is told by its cause, ``completed`` by who answered
TWILIO_CALL: Final[Mapping[str, Reading]] = {
    "busy": Reading(status=ReceiptStatus.BUSY),
    "no-answer": Reading(status=ReceiptStatus.NO_ANSWER),
    "canceled": Reading(status=_POLICY, reason="canceled"),
}

#: AnsweredBy (answering machine detection); ``human`` and ``unknown`` are people until proved otherwise
ANSWERED_BY: Final[Mapping[str, Reading]] = {
    "human": Reading(status=ReceiptStatus.ANSWERED_NO_INPUT),
    "unknown": Reading(status=ReceiptStatus.ANSWERED_NO_INPUT),
    "machine_start": Reading(status=ReceiptStatus.VOICEMAIL_LEFT),
    "machine_end_beep": Reading(status=ReceiptStatus.VOICEMAIL_LEFT),
    "machine_end_silence": Reading(status=ReceiptStatus.VOICEMAIL_LEFT),
    "machine_end_other": Reading(status=ReceiptStatus.VOICEMAIL_LEFT),
    "fax": Reading(status=_HARD, reason="fax"),
}

#: ITU-T Q.850 causes
Q850: Final[Mapping[int, Reading]] = {
    1: Reading(status=_HARD, reason="unallocated"),
    17: Reading(status=ReceiptStatus.BUSY),
    18: Reading(status=ReceiptStatus.NO_ANSWER),
    19: Reading(status=ReceiptStatus.NO_ANSWER),
    20: Reading(status=ReceiptStatus.NO_ANSWER, reason="absent"),
    21: Reading(status=_SOFT, reason="call_rejected"),
    27: Reading(status=_SOFT, reason="out_of_order"),
    28: Reading(status=_HARD, reason="invalid_format"),
    34: Reading(status=_POLICY, reason="network"),
    38: Reading(status=_POLICY, reason="network"),
    41: Reading(status=_POLICY, reason="network"),
    42: Reading(status=_POLICY, reason="network"),
    47: Reading(status=_POLICY, reason="network"),
}

#: SIP answers by the cause they stand for; 5xx are the network's
SIP_TO_Q850: Final[Mapping[int, int]] = {
    404: 1,
    410: 1,
    604: 1,
    484: 28,
    486: 17,
    600: 17,
    480: 18,
    408: 18,
    603: 21,
}


def call_failed(sip_code: int | None, cause: int | None = None) -> Reading:
    """A call that failed: by its Q.850 cause where the trunk gives one, else by its SIP answer; without either, soft."""
    if cause is None and sip_code is not None:
        cause = SIP_TO_Q850.get(sip_code)
    if cause is not None and cause in Q850:
        return Q850[cause]
    if sip_code is not None and 500 <= sip_code < 600:
        return Reading(status=_POLICY, reason="network")
    return Reading(status=_SOFT)


def call_answered(answered_by: str) -> Reading:
    """A call that was taken, when no key told more; without detection it was a person who said nothing."""
    return ANSWERED_BY.get(answered_by, ANSWERED_BY["unknown"])


#: error codes of the calls API that say "not this number" (400), everything else is between the provider and us
TWILIO_CALL_ERRORS: Final[Mapping[str, Reading]] = {
    "13223": Reading(status=_HARD, reason="invalid_format"),
    "13224": Reading(status=_HARD, reason="invalid_format"),
    "21211": Reading(status=_HARD, reason="invalid_format"),
    "21217": Reading(status=_HARD, reason="invalid_format"),
}

# --- e-mail (rules §11.3) -----------------------------------------------------------------------------------------------

#: codes that French mailbox providers write into their answers; they win over the status
EMAIL_PROVIDER_CODES: Final[tuple[tuple[re.Pattern[str], Reading], ...]] = (
    (re.compile(r"LPN007_416", re.IGNORECASE), Reading(status=_HARD, reason="lpn007_416")),
    (re.compile(r"LPN007_(405|510|517)", re.IGNORECASE), Reading(status=_POLICY, reason="sender_refused")),
    (re.compile(r"LPN027_503", re.IGNORECASE), Reading(status=_POLICY, reason="sender_refused")),
    (re.compile(r"OFR004_\d+", re.IGNORECASE), Reading(status=_POLICY, reason="too_many_connections")),
    (re.compile(r"ofr_506", re.IGNORECASE), Reading(status=_POLICY, reason="sender_refused")),
)

#: enhanced status codes (RFC 3463), the longest prefix wins. 5.1.7 and 5.1.8 speak of the sender's address: ours, not the person's.
EMAIL_STATUS: Final[Mapping[str, Reading]] = {
    "5.1.": Reading(status=_HARD, reason="bad_mailbox"),
    "5.1.7": Reading(status=_POLICY, reason="sender_refused"),
    "5.1.8": Reading(status=_POLICY, reason="sender_refused"),
    "5.2.1": Reading(status=_HARD, reason="mailbox_disabled"),
    "5.2.2": Reading(status=_SOFT, reason="mailbox_full"),
    "4.2.2": Reading(status=_SOFT, reason="mailbox_full"),
    "5.7.": Reading(status=_POLICY, reason="sender_refused"),
    "4.": Reading(status=_SOFT),
    "5.": Reading(status=_SOFT),
}

#: Action of a delivery status notification (RFC 3464 §2.3.3); ``failed`` is told by its status
DSN_ACTION: Final[Mapping[str, Reading]] = {
    "delivered": Reading(status=ReceiptStatus.DELIVERED),
    "relayed": Reading(status=ReceiptStatus.DELIVERED),
    "expanded": Reading(status=ReceiptStatus.SENT),
    "delayed": Reading(status=_SOFT, reason="delayed"),
}

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([245])\d\d(?![\d.])")


def email_answer(answer: str) -> Reading:
    """A server's refusal, whole (``552 5.2.2 Mailbox full``) or as a bare status (``5.1.1``); without any code it is soft."""
    for pattern, reading in EMAIL_PROVIDER_CODES:
        if pattern.search(answer):
            return reading
    enhanced = _ENHANCED.search(answer)
    if enhanced is not None:
        return _by_prefix(".".join(enhanced.groups()))
    basic = _BASIC.search(answer)
    return _by_prefix(f"{basic.group(1)}." if basic is not None else "5.")


def email_dsn(action: str, status: str, diagnostic: str) -> Reading:
    """One recipient of a delivery status notification; the remote server's own words say more than the reporter's status."""
    told = DSN_ACTION.get(action.lower())
    if told is not None:
        return told
    for pattern, reading in EMAIL_PROVIDER_CODES:
        if pattern.search(diagnostic):
            return reading
    if _ENHANCED.fullmatch(status.strip()) and status.strip() not in {"5.0.0", "4.0.0"}:
        return email_answer(status)
    return email_answer(diagnostic or status)


def says_permanent(answer: str) -> bool:
    """Does a server's code say 5.x.x, the enhanced one before the basic one? Other numbers in its words (« retry in 5 minutes ») do not."""
    code = _ENHANCED.search(answer) or _BASIC.search(answer)
    return code is not None and code.group(1) == "5"


def _by_prefix(status: str) -> Reading:
    fitting = [prefix for prefix in EMAIL_STATUS if status == prefix or (prefix.endswith(".") and status.startswith(prefix))]
    return EMAIL_STATUS[max(fitting, key=len)] if fitting else Reading(status=_SOFT)


# --- letter (rules §11.4) -----------------------------------------------------------------------------------------------

#: status of a sending or of its recipient at the print shop; none says nothing new
LETTER_STATUS: Final[Mapping[str, Reading | None]] = {
    "DRAFT": None,
    "PENDING": None,
    "BLOCKED": None,
    "PREPARING": None,
    "ACCEPTED": Reading(status=ReceiptStatus.ACCEPTED),
    "PROCESSED": Reading(status=ReceiptStatus.SENT),
    "PROCESSED_WITH_ERRORS": Reading(status=_HARD, reason="processed_with_errors"),
    "REJECTED": Reading(status=_HARD, reason="rejected"),
    "SENDING_REJECTED": Reading(status=_HARD, reason="rejected"),
    "CANCELED": Reading(status=_POLICY, reason="canceled"),
}

#: why a letter came back
LETTER_RETURNED: Final[Mapping[str, Reading]] = {
    "N02": Reading(status=ReceiptStatus.RETURNED, reason="unknown_at_address"),
    "N03": Reading(status=ReceiptStatus.RETURNED, reason="not_claimed"),
    "N05": Reading(status=ReceiptStatus.REFUSED_BY_PERSON, reason="refused"),
    "N07": Reading(status=ReceiptStatus.RETURNED, reason="address_defect"),
    "N10": Reading(status=ReceiptStatus.RETURNED, reason="unknown_at_address"),
}

#: registered letters: the postman's words
LETTER_DELIVERY: Final[Mapping[str, Reading]] = {
    "FIRST_PRESENTATION": Reading(status=ReceiptStatus.SENT, reason="first_presentation"),
    "DELIVERED": Reading(status=ReceiptStatus.DELIVERED),
    #: the signed slip came back
    "ACKNOWLEDGED": Reading(status=ReceiptStatus.DELIVERED, reason="acknowledged"),
}


def letter_status(status: str, reject_reason: str = "") -> Reading | None:
    """A print shop's status; ``reject_reason`` such as ``ADDRESS_LINE_2_TOO_LONG`` becomes the reason. Unheard-of words say nothing."""
    reading = LETTER_STATUS.get(status)
    if reading is not None and reading.status is _HARD and reject_reason:
        return Reading(status=_HARD, reason=reject_reason.lower())
    return reading


def letter_returned(reason: str) -> Reading:
    """A letter that came back; a reason nobody knows is still a return."""
    return LETTER_RETURNED.get(reason.upper(), Reading(status=ReceiptStatus.RETURNED, reason="unknown_reason"))
