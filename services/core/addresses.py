"""Postal addresses as the post reads them: NF Z10-011, at most six lines of 38 characters (§6)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_LINES: Final = 6
MAX_LENGTH: Final = 38
_LAST: Final = re.compile(r"^\d{5} \S.*$")
_LIGATURES: Final = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"})

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
    """Capitals, no accents, no punctuation, one space; abbreviated when it is too long."""
    plain = unicodedata.normalize("NFKD", line.translate(_LIGATURES))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.sub(r"[^A-Za-z0-9]+", " ", letters).upper().split()
    for place, word in enumerate(words):
        if len(" ".join(words)) <= MAX_LENGTH:
            break
        words[place] = _ABBREVIATIONS.get(word, word)
    return " ".join(words)


def normalise(lines: Iterable[str]) -> Address:
    """Normalise and check a whole address; every error is reported."""
    printed = tuple(normal for line in lines if (normal := normalise_line(line)))
    errors = [f"ADDRESS_LINE_{place}_TOO_LONG" for place, line in enumerate(printed, start=1) if len(line) > MAX_LENGTH]
    if len(printed) > MAX_LINES:
        errors.append("TOO_MANY_ADDRESS_LINES")
    if len(printed) < 2:
        errors.append("EMPTY_ADDRESS_LINE_1_OR_ADDRESS_LINE_2")
    if not printed:
        errors.append("EMPTY_ADDRESS_LINE_6")
    elif not _LAST.match(printed[-1]):
        errors.append("ADDRESS_LINE_6_WRONG_FORMAT")
    return Address(lines=printed, errors=tuple(errors))
