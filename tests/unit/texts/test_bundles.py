"""What a message about several duties says, on each channel, and how an answer says whose it is (§4.3, §10.12, §10.14, §10.15)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.adapters.rendering.texts import JinjaTexts
from services.core.channels.gsm7 import measure
from services.core.content import EmailContent, LetterContent, Notice, SmsContent, Unrenderable, VoiceContent
from services.core.words import Channel, Constraint, Kind, Step
from tests.unit.texts.notices import LINK, actualisation, meeting, notice, person

_FRIDAY = meeting(Kind.APPOINTMENT, at=datetime(2026, 12, 11, 13, 30, tzinfo=UTC))
_MONDAY = meeting(Kind.APPOINTMENT, at=datetime(2026, 12, 14, 8, 0, tzinfo=UTC))


def _sms(texts: JinjaTexts, of: Notice) -> SmsContent:
    content = texts.notice(of)
    assert isinstance(content, SmsContent)
    return content


def test_three_meetings_fit_two_parts(texts: JinjaTexts) -> None:
    """Every day and hour, and what 1 means."""
    content = _sms(texts, notice(Channel.SMS, meeting(), _FRIDAY, _MONDAY, to=person("Christophe")))
    assert "3 rendez-vous. Mardi 1er décembre à 10h30" in content.text
    assert "Vendredi 11 décembre à 14h30" in content.text
    assert "Lundi 14 décembre à 9h" in content.text
    assert "Répondez 1 si vous venez à tous, 2 si vous ne pouvez pas." in content.text
    assert (content.parts, content.encoding) == (2, "GSM-7")
    assert measure(content.text).length <= 306


def test_more_than_the_parts_allowed_is_refused(texts: JinjaTexts) -> None:
    """The claim then says less in one message; nothing is sent in a third part."""
    with pytest.raises(Unrenderable, match="sms_too_long"):
        texts.notice(replace(notice(Channel.SMS, meeting(), _FRIDAY, _MONDAY), bundle_parts=1))


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("constraints", [(), (Constraint.PREPAID,), (Constraint.NEEDS_SIMPLE_TEXT,), (Constraint.LINK_OK,)])
def test_an_sms_about_a_meeting_may_name_the_actualisation(
    texts: JinjaTexts, constraints: tuple[Constraint, ...], *, offline: bool
) -> None:
    """The meeting first, with its question; then what to do for the actualisation, and its last day; two parts."""
    to = person("Luc", constraints=constraints, offline=offline)
    of = replace(
        notice(Channel.SMS, _MONDAY, actualisation(), step=Step.R2, to=to),
        now=datetime(2026, 12, 12, 9, tzinfo=UTC),
        link=LINK if Constraint.LINK_OK in constraints else None,
        reply_by_sms=Constraint.PREPAID not in constraints,
    )
    content = _sms(texts, of)
    before, _, after = content.text.partition("actualisation de novembre")
    assert "lundi 14 décembre à 9h" in before
    assert "mardi 15 décembre" in after
    assert "3949" in after
    assert "si ce n'est pas déjà fait" in before
    assert ("appli" in content.text) is not offline
    assert content.parts == 2


def test_a_call_reads_each_meeting_and_asks_once(texts: JinjaTexts) -> None:
    """1 is for all of them, said so; no date before the identity question."""
    content = texts.notice(notice(Channel.VOICE, _FRIDAY, _MONDAY))
    assert isinstance(content, VoiceContent)
    assert "Vous avez 2 rendez-vous" in content.body
    assert content.body.index("onze décembre") < content.body.index("quatorze décembre")
    assert "Si vous venez à tous, appuyez sur 1." in content.choices
    assert "décembre" not in content.greeting + content.identity_question + content.voicemail
    # one of several cannot be declined by a key: what is promised is that somebody asks (§10.12)
    assert "Nous prévenons votre agence" in content.thanks["2"]


def test_an_email_and_a_letter_list_each_meeting(texts: JinjaTexts) -> None:
    """One entry for each in the words, and in the calendar file."""
    mail = texts.notice(notice(Channel.EMAIL, _FRIDAY, _MONDAY))
    letter = texts.notice(notice(Channel.LETTER, _FRIDAY, _MONDAY))
    assert isinstance(mail, EmailContent)
    assert isinstance(letter, LetterContent)
    for words in (mail.text, letter.text):
        assert "vendredi 11 décembre à 14 h 30" in words
        assert "lundi 14 décembre à 9 h" in words
    assert mail.calendar is not None
    assert mail.calendar.count(b"BEGIN:VEVENT") == 2
    assert letter.pages == 1


@pytest.mark.parametrize("step", [Step.N0, Step.R1, Step.CORRECTIVE])
@pytest.mark.parametrize("constraints", [(), (Constraint.NEEDS_SIMPLE_TEXT,)])
def test_a_shared_number_is_asked_with_a_letter(texts: JinjaTexts, step: Step, constraints: tuple[Constraint, ...]) -> None:
    """« répondez 1A »: every digit that is asked for has the letter, and the message is still one part."""
    of = notice(Channel.SMS, step=step, to=person("Karim", constraints=constraints))
    content = _sms(texts, replace(of, contact=replace(of.contact, letter="B"), announces_call=step is Step.N0))
    assert "1B" in content.text
    assert "2B" in content.text
    assert not {"1", "2", "3"} & set(content.text.replace(".", " ").replace(",", " ").split())
    assert content.parts == 1


def test_whose_letter_is_none_is_asked_without(texts: JinjaTexts) -> None:
    """Letters are for numbers on which people were mixed up."""
    assert "Répondez 1 " in _sms(texts, notice(Channel.SMS)).text


@pytest.mark.parametrize("step", [Step.N0, Step.R1])
def test_prepaid_names_the_free_ways(texts: JinjaTexts, step: Step) -> None:
    """A key press when we call, 3949, the agency; never an answer by SMS, with a letter or without (§10.12)."""
    of = notice(Channel.SMS, meeting(Kind.APPOINTMENT), step=step, to=person("Léo", constraints=[Constraint.PREPAID]))
    content = _sms(texts, replace(of, contact=replace(of.contact, letter="A"), announces_call=True, reply_by_sms=False))
    assert "tapez 1" in content.text
    assert "3949" in content.text
    assert "agence" in content.text.partition("tapez")[2]
    assert "pondez" not in content.text
    assert content.parts == 1
