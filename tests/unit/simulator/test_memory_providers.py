"""Providers in memory: what they answer, and what they tell afterwards."""

from datetime import timedelta

import pytest

from services.core.content import EmailContent
from services.core.ports.providers import (
    Absent,
    Accepted,
    CannotTell,
    OutcomeUnknown,
    Refused,
    TryLater,
)
from services.core.words import Channel, Choice, Identity, ReceiptStatus
from tests.unit.simulator.story import SCRIPT, TEN, letter, sms, tell


async def test_refusals_and_silences_come_at_once() -> None:
    """A refusal is read as the protocol's adapter would; a long silence leaves us not knowing, a short one does not."""
    told = tell("""
        - {channel: sms, nth: 1, then: {refuse: ESME_RINVDSTADR}}
        - {channel: sms, nth: 2, then: {refuse: ESME_RTHROTTLED}}
        - {channel: sms, nth: 3, then: [{hang: 30s}, {after: 1m, receipt: delivered}]}
        - {channel: sms, nth: 4, then: {hang: 1s}}
        - {channel: voice, nth: 1, then: {refuse: "400 21211"}}
        - {channel: voice, nth: 2, then: {refuse: "500"}}
        - {channel: email, then: {refuse: 550 5.2.0 ofr_506}}
        - {channel: letter, then: {refuse: "503"}}
        """)
    outcomes = [await told.send(sms(), attempt=f"s{number}") for number in range(1, 5)]
    outcomes += [await told.send(SCRIPT, attempt=f"v{number}") for number in range(1, 3)]
    outcomes.append(await told.send(EmailContent(subject="s", text="t", html="h"), to="luc@fai.example"))
    outcomes.append(await told.send(letter("59000 LILLE")))
    said = [type(outcome) for outcome in outcomes]
    assert said == [Refused, TryLater, OutcomeUnknown, Accepted, Refused, OutcomeUnknown, Refused, TryLater]
    assert [outcome.status for outcome in outcomes if isinstance(outcome, Refused)] == [
        ReceiptStatus.FAILED_HARD,
        ReceiptStatus.FAILED_HARD,
        ReceiptStatus.FAILED_POLICY,
    ]
    await told.until(TEN + timedelta(minutes=5))
    assert [(receipt.attempt_id, receipt.status) for receipt in told.receipts] == [
        ("s3", ReceiptStatus.ACCEPTED),
        ("s3", ReceiptStatus.DELIVERED),
    ]


@pytest.mark.parametrize(("keys", "choice"), [("1 1", Choice.COME), ("1 2", Choice.CANNOT_COME), ("5 1 0 3", Choice.CALL_ME_BACK)])
async def test_keys_that_answer_are_a_reply(keys: str, choice: Choice) -> None:
    """The dialogue runs to its end: an answer has the attempt and the keys as identity."""
    told = tell(f"[{{channel: voice, then: {{after: 30s, receipt: 'keys \"{keys}\"'}}}}]")
    await told.send(SCRIPT)
    await told.until(TEN + timedelta(minutes=1))
    (reply,) = told.replies
    assert (reply.choice, reply.identity, reply.attempt_id) == (choice, Identity.DTMF, "a1")
    assert told.receipts == []


async def test_answers_come_from_the_number_that_was_written_to() -> None:
    """A reply has the sender and the words, read as an SMS is read."""
    told = tell("[{channel: sms, then: [{after: 5s, receipt: delivered}, {after: 10m, reply: STOP}]}]")
    await told.send(sms())
    await told.until(TEN + timedelta(hours=1))
    (reply,) = told.replies
    assert (reply.choice, reply.sender, reply.text, reply.at) == (Choice.STOP, "+33612345678", "STOP", TEN + timedelta(minutes=10))


async def test_an_answer_by_email_names_the_mail() -> None:
    """Somebody who answers a mail quotes it: the newest to that address."""
    told = tell("[{channel: email, nth: 2, then: {after: 1h, reply: 'je viens'}}]")
    for attempt in ("a1", "a2"):
        await told.send(EmailContent(subject="s", text="t", html="h"), attempt=attempt, to="luc@fai.example")
    await told.until(TEN + timedelta(hours=2))
    (reply,) = told.replies
    assert (reply.channel, reply.choice, reply.attempt_id, reply.sender) == ("email", Choice.COME, "a2", "luc@fai.example")


async def test_an_sms_in_parts_is_reported_part_by_part() -> None:
    """Each part has its receipt, under the reference of the first."""
    told = tell()
    outcome = await told.send(sms("long", parts=2))
    assert isinstance(outcome, Accepted)
    await told.until(TEN + timedelta(minutes=1))
    assert [(receipt.part, receipt.provider_ref) for receipt in told.receipts] == [(1, outcome.provider_ref), (2, outcome.provider_ref)]
    assert len({receipt.receipt_id for receipt in told.receipts}) == 2


async def test_what_our_side_does_not_take_is_told_again() -> None:
    """While nobody takes callbacks the provider keeps them, and calls back every minute."""
    told = tell()
    await told.send(sms())
    told.away = True
    await told.until(TEN + timedelta(minutes=2, seconds=30))
    assert told.receipts == []
    told.away = False
    await told.until(TEN + timedelta(minutes=5))
    assert [receipt.at for receipt in told.receipts] == [TEN + timedelta(seconds=5)]
    assert told.providers[Channel.SMS, "a"].undelivered == 0


async def test_a_provider_can_be_asked_what_it_took() -> None:
    """It remembers what it took; a print shop knows too what it has not, and does not print an attempt twice."""
    told = tell()
    sent = await told.send(sms())
    printed = await told.send(letter("59000 LILLE"), attempt="a2")
    again = await told.send(letter("59000 LILLE"), attempt="a2")
    assert again == printed
    assert await told.providers[Channel.SMS, "a"].find("a1") == sent
    assert isinstance(await told.providers[Channel.SMS, "a"].find("other"), CannotTell)
    assert isinstance(await told.providers[Channel.LETTER, "a"].find("other"), Absent)
    await told.send(SCRIPT, attempt="a3")
    assert isinstance(await told.providers[Channel.VOICE, "a"].find("a3"), CannotTell)


async def test_a_provider_that_is_down_takes_nothing() -> None:
    """During an outage nothing is accepted, and nobody can be asked."""
    told = tell()
    provider = told.providers[Channel.SMS, "a"]
    provider.down = True
    assert isinstance(await told.send(sms()), TryLater)
    assert isinstance(await provider.find("a1"), CannotTell)
    assert told.town.messages("luc") == ()


async def test_a_word_of_another_channel_is_refused() -> None:
    """A provider does not say what its protocol cannot say."""
    told = tell()
    outcome = await told.send(sms())
    assert isinstance(outcome, Accepted)
    provider = told.providers[Channel.SMS, "a"]
    with pytest.raises(ValueError, match="no such SMS report"):
        await provider.report(outcome.provider_ref, "bounce 5.1.1")
    with pytest.raises(KeyError):
        await provider.report("never given", "delivered")
    with pytest.raises(ValueError, match="nobody writes"):
        await told.providers[Channel.VOICE, "a"].inbound("+33612345678", "1")
