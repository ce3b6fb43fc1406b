"""Who may a message or an automated call show as its sender in France: short codes, names, verified numbers (rules §4.2, SC-43)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

#: « numéros polyvalents vérifiés »: the only ten-digit numbers that an automated system may show
#: (Arcep decision 2022-1583; configuration may replace the list)
VERIFIED_RANGES: tuple[str, ...] = (
    "0162", "0163", "0270", "0271", "0377", "0378", "0424", "0425", "0568", "0569", "0948", "0949",
    "09475", "09476", "09477", "09478", "09479",
)  # fmt: skip

#: af2m charter: at most eleven letters and digits, at least one letter
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}", re.ASCII)
_SHORT_CODE = re.compile(r"3[68][0-9]{3}", re.ASCII)
_SPACING = re.compile(r"[ .\-\u00a0\u202f]")
_LONGEST_NAME = 11


class SenderKind(StrEnum):
    """What a sender is."""

    #: five digits, 36xxx or 38xxx; people can answer
    SHORT_CODE = "short_code"
    #: an OADC: a name that people read and cannot answer
    ALPHANUMERIC = "alphanumeric"
    #: a ten-digit number; people can call back
    NUMBER = "number"


class SenderProblem(StrEnum):
    """Why a sender may not be shown."""

    EMPTY = "empty"
    #: 06, 07
    MOBILE_NUMBER = "mobile_number"
    #: 01 to 05, outside the verified ranges
    GEOGRAPHIC_NUMBER = "geographic_number"
    #: 09, outside the verified ranges
    ORDINARY_09_NUMBER = "ordinary_09_number"
    #: 0937 to 0939: between people and a platform, not for automated sending
    PLATFORM_NUMBER = "platform_number"
    #: 08
    SPECIAL_NUMBER = "special_number"
    #: digits that are neither a French ten-digit number nor a short code
    NOT_A_NUMBER = "not_a_number"
    #: five digits, not 36xxx or 38xxx
    SHORT_CODE_RANGE = "short_code_range"
    #: a name of more than eleven characters
    NAME_TOO_LONG = "name_too_long"
    #: a name with a space, an accent, a hyphen …
    NAME_CHARACTER = "name_character"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderVerdict:
    """Whether a sender may be shown; ``problem`` is none exactly when ``valid``."""

    valid: bool
    kind: SenderKind
    #: people can answer it (a short code: by SMS; a number: by calling or by SMS)
    two_way: bool
    problem: SenderProblem | None = None


def check_sender(value: str, verified_ranges: Sequence[str] = VERIFIED_RANGES) -> SenderVerdict:
    """Judge a sender as configured (rules §4.2): ``38123``, ``FRTRAVAIL``, ``0948123456``; spaces, dots and +33 are understood in numbers.

    Since 1 January 2023 automated systems may show no 06, 07, geographic or ordinary 09 number (Arcep decision 2022-1583).
    """
    text = value.strip()
    digits = _national(_SPACING.sub("", text))
    if digits is None:
        return _verdict(SenderKind.ALPHANUMERIC, _name_problem(text))
    if len(digits) == len("38123"):
        return _verdict(SenderKind.SHORT_CODE, None if _SHORT_CODE.fullmatch(digits) else SenderProblem.SHORT_CODE_RANGE)
    return _verdict(SenderKind.NUMBER, _number_problem(digits, verified_ranges))


def _verdict(kind: SenderKind, problem: SenderProblem | None) -> SenderVerdict:
    valid = problem is None
    return SenderVerdict(valid=valid, kind=kind, two_way=valid and kind is not SenderKind.ALPHANUMERIC, problem=problem)


def _national(text: str) -> str | None:
    """Digits in national form; none when it is not written as a number."""
    for prefix in ("+33", "0033"):
        if text.startswith(prefix):
            text = "0" + text.removeprefix(prefix).removeprefix("(0)")
            break
    return text if text.isascii() and text.isdigit() else None


def _name_problem(name: str) -> SenderProblem | None:
    if not name:
        return SenderProblem.EMPTY
    if _NAME.fullmatch(name):
        return None
    return SenderProblem.NAME_TOO_LONG if len(name) > _LONGEST_NAME and name.isalnum() else SenderProblem.NAME_CHARACTER


def _number_problem(digits: str, verified_ranges: Sequence[str]) -> SenderProblem | None:
    if len(digits) != len("0948123456") or not digits.startswith("0") or digits.startswith("00"):
        return SenderProblem.NOT_A_NUMBER
    if digits.startswith(tuple(verified_ranges)):
        return None
    if digits.startswith(("06", "07")):
        return SenderProblem.MOBILE_NUMBER
    if digits.startswith("08"):
        return SenderProblem.SPECIAL_NUMBER
    if digits.startswith(("0937", "0938", "0939")):
        return SenderProblem.PLATFORM_NUMBER
    return SenderProblem.ORDINARY_09_NUMBER if digits.startswith("09") else SenderProblem.GEOGRAPHIC_NUMBER
