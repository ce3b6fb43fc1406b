"""Dates, hours, places and the light markup."""

from datetime import date, datetime
from pathlib import Path

import pytest

from services.adapters.rendering.blocks import Button, Heading, Items, Paragraph, Rows, parse, plain
from services.adapters.rendering.french import French, spoken_address, spoken_number
from services.adapters.rendering.typography import typographic
from services.core.model import Place

FRENCH = French.load(Path(__file__).parents[3] / "templates" / "words")


def test_days() -> None:
    """With the day's name; the first of a month is « 1er » (§8.1)."""
    assert FRENCH.day(date(2026, 12, 1)) == "mardi 1er décembre"
    assert FRENCH.day(date(2026, 12, 15)) == "mardi 15 décembre"
    assert FRENCH.spoken_day(date(2026, 12, 1)) == "mardi premier décembre"
    assert FRENCH.spoken_day(date(2026, 12, 31)) == "jeudi trente et un décembre"


@pytest.mark.parametrize(
    ("at", "written", "sms", "spoken"),
    [
        ("2026-12-01T10:30", "10 h 30", "10h30", "dix heures trente"),
        ("2026-12-01T14:00", "14 h", "14h", "quatorze heures"),
        ("2026-12-01T09:05", "9 h 05", "9h05", "neuf heures cinq"),
        ("2026-12-01T01:00", "1 h", "1h", "une heure"),
        ("2026-12-01T21:21", "21 h 21", "21h21", "vingt et une heures vingt et une"),
        ("2026-12-01T12:00", "12 h", "12h", "midi"),
        ("2026-12-01T00:15", "0 h 15", "0h15", "minuit quinze"),
    ],
)
def test_hours(at: str, written: str, sms: str, spoken: str) -> None:
    """On paper, in an SMS, aloud (§8.1)."""
    moment = datetime.fromisoformat(at)
    assert (FRENCH.hour(moment), FRENCH.sms_hour(moment), FRENCH.spoken_hour(moment)) == (written, sms, spoken)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (15, 15, "dimanche 15"),
        (14, 15, "samedi 14 et dimanche 15"),
        (13, 15, "du vendredi 13 au dimanche 15"),
    ],
)
def test_days_in_a_row(first: int, last: int, words: str) -> None:
    """One, two, or from … to."""
    assert FRENCH.span(tuple(date(2026, 11, day) for day in range(first, last + 1))) == words


def test_months_elide() -> None:
    """« d'octobre », « de novembre »."""
    assert FRENCH.of_month("2026-10") == "d'octobre"
    assert FRENCH.of_month("2026-11") == "de novembre"
    assert FRENCH.month("2026-11") == "novembre 2026"


def test_numbers_and_codes_aloud() -> None:
    """Numbers in pairs, codes letter by letter, addresses without the postal code."""
    assert spoken_number("3949") == "39 49"
    assert FRENCH.spelled("K7Q4-PM2X") == "K, sept, Q, quatre, P, M, deux, X"
    assert spoken_address("1 place de la Gare 59000 LILLE") == "1 place de la Gare, Lille"


@pytest.mark.parametrize(
    ("name", "letters", "short"),
    [
        ("Lille Centre", 40, "agence Lille Centre"),
        ("Lille Centre", 14, "Lille Centre"),
        ("Mission locale", 40, "Mission locale"),
        ("Agence France Travail de Villeneuve-Saint-Georges Triage", 24, "Villeneuve-St-Georges"),
        ("Agence France Travail de Villeneuve-Saint-Georges Triage", 12, "Villeneuve"),
        ("Anticonstitutionnellement", 10, "Anticonsti"),
    ],
)
def test_places_get_shorter(name: str, letters: int, short: str) -> None:
    """Without « agence », abbreviated, cut between two words."""
    assert FRENCH.short_where(Place(kind="agency", name=name), letters) == short


def test_a_meeting_without_a_place_to_go() -> None:
    """« par téléphone », « en visio »."""
    assert FRENCH.where(Place(kind="phone", name="x")) == "par téléphone"
    assert FRENCH.where(Place(kind="video", name="x")) == "en visio"


def test_typography() -> None:
    """Curly apostrophes, and no line break where French has none."""
    assert typographic("L'agence : « 10 h 30 » ?") == "L\u2019agence\u00a0: «\u00a010\u00a0h\u00a030\u00a0»\u00a0?"
    assert typographic("mardi 1er décembre") == "mardi 1er\u00a0décembre"


def test_blocks_are_read_and_said_as_plain_text() -> None:
    """One source of words, five kinds of blocks."""
    blocks = parse(
        "# Titre\n\nUne phrase\nsur deux lignes.\n\n| Quand : demain\n| Où : ici : là\n\n- un\n- deux\n\n[Je réponds](https://x.example/a)\n"
    )
    assert blocks == (
        Heading(text="Titre"),
        Paragraph(text="Une phrase sur deux lignes."),
        Rows(rows=(("Quand", "demain"), ("Où", "ici : là"))),
        Items(items=("un", "deux")),
        Button(label="Je réponds", url="https://x.example/a"),
    )
    assert plain(blocks) == (
        "Titre\nUne phrase sur deux lignes.\n\nQuand : demain\nOù : ici : là\n\n- un\n- deux\n\nJe réponds :\nhttps://x.example/a\n"
    )


def test_an_empty_row_is_a_mistake() -> None:
    """A label without a value would be a hole in the message."""
    with pytest.raises(ValueError, match="no value"):
        parse("| Quand : ")
