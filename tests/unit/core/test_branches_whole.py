"""What each imagined world does with a message, whole; which branches are worth telling; what another policy would change."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.core.changes import JournalLine
from services.core.environment import Environment
from services.core.explaining import branches
from services.core.explaining.branches import WORLDS, Branch, Forecast, forecasts
from services.core.explaining.calendar_changes import Change, calendar_changes
from services.core.explaining.preview import Answered, Completed, Happening, Record, Reported, Words, World
from services.core.model import Attempt, AttemptId, Case, Item, Obligation, PersonId, Reply
from services.core.words import (
    AnsweredBy,
    Channel,
    Choice,
    Constraint,
    Identity,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Step,
)
from tests.unit.core.scene import LEILA, NOW, actualisation, attempt, case, environment, meeting, paris, person

_CV, _ACT = meeting(), actualisation()
_RINGS, _DECIDES = timedelta(seconds=25), timedelta(minutes=10)


def _message(channel: Channel = Channel.SMS, *duties: Obligation) -> Attempt:
    items = tuple(Item(obligation_id=row.obligation_id, revision=1, step=Step.N0) for row in duties or (_CV,))
    return attempt(about=_CV, channel=channel, items=items)


def _imagined(branch: Branch, of: Case, message: Attempt) -> list[Happening]:
    return list(WORLDS[branch](of, message, NOW, environment()))


def _reported(status: ReceiptStatus, after: timedelta) -> Reported:
    return Reported(at=NOW + after, attempt_id=AttemptId("a1"), status=status)


_DELIVERED = _reported(ReceiptStatus.DELIVERED, timedelta(seconds=5))
_NO_ANSWER = _reported(ReceiptStatus.NO_ANSWER, _RINGS)


def _answer(choice: Choice, channel: ReplyChannel, identity: Identity, at: datetime, **changed: Any) -> Answered:
    reply = Reply(
        reply_id="preview-a1",
        channel=channel,
        choice=choice,
        identity=identity,
        answered_by=AnsweredBy.SELF,
        person_id=LEILA,
        attempt_id=AttemptId("a1"),
        at=at,
        effect=ReplyEffect.IGNORED,
    )
    return Answered(at=at, reply=replace(reply, **changed))


@pytest.mark.parametrize(
    ("branch", "happens"),
    [
        (Branch.SILENT, {Channel.SMS: [_DELIVERED], Channel.VOICE: [_NO_ANSWER], Channel.EMAIL: [], Channel.LETTER: []}),
        (
            Branch.SMS_FAILS,
            {
                Channel.SMS: [_reported(ReceiptStatus.FAILED_HARD, timedelta(seconds=5))],
                Channel.VOICE: [_NO_ANSWER],
                Channel.EMAIL: [],
                Channel.LETTER: [],
            },
        ),
    ],
)
def test_nobody_answers(branch: Branch, happens: dict[Channel, list[Happening]]) -> None:
    """SMS arrive or fail at once, calls ring in vain, e-mails and letters are taken."""
    assert {channel: _imagined(branch, case(_CV), _message(channel)) for channel in Channel} == happens


@pytest.mark.parametrize(("branch", "choice"), [(Branch.COMES, Choice.COME), (Branch.CANNOT_COME, Choice.CANNOT_COME)])
def test_somebody_answers(branch: Branch, choice: Choice) -> None:
    """By what the message offers: a reply, a key at the end of the call, the link, or a call once the letter has come."""
    found = {channel: _imagined(branch, case(_CV), _message(channel)) for channel in Channel}
    # given on Friday at 16:00: produced on Monday, posted on Tuesday, three days on the way; the post comes at noon
    letter = {"obligation_id": _CV.obligation_id}
    assert found == {
        Channel.SMS: [_DELIVERED, _answer(choice, ReplyChannel.SMS, Identity.NONE, NOW + _DECIDES)],
        Channel.VOICE: [_answer(choice, ReplyChannel.VOICE, Identity.DTMF, NOW + _RINGS)],
        Channel.EMAIL: [_answer(choice, ReplyChannel.LINK, Identity.LINK, NOW + _DECIDES)],
        Channel.LETTER: [_answer(choice, ReplyChannel.PHONE, Identity.NONE, paris("2026-11-27", "12:00"), **letter)],
    }


def test_who_has_no_credit_calls() -> None:
    """A reply by SMS would cost; a key press and the link are free (§10.12)."""
    of = case(_CV, who=person(constraints=(Constraint.PREPAID,)))
    by_phone = _answer(Choice.COME, ReplyChannel.PHONE, Identity.NONE, NOW + _DECIDES, obligation_id=_CV.obligation_id)
    assert _imagined(Branch.COMES, of, _message()) == [_DELIVERED, by_phone]
    by_key = _answer(Choice.COME, ReplyChannel.VOICE, Identity.DTMF, NOW + _RINGS)
    assert _imagined(Branch.COMES, of, _message(Channel.VOICE)) == [by_key]


def test_a_post_overseas_takes_longer() -> None:
    """The letter is where the person lives: seven days on the way, and noon there (§6)."""
    of = case(_CV, who=person(postal_code="97400"))
    (answer,) = _imagined(Branch.COMES, of, _message(Channel.LETTER))
    assert answer.at == paris("2026-12-02", "12:00", "Indian/Reunion")


def test_somebody_unknown_to_the_directory() -> None:
    """Nobody knows where they live: the answer is not put off until the post comes."""
    (answer,) = _imagined(Branch.COMES, replace(case(_CV), person=None), _message(Channel.LETTER))
    assert answer.at == NOW + _DECIDES


def test_a_bundle_is_answered_for_what_is_still_open() -> None:
    """By telephone somebody names one meeting: the first of the message that is open; what was answered before is not asked again."""
    said = meeting("cv:0", state=ObligationState.ACKNOWLEDGED)
    of = case(said, _CV, meeting("cv:2"))
    (answer,) = _imagined(Branch.COMES, of, _message(Channel.LETTER, said, _CV, meeting("cv:2")))
    assert isinstance(answer, Answered)
    assert answer.reply.obligation_id == "cv:1"
    assert _imagined(Branch.COMES, case(said), _message(Channel.SMS, said)) == [_DELIVERED]
    assert _imagined(Branch.CANNOT_COME, case(_CV), _message(Channel.VOICE, said)) == [_NO_ANSWER]


def test_an_actualisation_is_done_not_answered() -> None:
    """Who is reminded does it, a little later; nobody says « je ne peux pas »; one that the message does not name is not done."""
    of = case(_ACT, actualisation("2026-10"), _CV)
    done = Completed(at=NOW + _DECIDES, obligation_id=_ACT.obligation_id)
    assert _imagined(Branch.COMES, of, _message(Channel.SMS, _ACT)) == [_DELIVERED, done]
    heard = replace(done, at=NOW + _RINGS)
    assert _imagined(Branch.COMES, of, _message(Channel.VOICE, _ACT, _CV)) == [_NO_ANSWER, heard]
    assert _imagined(Branch.CANNOT_COME, of, _message(Channel.SMS, _ACT)) == [_DELIVERED]


def _told(monkeypatch: pytest.MonkeyPatch, of: Case, *silent: JournalLine) -> tuple[Forecast, ...]:
    """Forecasts over a preview that says what it was asked."""

    def words(*_: object) -> str:
        return "texte"

    def record(*_: object) -> None:
        return None

    def preview(
        of: Case, env: Environment, now: datetime, world: World, record: Record, *, words: Words | None = None
    ) -> Sequence[JournalLine]:
        asked = {"case": of, "env": env, "record": record, "words": words, "world": world}
        return list(silent) if world is branches.silence else [JournalLine(at=now, what="asked", fields=asked)]

    monkeypatch.setattr(branches, "preview", preview)
    found = forecasts(of, environment(), NOW, record, words=words)
    same = {"case": of, "env": environment(), "record": record, "words": words}
    for one in found[1:]:
        assert one.lines == (JournalLine(at=NOW, what="asked", fields={**same, "world": WORLDS[one.branch]}),)
    assert found[0] == Forecast(branch=Branch.SILENT, lines=silent)
    return found


_SMS = JournalLine(at=NOW, what="sent", fields={"channel": "sms"})
_CALL = JournalLine(at=NOW, what="sent", fields={"channel": "voice"})
_SKIP = JournalLine(at=NOW, what="skipped", fields={"channel": "sms"})


@pytest.mark.parametrize(
    ("of", "silent", "told"),
    [
        (case(_CV), (_CALL, _SMS), ["silent", "sms_fails", "comes", "cannot_come"]),
        # no SMS leaves: that it fails brings nothing
        (case(_CV), (_CALL, _SKIP), ["silent", "comes", "cannot_come"]),
        # nothing happens at all: there is nothing to say yes to; « je ne peux pas » can still be said of an open meeting
        (case(_CV), (), ["silent", "cannot_come"]),
        (case(_ACT), (_SMS,), ["silent", "sms_fails", "comes"]),
        (case(meeting(state=ObligationState.DECLINED)), (_SMS,), ["silent", "sms_fails", "comes"]),
        (case(meeting(state=ObligationState.DECLINED), meeting("cv:2")), (_CALL,), ["silent", "comes", "cannot_come"]),
    ],
)
def test_branches_that_bring_something_else(
    monkeypatch: pytest.MonkeyPatch, of: Case, silent: tuple[JournalLine, ...], told: list[str]
) -> None:
    """Silence is always told; another branch when it can differ."""
    assert [str(one.branch) for one in _told(monkeypatch, of, *silent)] == told


def _line(what: str, hours: int, **fields: object) -> JournalLine:
    return JournalLine(at=NOW + timedelta(hours=hours), what=what, fields=fields)


def _sent(hours: int, step: str, channel: str, *obligations: str, occurrence: int = 1) -> JournalLine:
    return _line("sent", hours, step=step, channel=channel, occurrence=occurrence, obligations=list(obligations))


def _change(obligation_id: str, what: str, before: int | None, after: int | None) -> Change:
    hours = [None if at is None else NOW + timedelta(hours=at) for at in (before, after)]
    return Change(obligation_id=obligation_id, what=what, before=hours[0], after=hours[1])


def test_what_another_policy_changes() -> None:
    """What moves, appears and vanishes, by instant, then by duty, then by name; what stays is not told."""
    before = [
        _sent(1, "N0", "sms", "cv:1"),
        _sent(5, "R1", "sms", "cv:1"),
        _sent(9, "A5", "sms", "act:1", occurrence=2),
        _line("alert", 6, type="UNCONFIRMED", obligation="cv:1"),
        _line("alert", 3, type="CONTACT_DEAD"),
        # the second of the same name is the same message for people: the first counts
        _sent(20, "R1", "sms", "cv:1"),
        _line("alert", 30, type="UNCONFIRMED", obligation="cv:1"),
        _line("state", 2, step="R7", channel="sms", obligations=["cv:1"], occurrence=1),
    ]
    after = [
        _sent(1, "N0", "sms", "cv:1"),
        _sent(4, "F", "voice", "cv:1", "cv:2"),
        _sent(8, "A5", "sms", "act:1", occurrence=2),
        _sent(9, "A5", "sms", "act:1"),
        _line("alert", 5, type="UNCONFIRMED", obligation="cv:1"),
    ]
    assert calendar_changes(before, after) == (
        _change("", "CONTACT_DEAD", 3, None),
        _change("cv:1", "F voice", None, 4),
        _change("cv:2", "F voice", None, 4),
        _change("cv:1", "R1 sms", 5, None),
        _change("cv:1", "UNCONFIRMED", 6, 5),
        _change("act:1", "A5 sms", None, 9),
        _change("act:1", "A5_2 sms", 9, 8),
    )
    assert calendar_changes(before, before) == ()


def test_the_person_of_the_answer_is_the_message_s() -> None:
    """Also when the case is somebody's who is not known yet."""
    message = replace(_message(), person_id=PersonId("other"))
    answer = _imagined(Branch.COMES, case(_CV), message)[1]
    assert isinstance(answer, Answered)
    assert (answer.reply.person_id, answer.reply.attempt_id) == ("other", "a1")
