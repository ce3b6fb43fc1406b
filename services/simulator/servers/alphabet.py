"""Octets of an SMS as a network carries them over SMPP: GSM 03.38 unpacked, one septet an octet (3GPP TS 23.038 §6.2.1), or UCS-2."""

from typing import Final

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
_OCTET: Final = {letter: bytes((code,)) for code, letter in enumerate(_BASIC) if letter != "\x1b"} | {
    letter: bytes((0x1B, code)) for code, letter in _EXTENSION.items()
}
_UCS2: Final = 0x08


def encode_text(text: str) -> tuple[int, bytes]:
    """``data_coding`` and octets: GSM-7 when every letter is in the alphabet, else UCS-2."""
    if all(letter in _OCTET for letter in text):
        return 0x00, b"".join(_OCTET[letter] for letter in text)
    return _UCS2, text.encode("utf-16-be")


def decode_text(data_coding: int, octets: bytes) -> str:
    """The text; raises ``ValueError`` for octets that are not in the encoding."""
    if data_coding == _UCS2:
        return octets.decode("utf-16-be")
    letters: list[str] = []
    escaped = False
    for code in octets:
        if code > 0x7F:
            raise ValueError("not a septet")
        if escaped:
            letters.append(_EXTENSION.get(code, _BASIC[code]))
            escaped = False
        elif code == 0x1B:
            escaped = True
        else:
            letters.append(_BASIC[code])
    return "".join(letters)
