"""Each provider's words in ours, row by row: the whole of every table, so that no row appears, disappears or changes unseen."""

from collections.abc import Callable, Iterable, Mapping

import pytest

from services.core.evidence import statuses
from services.core.evidence.statuses import Reading

#: what a table says of a word that tells nothing new
_NOTHING = "-"


def _rows(table: str) -> dict[str, str]:
    """``word  status[:reason]`` lines; "-" where nothing is said."""
    pairs = [line.rsplit(maxsplit=1) for line in table.strip().splitlines()]
    return {word.strip(): said for word, said in pairs}


def _said(reading: Reading | None) -> str:
    if reading is None:
        return _NOTHING
    return f"{reading.status.value}:{reading.reason}" if reading.reason else reading.status.value


def _two(word: str) -> tuple[str, str]:
    """Status and code; no code is empty."""
    status, _, code = word.partition(" ")
    return status, code


def _read(words: Iterable[str], read: Callable[[str], Reading | None]) -> dict[str, str]:
    return {word: _said(read(word)) for word in words}


SMPP = """
ENROUTE      sent
ACCEPTD      sent
DELIVRD      delivered
EXPIRED      expired
UNDELIV 001  failed_hard:unknown_subscriber
UNDELIV 005  failed_hard:invalid_destination
UNDELIV 006  failed_soft:unreachable
UNDELIV 027  failed_soft:unreachable
UNDELIV 032  failed_soft:memory_full
UNDELIV 000  failed_soft
REJECTD      failed_policy
DELETED      unknown
UNKNOWN      unknown
BETWEEN      unknown
"""


def test_smpp() -> None:
    """§11.1: ``stat`` with its ``err``; UNDELIV is hard only when the number will never work; a strange word is unknown."""
    assert _read(_rows(SMPP), lambda word: statuses.smpp_receipt(*_two(word))) == _rows(SMPP)
    assert {word.split()[0] for word in _rows(SMPP)} - {"BETWEEN"} == set(statuses.SMPP_STAT)
    errors = {word.split()[1] for word in _rows(SMPP) if " " in word} - {"000"}
    assert errors == {*statuses.SMPP_HARD_ERRORS, *statuses.SMPP_SOFT_ERRORS}


TWILIO_SMS = """
queued               accepted
accepted             accepted
scheduled            accepted
sending              sent
sent                 sent
delivered            delivered
read                 delivered
undelivered          failed_soft
undelivered 30003    failed_soft:unreachable
undelivered 30004    failed_hard:blocked
undelivered 30005    failed_hard:unknown_subscriber
undelivered 30006    failed_hard:landline
undelivered 30007    failed_policy:carrier_filtered
undelivered 30008    unknown
failed               failed_soft
failed 30005         failed_hard:unknown_subscriber
failed 30008         unknown
canceled             failed_policy
partially_delivered  unknown
delivered 30005      delivered
somehow              unknown
"""


def test_twilio_sms() -> None:
    """§11.1: the error code beside a failure says which kind it is; beside anything else it says nothing; ``canceled`` is ours."""
    assert _read(_rows(TWILIO_SMS), lambda word: statuses.twilio_message(*_two(word))) == _rows(TWILIO_SMS)
    assert {word.split()[0] for word in _rows(TWILIO_SMS)} - {"somehow"} == set(statuses.TWILIO_MESSAGE)
    assert {word.split()[1] for word in _rows(TWILIO_SMS) if " " in word} == set(statuses.TWILIO_MESSAGE_ERRORS)


VONAGE = """
accepted     sent
buffered     sent
delivered    delivered
expired      expired
failed       failed_soft
failed 2     failed_soft:unreachable
failed 3     failed_hard:unknown_subscriber
failed 4     failed_hard:blocked
failed 6     failed_policy:carrier_filtered
failed 7     failed_soft:unreachable
failed 9     failed_hard:invalid_destination
failed 12    failed_soft:unreachable
failed 99    failed_soft
rejected     failed_policy
unknown      unknown
somehow      unknown
"""


