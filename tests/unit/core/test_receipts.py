"""Receipts: merged by rank in any order, all parts or nothing, and what they say of the contact point (§4.4, §10.6, §10.7)."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from services.core.model import Attempt, Contact
from services.core.words import AttemptState, Channel, ContactStatus, Evidence, ReceiptEffect, ReceiptStatus, Why
from tests.unit.core.scene import NOW, Story, attempt, case, landline, letterbox, mailbox, meeting, mobile

_R = ReceiptStatus
_A = AttemptState


def _story(channel: Channel = Channel.SMS, **changed: object) -> tuple[Story, Attempt]:
    points: dict[Channel, Contact] = {
        Channel.SMS: mobile(),
        Channel.VOICE: landline(),
        Channel.EMAIL: mailbox(),
        Channel.LETTER: letterbox(),
    }
    duty = meeting()
    row = replace(attempt(about=duty, channel=channel, contact_id=points[channel].contact_id), **changed)  # type: ignore[arg-type]
    return Story(case=case(duty, contacts=(points[channel],), attempts=(row,))), row


@pytest.mark.parametrize(
    ("channel", "status", "state", "evidence"),
    [
        (Channel.SMS, _R.SENT, _A.ACCEPTED, Evidence.E0),
        (Channel.SMS, _R.DELIVERED, _A.DELIVERED, Evidence.E2),
        (Channel.SMS, _R.FAILED_HARD, _A.FAILED, Evidence.E0),
        (Channel.SMS, _R.FAILED_SOFT, _A.FAILED, Evidence.E0),
        (Channel.SMS, _R.FAILED_POLICY, _A.FAILED, Evidence.E0),
        (Channel.SMS, _R.EXPIRED, _A.FAILED, Evidence.E0),
        (Channel.SMS, _R.UNKNOWN, _A.UNKNOWN, Evidence.E0),
        (Channel.EMAIL, _R.COMPLAINT, _A.ACCEPTED, Evidence.E0),
        (Channel.LETTER, _R.RETURNED, _A.FAILED, Evidence.E0),
        (Channel.LETTER, _R.REFUSED_BY_PERSON, _A.FAILED, Evidence.E0),
        (Channel.VOICE, _R.NO_ANSWER, _A.FAILED, Evidence.E0),
        (Channel.VOICE, _R.BUSY, _A.FAILED, Evidence.E0),
        (Channel.VOICE, _R.ANSWERED_NO_INPUT, _A.DELIVERED, Evidence.E2),
        (Channel.VOICE, _R.VOICEMAIL_LEFT, _A.DELIVERED, Evidence.E2),
        (Channel.VOICE, _R.WRONG_PERSON, _A.FAILED, Evidence.E0),
    ],
)
def test_what_each_receipt_makes_of_an_accepted_message(channel: Channel, status: _R, state: _A, evidence: Evidence) -> None:
    """Accepted or sent never becomes delivered; a call that was picked up is E2 at most (§10.6)."""
    story, row = _story(channel)
    assert story.receive(row, status) is ReceiptEffect.APPLIED
    assert story.attempt("a1").state is state
    assert story.obligation("cv:1").evidence is evidence


@pytest.mark.parametrize("status", list(_R))
def test_the_same_receipt_twice_changes_nothing_more(status: _R) -> None:
    """A repeated report is stored with its effect, and that is all (§4.4)."""
    story, row = _story()
    story.receive(row, status)
    once = story.case
    effect = story.receive(row, status)
    assert effect in (ReceiptEffect.REPEATED, ReceiptEffect.LATE, ReceiptEffect.APPLIED)
    assert story.case.attempts == once.attempts
    assert story.case.obligations == once.obligations
    assert story.case.contacts == once.contacts


def test_the_same_report_under_the_same_id_is_repeated() -> None:
    """Providers send a report again until they see our answer."""
    story, row = _story()
    story.receive(row, _R.DELIVERED, receipt_id="same")
    assert story.receive(row, _R.DELIVERED, receipt_id="same") is ReceiptEffect.REPEATED


_TOGETHER = [
    (Channel.SMS, (_R.ACCEPTED, _R.SENT, _R.DELIVERED)),
    (Channel.SMS, (_R.EXPIRED, _R.DELIVERED, _R.UNKNOWN)),
    (Channel.SMS, (_R.FAILED_SOFT, _R.FAILED_HARD, _R.UNKNOWN)),
    (Channel.SMS, (_R.SENT, _R.FAILED_POLICY, _R.FAILED_HARD, _R.DELIVERED)),
    (Channel.EMAIL, (_R.FAILED_HARD, _R.DELIVERED, _R.COMPLAINT)),
    (Channel.EMAIL, (_R.FAILED_SOFT, _R.FAILED_SOFT, _R.DELIVERED)),
    (Channel.LETTER, (_R.SENT, _R.DELIVERED, _R.RETURNED)),
    (Channel.VOICE, (_R.BUSY, _R.NO_ANSWER, _R.VOICEMAIL_LEFT)),
    (Channel.VOICE, (_R.ANSWERED_NO_INPUT, _R.WRONG_PERSON, _R.NO_ANSWER)),
]


@pytest.mark.parametrize(("channel", "statuses"), _TOGETHER)
def test_the_order_of_receipts_does_not_matter(channel: Channel, statuses: tuple[_R, ...]) -> None:
    """Every permutation ends in the same state of the message, under the same last word."""
    ends = set()
    for order in permutations(statuses):
        story, row = _story(channel)
        for place, status in enumerate(order):
            story.receive(row, status, NOW + timedelta(minutes=place))
        last = story.attempt("a1")
        ends.add((last.state, last.last_status))
    assert len(ends) == 1


@pytest.mark.parametrize("statuses", [statuses for _, statuses in _TOGETHER if not {_R.RETURNED, _R.WRONG_PERSON} & set(statuses)])
def test_the_order_of_receipts_does_not_matter_for_the_evidence(statuses: tuple[_R, ...]) -> None:
    """What is proved is the same in every order; only what comes back may find more proved than if it had come first."""
    levels = set()
    for order in permutations(statuses):
        story, row = _story()
        for place, status in enumerate(order):
            story.receive(row, status, NOW + timedelta(minutes=place))
        levels.add(story.obligation("cv:1").evidence)
    assert len(levels) == 1


def test_delivered_is_never_left() -> None:
    """A failure that comes after the delivery is late, and the point stays."""
    story, row = _story()
    story.receive(row, _R.DELIVERED)
    for status in (_R.FAILED_HARD, _R.FAILED_SOFT, _R.EXPIRED, _R.UNKNOWN, _R.FAILED_POLICY):
        assert story.receive(row, status) is ReceiptEffect.LATE
    assert story.attempt("a1").state is _A.DELIVERED
    assert story.case.contacts[0].status is ContactStatus.ACTIVE


def test_a_late_receipt_after_the_timer_is_still_the_truth() -> None:
    """Unknown is not an end: the receipt that comes after four hours counts."""
    story, row = _story(state=_A.UNKNOWN, reason=Why.NO_RECEIPT, last_status=_R.UNKNOWN)
    assert story.receive(row, _R.DELIVERED) is ReceiptEffect.APPLIED
    assert story.attempt("a1").state is _A.DELIVERED
    assert story.attempt("a1").reason is None


def test_an_accepted_receipt_says_something_only_when_nothing_was_known() -> None:
    """The provider's answer to the submission said it before; after a lost connection it is news."""
    story, row = _story()
    assert story.receive(row, _R.ACCEPTED) is ReceiptEffect.REPEATED
    lost, row = _story(state=_A.UNKNOWN, provider_ref=None)
    assert lost.receive(row, _R.ACCEPTED) is ReceiptEffect.APPLIED
    assert lost.attempt("a1").state is _A.ACCEPTED
    assert lost.attempt("a1").provider_ref == "ref-a1"


