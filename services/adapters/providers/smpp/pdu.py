"""SMPP 3.4 octets: requests are built by aiosmpplib, what comes in is read here, leniently.

aiosmpplib's own reader refuses vendor command statuses, binary TLVs and receipts whose ``err`` or ``done date`` is not a plain number,
and a refused PDU ends its connection; the network would send the same one again for ever.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiosmpplib.codec import GSM7BitCodec
from aiosmpplib.protocol import BindTransceiver, DeliverSmResp, EnquireLink, EnquireLinkResp, GenericNack, SubmitSm, Unbind, UnbindResp
from aiosmpplib.state import NPI, TON, PhoneNumber, SmppCommandStatus

from services.core.channels import gsm7
from services.core.channels.senders import SenderKind, check_sender

HEADER: Final = struct.Struct("!IIII")
#: longest PDU that is read: a message_payload of 64 KiB and its frame
LONGEST: Final = 70_000
RESPONSE: Final = 0x80000000

SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
BIND_TRANSCEIVER: Final = 0x00000009
ENQUIRE_LINK: Final = 0x00000015
ALERT_NOTIFICATION: Final = 0x00000102
GENERIC_NACK: Final = 0x80000000

OK: Final = 0x00
#: "not now": the network keeps the message and tries again
TEMPORARY: Final = 0x64
#: "never": the network forgets it
PERMANENT: Final = 0x65

TLV_RECEIPTED_MESSAGE_ID: Final = 0x001E
TLV_NETWORK_ERROR_CODE: Final = 0x0423
TLV_MESSAGE_PAYLOAD: Final = 0x0424
TLV_MESSAGE_STATE: Final = 0x0427

_UDHI: Final = 0x40
_GSM7 = GSM7BitCodec.get_codec_info()


class MalformedPdu(ValueError):
    """Octets that are not SMPP 3.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One PDU, its body unread."""

    command: int
    status: int
    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Concatenation:
    """A part of a longer message (3GPP TS 23.040 §9.2.3.24.1)."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A deliver_sm."""

    source: str
    destination: str
    esm_class: int
    text: str
    part: Concatenation | None
    tlvs: Mapping[int, bytes]

    @property
    def is_report(self) -> bool:
        """A delivery receipt or an intermediate notification (SMPP 3.4 §5.2.12); otherwise somebody wrote to us."""
        return bool(self.esm_class & 0b0010_0100)


def frame_of(length_and_rest: bytes) -> Frame:
    """A whole PDU, header included."""
    _, command, status, sequence = HEADER.unpack_from(length_and_rest)
    return Frame(command=command, status=status, sequence=sequence, body=length_and_rest[HEADER.size :])


def c_string(body: bytes, start: int = 0) -> tuple[str, int]:
    """A C-octet string and where the next field starts; a missing terminator ends with the body (some networks leave it out)."""
    end = body.find(b"\0", start)
    if end < 0:
        return body[start:].decode("latin-1"), len(body)
    return body[start:end].decode("latin-1"), end + 1


def delivery_of(body: bytes) -> Delivery:
    """Read a deliver_sm; raises ``MalformedPdu``."""
    try:
        return _delivery_of(body)
    except (IndexError, struct.error) as error:
        raise MalformedPdu("deliver_sm ends too early") from error


def _delivery_of(body: bytes) -> Delivery:
    _, at = c_string(body)
    source, at = c_string(body, at + 2)
    destination, at = c_string(body, at + 2)
    esm_class = body[at]
    _, at = c_string(body, at + 3)
    _, at = c_string(body, at)
    data_coding, length = body[at + 2], body[at + 4]
    octets, at = body[at + 5 : at + 5 + length], at + 5 + length
    tlvs: dict[int, bytes] = {}
    while at + 4 <= len(body):
        tag, size = struct.unpack_from("!HH", body, at)
        tlvs[tag] = body[at + 4 : at + 4 + size]
        at += 4 + size
    part = None
    octets = octets or tlvs.get(TLV_MESSAGE_PAYLOAD, b"")
    if esm_class & _UDHI and octets:
        part = _concatenation(octets[1 : 1 + octets[0]])
        octets = octets[1 + octets[0] :]
    return Delivery(source=source, destination=destination, esm_class=esm_class, text=_text(data_coding, octets), part=part, tlvs=tlvs)


