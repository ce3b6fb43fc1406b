"""What an SMS costs, how it is kept cheap, where it splits."""

# ruff: noqa: RUF001 -- letters that look alike are what these tests are about

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.channels.gsm7 import Encoding, fit, is_gsm7, measure, prepare, split

APPOINTMENT = (
    "France Travail : rendez-vous mardi 24 novembre à 10h30, agence Lille Centre."
    " Répondez 1 si vous venez, 2 si vous ne pouvez pas venir. Besoin d'aide : 3949."
)
ACTUALISATION = (
    "France Travail : actualisation de novembre pas faite. Dernier jour : mardi 15 décembre. Faites-la au 3949, sur l'appli ou en agence."
)


#: of the alphabet, of its extension, control characters, accents that join, spaces without width, ligatures, another script
_LETTERS = "aé€^\n\r\f\x00\u0301\u0308\u200bïœ…’Ω\u2126м"


@pytest.mark.parametrize(
    ("text", "encoding", "length", "parts"),
    [
        (APPOINTMENT, Encoding.GSM_7, 155, 1),
        (f"Leïla, {APPOINTMENT}", Encoding.UCS_2, 162, 3),
        (f"Leila, {APPOINTMENT}", Encoding.GSM_7, 162, 2),
        (ACTUALISATION, Encoding.GSM_7, 132, 1),
        ("", Encoding.GSM_7, 0, 1),
        ("a" * 160, Encoding.GSM_7, 160, 1),
        ("a" * 161, Encoding.GSM_7, 161, 2),
        ("a" * 306, Encoding.GSM_7, 306, 2),
        ("a" * 307, Encoding.GSM_7, 307, 3),
        ("€" * 80, Encoding.GSM_7, 160, 1),
        ("ï" * 70, Encoding.UCS_2, 70, 1),
        ("ï" * 71, Encoding.UCS_2, 71, 2),
        ("😀" * 35, Encoding.UCS_2, 70, 1),
    ],
)
def test_golden_lengths(text: str, encoding: Encoding, length: int, parts: int) -> None:
    """The golden values of rules §13, and the edges of one and two parts (§4.3)."""
    measured = measure(text)
    assert (measured.encoding, measured.length, measured.parts) == (encoding, length, parts)


@pytest.mark.parametrize(
    "text", ["N° de dossier", "août", "10\u202fh\u202f30", "rendez\u2011vous", "reçu", "être", "œuvre", "« oui »", "l’été"]
)
def test_french_traps_force_ucs2_and_can_be_made_plain(text: str) -> None:
    """Ordinary French words leave the alphabet; prepared they come back, still readable (§4.3, §13)."""
    assert measure(text).encoding is Encoding.UCS_2
    assert is_gsm7(prepare(text).text)


def test_only_what_must_change_changes() -> None:
    """Letters of the alphabet keep their accents; the report names each replacement once (§4.3)."""
    prepared = prepare("Leïla, mardi 1er décembre à midi, reçu à Noël… « déjà »")
    assert prepared.text == 'Leila, mardi 1er décembre à midi, recu à Noel... " déjà "'
    assert prepared.changed == ("ï→i", "ç→c", "ë→e", "…→...", '«→"', '»→"')


def test_other_scripts_are_left_alone() -> None:
    """Where replacing would not make the text GSM-7, not a letter is touched."""
    assert prepare("ليلى, être").text == "ليلى, être"
    assert prepare("ليلى, être").changed == ()


def test_letters_with_foreign_accents_become_plain_ones() -> None:
    """Names from all over Europe fit the alphabet."""
    assert prepare("Şükran Dvořák Łukasz Đorđe").text == "Sükran Dvorak Lukasz Dorde"


def test_decomposed_accents_are_composed_first() -> None:
    """An e followed by a combining accent is the é of the alphabet."""
    assert prepare("de\u0301ja\u0300").text == "déjà"


def test_control_characters_are_removed() -> None:
    """A name cannot smuggle an escape into a message (rules §10.18)."""
    assert prepare("Le\x1b\x00ila\x07").text == "Leila"


def test_an_escape_pair_is_never_cut() -> None:
    """€ at the end of a full part moves to the next one as a whole (§4.3)."""
    parts = split("a" * 152 + "€" + "b" * 20)
    assert parts == ("a" * 152, "€" + "b" * 20)
    assert measure("a" * 152 + "€" * 1 + "a" * 153).parts == 3


def test_a_surrogate_pair_is_never_cut() -> None:
    """An emoji at the end of a full UCS-2 part moves to the next one."""
    assert split("ï" * 66 + "😀" + "ï" * 10) == ("ï" * 66, "😀" + "ï" * 10)


def test_parts_put_together_are_the_text() -> None:
    """Nothing is lost or repeated."""
    text = "mardi € [1er] décembre " * 30
    assert "".join(split(text)) == text


def test_fit_takes_the_first_variant_that_is_one_part() -> None:
    """With the first name, else without, after transliteration."""
    assert fit([f"Leïla, {APPOINTMENT}", APPOINTMENT]) == APPOINTMENT
    assert fit(["Leïla, bonjour", "bonjour"]) == "Leila, bonjour"


def test_fit_skips_what_is_not_gsm7_and_says_when_nothing_fits() -> None:
    """A name in another script gives way to the variant without it."""
    assert fit(["ليلى, bonjour", "bonjour"]) == "bonjour"
    assert fit(["ليلى"]) is None
    assert fit(["a" * 161]) is None


@given(texts=st.lists(st.text(alphabet=_LETTERS, max_size=12), max_size=4), room=st.integers(0, 12))
def test_fit_never_passes_over_a_variant_that_fits_once_it_is_prepared(texts: list[str], room: int) -> None:
    """Letters that vanish, join or become two: what counts is the text that leaves."""
    ready = [prepare(text).text for text in texts]
    assert fit(texts, room) == next((text for text in ready if is_gsm7(text) and measure(text).length <= room), None)


def test_fit_renders_no_more_variants_than_it_needs() -> None:
    """A generator is not drained."""
    taken: list[str] = []

    def variants() -> Iterator[str]:
        for text in ("a" * 161, "b", "c"):
            taken.append(text)
            yield text

    assert fit(variants()) == "b"
    assert len(taken) == 2