def test_a_receipt_overtakes_the_answer_to_the_submission() -> None:
    """Delivered while we still wait for the provider: its reference is the answer's to tell."""
    story, row = _story(state=_A.SUBMITTING, provider_ref=None, accepted_at=None)
    assert story.receive(row, _R.DELIVERED) is ReceiptEffect.APPLIED
    assert story.attempt("a1").state is _A.DELIVERED
    assert story.attempt("a1").provider_ref is None


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_delivered_means_all_parts(order: tuple[int, ...]) -> None:
    """Two parts of three prove nothing; the third does, whichever it is."""
    story, row = _story(parts=3)
    for part in order[:-1]:
        story.receive(row, _R.DELIVERED, part=part)
        story.receive(row, _R.DELIVERED, part=part)
        assert story.attempt("a1").state is _A.ACCEPTED
        assert story.obligation("cv:1").evidence is Evidence.E0
    story.receive(row, _R.DELIVERED, part=order[-1])
    assert story.attempt("a1").state is _A.DELIVERED
    assert story.obligation("cv:1").evidence is Evidence.E2


def test_a_provider_that_reports_the_whole_message_is_believed() -> None:
    """A receipt without a part speaks of all of them."""
    story, row = _story(parts=3)
    story.receive(row, _R.DELIVERED)
    assert story.attempt("a1").state is _A.DELIVERED


