"""What an SMS says (rules §10.12, §12 SC-14)."""

import pytest

from services.core.evidence.inbound import read_letter, read_sms
from services.core.words import Choice


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("1", Choice.COME),
        (" 1. ", Choice.COME),
        ("1️⃣", Choice.COME),
        ("1A", Choice.COME),
        ("1 a", Choice.COME),
        ("A1", Choice.COME),
        ("Je réponds 2B, merci", Choice.CANNOT_COME),
        ("b3", Choice.CALL_ME_BACK),
        ("1 merci", Choice.COME),
        ("Bonjour, je réponds 1, merci", Choice.COME),
        ("Oui", Choice.COME),
        ("OUI je viens 👍", Choice.COME),
        ("Je serai présente", Choice.COME),
        ("2", Choice.CANNOT_COME),
        ("Non", Choice.CANNOT_COME),
        ("je ne peux pas venir", Choice.CANNOT_COME),
        ("Désolé je peux pas venir", Choice.CANNOT_COME),
        ("je viens pas", Choice.CANNOT_COME),
        ("3", Choice.CALL_ME_BACK),
        ("Rappelez-moi svp", Choice.CALL_ME_BACK),
        ("Pouvez-vous me rappeler ?", Choice.CALL_ME_BACK),
        ("STOP", Choice.STOP),
        ("Stop SMS", Choice.STOP),
        ("c'est fait", Choice.DONE),
        ("Déjà fait", Choice.DONE),
        ("erreur de numéro", Choice.WRONG_PERSON),
        ("Bonjour, c'est pas moi, vous vous trompez de personne", Choice.WRONG_PERSON),
        ("Ce n’est pas moi", Choice.WRONG_PERSON),  # noqa: RUF001 -- telephones write this apostrophe
        ("mauvais numero", Choice.WRONG_PERSON),
    ],
)
def test_plain_answers_are_read(text: str, choice: Choice) -> None:
    """Numbers, a few plain sentences, STOP and « c'est pas moi », whatever the accents, case and courtesy."""
    assert read_sms(text) is choice


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 ou 2 ?",
        "12",
        "1 2",
        "oui ?",
        "oui mais je serai en retard",
        "je viens à 11h au lieu de 10h",
        "c'est qui ?",
        "ça ne s'arrête jamais, stop aux rendez-vous le matin je travaille",
        "c'est pas moi qui ai pris ce rendez-vous",
        "je viens " * 40,
        "1 rue de la Paix",
        "1 AB",
        "A 1",
        "A1 B2",
    ],
)
def test_what_is_not_plain_goes_to_a_human_being(text: str) -> None:
    """A false yes is worse than a question."""
    assert read_sms(text) is Choice.UNREADABLE


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("1A", "A"),
        ("1 a", "A"),
        ("A1", "A"),
        ("2b", "B"),
        ("oui 1 b merci", "B"),
        ("3C.", "C"),
        ("1", None),
        ("oui", None),
        ("STOP", None),
        ("A", None),
        ("1A 1B", None),
        ("Je suis Karim", None),
    ],
)
def test_the_letter_says_whose_answer_it_is(text: str, letter: str | None) -> None:
    """« 1A », « 1 a », « A1 »: a digit and a letter, and nothing else (§10.14)."""
    assert read_letter(text) == letter
