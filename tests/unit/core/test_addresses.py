"""Postal addresses as the sorting machines read them (NF Z10-011, rules §6 and §13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.channels.addresses import MAX_LENGTH, normalise, normalise_line


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("12 bis, rue de l'Église-Neuve", "12 BIS RUE DE L EGLISE NEUVE"),
        ("Résidence « Les Œillets » \u2013 Bât. B", "RESIDENCE LES OEILLETS BAT B"),
        ("Leïla BEN-ÇAÏD", "LEILA BEN CAID"),
        ("97400 Saint-Denis", "97400 SAINT DENIS"),
        ("5 rue d\u2019Artagnan, n° 3", "5 RUE D ARTAGNAN N 3"),
        ("Łukasz Ørsted-Straße", "LUKASZ ORSTED STRASSE"),
        ("  1\u00a0 rue\tX\u0007 ", "1 RUE X"),
        ("", ""),
        ("- , .", ""),
    ],
)
def test_a_line_is_printed_in_capitals_without_accents_or_punctuation(written: str, printed: str) -> None:
    """What the norm asks of the last lines is safe for all of them."""
    assert normalise_line(written) == printed


def test_a_line_that_is_too_long_is_abbreviated_from_the_left() -> None:
    """52 characters become 38 with La Poste's own abbreviations, and not one word more is abbreviated than needed."""
    written = "3 avenue du Maréchal de Lattre de Tassigny prolongée"
    assert len(written) == 52
    printed = normalise_line(written)
    assert printed == "3 AV DU MAL DE LATTRE DE TASSIGNY PROL"
    assert len(printed) == MAX_LENGTH
    assert normalise_line("12 avenue du Maréchal Foch") == "12 AVENUE DU MARECHAL FOCH"


def test_a_line_that_stays_too_long_is_an_error_and_is_never_cut() -> None:
    """A name cut in two is somebody else's name."""
    name = "Wolfeschlegelsteinhausenbergerdorff-Müller"
    address = normalise([name, "1 rue X", "75011 Paris"])
    assert address.errors == ("ADDRESS_LINE_1_TOO_LONG",)
    assert address.lines[0] == "WOLFESCHLEGELSTEINHAUSENBERGERDORFF MULLER"


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        (["LUC TEST", "12 RUE DES LILAS", "59000 LILLE"], ()),
        (["LUC TEST", "59000 LILLE CEDEX 9"], ()),
        (["Luc Test", "", "12 rue des Lilas", "  ", "59000 Lille"], ()),
        (["LUC TEST", "12 RUE DES LILAS", "59000 LILLE", "France"], ()),
        ([], ("EMPTY_ADDRESS_LINE_1_OR_ADDRESS_LINE_2", "EMPTY_ADDRESS_LINE_6")),
        (["", "-"], ("EMPTY_ADDRESS_LINE_1_OR_ADDRESS_LINE_2", "EMPTY_ADDRESS_LINE_6")),
        (["59000 LILLE"], ("EMPTY_ADDRESS_LINE_1_OR_ADDRESS_LINE_2",)),
        (["LUC TEST", "LILLE"], ("ADDRESS_LINE_6_WRONG_FORMAT",)),
        (["LUC TEST", "59000"], ("ADDRESS_LINE_6_WRONG_FORMAT",)),
        (["LUC TEST", "5900 LILLE"], ("ADDRESS_LINE_6_WRONG_FORMAT",)),
        (["LUC TEST", "59 000 LILLE"], ("ADDRESS_LINE_6_WRONG_FORMAT",)),
        (["A", "B", "C", "D", "E", "F", "75011 PARIS"], ("TOO_MANY_ADDRESS_LINES",)),
        (["X" * 39, "Y" * 40, "LILLE"], ("ADDRESS_LINE_1_TOO_LONG", "ADDRESS_LINE_2_TOO_LONG", "ADDRESS_LINE_6_WRONG_FORMAT")),
        (["田中 太郎", "1 rue X", "75011 Paris"], ("ADDRESS_LINE_1_NOT_LATIN",)),
        (["Luc Иванов", "1 rue X", "75011 Paris"], ("ADDRESS_LINE_1_NOT_LATIN",)),
    ],
)
def test_every_error_of_an_address_is_named(lines: list[str], errors: tuple[str, ...]) -> None:
    """All at once, in bounded words, before anything is printed."""
    assert normalise(lines).errors == errors


@given(st.lists(st.text(max_size=80), max_size=10))
def test_an_address_without_errors_fits_its_window(lines: list[str]) -> None:
    """At most six lines of 38 capitals, digits and single spaces, the last one a postal code and a place; twice is once."""
    address = normalise(lines)
    if address.errors:
        return
    assert 2 <= len(address.lines) <= 6
    for line in address.lines:
        assert 0 < len(line) <= MAX_LENGTH
        assert line == line.upper().strip()
        assert line.isascii()
    assert normalise(address.lines) == address
