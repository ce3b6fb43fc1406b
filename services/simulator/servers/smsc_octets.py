"""SMPP 3.4 as an SMS centre reads and writes it, by hand: the other side uses a library, so the two check each other."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.simulator.servers.alphabet import decode_text

HEADER: Final = struct.Struct("!IIII")
RESPONSE: Final = 0x80000000
SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 0x04, 0x05, 0x06, 0x09, 0x15
GENERIC_NACK: Final = 0x80000000
#: ESME_RX_T_APPN
NOT_NOW: Final = 0x64


#: command statuses that a town may refuse with (SMPP 3.4 §5.1.3)
STATUSES: Final[Mapping[str, int]] = {
    "ESME_RSYSERR": 0x08,
    "ESME_RINVSRCADR": 0x0A,
    "ESME_RINVDSTADR": 0x0B,
    "ESME_RINVPASWD": 0x0E,
    "ESME_RMSGQFUL": 0x14,
    "ESME_RSUBMITFAIL": 0x45,
    "ESME_RTHROTTLED": 0x58,
    "ESME_RX_T_APPN": 0x64,
    "ESME_RX_P_APPN": 0x65,
    "ESME_RX_R_APPN": 0x66,
}

#: message_state TLV by ``stat`` (SMPP 3.4 §5.2.28)
_STATES: Final[Mapping[str, int]] = {
    "ENROUTE": 1,
    "DELIVRD": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "UNKNOWN": 7,
    "REJECTD": 8,
}


@dataclass(slots=True)
class Part:
    """A submit_sm."""

    sequence: int
    source: str
    destination: str
    validity: str
    registered: bool
    data_coding: int
    text: str
    concatenation: tuple[int, int, int] | None


def part_of(sequence: int, body: bytes) -> Part:
    """Read a submit_sm; raises ``ValueError`` or ``IndexError`` for octets that are none."""
    strings = []
    at = body.index(b"\0") + 1
    for skip in (2, 2, 3, 0):
        at += skip
        end = body.index(b"\0", at)
        strings.append(body[at:end].decode("ascii"))
        at = end + 1
    source, destination, _schedule, validity = strings
    registered, _, data_coding, _, length = body[at : at + 5]
    octets = body[at + 5 : at + 5 + length]
    concatenation = None
    if octets[:3] == b"\x05\x00\x03" and _has_header(body):
        concatenation = (octets[3], octets[4], octets[5])
        octets = octets[6:]
    return Part(sequence, source, destination, validity, bool(registered & 1), data_coding, decode_text(data_coding, octets), concatenation)


def _has_header(body: bytes) -> bool:
    """The UDHI bit of esm_class: it stands after service type and two addresses."""
    at = body.index(b"\0") + 1
    for _ in range(2):
        at = body.index(b"\0", at + 2) + 1
    return bool(body[at] & 0x40)


def mobile_parts(data_coding: int, octets: bytes, reference: int) -> list[tuple[bytes, int]]:
    """An answer as telephones send it: parts of at most 153 septets or 134 octets, with their esm_class."""
    single, size = (140, 134) if data_coding else (160, 153)
    if len(octets) <= single:
        return [(octets, 0)]
    pieces = [octets[start : start + size] for start in range(0, len(octets), size)]
    return [(bytes((5, 0, 3, reference, len(pieces), number)) + piece, 0x40) for number, piece in enumerate(pieces, start=1)]


def tlv(tag: int, value: bytes) -> bytes:
    """An optional parameter."""
    return struct.pack("!HH", tag, len(value)) + value


def receipt(message_id: str, stat: str, err: str, date: str) -> tuple[bytes, bytes]:
    """Text and optional parameters of a delivery receipt (SMPP 3.4 appendix B); ``date`` as YYMMDDhhmm."""
    delivered = "001" if stat == "DELIVRD" else "000"
    text = f"id:{message_id} sub:001 dlvrd:{delivered} submit date:{date} done date:{date} stat:{stat} err:{err} text:"
    return text.encode("ascii"), tlv(0x001E, message_id.encode() + b"\0") + tlv(0x0427, bytes((_STATES[stat],)))
