"""Postal addresses as the post reads them: NF Z10-011, at most six lines of 38 characters (§6)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_LINES: Final = 6
MAX_LENGTH: Final = 38
_LAST: Final = re.compile(r"^\d{5} \S.*$")
#: letters that no accent was taken from: Unicode cannot take them apart
_WHOLE_LETTERS: Final = str.maketrans(
    {
        "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
        "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ħ": "h", "Ħ": "H", "\u0131": "i",
    }
)  # fmt: skip
#: a French address names no country (§6)
_COUNTRY: Final = "FRANCE"

#: La Poste's abbreviations of street types and titles, used only when a line is too long
_ABBREVIATIONS: Final = {
    "ALLEE": "ALL", "APPARTEMENT": "APP", "AVENUE": "AV", "BATIMENT": "BAT", "BOULEVARD": "BD", "CENTRE": "CTRE", "CHEMIN": "CHE",
    "COMMANDANT": "CDT", "DOCTEUR": "DR", "ESCALIER": "ESC", "ETAGE": "ETG", "FAUBOURG": "FG", "GENERAL": "GAL", "GRAND": "GD",
    "GRANDE": "GDE", "HAMEAU": "HAM", "IMMEUBLE": "IMM", "IMPASSE": "IMP", "LIEUTENANT": "LT", "LOTISSEMENT": "LOT", "MARECHAL": "MAL",
    "PASSAGE": "PAS", "PLACE": "PL", "PRESIDENT": "PDT", "PROFESSEUR": "PR", "PROLONGEE": "PROL", "QUARTIER": "QUA", "RESIDENCE": "RES",
    "ROUTE": "RTE", "SAINT": "ST", "SAINTE": "STE", "SQUARE": "SQ",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Lines as they will be printed; bounded codes of what makes them unusable (the print API's own words)."""

    lines: tuple[str, ...]
    errors: tuple[str, ...] = ()


def normalise_line(line: str) -> str:
    """Capitals, no accents, no punctuation, one space; words of La Poste's list abbreviated, from the left, while it is too long."""
    words = re.sub(r"[^A-Za-z0-9]+", " ", _plain(line)).upper().split()
    for place, word in enumerate(words):
        if len(" ".join(words)) <= MAX_LENGTH:
            break
        words[place] = _ABBREVIATIONS.get(word, word)
    return " ".join(words)


def _plain(line: str) -> str:
    """Without accents; ° and ª are signs, not the letters o and a that Unicode would make of them."""
    signs = line.replace("°", " ").replace("º", " ").replace("ª", " ")
    apart = unicodedata.normalize("NFKD", signs.translate(_WHOLE_LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _is_latin(line: str) -> bool:
    """Can every letter and digit be printed? Others would silently be left out of somebody's name."""
    return all(letter.isascii() or not letter.isalnum() for letter in _plain(line))


def normalise(lines: Iterable[str]) -> Address:
    """Normalise and check a whole address; every error is reported.

    Errors are the print API's words (Maileva, §6), and two of ours: ``TOO_MANY_ADDRESS_LINES``, ``ADDRESS_LINE_n_NOT_LATIN``. Lines
    are counted from 1 as they are printed, blank ones left out.
    """
    written = [line for line in lines if normalise_line(line) or not _is_latin(line)]
    if len(written) > 1 and normalise_line(written[-1]) == _COUNTRY:
        written.pop()
    printed = tuple(normalise_line(line) for line in written)
    errors = [f"ADDRESS_LINE_{place}_NOT_LATIN" for place, line in enumerate(written, start=1) if not _is_latin(line)]
    errors += [f"ADDRESS_LINE_{place}_TOO_LONG" for place, line in enumerate(printed, start=1) if len(line) > MAX_LENGTH]
    if len(printed) > MAX_LINES:
        errors.append("TOO_MANY_ADDRESS_LINES")
    if len(printed) < 2:
        errors.append("EMPTY_ADDRESS_LINE_1_OR_ADDRESS_LINE_2")
    if not printed:
        errors.append("EMPTY_ADDRESS_LINE_6")
    elif not _LAST.match(printed[-1]):
        errors.append("ADDRESS_LINE_6_WRONG_FORMAT")
    return Address(lines=printed, errors=tuple(errors))
