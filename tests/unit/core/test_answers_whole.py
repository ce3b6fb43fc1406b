"""An answer with everything it changes: rows, journal, what others hear, who is woken, and the case as it is now."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.adapters.policy import load_policy
from services.core.changes import Changes, JournalLine, Wake
from services.core.evidence.answers import apply_reply
from services.core.ledger import Ledger
from services.core.model import Case, Contact, ContactId, Item, Obligation, PersonId, Reply
from services.core.words import (
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    Identity,
    ObligationState,
    ReplyChannel,
    ReplyEffect,
    Step,
)
from tests.unit.core.scene import LEILA, NOW, actualisation, attempt, case, landline, mailbox, meeting, mobile, reply

AT = NOW + timedelta(hours=3)
HEARD = AT - timedelta(minutes=1)
_C = ReplyChannel
SENT = NOW + timedelta(minutes=5)
_WOKEN = [Wake(person_id=LEILA, live_at=AT, campaign_at=None)]


def _line(what: str, **fields: object) -> JournalLine:
    return JournalLine(at=AT, what=what, fields=fields)


def _untold(changes: Changes) -> Changes:
    """The changes without their messages for others, which the ledger's own tests are about."""
    return replace(changes, outbox=[])


def _answered(of: Case, row: Reply) -> tuple[Case, Changes]:
    ledger = Ledger(AT)
    return apply_reply(ledger, of, row, load_policy().link), ledger.changes


def _row(of: Reply, **changed: object) -> Reply:
    return replace(of, **{"person_id": LEILA, **changed})  # type: ignore[arg-type]


def test_a_refusal_by_text_with_all_it_changes() -> None:
    """Answer, duty, point and journal; the message is the newest by SMS (§10.12)."""
    duty, other = meeting(), meeting("cv:2")
    old = attempt("a1", about=other, submitted_at=NOW)
    newest = attempt("a2", about=duty, submitted_at=SENT)
    mail = attempt("a3", about=other, channel=Channel.EMAIL, contact_id="mail", submitted_at=AT)
    before = case(duty, other, contacts=(mobile(silent_duties=2), mailbox()), attempts=(old, newest, mail))
    row = reply("y1", Choice.CANNOT_COME, at=AT, reason="ill")
    now, changes = _answered(before, row)
    stored = _row(row, attempt_id="a2", obligation_id="cv:1", revision=1, effect=ReplyEffect.ACKNOWLEDGED)
    declined = replace(
        duty,
        state=ObligationState.DECLINED,
        evidence=Evidence.E3,
        evidence_how="sms",
        evidence_at=AT,
        declined_at=AT,
        declined_reason="ill",
        changed_at=AT,
        version=1,
    )
    human = mobile(human_at=AT)
    assert now == replace(before, replies=(stored,), obligations=(declined, other), contacts=(human, mailbox()))
    assert _untold(changes) == Changes(
        replies=[stored],
        obligations=[declined],
        contacts=[human],
        journal=[
            _line("reply", channel="sms", person="leila", obligation="cv:1", choice="cannot_come", effect="acknowledged"),
            _line("evidence", obligation="cv:1", person="leila", level="E3", how="sms"),
            _line("state", obligation="cv:1", person="leila", **{"from": "open", "to": "declined"}),
        ],
        wakes=_WOKEN,
    )
    assert [message.data["attempts"] for message in changes.outbox] == [1]


def test_an_answer_that_is_known_changes_nothing_at_all() -> None:
    """A gateway repeats it: no row, no line, nobody is woken."""
    duty = meeting()
    before = case(duty, attempts=(attempt(about=duty),), replies=(reply("y1", Choice.COME),))
    now, changes = _answered(before, reply("y1", Choice.CANNOT_COME))
    assert now is before
    assert changes == Changes()


def test_an_answer_about_nothing_is_kept() -> None:
    """No message, no duty: ignored, journalled without a duty, and the person is looked at."""
    now, changes = _answered(case(), reply("y1", Choice.COME, at=AT))
    stored = _row(reply("y1", Choice.COME, at=AT), effect=ReplyEffect.IGNORED)
    line = _line("reply", channel="sms", person="leila", obligation=None, choice="come", effect="ignored")
    assert changes == Changes(replies=[stored], journal=[line], wakes=_WOKEN)
    assert now == replace(case(), replies=(stored,))


