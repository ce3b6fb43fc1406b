"""What an SMS says, and that it stays one part."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.core.channels.gsm7 import measure
from services.core.content import Notice, SmsContent
from services.core.model import Place
from services.core.words import Channel, Constraint, Kind, Step
from tests.unit.texts.notices import LINK, actualisation, meeting, notice, person

VILLENEUVE = Place(kind="agency", name="Agence France Travail de Villeneuve-Saint-Georges Triage", address="x", access_info="y")


def sms(texts: JinjaTexts, of: Notice) -> SmsContent:
    """The SMS of a notice."""
    content = texts.notice(of)
    assert isinstance(content, SmsContent)
    return content


def test_the_first_notice_says_everything_in_one_part(texts: JinjaTexts) -> None:
    """Who, what, when, where, what to do, a human, the number that may call, the plain first name: 160 septets (SC-01, §4.3, §5, §8.1)."""
    content = sms(texts, replace(notice(Channel.SMS), announces_call=True))
    assert content.text == (
        "Leila, France Travail : convocation mardi 1er décembre à 10h30, agence Lille Centre."
        " Répondez 1 (je viens) ou 2 (non). Aide : 3949. Nos appels : 09 48 12 34 56."
    )
    assert (content.encoding, content.parts, measure(content.text).length) == ("GSM-7", 1, 160)


def test_prepaid_is_never_asked_for_an_answer_by_sms(texts: JinjaTexts) -> None:
    """An answer would cost money: a key press when we call is free (rules §10.12)."""
    first = sms(texts, replace(notice(Channel.SMS, to=person(constraints=[Constraint.PREPAID])), announces_call=True, reply_by_sms=False))
    later = sms(texts, replace(notice(Channel.SMS, step=Step.R1, to=person(constraints=[Constraint.PREPAID])), reply_by_sms=False))
    for content in (first, later):
        assert not re.search("r[ée]pondez", content.text, re.IGNORECASE)
        assert "3949" in content.text
    assert "Nous vous appelons du 09 48 12 34 56 : tapez 1 si vous venez." in first.text


def test_a_name_in_another_script_gives_way(texts: JinjaTexts) -> None:
    """One Arabic letter would make three parts: the message leaves without the name (§4.3)."""
    content = sms(texts, notice(Channel.SMS, to=person("ليلى")))
    assert content.text.startswith("France Travail : ")
    assert content.parts == 1


@pytest.mark.parametrize("link", [None, LINK])
@pytest.mark.parametrize("step", [Step.N0, Step.R1, Step.CORRECTIVE, Step.CANCELLATION])
def test_the_longest_names_stay_one_part(texts: JinjaTexts, step: Step, link: str | None) -> None:
    """A long first name is left out, a long place shortened, the date and the telephone never (rules §4.3)."""
    longest = meeting(at=datetime(2026, 9, 30, 8, 30, tzinfo=UTC), place=VILLENEUVE)
    of = notice(Channel.SMS, longest, step=step, to=person("Marie-Antoinette-Christophe", constraints=[Constraint.LINK_OK]))
    content = sms(texts, replace(of, link=link, announces_call=True))
    assert content.parts == 1
    assert "mercredi 30 septembre" in content.text
    assert "3949" in content.text
    assert "10h30" in content.text


def test_a_link_stands_alone_and_whole(texts: JinjaTexts) -> None:
    """Nothing is glued to the address, and it replaces the answer by digits (§8.2)."""
    content = sms(texts, replace(notice(Channel.SMS, to=person("Caroline", constraints=[Constraint.LINK_OK])), link=LINK))
    assert content.text.endswith(f" {LINK}")
    assert "1" not in content.text.partition("Aide")[2].replace(LINK, "")


def test_no_link_for_people_without_internet(texts: JinjaTexts) -> None:
    """A link that came along by mistake is not printed (§8.2)."""
    assert "https" not in sms(texts, replace(notice(Channel.SMS, to=person(constraints=[Constraint.NO_INTERNET])), link=LINK)).text


def test_simple_words_are_short_sentences(texts: JinjaTexts) -> None:
    """One idea a sentence, answers are digits (SC-22, §8.1)."""
    content = sms(texts, notice(Channel.SMS, meeting(Kind.APPOINTMENT), to=person("Nouria", constraints=[Constraint.NEEDS_SIMPLE_TEXT])))
    assert content.text.endswith("Lieu : agence Lille Centre. Vous venez ? Répondez 1. Sinon, répondez 2. Aide : 3949.")


def test_two_meetings_fit_two_parts(texts: JinjaTexts) -> None:
    """A bundle names every day, most urgent first (SX-04, §4.3, §10.15)."""
    later = meeting(Kind.APPOINTMENT, at=datetime(2026, 12, 11, 13, 30, tzinfo=UTC), place=VILLENEUVE)
    content = sms(texts, replace(notice(Channel.SMS, meeting(Kind.APPOINTMENT), later, to=person("Christophe")), announces_call=True))
    assert content.parts == 2
    assert re.search(r"1er décembre à 10h30.*11 décembre à 14h30", content.text)


@pytest.mark.parametrize(
    ("step", "reopened", "says", "never"),
    [
        (Step.CORRECTIVE, False, "est déplacé. Nouvelle date : mardi 1er décembre", "annul"),
        (Step.CORRECTIVE, True, "a bien lieu mardi 1er décembre", "déplac"),
        (Step.CANCELLATION, False, "est annulé. Ne venez pas.", "déplac"),
        (Step.R1, False, "rappel", "déplac"),
    ],
)
def test_each_change_has_its_words(texts: JinjaTexts, step: Step, says: str, never: str, *, reopened: bool) -> None:
    """Moved, takes place after all, cancelled, reminder (rules §10.11)."""
    text = sms(texts, replace(notice(Channel.SMS, meeting(Kind.APPOINTMENT), step=step), reopened=reopened)).text
    assert says in text
    assert never not in text


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("step", [Step.A0, Step.A1, Step.A2, Step.A3, Step.A4])
def test_an_actualisation_says_its_last_day(texts: JinjaTexts, step: Step, *, offline: bool) -> None:
    """The last day with its name, 3949 and the agency; the application only for people who have one (SC-05)."""
    content = sms(texts, notice(Channel.SMS, actualisation(), step=step, to=person("Luc", offline=offline)))
    assert "Dernier jour : mardi 15 décembre" in content.text
    assert "3949" in content.text
    assert "agence" in content.text
    assert ("appli" in content.text) is not offline


def test_the_last_usable_agency_day_is_said(texts: JinjaTexts) -> None:
    """« L'agence est fermée … : venez au plus tard le … » for people who depend on it (rules §10.5)."""
    sunday = actualisation("2026-10", datetime(2026, 11, 15, 22, 59, 59, tzinfo=UTC))
    of = replace(notice(Channel.SMS, sunday, step=Step.A2, to=person("Luc", offline=True)), now=datetime(2026, 11, 10, 9, tzinfo=UTC))
    text = sms(texts, replace(of, last_agency_day=date(2026, 11, 13))).text
    assert "dimanche 15 novembre" in text
    assert re.search(r"gence.* fermée .* : venez au plus tard le vendredi 13", text)