def test_one_part_that_fails_fails_the_message() -> None:
    """Half a message was not delivered, in either order."""
    for order in permutations(((1, _R.DELIVERED), (2, _R.EXPIRED))):
        story, row = _story(parts=2)
        for part, status in order:
            story.receive(row, status, part=part)
        assert story.attempt("a1").state is _A.FAILED
        assert story.obligation("cv:1").evidence is Evidence.E0


@pytest.mark.parametrize(
    ("channel", "status", "reason", "disabled"),
    [
        (Channel.SMS, _R.FAILED_HARD, None, True),
        (Channel.EMAIL, _R.FAILED_HARD, None, True),
        (Channel.VOICE, _R.FAILED_HARD, None, True),
        (Channel.LETTER, _R.RETURNED, None, True),
        (Channel.VOICE, _R.WRONG_PERSON, None, True),
        # N03: a registered letter that nobody fetched says nothing of the address
        (Channel.LETTER, _R.RETURNED, "not_claimed", False),
        (Channel.SMS, _R.FAILED_SOFT, None, False),
        (Channel.EMAIL, _R.FAILED_POLICY, None, False),
        (Channel.SMS, _R.EXPIRED, None, False),
        (Channel.VOICE, _R.NO_ANSWER, None, False),
        (Channel.LETTER, _R.REFUSED_BY_PERSON, None, False),
    ],
)
def test_what_disables_a_point(channel: Channel, status: _R, reason: str | None, disabled: bool) -> None:
    """A hard failure at once; a soft one, a policy refusal or silence never (§10.7, §10.16)."""
    story, row = _story(channel)
    story.receive(row, status, reason=reason)
    assert (story.case.contacts[0].status is ContactStatus.DISABLED) is disabled


def test_a_point_dies_when_the_hard_failure_comes_after_a_soft_one() -> None:
    """The mailbox was full, then it did not exist: the stronger word counts."""
    story, row = _story(Channel.EMAIL)
    story.receive(row, _R.FAILED_SOFT)
    assert story.receive(row, _R.FAILED_HARD) is ReceiptEffect.APPLIED
    assert story.case.contacts[0].status is ContactStatus.DISABLED


def test_a_disabled_address_stays_so_when_an_older_message_arrives_after_all() -> None:
    """SC-04: a contradictory receipt does not bring the address back (§10.7)."""
    story, row = _story(Channel.EMAIL)
    story.receive(row, _R.FAILED_HARD)
    story.receive(row, _R.DELIVERED)
    assert story.case.contacts[0].status is ContactStatus.DISABLED


def test_a_complaint_closes_the_mailbox_for_us_and_not_the_point() -> None:
    """The duty goes on by other channels; a second complaint says nothing new (§7, §11.3)."""
    story, row = _story(Channel.EMAIL)
    story.receive(row, _R.COMPLAINT)
    assert story.case.contacts[0].closed_channels == (Channel.EMAIL,)
    story.receive(row, _R.COMPLAINT)
    assert story.case.contacts[0].closed_channels == (Channel.EMAIL,)


def test_a_receipt_about_an_older_revision_proves_nothing_for_the_new_one() -> None:
    """What reached somebody was the old date."""
    story, row = _story()
    story.put(replace(story.obligation("cv:1"), revision=2))
    story.receive(row, _R.DELIVERED)
    assert story.attempt("a1").state is _A.DELIVERED
    assert story.obligation("cv:1").evidence is Evidence.E0


def test_a_receipt_outlives_the_point() -> None:
    """The directory has removed the point meanwhile: the message's fate is still recorded."""
    story, row = _story()
    story.case = replace(story.case, contacts=())
    story.receive(row, _R.FAILED_HARD)
    assert story.attempt("a1").state is _A.FAILED


def test_a_late_word_about_a_failed_message_changes_nothing() -> None:
    """Sent, after the failure: late."""
    story, row = _story()
    story.receive(row, _R.FAILED_HARD)
    assert story.receive(row, _R.SENT) is ReceiptEffect.LATE