def test_one_answer_to_a_bundle_has_a_row_for_each_meeting() -> None:
    """The first under the answer's own id, the soonest first; « je viens » is not about the actualisation in the message (§10.12)."""
    later, sooner, monthly = meeting("cv:1"), meeting("cv:2", due_at=NOW + timedelta(days=3)), actualisation()
    items = tuple(Item(obligation_id=duty.obligation_id, revision=1, step=Step.R2) for duty in (later, monthly, sooner))
    before = case(later, sooner, monthly, attempts=(attempt(about=later, items=items),))
    now, changes = _answered(before, reply("y1", Choice.COME, at=AT))
    assert [(row.reply_id, row.obligation_id, row.effect) for row in changes.replies] == [
        ("y1", "cv:2", ReplyEffect.ACKNOWLEDGED),
        ("y1.1", "cv:1", ReplyEffect.ACKNOWLEDGED),
    ]
    assert [row.state for row in now.obligations] == [ObligationState.ACKNOWLEDGED, ObligationState.ACKNOWLEDGED, ObligationState.OPEN]
    assert [line.fields["obligation"] for line in changes.journal if line.what == "reply"] == ["cv:2", "cv:1"]


@pytest.mark.parametrize(
    ("channel", "named", "kept"),
    [
        (ReplyChannel.LINK, "a1", "a1"),
        (ReplyChannel.AGENCY, "a1", "a1"),
        (ReplyChannel.AGENCY, None, None),
        (ReplyChannel.PHONE, None, None),
    ],
)
def test_which_message_an_answer_names(channel: ReplyChannel, named: str | None, kept: str | None) -> None:
    """The desk and the telephone answer a duty, not a message, unless they name one."""
    duty = meeting()
    before = case(duty, attempts=(attempt(about=duty, submitted_at=NOW),))
    row = reply("y1", Choice.COME, channel, at=AT, attempt_id=named, obligation_id=None if named else "cv:1", identity=Identity.LINK)
    now, changes = _answered(before, row)
    assert changes.replies == [_row(row, attempt_id=kept, obligation_id="cv:1", revision=1, effect=ReplyEffect.ACKNOWLEDGED)]
    human = channel is ReplyChannel.LINK
    assert now.contacts == (mobile(human_at=AT) if human else mobile(),)


def test_a_key_ends_the_call_that_was_answered() -> None:
    """Delivered and closed now, the other messages as they are; the duty is proved by voice (§5)."""
    duty = meeting()
    call = attempt("a1", about=duty, channel=Channel.VOICE, contact_id="fixe", submitted_at=NOW)
    text = attempt("a2", about=duty, submitted_at=SENT)
    before = case(duty, contacts=(landline(), mobile()), attempts=(text, call))
    now, changes = _answered(before, reply("y1", Choice.COME, ReplyChannel.VOICE, at=HEARD, identity=Identity.DTMF))
    heard = replace(call, state=AttemptState.DELIVERED, delivered_at=AT, closed_at=AT)
    assert now.attempts == (text, heard)
    assert changes.attempts == [heard]
    assert (now.obligations[0].evidence_how, now.obligations[0].evidence_at) == ("voice", HEARD)
    assert now.contacts == (landline(human_at=AT), mobile())


def test_a_call_that_was_delivered_is_not_written_again() -> None:
    """The receipt came first: the key changes the duty only; nor does a text become a call."""
    duty = meeting()
    for changed in ({"state": AttemptState.DELIVERED}, {"channel": Channel.SMS}):
        row = replace(attempt(about=duty, channel=Channel.VOICE, submitted_at=NOW), **changed)
        answer = reply("y1", Choice.COME, ReplyChannel.VOICE, at=AT, attempt_id="a1")
        now, changes = _answered(case(duty, attempts=(row,)), answer)
        assert now.attempts == (row,)
        assert changes.attempts == []
        assert now.obligations[0].state is ObligationState.ACKNOWLEDGED


