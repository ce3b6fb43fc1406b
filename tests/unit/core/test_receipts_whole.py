"""A receipt with everything it changes: rows, journal, what others hear, who is woken, and the case as it is now."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.core.changes import Changes, JournalLine, Wake
from services.core.evidence.receipts import apply_receipt, attempts_of
from services.core.ledger import Ledger
from services.core.model import AttemptId, Case, Item, ObligationId, Receipt
from services.core.words import (
    AttemptState,
    Channel,
    ContactStatus,
    Evidence,
    ReceiptEffect,
    ReceiptStatus,
    Step,
    Why,
)
from tests.unit.core.scene import LEILA, NOW, attempt, case, letterbox, mailbox, meeting, mobile, receipt

AT = NOW + timedelta(hours=3)
HEARD = AT - timedelta(minutes=1)
SENT = NOW + timedelta(minutes=5)
_WOKEN = [Wake(person_id=LEILA, live_at=AT, campaign_at=None)]


def _line(what: str, **fields: object) -> JournalLine:
    return JournalLine(at=AT, what=what, fields=fields)


def _untold(changes: Changes) -> Changes:
    """The changes without their messages for others, which the ledger's own tests are about."""
    return replace(changes, outbox=[])


def _received(of: Case, row: Receipt) -> tuple[Case, Changes]:
    ledger = Ledger(AT)
    return apply_receipt(ledger, of, of.attempts[0], row), ledger.changes


def _about(receipt_line: str, effect: str, channel: str = "sms", step: str = "N0") -> JournalLine:
    return _line("receipt", channel=channel, person="leila", obligation="cv:1", step=step, status=receipt_line, effect=effect)


def test_a_delivery_changes_message_duty_and_wakes() -> None:
    """The instant of reception is the truth; the duty is E2 and published; every other row of the case stays (§4.4, §10.6)."""
    duty, other = meeting(), meeting("cv:2")
    sent, beside = attempt("a1", about=duty), attempt("a2", about=other)
    before = case(duty, other, attempts=(sent, beside))
    row = receipt("r1", ReceiptStatus.DELIVERED, at=NOW, received_at=HEARD, carrier="x")
    now, changes = _received(before, row)
    stored = replace(row, attempt_id=AttemptId("a1"), person_id=LEILA, effect=ReceiptEffect.APPLIED)
    delivered = replace(sent, state=AttemptState.DELIVERED, last_status=ReceiptStatus.DELIVERED, delivered_at=HEARD)
    proved = replace(duty, evidence=Evidence.E2, evidence_how="delivered", evidence_at=HEARD, changed_at=AT, version=1)
    assert now == replace(before, obligations=(proved, other), attempts=(delivered, beside), receipts=(stored,))
    assert _untold(changes) == Changes(
        receipts=[stored],
        attempts=[delivered],
        obligations=[proved],
        journal=[
            _about("delivered", "applied"),
            _line("evidence", obligation="cv:1", person="leila", level="E2", how="delivered"),
        ],
        wakes=_WOKEN,
    )
    assert [(message.type, message.data["attempts"], message.data["evidence"]) for message in changes.outbox] == [
        ("obligation.changed", 1, "E2")
    ]


def test_a_repeated_receipt_is_stored_and_wakes_nobody() -> None:
    """It has its row and its line, and changes nothing (§4.4)."""
    duty = meeting()
    before = case(duty, attempts=(attempt(about=duty, last_status=ReceiptStatus.SENT),))
    now, changes = _received(before, receipt("r1", ReceiptStatus.SENT))
    stored = receipt("r1", ReceiptStatus.SENT, attempt_id="a1", person_id=LEILA, effect=ReceiptEffect.REPEATED)
    assert now == replace(before, receipts=(stored,))
    assert changes == Changes(receipts=[stored], journal=[_about("sent", "repeated")])