def test_vonage() -> None:
    """§11.1: ``failed`` is soft, or what its ``err-code`` says; accepted and buffered are no delivery."""
    assert _read(_rows(VONAGE), lambda word: statuses.vonage_message(*_two(word))) == _rows(VONAGE)
    assert {word.split()[0] for word in _rows(VONAGE)} - {"somehow"} == set(statuses.VONAGE_MESSAGE)
    assert {word.split()[1] for word in _rows(VONAGE) if " " in word} - {"99"} == set(statuses.VONAGE_MESSAGE_ERRORS)


BREVO = """
sent         sent
accepted     sent
delivered    delivered
softBounce   failed_soft
soft_bounce  failed_soft
hardBounce   failed_hard
hard_bounce  failed_hard
rejected     failed_policy
blocked      failed_policy
blacklisted  failed_policy
replied      -
somehow      unknown
"""


def test_brevo() -> None:
    """§11.1: both spellings of a bounce; ``replied`` is an answer and never a receipt."""
    assert _read(_rows(BREVO), lambda word: statuses.brevo_message(word, "")) == _rows(BREVO)
    assert set(_rows(BREVO)) - {"somehow"} == set(statuses.BREVO_MESSAGE)


Q850 = """
1   failed_hard:unallocated
17  busy
18  no_answer
19  no_answer
20  no_answer:absent
21  failed_soft:call_rejected
27  failed_soft:out_of_order
28  failed_hard:invalid_format
34  failed_policy:network
38  failed_policy:network
41  failed_policy:network
42  failed_policy:network
47  failed_policy:network
99  failed_soft
"""


def test_voice_causes() -> None:
    """§11.2: Q.850 — 1 and 28 never work, 17 to 20 are another slot's, 21 and 27 soft, the network's are ours; the rest is soft."""
    assert _read(_rows(Q850), lambda word: statuses.call_failed(None, int(word))) == _rows(Q850)
    assert {int(word) for word in _rows(Q850)} - {99} == set(statuses.Q850)


SIP = """
404  failed_hard:unallocated
410  failed_hard:unallocated
604  failed_hard:unallocated
484  failed_hard:invalid_format
486  busy
600  busy
480  no_answer
408  no_answer
603  failed_soft:call_rejected
500  failed_policy:network
503  failed_policy:network
599  failed_policy:network
606  failed_soft
"""


def test_voice_sip_answers() -> None:
    """§11.2: a SIP answer counts as the cause that it stands for; every 5xx is ours."""
    assert _read(_rows(SIP), lambda word: statuses.call_failed(int(word))) == _rows(SIP)
    assert {int(word) for word in _rows(SIP)} - {500, 503, 599, 606} == set(statuses.SIP_TO_Q850)


ANSWERED_BY = """
human                answered_no_input
unknown              answered_no_input
machine_start        voicemail_left
machine_end_beep     voicemail_left
machine_end_silence  voicemail_left
machine_end_other    voicemail_left
fax                  failed_hard:fax
something            answered_no_input
"""

CALL_STATUS = """
busy       busy
no-answer  no_answer
canceled   failed_policy:canceled
"""


def test_voice_machine_detection() -> None:
    """§11.2: who picked up, when no key told more: a person who said nothing, an answering machine, a wrong line."""
    assert _read(_rows(ANSWERED_BY), statuses.call_answered) == _rows(ANSWERED_BY)
    assert set(_rows(ANSWERED_BY)) - {"something"} == set(statuses.ANSWERED_BY)


def test_voice_calls_that_were_no_conversation() -> None:
    """§11.2: busy and no answer are another slot's; a call that was cancelled is ours. The others are told by cause or by who answered."""
    assert _read(statuses.TWILIO_CALL, statuses.TWILIO_CALL.get) == _rows(CALL_STATUS)