def test_a_strangers_answer_disables_the_point_that_was_written_to() -> None:
    """That one and no other; a human was there, but not ours (SC-14)."""
    duty = meeting()
    before = case(duty, contacts=(mobile(), landline()), attempts=(attempt(about=duty, contact_id="fixe", submitted_at=NOW),))
    now, changes = _answered(before, reply("y1", Choice.WRONG_PERSON, at=AT))
    dead = landline(status=ContactStatus.DISABLED, status_reason="wrong_person", status_at=AT, failed_at=AT)
    assert now.contacts == (mobile(), dead)
    assert changes.contacts == [dead]
    assert now.obligations == (duty,)


@pytest.mark.parametrize(("sender", "gone"), [("h", True), ("other", False), (None, False)])
def test_a_stranger_who_writes_first_is_known_by_the_number(sender: str | None, gone: bool) -> None:
    """Without a message it is the number they write from; an unknown sender disables nothing, nor a point without a hash."""
    points: tuple[Contact, ...] = (mobile(sender_hash="h"), landline(), mailbox("dead", sender_hash="h", status=ContactStatus.DISABLED))
    now, changes = _answered(case(contacts=points), reply("y1", Choice.WRONG_PERSON, at=AT, sender_hash=sender))
    assert [row.contact_id for row in changes.contacts] == (["tel"] if gone else [])
    assert now.contacts[1:] == points[1:]
    assert changes.replies[0].effect is ReplyEffect.ACKNOWLEDGED


@pytest.mark.parametrize(("written_to", "closed"), [("tel", ["tel"]), (None, ["tel", "autre"])])
def test_stop_closes_the_number_that_was_written_to(written_to: str | None, closed: list[str]) -> None:
    """Without a message, every telephone of the person; never a mailbox, never twice (§10.12)."""
    duty = meeting()
    points = (mobile(), mobile("autre"), mobile("fini", closed_channels=(Channel.SMS,)), mailbox())
    attempts = (attempt(about=duty, contact_id=ContactId(written_to), submitted_at=NOW),) if written_to else ()
    now, changes = _answered(case(duty, contacts=points, attempts=attempts), reply("y1", Choice.STOP, at=AT))
    assert [row.contact_id for row in now.contacts if row.closed_channels] == [*closed, "fini"]
    assert {message.data["reason"] for message in changes.outbox} == {"stop"}
    assert changes.replies[0].effect is ReplyEffect.FORWARDED
    assert now.obligations == (duty,)


def test_said_done_is_kept_with_its_instant() -> None:
    """« C'est fait »: E3 and the instant, never a state (§10.12)."""
    monthly = actualisation()
    before = case(monthly, attempts=(attempt(about=monthly, submitted_at=NOW),))
    now, changes = _answered(before, reply("y1", Choice.DONE, at=HEARD))
    said = replace(monthly, evidence=Evidence.E3, evidence_how="sms", evidence_at=HEARD, said_done_at=HEARD, changed_at=AT, version=1)
    assert now.obligations == (said,)
    assert [line.what for line in changes.journal] == ["reply", "evidence"]


@pytest.mark.parametrize(
    ("choice", "channel", "obligation", "expected"),
    [
        # by whatever is newest on the channel, not after the answer
        (Choice.COME, ReplyChannel.SMS, None, "a2"),
        (Choice.COME, ReplyChannel.EMAIL, None, "m1"),
        (Choice.COME, ReplyChannel.SMS, "cv:1", "a1"),
        # nobody declines the question whether a number is theirs
        (Choice.CANNOT_COME, ReplyChannel.VOICE, None, "v1"),
        (Choice.COME, ReplyChannel.VOICE, None, "v2"),
    ],
)
def test_which_message_is_answered(choice: Choice, channel: ReplyChannel, obligation: str | None, expected: str) -> None:
    """The newest one on that channel, about the duty that is named, sent before the answer (§10.12)."""
    first, second = meeting("cv:1"), meeting("cv:2")
    question = meeting("contact:leila:tel:1")
    rows = (
        attempt("a1", about=first, submitted_at=NOW),
        attempt("a2", about=second, submitted_at=SENT),
        attempt("a3", about=first, submitted_at=AT + timedelta(seconds=1)),
        attempt("a4", about=first, submitted_at=None),
        attempt("m1", about=second, channel=Channel.EMAIL, submitted_at=NOW),
        attempt("v1", about=first, channel=Channel.VOICE, submitted_at=NOW),
        attempt("v2", about=question, channel=Channel.VOICE, submitted_at=SENT),
    )
    before = case(first, second, question, contacts=(mobile(), mailbox()), attempts=rows)
    _, changes = _answered(before, reply("y1", choice, channel, at=AT, obligation_id=obligation))
    assert {row.attempt_id for row in changes.replies} == {expected}


