"""What a call says, and in which order."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.adapters.rendering.sections import sections
from services.adapters.rendering.texts import JinjaTexts
from services.core.content import Notice, VoiceContent
from services.core.model import Place
from services.core.words import Channel, Constraint, Step
from tests.unit.texts.notices import actualisation, meeting, notice, person


def call(texts: JinjaTexts, of: Notice) -> VoiceContent:
    """The script of a notice."""
    content = texts.notice(of)
    assert isinstance(content, VoiceContent)
    return content


def test_dates_and_hours_are_words(texts: JinjaTexts) -> None:
    """Engines read digits badly: « mardi premier décembre à dix heures trente » (rules §5)."""
    script = call(texts, notice(Channel.VOICE))
    assert "mardi premier décembre à dix heures trente, agence Lille Centre" in script.body
    assert "L'adresse est : 1 place de la Gare, Lille." in script.body


def test_nothing_is_disclosed_before_the_identity_question(texts: JinjaTexts) -> None:
    """Neither before 1 is pressed, nor on a voicemail (SC-14, §5)."""
    script = call(texts, notice(Channel.VOICE))
    assert script.identity_question == "Si vous êtes Leïla Test, appuyez sur 1. Si ce n'est pas vous, appuyez sur 9."
    assert not script.later_allowed
    for heard in (script.greeting, script.identity_question, script.voicemail, script.goodbye):
        assert "décembre" not in heard
        assert "Lille" not in heard


def test_a_discreet_call_names_nobody_and_nothing(texts: JinjaTexts) -> None:
    """No organisation before the question, « rappelez plus tard », only a number on a voicemail (SC-17, §5)."""
    script = call(texts, notice(Channel.VOICE, to=person("Ibrahim", "Nasri", [Constraint.DISCREET])))
    before = f"{script.greeting} {script.identity_question} {script.voicemail} {script.goodbye}"
    for secret in ("France Travail", "39 49", "3949", "rendez-vous", "convocation", "Nasri"):
        assert secret not in before
    assert script.later_allowed
    assert "appuyez sur 2" in script.identity_question
    assert "later" in script.thanks
    assert "09 48 12 34 56" in script.voicemail
    assert "France Travail" in script.body


def test_voicemail_gives_a_human_and_the_spelled_reference(texts: JinjaTexts) -> None:
    """« Rappelez le 39 49 », and the code letter by letter."""
    voicemail = call(texts, notice(Channel.VOICE)).voicemail
    assert "Rappelez le 39 49" in voicemail
    assert "K, sept, Q, quatre, P, M, deux, X" in voicemail


def test_keys_of_a_meeting_and_of_an_actualisation_differ(texts: JinjaTexts) -> None:
    """1, 2, 3, 0 for a meeting; an actualisation has no 2: nobody comes to it (§5)."""
    assert set(call(texts, notice(Channel.VOICE)).thanks) == {"1", "2", "3", "9", "later"}
    act = call(texts, notice(Channel.VOICE, actualisation(), step=Step.A2))
    assert set(act.thanks) == {"1", "3", "9", "later"}
    assert act.choices.startswith("Si c'est déjà fait, appuyez sur 1.")


def test_simple_words_are_slower_and_said_twice(texts: JinjaTexts) -> None:
    """15 per cent slower, repeated once of itself (SC-22, §5)."""
    script = call(texts, notice(Channel.VOICE, to=person(constraints=[Constraint.NEEDS_SIMPLE_TEXT])))
    assert (script.rate, script.repeat) == (85, True)
    assert (call(texts, notice(Channel.VOICE)).rate, call(texts, notice(Channel.VOICE)).repeat) == (100, False)


def test_the_agency_day_is_said_in_words(texts: JinjaTexts) -> None:
    """The closed days and the last open one, for people who depend on the agency."""
    sunday = actualisation("2026-10", datetime(2026, 11, 15, 22, 59, 59, tzinfo=UTC))
    of = replace(notice(Channel.VOICE, sunday, step=Step.A2, to=person(offline=True)), last_agency_day=date(2026, 11, 13))
    body = call(texts, replace(of, now=datetime(2026, 11, 10, 9, tzinfo=UTC))).body
    assert "L'agence est fermée samedi quatorze et dimanche quinze : venez au plus tard le vendredi treize novembre." in body


@pytest.mark.parametrize("step", [Step.CORRECTIVE, Step.CANCELLATION, Step.R1, Step.N0])
def test_every_situation_says_the_day(texts: JinjaTexts, step: Step) -> None:
    """Whatever changes, the day is named."""
    assert "mardi premier décembre à dix heures trente" in call(texts, notice(Channel.VOICE, step=step)).body


def test_a_meeting_by_telephone_is_not_an_address(texts: JinjaTexts) -> None:
    """Nobody is asked to come to a telephone call."""
    script = call(texts, notice(Channel.VOICE, meeting(place=Place(kind="phone", name="Votre conseiller"))))
    assert "par téléphone" in script.body
    assert "venez" not in script.choices


def test_sections_need_their_marks() -> None:
    """A text without a section has none."""
    assert sections("== a\n one\n two \n\n== b.1\nthree") == {"a": "one two", "b.1": "three"}
    assert sections("nothing") == {}
