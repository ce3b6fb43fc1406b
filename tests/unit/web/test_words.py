"""Every member of every vocabulary has its French word, and dates are said in full."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.core.words import (
    AlarmType,
    AlertType,
    AnsweredBy,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    DigitalEase,
    Evidence,
    Identity,
    ObligationState,
    PointKind,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Severity,
    Step,
    Verdict,
    Why,
)
from services.web.link import REASONS
from services.web.ports import DeskAction, DeskResult
from tests.unit.web.people import PAGES, PARIS

WORDS = (
    Environment(loader=FileSystemLoader(PAGES), undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    .get_template("words.html")
    .module
)

VOCABULARIES: dict[str, type[StrEnum]] = {
    "channel": Channel,
    "channel_title": Channel,
    "by_channel": ReplyChannel,
    "contact": PointKind,
    "contact_status": ContactStatus,
    "state": ObligationState,
    "step": Step,
    "reason": Why,
    "receipt": ReceiptStatus,
    "choice": Choice,
    "effect": ReplyEffect,
    "identity": Identity,
    "answered_by": AnsweredBy,
    "severity": Severity,
    "alert_type": AlertType,
    "action": DeskAction,
    "verdict": Verdict,
    "segment": DigitalEase,
    "alarm": AlarmType,
    "alarm_effect": AlarmType,
}


def say(macro: str, *values: object) -> str:
    """What a macro says."""
    return str(getattr(WORDS, macro)(*values)).replace("\xa0", " ").replace("&nbsp;", " ")


@pytest.mark.parametrize(("macro", "member"), [(macro, member) for macro, words in VOCABULARIES.items() for member in words])
def test_every_member_has_a_word(macro: str, member: StrEnum) -> None:
    """No page falls over a member, and none shows its code."""
    said = say(macro, member)
    if member is not AnsweredBy.UNKNOWN:
        assert said
    assert "_" not in said
    assert said != str(member) or member in {Channel.SMS, Choice.STOP} or said in {"SMS", "STOP"}


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("state", list(AttemptState))
def test_attempts_by_channel(state: AttemptState, channel: Channel) -> None:
    """A call is not « arrivé »: somebody picked up, or not."""
    said = say("attempt_state", state, channel)
    assert said
    assert "arrivé" not in said or channel is not Channel.VOICE or state is AttemptState.UNKNOWN


@pytest.mark.parametrize("level", list(Evidence))
@pytest.mark.parametrize("how", [None, *ReplyChannel, "delivered"])
def test_evidence_is_never_promoted(level: Evidence, how: str | None) -> None:
    """Below E4 no word says that the identity is known, and no level says that the person confirmed (SC-03, §10.6)."""
    said = say("evidence", level, how)
    assert said
    assert "la personne a confirmé" not in said
    if level is Evidence.E3:
        assert "identité non vérifiée" in said
    if level < Evidence.E3:
        assert "rien ne prouve" in said


@pytest.mark.parametrize("reason", REASONS)
def test_reasons_of_the_form(reason: str) -> None:
    """What can be ticked has words."""
    assert say("decline_reason", reason) != reason


@pytest.mark.parametrize("note", [*DeskAction, DeskResult.TAKEN, DeskResult.GONE])
def test_thanks_after_an_action(note: str) -> None:
    """Each action is answered."""
    assert say("done", note)


@pytest.mark.parametrize("type_", list(AlarmType))
def test_an_alarm_leads_to_its_runbook(type_: AlarmType) -> None:
    """Each alarm names a heading of the operations page."""
    file, _, anchor = say("runbook", type_).partition("#")
    headings = re.findall(r"^#+ (.+)$", (Path(__file__).parents[3] / file).read_text("utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_causes_and_choices_that_the_planner_gives() -> None:
    """Every ``cause`` and ``chosen_by`` that stands in the core has words of its own."""
    core = Path(__file__).parents[3] / "services" / "core"
    text = "\n".join(path.read_text() for path in core.rglob("*.py"))
    for macro, field in (("cause", "cause"), ("chosen", "chosen_by")):
        for code in set(re.findall(rf'\b{field}="([a-z_]+)"', text)):
            assert say(macro, code) != code.replace("_", " "), (macro, code)


def test_dates() -> None:
    """Day name, date, month and hour in full; the first is « 1er »; a full hour has no minutes."""
    at = datetime(2026, 12, 1, 10, 30, tzinfo=PARIS)
    assert say("moment", at) == "mardi 1er décembre à 10 h 30"
    assert say("moment", at.replace(day=3, hour=9, minute=0)) == "jeudi 3 décembre à 9 h"
    assert say("short", at) == "mar. 1 déc., 10 h 30"


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(seconds=20), "moins d’une minute"),  # noqa: RUF001
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=2, minutes=5), "2 h 05"),
        (timedelta(hours=6), "6 h"),
        (timedelta(hours=23, minutes=40), "23 h"),
        (timedelta(days=1, hours=3), "1 jour"),
        (timedelta(days=-2), "2 jours"),
    ],
)
def test_spans(delta: timedelta, words: str) -> None:
    """Time left, as people say it."""
    assert say("span", delta) == words
