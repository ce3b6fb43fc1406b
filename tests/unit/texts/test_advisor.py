"""What advisors read: every code that the core emits has words."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from services.adapters.rendering.advisor import UnknownCodeError
from services.adapters.rendering.texts import JinjaTexts
from services.core.model import Alert, AlertId, Fact, PersonId
from services.core.words import AlertType, Channel, Choice, Evidence, ReplyChannel, Routed, Severity, Why

CORE = Path(__file__).parents[3] / "services" / "core"
AT = "2026-11-23T09:00:00+00:00"
PARIS = "Europe/Paris"


def alert(next_action: str) -> Alert:
    """An alert to act on by 11 in the morning, Paris time."""
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    return Alert(
        alert_id=AlertId("al"),
        type=AlertType.UNCONFIRMED,
        severity=Severity.HIGH,
        person_id=PersonId("p1"),
        agency_id="lille",
        routed=Routed.REFERENT,
        next_action=next_action,
        act_by=now,
        raised_at=now,
        updated_at=now,
    )


def test_every_code_of_the_core_has_words(texts: JinjaTexts) -> None:
    """Whoever adds a fact or a next action adds its sentence: a code without words would be an alert without meaning."""
    source = "\n".join(file.read_text(encoding="utf-8") for file in CORE.rglob("*.py"))
    assert set(re.findall(r'(?:Fact\(\s*code=|_fact\()"(\w+)"', source)) <= texts.advisor.facts
    assert set(re.findall(r'next_action="(\w+)"', source)) <= texts.advisor.next_actions


@pytest.mark.parametrize(
    ("code", "parameters", "says"),
    [
        ("sent", {"channel": "voice", "at": AT, "count": "3"}, "3 appels passés, le dernier lundi 23 novembre à 10 h"),
        ("sent", {"channel": "email", "at": AT, "count": "1"}, "1 e-mail envoyé, lundi 23 novembre à 10 h"),
        ("sent", {"channel": "letter", "at": AT, "count": "2"}, "2 lettres envoyées, la dernière lundi 23 novembre à 10 h"),
        ("no_answer", {"count": "3", "last": AT}, "3 appels sans réponse, le dernier lundi 23 novembre à 10 h"),
        ("says_done", {"at": AT}, "La personne dit l'avoir fait, lundi 23 novembre à 10 h"),
        ("hold", {"reason": "accord téléphonique", "until": ""}, "Contact suspendu : accord téléphonique"),
        ("hold", {"reason": "accord", "until": "2026-12-09"}, "Contact suspendu : accord, jusqu'au mercredi 9 décembre"),
        ("evidence", {"level": "E3"}, "Accusé de réception, identité non vérifiée (E3)"),
        ("not_done", {"period": "2026-10"}, "L'actualisation d'octobre n'est pas faite"),
        ("letter_too_late", {}, "Une lettre arriverait trop tard"),
        ("contradictory", {"first": "come", "second": "cannot_come"}, None),
        ("group_reply", {}, "Réponse à un message groupé : on ne sait pas pour quel rendez-vous"),
    ],
)
def test_facts_are_short_french_sentences(texts: JinjaTexts, code: str, parameters: dict[str, str], says: str | None) -> None:
    """Counts agree, instants are local, nothing is escaped for HTML."""
    words = texts.fact(Fact(code=code, parameters=parameters), PARIS)
    assert words == says or says is None
    assert "&" not in words


@pytest.mark.parametrize("level", [Evidence.E0, Evidence.E1, Evidence.E2])
def test_below_e3_reception_is_not_proved(texts: JinjaTexts, level: Evidence) -> None:
    """The words that a procedure must read (SC-48, §2.3, §10.6)."""
    assert "Réception non prouvée" in texts.fact(Fact(code="evidence", parameters={"level": level}), PARIS)


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("code", ["sent", "delivered", "no_receipt", "failed_hard", "contact_dead", "wrong_person", "only_channel"])
def test_every_channel_has_words(texts: JinjaTexts, code: str, channel: Channel) -> None:
    """No channel is left without its sentence."""
    assert texts.fact(Fact(code=code, parameters={"channel": channel, "at": AT, "count": "1"}), PARIS)


@pytest.mark.parametrize("reason", list(Why))
def test_every_reason_has_words(texts: JinjaTexts, reason: Why) -> None:
    """Why a channel is left out is said in French, not as a code (§10.1.1)."""
    words = texts.fact(Fact(code="excluded", parameters={"channel": "sms", "reason": reason}), PARIS)
    assert reason.value not in words.removeprefix("Pas de SMS : ").split()


@pytest.mark.parametrize("choice", list(Choice))
@pytest.mark.parametrize("how", list(ReplyChannel))
def test_every_answer_has_words(texts: JinjaTexts, how: ReplyChannel, choice: Choice) -> None:
    """Whatever was answered, on whatever channel."""
    assert texts.fact(Fact(code="acknowledged", parameters={"how": how, "at": AT}), PARIS)
    assert texts.fact(Fact(code="contradictory", parameters={"first": choice, "second": choice}), PARIS)


@pytest.mark.parametrize(("code", "words"), [("acknowledged", ", par un proche,"), ("declined", "Un proche a prévenu")])
def test_an_answer_of_a_helper_is_worded_so(texts: JinjaTexts, code: str, words: str) -> None:
    """« par un proche »: who answered is said wherever the answer is told, and of nobody else (§10.12)."""
    said = {"how": "link", "at": AT, "reason": ""}
    assert words in texts.fact(Fact(code=code, parameters={**said, "by": "helper"}), PARIS)
    assert "proche" not in texts.fact(Fact(code=code, parameters=said), PARIS)


def test_every_next_action_can_be_said(texts: JinjaTexts) -> None:
    """A sentence with a full stop or a question, and the instant where there is one."""
    for code in texts.advisor.next_actions:
        assert texts.next_action(alert(code), PARIS).endswith(".")
    assert texts.next_action(alert("call_now"), PARIS) == "Appelez tout de suite, avant lundi 23 novembre à 11 h."
    assert "Appelez" in texts.next_action(alert("call_before_procedure"), PARIS)


def test_an_unknown_code_is_an_error(texts: JinjaTexts) -> None:
    """Never a silent text."""
    with pytest.raises(UnknownCodeError):
        texts.fact(Fact(code="nonsense"), PARIS)
    with pytest.raises(UnknownCodeError):
        texts.next_action(alert("nonsense"), PARIS)


def test_a_missing_parameter_is_an_error(texts: JinjaTexts) -> None:
    """An empty place in a sentence would lie."""
    with pytest.raises(UndefinedError):
        texts.fact(Fact(code="says_done"), PARIS)
