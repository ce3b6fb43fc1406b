"""What is known of a duty, fact by fact with its parameters (R3), and what the view computes once for every rule."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.core.alarms import ANOTHER_PROVIDER
from services.core.alerts.known import dossier_lines, known
from services.core.model import Attempt, Case, Fact, Obligation
from services.core.words import (
    AnsweredBy,
    AttemptState,
    Channel,
    Choice,
    DigitalEase,
    Evidence,
    ObligationState,
    ReceiptStatus,
    ReplyChannel,
    ReplyEffect,
    Step,
)
from tests.unit.core.scene import (
    NOW,
    actualisation,
    appointment,
    attempt,
    case,
    letterbox,
    mailbox,
    meeting,
    mobile,
    person,
    reply,
    view,
)

H = timedelta(hours=1)
_CV = meeting()
_ALL = (mobile(), mailbox(), letterbox())
_S = ReceiptStatus
_A = AttemptState


def _row(attempt_id: str = "a1", hours: float = 0, **changed: Any) -> Attempt:
    at = NOW + hours * H
    return attempt(attempt_id, about=_CV, **{"release_at": at, "submitted_at": at, "accepted_at": at, **changed})


def _fact(code: str, hours: float | None = None, **parameters: str) -> Fact:
    return Fact(code=code, parameters=parameters if hours is None else {"at": (NOW + hours * H).isoformat(), **parameters})


def _known(*attempts: Attempt, duty: Obligation = _CV, **changed: Any) -> tuple[Fact, ...]:
    of: dict[str, Any] = {"contacts": _ALL, **changed}
    return known(view(case(duty, attempts=attempts, **of), NOW + 50 * H), duty)


def _sent(channel: str, hours: float, count: int) -> Fact:
    return _fact("sent", hours, channel=channel, count=str(count))


@pytest.mark.parametrize(
    ("rows", "facts"),
    [
        ((), (_fact("nothing_sent"),)),
        # released and not handed over: nothing was sent
        ((_row(submitted_at=None, state=_A.RELEASED),), (_fact("nothing_sent"),)),
        ((_row(), _row("a2", 3)), (_sent("sms", 3, 2),)),
        ((_row(state=_A.DELIVERED, delivered_at=NOW + H), _row("a2", 3)), (_sent("sms", 3, 2), _fact("delivered", 1, channel="sms"))),
        ((_row(state=_A.UNKNOWN, closed_at=NOW + 4 * H),), (_sent("sms", 0, 1), _fact("no_receipt", 4, channel="sms"))),
        # no instant of its end: that of its acceptance, of its release
        ((_row(state=_A.UNKNOWN, closed_at=None, accepted_at=NOW + H),), (_sent("sms", 0, 1), _fact("no_receipt", 1, channel="sms"))),
        ((_row(state=_A.UNKNOWN, closed_at=None, accepted_at=None),), (_sent("sms", 0, 1), _fact("no_receipt", 0, channel="sms"))),
        (
            (_row(state=_A.FAILED, last_status=_S.FAILED_HARD, closed_at=NOW + H),),
            (_sent("sms", 0, 1), _fact("failed_hard", 1, channel="sms")),
        ),
        # it failed, then another one went: only the last one's fate is told
        ((_row(state=_A.FAILED, last_status=_S.EXPIRED), _row("a2", 3)), (_sent("sms", 3, 2),)),
    ],
)
def test_what_became_of_texts(rows: tuple[Attempt, ...], facts: tuple[Fact, ...]) -> None:
    """How many and when last, the newest delivery, and the fate of the last one (R3)."""
    assert _known(*rows) == facts


@pytest.mark.parametrize(
    ("rows", "facts"),
    [
        (
            (_row(state=_A.FAILED, last_status=_S.NO_ANSWER), _row("a2", 3, state=_A.FAILED, last_status=_S.BUSY)),
            (_sent("voice", 3, 2), _fact("no_answer", count="2", last=(NOW + 3 * H).isoformat())),
        ),
        (
            (_row(state=_A.DELIVERED, last_status=_S.VOICEMAIL_LEFT, delivered_at=NOW + H),),
            (_sent("voice", 0, 1), _fact("voicemail", 1)),
        ),
        # somebody picked up: the answer says the rest
        ((_row(state=_A.DELIVERED, last_status=_S.ANSWERED_NO_INPUT, delivered_at=NOW + H),), (_sent("voice", 0, 1),)),
        (
            (_row(state=_A.FAILED, last_status=_S.WRONG_PERSON, closed_at=NOW + H),),
            (_sent("voice", 0, 1), _fact("failed_hard", 1, channel="voice")),
        ),
    ],
)
def test_what_became_of_calls(rows: tuple[Attempt, ...], facts: tuple[Fact, ...]) -> None:
    """Calls that rang in vain are counted, a voicemail is said; a call is never « delivered » (§10.6)."""
    assert _known(*(replace(row, channel=Channel.VOICE) for row in rows)) == facts


@pytest.mark.parametrize(
    ("row", "duty", "fact"),
    [
        (_row(), _CV, _fact("letter_on_its_way", 0)),
        (_row(), replace(_CV, evidence=Evidence.E2, evidence_how="presumed"), _fact("delivered", 0, channel="letter")),
        (_row(state=_A.FAILED, last_status=_S.RETURNED, closed_at=NOW + H), _CV, _fact("returned", 1)),
        (_row(state=_A.FAILED, last_status=_S.FAILED_HARD, closed_at=NOW + H), _CV, _fact("failed_hard", 1, channel="letter")),
    ],
)
def test_what_became_of_a_letter(row: Attempt, duty: Obligation, fact: Fact) -> None:
    """On its way, presumed to be there, or back (§10.6, §11.4)."""
    assert _known(replace(row, channel=Channel.LETTER, contact_id=_ALL[2].contact_id), duty=duty) == (_sent("letter", 0, 1), fact)


def test_a_returned_text_is_told_without_its_channel() -> None:
    """« Revenu » is said of what comes back, whatever carried it."""
    assert _known(_row(state=_A.FAILED, last_status=_S.RETURNED, closed_at=NOW + H)) == (_sent("sms", 0, 1), _fact("returned", 1))


def test_channels_are_told_one_after_the_other() -> None:
    """Each channel once, in the order of their names, whatever the order of sending."""
    rows = (_row("a1"), _row("a2", 1, channel=Channel.EMAIL), _row("a3", 2))
    assert _known(*rows) == (_sent("email", 1, 1), _sent("sms", 2, 2))


@pytest.mark.parametrize(("answered_by", "by"), [(AnsweredBy.HELPER, {"by": "helper"}), (AnsweredBy.SELF, {})])
def test_an_acknowledgement_says_how_when_and_by_whom(answered_by: AnsweredBy, by: dict[str, str]) -> None:
    """« Par un proche » when the last such answer was a helper's (§10.12)."""
    duty = replace(_CV, state=ObligationState.ACKNOWLEDGED, evidence=Evidence.E3, evidence_how="link", evidence_at=NOW + H)
    said: dict[str, Any] = {"obligation_id": "cv:1", "revision": 1, "effect": ReplyEffect.ACKNOWLEDGED}
    replies = (
        reply("y1", Choice.COME, at=NOW, answered_by=AnsweredBy.UNKNOWN, **said),
        reply("y2", Choice.COME, at=NOW + H, answered_by=answered_by, **said),
        reply("y3", Choice.CALL_ME_BACK, at=NOW + 2 * H, answered_by=AnsweredBy.SELF, **said),
    )
    assert _known(duty=duty, replies=replies) == (_fact("nothing_sent"), _fact("acknowledged", 1, how="link", **by))
    assert _known(duty=replace(duty, evidence_how=None)) == (_fact("nothing_sent"), _fact("acknowledged", 1, how=""))
    assert _known(duty=replace(duty, evidence_at=None)) == (_fact("nothing_sent"),)
    assert _known(duty=replace(duty, state=ObligationState.OPEN)) == (_fact("nothing_sent"),)


