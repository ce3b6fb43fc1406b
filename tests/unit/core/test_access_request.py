"""What a person is given who asks for what we hold about them (SC-49), row for row."""

from datetime import datetime, timedelta
from typing import Any

from services.core.changes import MessageSent
from services.core.explaining.access_request import Holdings, Told, answered, told
from services.core.model import Attempt, ContactId, Item, ObligationId
from services.core.words import AttemptState, Channel, Choice, Step
from tests.unit.core.scene import LEILA, NOW, attempt, mailbox, meeting, mobile, person, reply

H = timedelta(hours=1)
_CV = meeting()
_OTHER = meeting("cv:2")


def _words(of: str, number: int, at: datetime, text: str) -> MessageSent:
    return MessageSent(attempt_id=of, try_number=number, person_id=LEILA, text=text, parts=1, encoding=None, provider="a", at=at)


def _told(*attempts: Attempt, messages: tuple[MessageSent, ...] = ()) -> list[Told]:
    return told(Holdings(person=person(), contacts=(mobile(), mailbox()), obligations=(_CV, _OTHER), attempts=attempts, messages=messages))


def test_each_try_is_a_message_of_its_own() -> None:
    """A message that was tried twice is told twice with the words of each try, oldest first, and with its one result."""
    twice = attempt(about=_CV, state=AttemptState.DELIVERED, delivered_at=NOW + 5 * H, closed_at=NOW + 6 * H)
    before = attempt("a0", about=_CV, channel=Channel.EMAIL, contact_id=ContactId("mail"), closed_at=NOW + H)
    words = (_words("a1", 2, NOW + 4 * H, "encore"), _words("a1", 1, NOW + 2 * H, "d'abord"), _words("a0", 1, NOW + 3 * H, "objet"))
    result: dict[str, Any] = {"state": AttemptState.DELIVERED, "result_at": NOW + 5 * H}
    sms: dict[str, Any] = {"channel": Channel.SMS, "contact": mobile(), "duties": (_CV,), **result}
    assert _told(twice, before, messages=words) == [
        Told(at=NOW + 2 * H, text="d'abord", **sms),
        Told(
            at=NOW + 3 * H,
            channel=Channel.EMAIL,
            contact=mailbox(),
            duties=(_CV,),
            text="objet",
            state=AttemptState.ACCEPTED,
            result_at=NOW + H,
        ),
        Told(at=NOW + 4 * H, text="encore", **sms),
    ]


def test_words_that_are_erased_leave_the_fact() -> None:
    """After six months the words are gone; when it left is still told: submitted, else claimed, else released (SC-50)."""
    submitted = attempt("a1", about=_CV, submitted_at=NOW + 3 * H, claimed_at=NOW + 2 * H, release_at=NOW + H)
    claimed = attempt("a2", about=_CV, submitted_at=None, claimed_at=NOW + 2 * H, release_at=NOW + H, state=AttemptState.SUBMITTING)
    released = attempt("a3", about=_CV, submitted_at=None, claimed_at=None, release_at=NOW + H, state=AttemptState.UNKNOWN)
    assert [(one.at, one.text, one.state) for one in _told(submitted, claimed, released)] == [
        (NOW + H, None, AttemptState.UNKNOWN),
        (NOW + 2 * H, None, AttemptState.SUBMITTING),
        (NOW + 3 * H, None, AttemptState.ACCEPTED),
    ]


def test_what_never_left_is_not_told_and_does_not_hide_the_rest() -> None:
    """Skipped, cancelled and still released messages reached nobody; what failed did leave us."""
    states = (AttemptState.SKIPPED, AttemptState.CANCELLED, AttemptState.RELEASED, AttemptState.FAILED)
    rows = [attempt(f"a{n}", about=_CV, state=state) for n, state in enumerate(states)]
    assert [one.state for one in _told(*rows)] == [AttemptState.FAILED]


def test_a_bundle_names_each_duty_once() -> None:
    """In the order of the message; a duty that was erased since, or a point that was taken away, is left out without a gap."""
    names = ("cv:2", "gone", "cv:1", "cv:2")
    items = tuple(Item(obligation_id=ObligationId(name), revision=1, step=Step.N0) for name in names)
    row = attempt(about=_CV, items=items, contact_id=ContactId("was"))
    assert [(one.duties, one.contact) for one in _told(row)] == [((_OTHER, _CV), None)]


def test_a_stranger_s_answer_is_not_theirs() -> None:
    """Who said not to be this person is somebody else: their answer is not handed out; the others are, oldest first."""
    late, early = reply("y1", Choice.COME, at=NOW + H), reply("y2", Choice.CALL_ME_BACK, at=NOW)
    stranger = reply("y3", Choice.WRONG_PERSON, at=NOW)
    assert answered(Holdings(person=person(), replies=(late, stranger, early))) == [early, late]
