"""Which rules of alerts are asked about a duty without any alert: all that can find something, in whatever state it is (§10.5, §10.8)."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

from services.core.alerts import ASKED, RULES_OF
from services.core.model import Attempt, Case, Obligation, Receipt, Reply
from services.core.words import (
    AlertType,
    AttemptState,
    Channel,
    Choice,
    ContactStatus,
    Evidence,
    Kind,
    ObligationState,
    ReceiptStatus,
    ReplyEffect,
)
from tests.unit.core.scene import NOW, actualisation, appointment, attempt, case, letterbox, meeting, mobile, receipt, reply, view

_H, _D = timedelta(hours=1), timedelta(days=1)
_FAILED: dict[str, Any] = {"state": AttemptState.FAILED, "closed_at": NOW + _H}


def _duties(state: ObligationState) -> Iterator[Obligation]:
    for evidence in (Evidence.E0, Evidence.E3):
        changed: dict[str, Any] = {"state": state, "evidence": evidence, "declined_at": NOW + _H, "settled_at": NOW + _H}
        yield meeting(**changed)
        yield appointment(due_at=NOW + 30 * _H, **changed)
        yield actualisation(**changed)
        yield meeting("contact:leila:tel:1", **{**changed, "kind": Kind.CONTACT})


def _messages(duty: Obligation) -> Iterator[tuple[Attempt, ...]]:
    yield ()
    yield (attempt(about=duty, state=AttemptState.DELIVERED),)
    yield (attempt(about=duty, **_FAILED, last_status=ReceiptStatus.FAILED_HARD),)
    yield (attempt(about=duty, **_FAILED, last_status=ReceiptStatus.WRONG_PERSON),)
    yield (attempt(about=duty, channel=Channel.LETTER),)


def _answer(name: str, duty: Obligation, choice: Choice, effect: ReplyEffect, hours: int) -> Reply:
    return reply(name, choice, obligation_id=duty.obligation_id, revision=duty.revision, effect=effect, at=NOW + hours * _H)


def _answers(duty: Obligation) -> Iterator[tuple[Reply, ...]]:
    yield ()
    for choice, effect in product(Choice, (ReplyEffect.ACKNOWLEDGED, ReplyEffect.FORWARDED, ReplyEffect.AMBIGUOUS)):
        yield (_answer("r1", duty, choice, effect, 1),)
    yield tuple(
        _answer(name, duty, choice, ReplyEffect.ACKNOWLEDGED, hours)
        for name, choice, hours in (("r1", Choice.COME, 1), ("r2", Choice.CANNOT_COME, 2))
    )


def _receipts(messages: tuple[Attempt, ...]) -> tuple[Receipt, ...]:
    return tuple(receipt(f"c-{row.attempt_id}", ReceiptStatus.REFUSED_BY_PERSON, attempt_id=row.attempt_id) for row in messages)


def _cases() -> Iterator[Case]:
    points = [(mobile(),), (mobile(status=ContactStatus.DISABLED),), (mobile(status=ContactStatus.UNVERIFIED),), (letterbox(),)]
    for state in ObligationState:
        for duty in _duties(state):
            for messages, answers, contacts in product(_messages(duty), _answers(duty), points):
                yield case(duty, contacts=contacts, attempts=messages, replies=answers, receipts=_receipts(messages))


def test_nobody_forgets_to_ask_a_rule_that_would_find_something() -> None:
    """Of a duty in any state, with any message and any answer, the rules that are not asked find nothing; each type is found somewhere."""
    found: set[AlertType] = set()
    for of in _cases():
        seen, duty = view(of, NOW + 2 * _D), of.obligations[0]
        told = {type_ for type_, rule in RULES_OF[duty.kind].items() if rule(seen, duty) is not None}
        asked = {type_ for type_, _ in ASKED[duty.kind, duty.state, bool(of.attempts), bool(of.replies)]}
        assert told <= asked, of
        found |= told
    assert found == set(AlertType)


def test_few_rules_are_asked_about_a_duty_that_has_just_become_known() -> None:
    """Nothing was sent and nobody has answered: only the clock and the channels can raise an alert."""
    asked = [type_ for type_, _ in ASKED[Kind.CONVOCATION, ObligationState.OPEN, False, False]]
    assert asked == [
        AlertType.NO_CHANNEL,
        AlertType.SHORT_NOTICE,
        AlertType.UNCONFIRMED,
        AlertType.CANNOT_COME,
    ]
