"""One number, several people (§10.14, SC-14): whose answer it is, letters from then on, and a number that is nobody's any more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.core.events import ReceiptReceived, ReplyReceived
from services.core.model import AttemptId, Contact, PersonId
from services.core.words import Channel, Choice, ContactStatus, Identity, ObligationState, ReceiptStatus, ReplyChannel
from tests.fixtures.steps import House
from tests.unit.core.scene import LEILA, NOW, attempt, case, meeting, mobile, person

_KARIM, _NINA = PersonId("karim"), PersonId("nina")
_OPEN, _ACK = ObligationState.OPEN, ObligationState.ACKNOWLEDGED


def _reply(choice: Choice = Choice.COME, number: int = 1, **changed: Any) -> ReplyReceived:
    row = ReplyReceived(
        source="urn:a",
        event_id=f"y{number}",
        at=NOW,
        channel=ReplyChannel.SMS,
        choice=choice,
        identity=Identity.NONE,
        sender_hash="shared",
        happened_at=NOW + timedelta(minutes=number),
    )
    return replace(row, **changed)


async def _settle(house: House, who: PersonId, *, written: bool = True, minutes: int = 0, **point: Any) -> None:
    """Somebody with a meeting and the shared number; perhaps written to, some minutes after the others."""
    duty = replace(meeting(f"cv:{who}"), person_id=who)
    sent = attempt(f"a-{who}", about=duty)
    sent = replace(sent, person_id=who, submitted_at=NOW + timedelta(minutes=minutes), release_at=NOW)
    one = mobile(**{"sender_hash": "shared", "person_id": who, **point})
    await house.stored(replace(case(duty, who=person(person_id=who), contacts=(one,), attempts=(sent,) if written else ()), person_id=who))


async def _family(*people: PersonId) -> House:
    house = House()
    for minutes, who in enumerate(people or (LEILA, _KARIM)):
        await _settle(house, who, minutes=minutes)
    house.now = NOW + timedelta(hours=1)
    return house


async def _point(house: House, who: PersonId) -> Contact:
    return (await house.case(who)).contacts[0]


async def _state(house: House, who: PersonId) -> ObligationState:
    return (await house.case(who)).obligations[0].state


async def _letters(house: House, *people: PersonId) -> list[str | None]:
    return [(await _point(house, who)).letter for who in people]


async def test_an_answer_that_may_be_two_peoples_brings_letters() -> None:
    """No ack; from then on everybody with the number has a letter, in order of person."""
    house = await _family(LEILA, _KARIM, _NINA)
    await house.hear(_reply())
    assert [line["effect"] for line in await house.lines("reply")] == ["ambiguous"]
    assert await _letters(house, _KARIM, LEILA, _NINA) == ["A", "B", "C"]
    assert {await _state(house, who) for who in (LEILA, _KARIM, _NINA)} == {_OPEN}


@pytest.mark.parametrize(("letter", "who", "other"), [("A", _KARIM, LEILA), ("B", LEILA, _KARIM)])
async def test_the_letter_picks_the_person(letter: str, who: PersonId, other: PersonId) -> None:
    """« 1B » is hers, and nobody else's."""
    house = await _family()
    await house.hear(_reply(number=1))
    await house.hear(_reply(number=2, letter=letter))
    assert (await _state(house, who), await _state(house, other)) == (_ACK, _OPEN)


async def test_a_letter_that_nobody_has_is_no_answer() -> None:
    """Ambiguous again; the letters stay as they were."""
    house = await _family()
    await house.hear(_reply(number=1))
    await house.hear(_reply(number=2, letter="F"))
    assert [line["effect"] for line in await house.lines("reply")] == ["ambiguous", "ambiguous"]
    assert await _letters(house, _KARIM, LEILA) == ["A", "B"]


async def _alerts(house: House, who: PersonId) -> list[tuple[str, str]]:
    await house.plan()
    return [(alert.type, alert.known[0].code) for alert in (await house.case(who)).alerts]


async def test_who_wants_a_human_is_asked_for_by_all_advisors() -> None:
    """« 2 » from a number of two people is no answer of either; each one's advisor asks, and reads no words of the other's."""
    house = await _family()
    await house.hear(_reply(Choice.CANNOT_COME, text_sealed="sealed"))
    assert {await _state(house, who) for who in (LEILA, _KARIM)} == {_OPEN}
    for who in (LEILA, _KARIM):
        assert ("INBOUND_MESSAGE", "shared_answer") in await _alerts(house, who)
        assert [(row.obligation_id, row.text_sealed) for row in (await house.case(who)).replies] == [(f"cv:{who}", None)]


async def test_a_bare_yes_of_a_shared_number_costs_no_advisor_time() -> None:
    """« 1 » is asked for again with a letter: no alert."""
    house = await _family()
    await house.hear(_reply())
    assert "INBOUND_MESSAGE" not in [type_ for type_, _ in await _alerts(house, LEILA)]


