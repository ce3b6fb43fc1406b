"""A letter that did not come back (§10.6): E2 as a presumption of ours, the only evidence that can be withdrawn."""

from datetime import datetime, timedelta
from typing import Any

from services.core.evidence.presumption import posted_at
from services.core.model import Attempt, ContactId, Obligation, Receipt
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    ObligationState,
    ReceiptStatus,
    Verdict,
)
from tests.unit.core.scene import Story, attempt, case, letterbox, meeting, mobile, paris, receipt

_POSTED = paris("2026-11-03", "08:00")
_THREE_WEEKS = timedelta(days=21)


def _duty(**changed: Any) -> Obligation:
    return meeting(known_at=paris("2026-11-02", "09:00"), due_at=paris("2026-12-15", "10:00"), evidence=Evidence.E1, **changed)


def _letter(about: Obligation, **changed: Any) -> Attempt:
    row = {"channel": Channel.LETTER, "contact_id": ContactId("home"), "policy": "", **changed}
    return attempt("letter", about=about, **row)


def _processed() -> Receipt:
    return receipt("r0", ReceiptStatus.SENT, attempt_id="letter", received_at=_POSTED, at=_POSTED)


def _story(duty: Obligation | None = None, *others: Attempt) -> Story:
    about = duty or _duty()
    of = case(about, contacts=(letterbox(), mobile()), attempts=(_letter(about), *others), receipts=(_processed(),))
    return Story(case=of)


def _evidence(story: Story) -> list[tuple[datetime, object, object]]:
    return [(at, fields["level"], fields["how"]) for at, what, fields in story.lines if what == "evidence"]


def test_three_weeks_after_its_envelope_a_letter_is_presumed_to_have_arrived() -> None:
    """§10.6: not a minute before; published as E2 "presumed"; the message itself stays accepted; deciding again adds nothing."""
    story = _story()
    at = _POSTED + _THREE_WEEKS
    assert not story.decide(at - timedelta(minutes=1)).presumptions
    assert story.decide(at).presumptions
    duty = story.obligation("cv:1")
    assert (duty.evidence, duty.evidence_how, duty.evidence_at) == (Evidence.E2, "presumed", at)
    assert duty.version == 1
    assert story.attempt("letter").state is AttemptState.ACCEPTED
    assert not story.decide(at).presumptions
    assert _evidence(story) == [(at, "E2", "presumed")]


def test_the_planner_wakes_for_it() -> None:
    """§10.6: the instant is one at which the person is looked at, even when nothing else is due."""
    story = _story(_duty(state=ObligationState.LAPSED))
    assert story.decide(_POSTED + timedelta(days=20)).live_at == _POSTED + _THREE_WEEKS


def test_without_the_printers_word_the_submission_counts() -> None:
    """§11.4: a printer that never said PROCESSED took the letter at its submission."""
    duty = _duty()
    assert posted_at(case(duty), _letter(duty)) == duty.known_at
    assert posted_at(case(duty, receipts=(_processed(),)), _letter(duty)) == _POSTED


def test_a_return_withdraws_it_and_disables_the_address() -> None:
    """§10.6, §10.7: back at E1 in the journal and on the topic; PND disables the address, and the advisor hears of it."""
    story = _story()
    story.decide(_POSTED + _THREE_WEEKS)
    back = _POSTED + timedelta(days=23)
    story.receive(story.attempt("letter"), ReceiptStatus.RETURNED, back, reason="N02")
    duty = story.obligation("cv:1")
    assert (duty.evidence, duty.evidence_how, duty.version) == (Evidence.E1, "accepted", 2)
    assert _evidence(story)[-1] == (back, "E1", "accepted")
    assert next(point for point in story.case.contacts if point.contact_id == "home").status is ContactStatus.DISABLED
    assert AlertType.CONTACT_DEAD in {alert.type for alert in story.decide(back).alerts}
    # what came back is not presumed again
    assert not story.decide(back + timedelta(days=30)).presumptions


def test_what_else_arrived_stays_proved() -> None:
    """§10.6: an SMS was delivered while the presumption stood; the return leaves E2, from the SMS."""
    duty = _duty()
    story = _story(duty, attempt("sms", about=duty))
    story.decide(_POSTED + _THREE_WEEKS)
    story.receive(story.attempt("sms"), ReceiptStatus.DELIVERED)
    story.receive(story.attempt("letter"), ReceiptStatus.RETURNED, reason="N10")
    assert (story.obligation("cv:1").evidence, story.obligation("cv:1").evidence_how) == (Evidence.E2, "delivered")


def test_an_answer_is_never_withdrawn() -> None:
    """§10.6: what a human said stands, whatever comes back."""
    duty = _duty()
    story = _story(duty, attempt("sms", about=duty))
    story.decide(_POSTED + _THREE_WEEKS)
    story.answer(Choice.COME)
    story.receive(story.attempt("letter"), ReceiptStatus.RETURNED, reason="N02")
    assert story.obligation("cv:1").evidence is Evidence.E3


def test_no_presumption_after_the_verdict_nor_for_what_nobody_asks() -> None:
    """§10.6: what was said to a procedure is not made stronger by silence; a cancelled meeting needs no proof."""
    for duty in (
        _duty(state=ObligationState.MISSED, verdict=Verdict.NOT_PROVED),
        _duty(state=ObligationState.CANCELLED),
    ):
        story = _story(duty)
        assert not story.decide(_POSTED + _THREE_WEEKS).presumptions
        assert story.obligation("cv:1").evidence is Evidence.E1