def _concatenation(header: bytes) -> Concatenation | None:
    at = 0
    while at + 2 <= len(header):
        element, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if element == 0x00 and size == 3:
            return Concatenation(reference=value[0], total=value[1], number=value[2])
        if element == 0x08 and size == 4:
            return Concatenation(reference=value[0] << 8 | value[1], total=value[2], number=value[3])
        at += 2 + size
    return None


def _text(data_coding: int, octets: bytes) -> str:
    """Text in the encodings people's telephones use (SMPP 3.4 §5.2.19); what cannot be read becomes a replacement character."""
    if data_coding == 0x08:
        return octets.decode("utf-16-be", "replace")
    if data_coding in {0x01, 0x03}:
        return octets.decode("latin-1")
    text, _ = _GSM7.decode(octets, "replace")
    return str(text)


# --- requests and answers ---------------------------------------------------------------------------------------------------


def bind(sequence: int, *, system_id: str, password: str, system_type: str) -> bytes:
    """Bind as a transceiver."""
    return bytes(BindTransceiver(sequence_num=sequence, system_id=system_id, password=password, system_type=system_type).pdu())


def enquire_link(sequence: int) -> bytes:
    """Ask whether anybody is there."""
    return bytes(EnquireLink(sequence_num=sequence).pdu())


def enquire_link_answer(sequence: int) -> bytes:
    """Yes, we are."""
    return bytes(EnquireLinkResp(sequence_num=sequence).pdu())


def unbind(sequence: int) -> bytes:
    """Say goodbye."""
    return bytes(Unbind(sequence_num=sequence).pdu())


def unbind_answer(sequence: int) -> bytes:
    """Goodbye, answered."""
    return bytes(UnbindResp(sequence_num=sequence).pdu())


def delivery_answer(sequence: int, status: int) -> bytes:
    """What became of a delivery; ``status`` is ``OK``, ``TEMPORARY`` or ``PERMANENT``."""
    return bytes(DeliverSmResp(sequence_num=sequence, command_status=SmppCommandStatus(status)).pdu())


def not_understood(sequence: int) -> bytes:
    """A request that we do not know (generic_nack)."""
    return bytes(GenericNack(sequence_num=sequence, command_status=SmppCommandStatus.ESME_RINVCMDID).pdu())


def submissions(*, sender: str, to: str, text: str, valid_until: datetime, reference: int) -> tuple[SubmitSm, ...]:
    """A message as submit_sm requests, one for each part; ``reference`` (0 to 255) ties the parts together.

    Raises ``ValueError`` for a sender or a number that SMPP cannot carry.
    """
    parts = gsm7.split(text)
    plain = gsm7.is_gsm7(text)
    made = []
    for number, part in enumerate(parts, start=1):
        header = bytes((5, 0, 3, reference, len(parts), number)) if len(parts) > 1 else b""
        submit = SubmitSm(
            short_message=part or " ",
            source=_sender(sender),
            destination=PhoneNumber(to.removeprefix("+"), TON.INTERNATIONAL, NPI.ISDN),
            esm_class=_UDHI if header else 0,
            # the provider's clock counts: an absolute instant, in UTC
            validity_period=valid_until.astimezone(UTC),
            registered_delivery=1,
            encoding=None if plain else "ucs2",
        )
        submit.set_encoded_message(header + (_GSM7.encode(part)[0] if plain else part.encode("utf-16-be")))
        made.append(submit)
    return tuple(made)


def _sender(sender: str) -> PhoneNumber:
    kind = check_sender(sender).kind
    if kind is SenderKind.ALPHANUMERIC:
        return PhoneNumber(sender, TON.ALPHANUMERIC, NPI.UNKNOWN)
    if kind is SenderKind.SHORT_CODE:
        return PhoneNumber(sender, TON.NETWORK_SPECIFIC, NPI.UNKNOWN)
    digits = "".join(letter for letter in sender if letter.isdigit())
    return PhoneNumber(f"33{digits[1:]}" if digits.startswith("0") else digits, TON.INTERNATIONAL, NPI.ISDN)