def test_what_is_known_of_an_actualisation() -> None:
    """Not done, for which month, how many were missed before, that the person depends on the agency, and what they said (§10.12)."""
    duty = actualisation(said_done_at=NOW)
    who = person(missed_actualisations=2, digital_ease=DigitalEase.OFFLINE, forbidden_channels=(Channel.SMS,))
    assert _known(duty=duty, who=who, contacts=(mobile(),)) == (
        _fact("nothing_sent"),
        _fact("excluded", channel="sms", reason="forbidden"),
        _fact("excluded", channel="letter", reason="no_contact"),
        _fact("excluded", channel="email", reason="no_contact"),
        _fact("says_done", 0),
        _fact("not_done", period="2026-11"),
        _fact("missed_before", count="2"),
        _fact("non_web"),
    )
    assert _known(duty=replace(duty, said_done_at=None, period=None)) == (_fact("nothing_sent"), _fact("not_done", period=""))


def test_what_went_out_about_another_date_is_told() -> None:
    """The person believes the old date: "nothing was sent" would be wrong (§10.11). What was taken back was not sent."""
    old = [_row(name, hours) for name, hours in (("o1", 1), ("o2", 2))]
    moved = replace(_CV, revision=2)
    assert _known(*old, duty=moved) == (_fact("other_date_sent", 2),)
    assert _known(replace(old[0], submitted_at=None), duty=moved) == (_fact("nothing_sent"),)
    assert "other_date_sent" not in [fact.code for fact in _known(*old, duty=_CV)]


