"""The alphabet of an SMS (3GPP TS 23.038, "GSM 03.38"): what a text costs, how to keep it cheap, where it splits.

All lengths are in septets for GSM-7 and in UTF-16 code units for UCS-2: the units in which networks count.
"""

# ruff: noqa: RUF001 -- letters that look alike are what this module is about

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: basic table, TS 23.038 §6.2.1: one septet each
BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: extension table, TS 23.038 §6.2.1.1: an escape and a septet, never split across two parts
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_ALPHABET: Final = BASIC | EXTENSION
#: what ``prepare`` never takes away
_STAYS: Final = frozenset(letter for letter in _ALPHABET if letter.isprintable() or letter == "\n")

SINGLE_SEPTETS: Final = 160
#: 160 less the 7 septets that the 6 octets of a concatenation header take (TS 23.040 §9.2.3.24.1)
PART_SEPTETS: Final = 153
SINGLE_UNITS: Final = 70
#: 70 less 3 code units for the same header
PART_UNITS: Final = 67

#: what reads the same in French when the letter is not in the alphabet (rules §4.3); other accents fall off by decomposition
_PLAIN: Final = {
    "œ": "oe", "Œ": "OE", "ﬁ": "fi", "ﬂ": "fl", "ð": "d", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "þ": "th", "Þ": "Th",
    "’": "'", "‘": "'", "‚": "'", "ʼ": "'", "′": "'", "`": "'", "´": "'",
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "″": '"', "‹": "'", "›": "'",
    "…": "...", "–": "-", "—": "-", "‑": "-", "‐": "-", "−": "-", "•": "-", "·": "-", "×": "x",
    "°": "o", "º": "o", "ª": "a", "\t": " ",
    "\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u2009": " ", "\u200a": " ", "\u200b": "", "\u2060": "", "\ufeff": "", "\u00ad": "",
}  # fmt: skip


class Encoding(StrEnum):
    """How a text travels."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a text costs."""

    encoding: Encoding
    #: septets (GSM-7) or UTF-16 code units (UCS-2)
    length: int
    #: messages billed and sent
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A text as it will be sent, and what had to change for that."""

    text: str
    #: each as "ï→i", in order of first appearance, without repeats
    changed: tuple[str, ...] = ()


def measure(text: str) -> Measure:
    """Encoding, length and parts of a text as it stands; an empty text is one part."""
    if is_gsm7(text):
        return Measure(encoding=Encoding.GSM_7, length=septets(text), parts=len(split(text)))
    return Measure(encoding=Encoding.UCS_2, length=sum(map(_units, text)), parts=len(split(text)))


def is_gsm7(text: str) -> bool:
    """Every letter is in the alphabet or its extension."""
    return _ALPHABET.issuperset(text)


def septets(text: str) -> int:
    """Length of a GSM-7 text; letters of the extension count twice."""
    return len(text) + sum(map(text.count, EXTENSION))


def prepare(text: str) -> Prepared:
    """Replace what is not in the alphabet when that makes the whole text GSM-7; otherwise leave every letter (rules §4.3).

    Control characters go in both cases (rules §10.18).
    """
    if is_gsm7(text) and text.isprintable():
        return Prepared(text=text)
    if not text.isprintable():
        text = "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")
    candidate = unicodedata.normalize("NFC", text)
    # letter by letter only where it must be: a text has some hundred letters and a handful of strange ones
    plain = {letter: _plain(letter) for letter in dict.fromkeys(candidate) if letter not in _ALPHABET}
    candidate = candidate.translate({ord(letter): replacement for letter, replacement in plain.items()})
    if is_gsm7(candidate):
        return Prepared(text=candidate, changed=tuple(f"{letter}→{replacement}" for letter, replacement in plain.items()))
    return Prepared(text=text)


def fit(variants: Iterable[str], max_septets: int = SINGLE_SEPTETS) -> str | None:
    """The first variant that is GSM-7 after transliteration and within ``max_septets``; none when no variant is.

    Variants are taken one by one, so a generator renders only as many as are needed.
    """
    for variant in variants:
        if _least(variant) > max_septets:
            continue
        text = prepare(variant).text
        if is_gsm7(text) and septets(text) <= max_septets:
            return text
    return None


def split(text: str) -> tuple[str, ...]:
    """The parts in which a text travels: one when it fits, else 153 septets (67 units) each, no escape or surrogate pair cut in two."""
    if is_gsm7(text):
        return (text,) if septets(text) <= SINGLE_SEPTETS else _split(text, _septets, PART_SEPTETS)
    return (text,) if sum(map(_units, text)) <= SINGLE_UNITS else _split(text, _units, PART_UNITS)


def _split(text: str, cost: Callable[[str], int], part: int) -> tuple[str, ...]:
    parts: list[str] = []
    start = used = 0
    for index, letter in enumerate(text):
        if used + cost(letter) > part:
            parts.append(text[start:index])
            start, used = index, 0
        used += cost(letter)
    parts.append(text[start:])
    return tuple(parts)


def _least(text: str) -> int:
    """Septets that the text takes at the very least: what can be read and sent stays, all else may vanish or join the letter before."""
    return len(text) - sum(map(text.count, set(text) - _STAYS))


def _septets(letter: str) -> int:
    return 2 if letter in EXTENSION else 1


def _units(letter: str) -> int:
    return 2 if ord(letter) > 0xFFFF else 1


def _plain(letter: str) -> str:
    if letter in _PLAIN:
        return _PLAIN[letter]
    bare = "".join(piece for piece in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(piece))
    return bare or letter