def test_each_duty_of_a_bundle_has_its_line_and_its_evidence() -> None:
    """One message about two meetings proves both (§10.15); one about an older revision proves nothing of the new one."""
    first, second, moved = meeting("cv:1"), meeting("cv:2"), meeting("cv:3", revision=2)
    items = tuple(
        Item(obligation_id=ObligationId(name), revision=1, step=step)
        for name, step in (("cv:1", Step.R1), ("cv:2", Step.R2), ("cv:3", Step.R2))
    )
    before = case(first, second, moved, attempts=(attempt(about=first, items=items),))
    now, changes = _received(before, receipt("r1", ReceiptStatus.DELIVERED, received_at=HEARD))
    assert [row.evidence for row in now.obligations] == [Evidence.E2, Evidence.E2, Evidence.E0]
    assert [(line.fields["obligation"], line.fields["step"]) for line in changes.journal if line.what == "receipt"] == [
        ("cv:1", "R1"),
        ("cv:2", "R2"),
        ("cv:3", "R2"),
    ]


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (ReceiptStatus.FAILED_SOFT, AttemptState.FAILED, Why.REJECTED_BY_PROVIDER),
        (ReceiptStatus.EXPIRED, AttemptState.FAILED, Why.REJECTED_BY_PROVIDER),
        (ReceiptStatus.UNKNOWN, AttemptState.UNKNOWN, Why.NO_RECEIPT),
    ],
)
def test_a_failure_closes_the_message_now(status: ReceiptStatus, state: AttemptState, reason: Why) -> None:
    """It is closed at our instant, with a bounded reason; the duty keeps its evidence."""
    duty = meeting()
    sent = attempt(about=duty)
    before = case(duty, attempts=(sent,))
    now, changes = _received(before, receipt("r1", status, received_at=HEARD))
    failed = replace(sent, state=state, last_status=status, closed_at=AT, reason=reason)
    assert now.attempts == (failed,)
    assert (changes.attempts, changes.obligations, changes.contacts, changes.wakes) == ([failed], [], [], _WOKEN)


def test_a_receipt_tells_the_reference_that_we_never_got() -> None:
    """After a lost connection provider and reference are learned; what is known is not replaced, an answer to come not overtaken."""
    duty = meeting()

    def learned(state: AttemptState, ref: str | None) -> tuple[str | None, str | None]:
        row = attempt(about=duty, state=state, provider="mine", provider_ref=ref)
        now, _ = _received(case(duty, attempts=(row,)), receipt("r1", ReceiptStatus.DELIVERED, provider="b", provider_ref="new"))
        return now.attempts[0].provider, now.attempts[0].provider_ref

    assert learned(AttemptState.UNKNOWN, None) == ("b", "new")
    assert learned(AttemptState.UNKNOWN, "old") == ("mine", "old")
    assert learned(AttemptState.SUBMITTING, None) == ("mine", None)


def test_a_delivery_says_that_it_was_accepted_too() -> None:
    """The receipt overtook the answer: accepted at the same instant; an earlier acceptance stays, an earlier reason goes."""
    duty = meeting()
    overtaken = attempt(about=duty, state=AttemptState.UNKNOWN, accepted_at=None, reason=Why.NO_RECEIPT)
    now, _ = _received(case(duty, attempts=(overtaken,)), receipt("r1", ReceiptStatus.DELIVERED, received_at=HEARD))
    assert now.attempts == (
        replace(
            overtaken,
            state=AttemptState.DELIVERED,
            last_status=ReceiptStatus.DELIVERED,
            delivered_at=HEARD,
            accepted_at=HEARD,
            reason=None,
        ),
    )


@pytest.mark.parametrize("channel", [Channel.VOICE, Channel.SMS])
def test_a_call_that_was_picked_up_is_over(channel: Channel) -> None:
    """A delivered call is closed; a delivered text stays open for its answer."""
    duty = meeting()
    row = attempt(about=duty, channel=channel)
    status = ReceiptStatus.VOICEMAIL_LEFT if channel is Channel.VOICE else ReceiptStatus.DELIVERED
    now, _ = _received(case(duty, attempts=(row,)), receipt("r1", status))
    assert now.attempts[0].closed_at == (AT if channel is Channel.VOICE else None)


@pytest.mark.parametrize(
    ("channel", "reason", "level"),
    [(Channel.LETTER, "acknowledged", Evidence.E4), (Channel.LETTER, None, Evidence.E2), (Channel.SMS, "acknowledged", Evidence.E2)],
)
def test_a_signed_letter_is_verified(channel: Channel, reason: str | None, level: Evidence) -> None:
    """Only the acknowledgement of reception of a registered letter is E4 (§11.4)."""
    duty = meeting()
    before = case(duty, contacts=(letterbox(),), attempts=(attempt(about=duty, channel=channel, contact_id="home"),))
    now, _ = _received(before, receipt("r1", ReceiptStatus.DELIVERED, reason=reason))
    assert now.obligations[0].evidence is level