def test_nobody_is_sent_to_a_closed_agency(texts: JinjaTexts) -> None:
    """On the closing Sunday the agency is no way any more (§10.5)."""
    sunday = actualisation("2026-10", datetime(2026, 11, 15, 22, 59, 59, tzinfo=UTC))
    of = replace(notice(Channel.SMS, sunday, step=Step.A5, to=person("Luc")), now=datetime(2026, 11, 15, 9, tzinfo=UTC))
    text = sms(texts, replace(of, last_agency_day=date(2026, 11, 13))).text
    assert "aujourd'hui dimanche 15 novembre" in text
    assert "agence" not in text


def test_who_says_done_is_asked_otherwise(texts: JinjaTexts) -> None:
    """« Si ce n'est pas déjà fait » (SX-03, §10.12)."""
    text = sms(texts, replace(notice(Channel.SMS, actualisation(), step=Step.A2), perhaps_done=True)).text
    assert "si ce n'est pas déjà fait" in text
    assert "pas faite" not in text


def test_overseas_the_local_hour_is_said(texts: JinjaTexts) -> None:
    """The 15th at 23:59 in Paris is before 19 h in Guadeloupe (rules §2.1)."""
    text = sms(texts, replace(notice(Channel.SMS, actualisation(), step=Step.A2), zone="America/Guadeloupe")).text
    assert "mardi 15 décembre avant 19h" in text


def test_after_the_last_day_nobody_is_threatened(texts: JinjaTexts) -> None:
    """How to register again, and nothing else (§2.3)."""
    text = sms(texts, notice(Channel.SMS, actualisation(), step=Step.A6)).text
    assert "Réinscrivez-vous au 3949 ou en agence" in text
    assert not re.search("radi|sanction|suspen", text, re.IGNORECASE)


def test_control_characters_and_line_breaks_cannot_travel(texts: JinjaTexts) -> None:
    """Hostile data stays on its line, without escapes (rules §10.18)."""
    place = Place(kind="other", name="Salle\n\x1b[31m rouge", address="x", access_info="y")
    assert "Salle [31m rouge" in sms(texts, notice(Channel.SMS, meeting(place=place))).text
