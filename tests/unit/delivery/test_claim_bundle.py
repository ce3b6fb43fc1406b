"""The claim of a message about several duties: what is said is what the message is taken to have said (contracts §3, §10.15)."""

from dataclasses import dataclass, field, replace

import pytest

from services.core.check import DoNotSend
from services.core.content import Content, Notice, Unrenderable
from services.core.ledger import Ledger
from services.core.model import Attempt, Case, Item, Obligation
from services.core.words import AttemptState, Channel, Constraint, ObligationState, Step, Why
from services.delivery.claim import Claimed, Clerk
from tests.fixtures.steps import SENDERS, NoSeals
from tests.unit.core.scene import NOW, Words, actualisation, appointment, attempt, case, environment, mobile, paris

_SOON, _LATER = appointment("rdv:1", due_at=paris("2026-12-09", "10:00")), appointment("rdv:2", due_at=paris("2026-12-11", "14:30"))


@dataclass
class _Paper(Words):
    """Texts with room for so many duties; keeps the notices."""

    room: int = 9
    unsayable: frozenset[str] = frozenset()
    asked: list[Notice] = field(default_factory=list)

    def notice(self, notice: Notice) -> Content:
        """See ``Texts.notice``."""
        if len(notice.obligations) > self.room or self.unsayable & {duty.obligation_id for duty in notice.obligations}:
            raise Unrenderable("sms_too_long")
        self.asked.append(notice)
        return super().notice(notice)


def _bundle(*duties: Obligation, steps: tuple[Step, ...] = (Step.N0, Step.N0)) -> tuple[Case, Attempt]:
    items = tuple(Item(obligation_id=duty.obligation_id, revision=1, step=step) for duty, step in zip(duties, steps, strict=True))
    row = replace(
        attempt(about=duties[0]), items=items, state=AttemptState.RELEASED, tries=0, submitted_at=None, claimed_at=None, provider=None
    )
    return case(*duties, attempts=(row,)), row


def _claim(texts: _Paper, of: Case, row: Attempt) -> tuple[object, Ledger]:
    ledger = Ledger(NOW)
    answer = Clerk(texts=texts, seals=NoSeals(), senders=SENDERS).claim(ledger, of, row, environment())
    return answer, ledger


def test_a_bundle_is_one_message_with_every_duty() -> None:
    """One claim, one envelope, all items kept."""
    texts = _Paper()
    answer, ledger = _claim(texts, *_bundle(_SOON, _LATER))
    assert isinstance(answer, Claimed)
    assert [duty.obligation_id for duty in texts.asked[-1].obligations] == ["rdv:1", "rdv:2"]
    assert len(ledger.changes.attempts[-1].items) == 2
    assert not ledger.changes.wakes


def test_what_does_not_fit_is_left_to_another_message() -> None:
    """The most urgent stays; the other duty's item leaves the attempt, so that nobody takes it for told, and it is planned again."""
    answer, ledger = _claim(_Paper(room=1), *_bundle(_SOON, _LATER))
    assert isinstance(answer, Claimed)
    assert [item.obligation_id for item in ledger.changes.attempts[-1].items] == ["rdv:1"]
    assert [wake.person_id for wake in ledger.changes.wakes] == [_SOON.person_id]
    assert not [line for line in ledger.changes.journal if line.what in ("skipped", "cancelled")]


def test_one_duty_that_cannot_be_said_does_not_silence_the_others() -> None:
    """A letter to a place that nobody finds, beside one that is known (SC-18)."""
    answer, ledger = _claim(_Paper(unsayable=frozenset({"rdv:1"})), *_bundle(_SOON, _LATER))
    assert isinstance(answer, Claimed)
    assert [item.obligation_id for item in ledger.changes.attempts[-1].items] == ["rdv:2"]


def test_when_nothing_can_be_said_nothing_leaves() -> None:
    """Skipped, with the reason, for each item."""
    answer, ledger = _claim(_Paper(room=0), *_bundle(_SOON, _LATER))
    assert answer == DoNotSend(reason=Why.UNRENDERABLE)
    assert [line.fields["obligation"] for line in ledger.changes.journal if line.what == "skipped"] == ["rdv:1", "rdv:2"]


def test_an_item_that_was_cancelled_meanwhile_is_not_said() -> None:
    """It leaves the message with a line of its own; a cancellation is not owed for what was never announced."""
    of, row = _bundle(_SOON, replace(_LATER, state=ObligationState.CANCELLED))
    answer, ledger = _claim(_Paper(), of, row)
    assert isinstance(answer, Claimed)
    assert [item.obligation_id for item in ledger.changes.attempts[-1].items] == ["rdv:1"]
    gone = [line.fields for line in ledger.changes.journal if line.what == "cancelled"]
    assert [(line["obligation"], line["reason"]) for line in gone] == [("rdv:2", "cancelled_at_source")]


@pytest.mark.parametrize(
    ("steps", "says"),
    [((Step.R2, Step.R2), Step.R2), ((Step.R2, Step.N0), Step.N0), ((Step.R1, Step.F), Step.F), ((Step.R1, Step.R2), Step.R1)],
)
def test_a_message_reminds_only_when_that_is_all_it_does(steps: tuple[Step, ...], says: Step) -> None:
    """A first notice among reminders is not worded as a reminder."""
    texts = _Paper()
    _claim(texts, *_bundle(_SOON, _LATER, steps=steps))
    assert texts.asked[-1].step is says


def test_the_short_form_is_for_people_who_answered_about_everything() -> None:
    """One meeting that nobody answered for asks again."""
    acknowledged = replace(_SOON, state=ObligationState.ACKNOWLEDGED)
    for second, short in ((_LATER, False), (replace(_LATER, state=ObligationState.ACKNOWLEDGED), True)):
        texts = _Paper()
        _claim(texts, *_bundle(acknowledged, second, steps=(Step.R2, Step.R2)))
        assert texts.asked[-1].short is short


def test_the_meeting_stands_before_the_actualisation() -> None:
    """Whatever closes first: an answer is about the meeting (§10.12)."""
    texts = _Paper()
    act = actualisation(due_at=paris("2026-11-30", "23:59"), known_at=NOW, opens_at=NOW)
    _claim(texts, *_bundle(act, _SOON, steps=(Step.A4, Step.R2)))
    said = texts.asked[-1]
    assert [duty.obligation_id for duty in said.obligations] == [_SOON.obligation_id, act.obligation_id]
    assert (said.step, said.channel, said.bundle_parts) == (Step.R2, Channel.SMS, environment().policy.sms.bundle_parts)
    assert said.contact == mobile()


@pytest.mark.parametrize(
    ("step", "constraints", "announced"),
    [
        (Step.N0, (), True),
        (Step.R1, (), False),
        (Step.R1, (Constraint.PREPAID,), True),
        (Step.R1, (Constraint.PREPAID, Constraint.NO_VOICE), False),
    ],
)
def test_who_cannot_answer_for_free_hears_that_we_call(step: Step, constraints: tuple[Constraint, ...], *, announced: bool) -> None:
    """A key press costs nothing: on prepaid credit every SMS names our number, unless there is no call (§10.12)."""
    texts = _Paper()
    of, row = _bundle(_SOON, steps=(step,))
    assert of.person is not None
    _claim(texts, replace(of, person=replace(of.person, constraints=constraints)), row)
    assert texts.asked[-1].announces_call is announced
    assert texts.asked[-1].reply_by_sms is (Constraint.PREPAID not in constraints)