def test_a_dossier_begins_with_the_level_of_proof() -> None:
    """Then what is known, so that nobody starts a procedure without it (§2.3)."""
    duty = replace(_CV, state=ObligationState.MISSED, evidence=Evidence.E2)
    seen = view(case(duty, contacts=_ALL), duty.due_at + H)
    assert dossier_lines(seen, duty) == (_fact("evidence", level="E2"), _fact("nothing_sent"))


# ---- what every rule asks of the view


def _levels(*attempts: Attempt, replies: tuple[Any, ...] = ()) -> dict[Channel, tuple[Evidence, float]]:
    seen = view(case(_CV, contacts=_ALL, attempts=attempts, replies=replies), NOW + 50 * H)
    return {channel: (level, (at - NOW) / H) for channel, (level, at) in seen.evidence_by_channel(_CV).items()}


def test_the_best_evidence_of_each_channel() -> None:
    """Delivered before accepted, then the newest; what failed or has not left proves nothing (§10.9)."""
    rows = (
        _row("a1", 0, state=_A.DELIVERED, delivered_at=NOW + H),
        _row("a2", 2, state=_A.DELIVERED, delivered_at=NOW + 3 * H),
        _row("a3", 5),
        _row("b1", 1, channel=Channel.EMAIL, state=_A.FAILED),
        _row("b2", 4, channel=Channel.EMAIL),
        _row("b3", 6, channel=Channel.EMAIL, state=_A.SUBMITTING),
        _row("c1", 7, channel=Channel.VOICE, state=_A.RELEASED),
        _row("d1", 8, channel=Channel.LETTER, state=_A.UNKNOWN, accepted_at=None),
    )
    assert _levels(*rows) == {
        Channel.SMS: (Evidence.E2, 3),
        Channel.EMAIL: (Evidence.E1, 4),
        Channel.LETTER: (Evidence.E1, 8),
    }
    seen = view(case(_CV, contacts=_ALL, attempts=rows), NOW + 50 * H)
    assert seen.best_channels(_CV) == [Channel.SMS, Channel.LETTER, Channel.EMAIL]
    assert view(case(_CV, contacts=(mailbox(),), attempts=rows), NOW).best_channels(_CV) == [Channel.EMAIL]


@pytest.mark.parametrize(
    ("channel", "effect", "attempt_id", "expected"),
    [
        (ReplyChannel.LINK, ReplyEffect.ACKNOWLEDGED, "a1", {Channel.EMAIL: (Evidence.E1, 1), Channel.SMS: (Evidence.E3, 9)}),
        # somebody else may be reading the mailbox (SC-03)
        (ReplyChannel.LINK, ReplyEffect.ACKNOWLEDGED, "b1", {Channel.SMS: (Evidence.E1, 0)}),
        (ReplyChannel.EMAIL, ReplyEffect.ACKNOWLEDGED, "b1", {Channel.EMAIL: (Evidence.E3, 9), Channel.SMS: (Evidence.E1, 0)}),
        (ReplyChannel.SMS, ReplyEffect.IGNORED, "a1", {Channel.EMAIL: (Evidence.E1, 1), Channel.SMS: (Evidence.E1, 0)}),
        (ReplyChannel.AGENCY, ReplyEffect.ACKNOWLEDGED, None, {Channel.EMAIL: (Evidence.E1, 1), Channel.SMS: (Evidence.E1, 0)}),
    ],
)
def test_an_answer_proves_the_channel_that_it_answers(
    channel: ReplyChannel, effect: ReplyEffect, attempt_id: str | None, expected: dict[Channel, tuple[Evidence, float]]
) -> None:
    """E3 for the channel of the message; a link in an e-mail proves nothing of the mailbox (§10.9)."""
    rows = (_row("a1"), _row("b1", 1, channel=Channel.EMAIL))
    said = reply("y1", Choice.COME, channel, at=NOW + 9 * H, effect=effect, attempt_id=attempt_id, obligation_id="cv:1", revision=1)
    assert _levels(*rows, replies=(said,)) == expected