def _link(reason: str | None, seconds: float, sent: datetime | None = NOW) -> tuple[Case, Changes]:
    duty = meeting()
    before = case(duty, attempts=(attempt(about=duty, submitted_at=sent, release_at=NOW),))
    row = reply("y1", Choice.COME, ReplyChannel.LINK, attempt_id="a1", at=NOW + timedelta(seconds=seconds), reason=reason)
    return _answered(before, row)


@pytest.mark.parametrize(
    ("reason", "seconds", "effect", "human"),
    [
        (None, 9.9, ReplyEffect.BOT_SUSPECT, False),
        (None, 10, ReplyEffect.ACKNOWLEDGED, True),
        ("decoy", 59.9, ReplyEffect.BOT_SUSPECT, False),
        ("decoy", 60, ReplyEffect.IGNORED, False),
    ],
)
@pytest.mark.parametrize("sent", [NOW, None])
def test_the_seconds_of_a_link(reason: str | None, seconds: float, effect: ReplyEffect, human: bool, sent: datetime | None) -> None:
    """Counted from the sending, else from the release; a machine is no human being at the point (§10.12)."""
    now, changes = _link(reason, seconds, sent)
    assert [row.effect for row in changes.replies] == [effect]
    assert (now.contacts[0].human_at is not None) is human
    assert changes.wakes == _WOKEN


@pytest.mark.parametrize(
    ("choice", "channel", "status", "human"),
    [
        (Choice.COME, ReplyChannel.SMS, ContactStatus.ACTIVE, True),
        (Choice.CALL_ME_BACK, ReplyChannel.SMS, ContactStatus.ACTIVE, True),
        (Choice.UNREADABLE, ReplyChannel.SMS, ContactStatus.SUSPECT, True),
        (Choice.UNREADABLE, ReplyChannel.EMAIL, ContactStatus.ACTIVE, True),
        (Choice.STOP, ReplyChannel.EMAIL, ContactStatus.SUSPECT, True),
        (Choice.STOP, ReplyChannel.SMS, ContactStatus.SUSPECT, True),
    ],
)
def test_what_an_answer_proves_of_the_point(choice: Choice, channel: ReplyChannel, status: ContactStatus, human: bool) -> None:
    """Words of theirs make a doubtful point active; an SMS nobody can read may be anybody's, a mail is a human's (§10.7, §11.3)."""
    duty = meeting()
    sent_by, point = (Channel.EMAIL, mailbox()) if channel is ReplyChannel.EMAIL else (Channel.SMS, mobile())
    doubtful = replace(point, status=ContactStatus.SUSPECT, status_reason="no_answer_for_duties")
    before = case(
        duty, contacts=(doubtful,), attempts=(attempt(about=duty, channel=sent_by, contact_id=point.contact_id, submitted_at=NOW),)
    )
    now, _ = _answered(before, reply("y1", choice, channel, at=AT))
    assert (now.contacts[0].status, now.contacts[0].human_at is not None) == (status, human)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [(Choice.COME, "cv:2"), (Choice.CALL_ME_BACK, "cv:2"), (Choice.DONE, "act:2026-11:leila")],
)
def test_a_desk_that_names_nothing_means_the_next_duty(choice: Choice, expected: str) -> None:
    """The soonest meeting, or the actualisation when it says done; a settled one or a question of ours never (R15)."""
    duties: tuple[Obligation, ...] = (
        meeting("cv:1"),
        meeting("cv:2", due_at=NOW + timedelta(days=2)),
        meeting("cv:0", due_at=NOW + timedelta(days=1), state=ObligationState.CANCELLED),
        actualisation(),
    )
    row = reply("y1", choice, ReplyChannel.AGENCY, at=AT, identity=Identity.AGENCY, person_id=PersonId("leila"))
    now, changes = _answered(case(*duties), row)
    assert [each.obligation_id for each in changes.replies] == [expected]
    assert {each.obligation_id for each in now.obligations if each.evidence is Evidence.E4} == {expected}
