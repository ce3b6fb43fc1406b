"""SMPP octets as networks really send them: odd receipts must be read, never end a connection."""

import struct
from datetime import UTC, datetime

import pytest

from services.adapters.providers.smpp import pdu
from services.adapters.providers.smpp.feedback import Letterbox, Memory, receipt_of, report_of
from services.core.evidence.statuses import SMPP_HARD_ERRORS
from services.core.words import Choice, ReceiptStatus

NOW = datetime(2026, 12, 10, 10, 0, tzinfo=UTC)


def deliver(text: bytes, *, esm_class: int = 0x04, coding: int = 0, tlvs: bytes = b"", source: bytes = b"33612345678") -> pdu.Delivery:
    """A deliver_sm body, read."""
    body = (
        b"\0\1\1" + source + b"\0\1\1" + b"38123\0" + bytes((esm_class, 0, 0)) + b"\0\0\0\0" + bytes((coding, 0, len(text))) + text + tlvs
    )
    return pdu.delivery_of(body)


def tlv(tag: int, value: bytes) -> bytes:
    """One optional parameter."""
    return struct.pack("!HH", tag, len(value)) + value


@pytest.mark.parametrize(
    ("text", "message_id", "stat", "err"),
    [
        (
            b"id:7f3a sub:001 dlvrd:001 submit date:2612101000 done date:2612101000 stat:UNDELIV err:001 text:France Trav",
            "7f3a",
            "UNDELIV",
            "001",
        ),
        (b"id:7f3a sub:001 dlvrd:001 submit date:261210100000 done date:261210100003 stat:DELIVRD err:000 Text:", "7f3a", "DELIVRD", "000"),
        (b"ID:7F3A SUB:1 STAT:delivrd ERR:00A", "7F3A", "DELIVRD", "00A"),
        (b"id:1 stat:EXPIRED", "1", "EXPIRED", ""),
        (b"id:1 done date: stat:WEIRD err:", "1", "WEIRD", ""),
    ],
)
def test_receipt_texts(text: bytes, message_id: str, stat: str, err: str) -> None:
    """Dates with seconds, errors in hexadecimal, capitals, missing fields (rules §4.4)."""
    report = report_of(deliver(text))
    assert report is not None
    assert (report.message_id, report.stat, report.err) == (message_id, stat, err)


def test_a_receipt_in_tlvs_only() -> None:
    """Some networks send no text: message id, state and network error stand in optional parameters, binary octets included."""
    tlvs = tlv(0x001E, b"7f3a\0") + tlv(0x0427, b"\x05") + tlv(0x0423, b"\x03\x00\x01") + tlv(0x1400, b"\xff\xfe")
    report = report_of(deliver(b"", tlvs=tlvs))
    assert report is not None
    assert (report.message_id, report.stat, report.err) == ("7f3a", "UNDELIV", "001")
    receipt = receipt_of(report, None, provider="a", hard_errors=SMPP_HARD_ERRORS, at=NOW)
    assert (receipt.status, receipt.reason) == (ReceiptStatus.FAILED_HARD, "unknown_subscriber")


def test_a_receipt_that_names_no_message() -> None:
    """Nothing can be done with it."""
    assert report_of(deliver(b"stat:DELIVRD err:000")) is None


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\1\1336", b"\0\1\1" + b"3" * 30])
def test_octets_that_end_too_early(body: bytes) -> None:
    """A body that is cut short is malformed, whatever its length."""
    with pytest.raises(pdu.MalformedPdu):
        pdu.delivery_of(body)


def test_a_long_text_in_a_tlv() -> None:
    """message_payload takes the place of short_message."""
    assert deliver(b"", esm_class=0, tlvs=tlv(0x0424, b"x" * 500)).text == "x" * 500


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0, b"\x1be 10", "€ 10"),
        (0, b"\x05t\x7f", "été".replace("é", "é", 1)[:2] + "à"),
        (3, "été".encode("latin-1"), "été"),
        (8, "été 👍".encode("utf-16-be"), "été 👍"),
        (8, b"\xd8", "\ufffd"),
    ],
)
def test_encodings(coding: int, octets: bytes, text: str) -> None:
    """GSM-7, Latin-1, UCS-2; what cannot be read does not raise."""
    assert deliver(octets, esm_class=0, coding=coding).text == text


def test_a_sixteen_bit_reference_of_parts() -> None:
    """Both kinds of concatenation header are understood."""
    part = deliver(b"\x06\x08\x04\x01\x02\x02\x01abc", esm_class=0x40).part
    assert part == pdu.Concatenation(reference=258, total=2, number=1)
    assert deliver(b"\x03\x24\x01\x01abc", esm_class=0x40).part is None


def test_parts_that_stay_alone_are_not_lost() -> None:
    """A part whose brothers never come is read alone when the letterbox is emptied."""
    box = Letterbox("secret")
    first = deliver(b"\x05\x00\x03\x07\x02\x01oui je", esm_class=0x40)
    second = deliver(b"\x05\x00\x03\x07\x02\x02 viens", esm_class=0x40)
    assert box.take(first, NOW) == []
    (whole,) = box.take(second, NOW)
    assert whole.text == "oui je viens"
    assert whole.choice is Choice.COME
    box.take(first, NOW)
    (left,) = box.empty(NOW)
    assert left.text == "oui je"
    assert box.empty(NOW) == []


def test_a_reply_id_does_not_give_the_number_away() -> None:
    """Same words, another key: another id; the number cannot be guessed from it."""
    (one,) = Letterbox("secret").take(deliver(b"1", esm_class=0), NOW)
    (other,) = Letterbox("other").take(deliver(b"1", esm_class=0), NOW)
    assert one.reply_id != other.reply_id
    assert "336" not in one.reply_id


def test_memory_is_bounded() -> None:
    """The oldest message ids are forgotten."""
    memory = Memory(size=2)
    for number in range(3):
        memory.remember(f"m{number}", f"a{number}", None)
    assert memory.get("m0") is None
    newest = memory.get("m2")
    assert newest is not None
    assert newest.provider_ref == "m2"


@pytest.mark.parametrize(
    ("sender", "number", "ton"), [("38123", "38123", 3), ("FRTRAVAIL", "FRTRAVAIL", 5), ("09 48 12 34 56", "33948123456", 1)]
)
def test_senders(sender: str, number: str, ton: int) -> None:
    """Short code, name and number each have their type of number (rules §4.2)."""
    (request,) = pdu.submissions(sender=sender, to="+33612345678", text="Bonjour", valid_until=NOW, reference=1)
    assert (request.source.number, request.source.ton) == (number, ton)