EMAIL = """
550 5.1.1 unknown                 failed_hard:bad_mailbox
550 5.1.0 unknown                 failed_hard:bad_mailbox
550 5.1.2 no such domain          failed_hard:bad_mailbox
550 5.1.10 null mx                failed_hard:bad_mailbox
553 5.1.7 bad sender              failed_policy:sender_refused
553 5.1.8 bad sender              failed_policy:sender_refused
550 5.2.1 disabled                failed_hard:mailbox_disabled
550 5.5.0 LPN007_416              failed_hard:lpn007_416
552 5.2.2 full                    failed_soft:mailbox_full
452 4.2.2 full                    failed_soft:mailbox_full
451 4.7.1 greylisted              failed_soft
421 4.3.2 closing                 failed_soft
451 later                         failed_soft
554 5.3.0 something               failed_soft
550 5.5.0 something               failed_soft
550 something                     failed_soft
550 5.7.1 blocked                 failed_policy:sender_refused
550 5.7.26 unauthenticated        failed_policy:sender_refused
550 5.2.0 ofr_506                 failed_policy:sender_refused
550 5.5.0 LPN007_405              failed_policy:sender_refused
550 5.5.0 LPN007_510              failed_policy:sender_refused
550 5.5.0 LPN007_517              failed_policy:sender_refused
421 4.7.0 OFR004_104              failed_policy:too_many_connections
421 OFR004_999                    failed_policy:too_many_connections
450 4.7.1 LPN027_503              failed_policy:sender_refused
"""


def test_email_codes() -> None:
    """§11.3: a provider's own code before the status class; 5.2.2 is soft although it says 5; a refusal of the sender is ours."""
    assert _read(_rows(EMAIL), statuses.email_answer) == _rows(EMAIL)


DSN = """
delivered  delivered
relayed    delivered
expanded   sent
delayed    failed_soft:delayed
"""


def test_email_notifications() -> None:
    """§11.3: what a notification's Action says by itself; ``failed`` is told by its status."""
    assert _read(statuses.DSN_ACTION, lambda action: statuses.email_dsn(action, "5.1.1", "")) == _rows(DSN)
    assert _said(statuses.email_dsn("failed", "5.1.1", "")) == "failed_hard:bad_mailbox"


LETTER = """
DRAFT                                -
PENDING                              -
BLOCKED                              -
PREPARING                            -
ACCEPTED                             accepted
PROCESSED                            sent
PROCESSED_WITH_ERRORS                failed_hard:processed_with_errors
REJECTED                             failed_hard:rejected
REJECTED ADDRESS_LINE_2_TOO_LONG     failed_hard:address_line_2_too_long
REJECTED EMPTY_ADDRESS_LINE_6        failed_hard:empty_address_line_6
SENDING_REJECTED                     failed_hard:rejected
CANCELED                             failed_policy:canceled
SOMETHING                            -
"""

RETURNED = """
N02  returned:unknown_at_address
N03  returned:not_claimed
N05  refused_by_person:refused
N07  returned:address_defect
N10  returned:unknown_at_address
N99  returned:unknown_reason
"""

REGISTERED = """
FIRST_PRESENTATION  sent:first_presentation
DELIVERED           delivered
ACKNOWLEDGED        delivered:acknowledged
"""


def test_letter_statuses() -> None:
    """§11.4: a refused address is hard, with its code, before anything is posted; accepted is E1; PROCESSED is sent and not delivered."""
    assert _read(_rows(LETTER), lambda word: statuses.letter_status(*_two(word))) == _rows(LETTER)
    assert {word.split()[0] for word in _rows(LETTER)} - {"SOMETHING"} == set(statuses.LETTER_STATUS)


@pytest.mark.parametrize(
    ("table", "rows"),
    [(statuses.LETTER_RETURNED, RETURNED), (statuses.LETTER_DELIVERY, REGISTERED)],
    ids=["returned", "registered"],
)
def test_letters_that_came_back_or_were_signed_for(table: Mapping[str, Reading], rows: str) -> None:
    """§11.4: N02, N07, N10 and N03 came back, N05 is the person's refusal, an unheard-of reason is a return all the same."""
    expected = _rows(rows)
    assert _read(table, table.get) == {word: said for word, said in expected.items() if word != "N99"}
    if "N99" in expected:
        assert _said(statuses.letter_returned("N99")) == expected["N99"]