async def test_what_nobody_can_read_goes_to_whom_was_written_last() -> None:
    """« ok mais peut-être » is nobody's acknowledgement: a human reads it, and from then on everybody has a letter."""
    house = await _family()
    await house.hear(_reply(Choice.UNREADABLE, text_sealed="sealed"))
    assert [(line["person"], line["effect"]) for line in await house.lines("reply")] == [(_KARIM, "forwarded")]
    assert ("INBOUND_MESSAGE", "inbound") in await _alerts(house, _KARIM)
    assert "INBOUND_MESSAGE" not in [type_ for type_, _ in await _alerts(house, LEILA)]
    assert await _letters(house, _KARIM, LEILA) == ["A", "B"]


async def test_before_anybody_was_mixed_up_a_letter_means_nothing() -> None:
    """« 1A » to a number of one person is 1."""
    house = await _family(LEILA)
    await house.hear(_reply(letter="K"))
    assert await _state(house, LEILA) is _ACK


async def test_who_joins_later_gets_the_next_letter() -> None:
    """Letters that were given are kept: they stand in messages that people have."""
    house = await _family(LEILA, _NINA)
    await house.hear(_reply(number=1))
    await _settle(house, _KARIM)
    await house.hear(_reply(number=2))
    assert await _letters(house, LEILA, _NINA, _KARIM) == ["A", "B", "C"]


async def test_a_lone_question_needs_no_letter() -> None:
    """Only one of them was written to: the answer is theirs, and nobody gets a letter."""
    house = await _family(LEILA)
    await _settle(house, _KARIM, written=False)
    await house.hear(_reply())
    assert await _state(house, LEILA) is _ACK
    assert await _letters(house, LEILA, _KARIM) == [None, None]


def _not_me(by: str) -> ReplyReceived | ReceiptReceived:
    if by == "key 9":
        return ReceiptReceived(
            source="urn:a",
            event_id="r1",
            at=NOW,
            provider="a",
            attempt_id=AttemptId("a-leila"),
            status=ReceiptStatus.WRONG_PERSON,
            raw_status="9",
            happened_at=NOW,
            received_at=NOW,
        )
    if by == "named":
        return _reply(Choice.WRONG_PERSON, attempt_id=AttemptId("a-leila"), sender_hash=None)
    return _reply(Choice.WRONG_PERSON)


@pytest.mark.parametrize("by", ["key 9", "number", "named"])
async def test_a_wrong_person_takes_the_number_from_everybody(by: str) -> None:
    """Disabled for each person who has it, whoever was asked for; the directory hears of each (SC-14)."""
    house = await _family(LEILA, _KARIM, _NINA)
    await house.hear(_not_me(by))
    for who in (LEILA, _KARIM, _NINA):
        point = await _point(house, who)
        assert (point.status, point.status_reason) == (ContactStatus.DISABLED, "wrong_person")
    told = [fields["person"] for fields in await house.lines("contact")]
    assert sorted(told) == sorted((LEILA, _KARIM, _NINA))
    # one of them was meant: the answer is one person's, the newest that was written to when only the number is known
    assert len([line for line in await house.lines("reply") if line["person"]]) == (0 if by == "key 9" else 1)


async def test_who_confirms_the_number_afterwards_gets_it_back() -> None:
    """An answer of theirs to a message that they had: the point is theirs again, and nobody else's (SC-14)."""
    house = await _family()
    await house.hear(_not_me("key 9"))
    house.now += timedelta(hours=1)
    await house.hear(_reply(number=2, attempt_id=AttemptId("a-karim"), sender_hash=None))
    assert (await _point(house, _KARIM)).status is ContactStatus.ACTIVE
    assert (await _point(house, LEILA)).status is ContactStatus.DISABLED


async def test_a_number_that_is_dead_is_not_revived_by_an_answer() -> None:
    """Only what was denied can be confirmed: a line that failed hard comes back through the directory (§10.7)."""
    house = House()
    await _settle(house, LEILA, status=ContactStatus.DISABLED, status_reason="failed_hard")
    await house.hear(_reply(attempt_id=AttemptId("a-leila"), sender_hash=None))
    assert (await _point(house, LEILA)).status is ContactStatus.DISABLED


async def test_stop_from_a_shared_number_stops_each_who_was_written_to() -> None:
    """Nobody can tell who says it, and it is said of the telephone; who has no open question keeps theirs."""
    house = await _family()
    await _settle(house, _NINA, written=False)
    await house.hear(_reply(Choice.STOP))
    assert [Channel.SMS in (await _point(house, who)).closed_channels for who in (LEILA, _KARIM, _NINA)] == [True, True, False]
    assert [line["effect"] for line in await house.lines("reply")] == ["forwarded"]