def test_a_returned_letter_withdraws_its_presumption_only() -> None:
    """Back to what the rest proves, published; a delivered SMS keeps its evidence, and other duties keep theirs (§10.6)."""
    presumed = meeting(evidence=Evidence.E2, evidence_how="presumed", evidence_at=NOW)
    proved = meeting("cv:2", evidence=Evidence.E2, evidence_how="delivered", evidence_at=NOW)
    elsewhere = meeting("cv:3", evidence=Evidence.E2, evidence_how="presumed", evidence_at=NOW)
    items = tuple(Item(obligation_id=ObligationId(name), revision=1, step=Step.N0) for name in ("cv:1", "cv:2"))
    letter = attempt(about=presumed, channel=Channel.LETTER, contact_id="home", items=items)
    before = case(presumed, proved, elsewhere, contacts=(letterbox(), mobile()), attempts=(letter,))
    now, changes = _received(before, receipt("r1", ReceiptStatus.RETURNED, received_at=HEARD))
    back = replace(presumed, evidence=Evidence.E1, evidence_how="accepted", evidence_at=letter.accepted_at, changed_at=AT, version=1)
    dead = replace(letterbox(), status=ContactStatus.DISABLED, status_reason="returned", status_at=AT, failed_at=AT)
    assert now.obligations == (back, proved, elsewhere)
    assert now.contacts == (dead, mobile())
    assert changes.obligations == [back]
    assert changes.contacts == [dead]
    assert [message.data.get("attempts") for message in changes.outbox] == [1, None]
    assert [(line.what, line.fields.get("level"), line.fields.get("reason")) for line in changes.journal] == [
        ("receipt", None, None),
        ("receipt", None, None),
        ("evidence", "E1", None),
        ("contact", None, "returned"),
    ]


def test_a_text_that_failed_withdraws_no_presumption() -> None:
    """Only the letter itself can come back (§10.6)."""
    presumed = meeting(evidence=Evidence.E2, evidence_how="presumed", evidence_at=NOW)
    now, _ = _received(case(presumed, attempts=(attempt(about=presumed),)), receipt("r1", ReceiptStatus.FAILED_SOFT))
    assert now.obligations == (presumed,)


def test_a_complaint_closes_the_mailbox_that_was_written_to() -> None:
    """The point of the message and no other; the duty and the message stay as they are (§11.3)."""
    duty = meeting()
    sent = attempt(about=duty, channel=Channel.EMAIL, contact_id="mail")
    before = case(duty, contacts=(mobile(), mailbox("old"), mailbox()), attempts=(sent,))
    now, changes = _received(before, receipt("r1", ReceiptStatus.COMPLAINT))
    closed = mailbox(closed_channels=(Channel.EMAIL,))
    assert now.contacts == (mobile(), mailbox("old"), closed)
    assert (now.attempts, now.obligations, changes.attempts, changes.contacts) == ((sent,), (duty,), [], [closed])
    assert [message.data["reason"] for message in changes.outbox] == ["complaint"]
    assert changes.journal[1:] == [_line("contact", person="leila", channel="email", status="disabled", reason="complaint")]


def test_how_many_messages_a_duty_had() -> None:
    """What was skipped or taken back was never released (contracts §3)."""
    duty, other = meeting(), meeting("cv:2")
    rows = [attempt(f"a{place}", about=duty, state=state) for place, state in enumerate(AttemptState)]
    assert attempts_of(case(duty, attempts=(*rows, attempt("b", about=other))), duty) == len(AttemptState) - 2


@pytest.mark.parametrize(
    ("parts", "told", "whole"),
    [
        (1, (), True),
        (2, ((1, "a1", ReceiptStatus.DELIVERED),), True),
        (2, ((1, "a2", ReceiptStatus.DELIVERED),), False),
        (2, ((1, "a1", ReceiptStatus.SENT),), False),
        (3, ((1, "a1", ReceiptStatus.DELIVERED),), False),
        (3, ((None, "a2", ReceiptStatus.DELIVERED),), False),
        (3, ((None, "a1", ReceiptStatus.SENT),), False),
        (2, ((2, "a1", ReceiptStatus.DELIVERED),), False),
    ],
)
def test_all_parts_of_this_message(parts: int, told: tuple[tuple[int | None, str, ReceiptStatus], ...], whole: bool) -> None:
    """Different parts, delivered, of the same message: another message's parts, or another status, do not count (§4.4)."""
    duty = meeting()
    earlier = tuple(
        receipt(f"e{place}", status, part=part, attempt_id=about, provider_ref=None) for place, (part, about, status) in enumerate(told)
    )
    before = case(duty, attempts=(attempt(about=duty, parts=parts),), receipts=earlier)
    now, _ = _received(before, receipt("r1", ReceiptStatus.DELIVERED, part=2))
    assert (now.attempts[0].state is AttemptState.DELIVERED) is whole