def _calls(*hours: float) -> tuple[Attempt, ...]:
    return tuple(_row(f"v{place}", at, channel=Channel.VOICE) for place, at in enumerate(hours))


@pytest.mark.parametrize(
    ("hours", "convocation", "allowed"),
    [
        ((), False, True),
        # two a day
        ((-1,), False, True),
        ((-1, -2), False, False),
        # four in thirty days, six for a convocation; a call at the very instant counts, one of exactly thirty days ago does not
        ((-100, -200, -300), False, True),
        ((-100, -200, -300, -400), False, False),
        ((-100, -200, -300, -400), True, True),
        ((-100, -200, -300, -400, -500, -600), True, False),
        ((-100, -200, -300, -720), False, True),
        ((-100, -200, -300, -719), False, False),
        ((0, -100, -200, -300), False, False),
        ((48, -100, -200, -300), False, True),
    ],
)
def test_how_often_a_telephone_may_ring(hours: tuple[float, ...], convocation: bool, allowed: bool) -> None:
    """Two calls a local day; in 30 days four, six for a convocation (§10.4)."""
    duty = _CV if convocation else appointment()
    assert view(case(duty, attempts=_calls(*hours))).calls_allowed(NOW, duty) is allowed


def test_what_the_caps_count() -> None:
    """Live messages of the duty on the channel; no corrective, no replacement by another provider, nothing taken back (§10.4)."""
    duty = _CV
    counted = [_row(f"a{place}") for place in range(2)]
    free = [
        _row("b1", chosen_by=ANOTHER_PROVIDER),
        _row("b2", state=_A.CANCELLED),
        _row("b3", state=_A.SKIPPED),
        _row("b4", channel=Channel.EMAIL),
        attempt("b5", about=duty, step=Step.CORRECTIVE),
        attempt("b6", about=meeting("cv:2")),
    ]
    seen = view(case(duty, attempts=(*counted, *free)))
    assert [seen.room(Channel.SMS, duty, reserve=reserve) for reserve in (0, 1)] == [True, False]
    full = view(case(duty, attempts=(*counted, _row("a9"), *free)))
    assert [full.room(Channel.SMS, duty, extra=extra) for extra in (0, 1)] == [False, True]
    assert seen.sms_on(NOW.date()) == 3
    assert seen.sms_on((NOW + 24 * H).date()) == 0


def test_messages_of_a_duty_in_their_order() -> None:
    """Oldest first, then by id; of this revision only; what was skipped is seen when asked for."""
    rows = (_row("b", 1), _row("a", 1), _row("c", 0), _row("d", 0, state=_A.SKIPPED), attempt("e", about=meeting(revision=2)))
    seen = view(case(_CV, attempts=rows))
    assert [row.attempt_id for row in seen.tries_of(_CV)] == ["c", "a", "b"]
    assert [row.attempt_id for row in seen.all_of(_CV)] == ["b", "a", "c", "d"]
    assert seen.last_call() is None
    rang = view(case(_CV, attempts=(*_calls(1, 5, 3), _row("x", 9))))
    assert rang.last_call() == NOW + 5 * H


def test_a_row_is_put_in_place_of_its_older_self() -> None:
    """The view as it will be once it is stored; the others stay."""
    of: Case = case(_CV, meeting("cv:2"), attempts=(_row("a"), _row("b")))
    seen = view(of)
    news = _row("a", state=_A.DELIVERED)
    assert seen.with_attempt(news).case == replace(of, attempts=(_row("b"), news))
    done = replace(_CV, state=ObligationState.DONE)
    assert seen.with_obligation(done).case == replace(of, obligations=(done, meeting("cv:2")))
