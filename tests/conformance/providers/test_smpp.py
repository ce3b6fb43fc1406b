"""SMS over SMPP 3.4: what only this protocol has."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.core.content import SmsContent
from services.core.ports.providers import Accepted, OutcomeUnknown, TryLater
from services.core.words import Channel, Choice, ReceiptStatus, ReplyChannel
from services.simulator.servers.smsc import SmscServer
from services.simulator.servers.town import Drop, Hang
from tests.conformance.providers.rigs import IMPATIENT, SmppRig
from tests.conformance.providers.stage import NOW, Remembered, ScriptedTown, StillClock, envelope

LONG = "France Travail : vos rendez-vous. " + "Mardi 1er décembre à 10h30, agence Lille Centre. " * 4
ARABIC = "موعدك يوم الثلاثاء " * 6


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[SmppRig]:
    """An account and its SMS centre."""
    rig = SmppRig(tmp_path)
    await rig.start()
    yield rig
    await rig.stop()


def sms(text: str) -> SmsContent:
    """A content; the adapter measures by itself."""
    return SmsContent(text=text, encoding="", parts=0)


@pytest.mark.parametrize(
    ("text", "parts", "data_coding"),
    [
        ("é" * 160, 1, 0),
        ("a" * 161, 2, 0),
        ("€" * 80, 1, 0),
        ("a" * 152 + "€" * 10, 2, 0),
        ("ê" * 70, 1, 8),
        ("ê" * 71, 2, 8),
        ("ê" * 66 + "😀" + "ê" * 10, 2, 8),
        (LONG, 2, 0),
        (ARABIC, 2, 8),
    ],
)
async def test_texts_arrive_as_they_were_written(rig: SmppRig, text: str, parts: int, data_coding: int) -> None:
    """One part up to 160 septets or 70 code units, then parts with a header; no letter is cut in two (§4.3)."""
    outcome = await rig.provider.send(envelope(Channel.SMS, content=sms(text)))
    assert isinstance(outcome, Accepted)
    assert outcome.parts == parts
    (message,) = rig.network.messages.values()
    assert message.text == text
    assert message.data_coding == data_coding
    assert len(message.ids) == parts


async def test_what_the_network_is_told(rig: SmppRig) -> None:
    """Number without plus, short code as sender, a receipt wanted, and nothing delivered after ``valid_until``, in UTC."""
    await rig.provider.send(envelope(Channel.SMS))
    (message,) = rig.network.messages.values()
    assert (message.source, message.destination) == ("38123", "33612345678")
    assert message.registered
    assert message.validity == (NOW + timedelta(hours=4)).strftime("%y%m%d%H%M%S") + "000+"


async def test_each_part_has_its_receipt_under_one_reference(rig: SmppRig) -> None:
    """Receipts of both parts name the first part's id, which the outcome gave, and say which part they are about (§4.4)."""
    outcome = await rig.provider.send(envelope(Channel.SMS, content=sms(LONG)))
    assert isinstance(outcome, Accepted)
    await rig.network.report(outcome.provider_ref, "delivered")
    receipts = sorted(rig.feedback.receipts, key=lambda receipt: receipt.part or 0)
    assert [receipt.part for receipt in receipts] == [1, 2]
    assert {receipt.provider_ref for receipt in receipts} == {outcome.provider_ref}
    assert len({receipt.receipt_id for receipt in receipts}) == 2


async def test_a_receipt_may_overtake_the_answer(rig: SmppRig) -> None:
    """The receipt comes first, then the answer to the submission: both are told under the same reference."""
    rig.town.always(Hang(for_=timedelta(seconds=1)))
    sending = asyncio.create_task(rig.provider.send(envelope(Channel.SMS)))
    await rig.town.asked()
    reference = rig.town.last.provider_ref
    await rig.network.report(reference, "delivered")
    await rig.network.release(reference)
    assert await sending == Accepted(provider_ref=reference)
    (receipt,) = rig.feedback.receipts
    assert receipt.provider_ref == reference


async def test_a_receipt_of_a_second_part_may_overtake_the_answer(rig: SmppRig) -> None:
    """A receipt under the second part's id waits for the answer that tells which message it belongs to."""
    rig.town.always(Hang(for_=timedelta(seconds=1)))
    sending = asyncio.create_task(rig.provider.send(envelope(Channel.SMS, content=sms(LONG))))
    await rig.town.asked()
    reference = rig.town.last.provider_ref
    second = rig.network.messages[reference].ids[1]
    report = asyncio.create_task(rig.network.report_part(second, "DELIVRD", "000"))
    await rig.network.release(reference)
    await asyncio.gather(sending, report)
    (receipt,) = rig.feedback.receipts
    assert (receipt.provider_ref, receipt.part) == (reference, 2)


async def test_an_answer_after_we_gave_up_is_still_a_fact(rig: SmppRig) -> None:
    """``unknown`` becomes ``accepted`` when the network answers late, and later receipts find the attempt (§10.1.5)."""
    rig.town.always(Hang(for_=timedelta(seconds=30)))
    impatient = await rig.restarted(IMPATIENT)
    assert await impatient.send(envelope(Channel.SMS)) == OutcomeUnknown(raw_status="silent")
    reference = rig.town.last.provider_ref
    arriving = asyncio.create_task(rig.feedback.arrived())
    await asyncio.sleep(0)
    await rig.network.release(reference)
    await arriving
    (receipt,) = rig.feedback.receipts
    assert (receipt.status, receipt.attempt_id, receipt.provider_ref) == (ReceiptStatus.ACCEPTED, "cv:42:1:N0:1", reference)
    await rig.network.report(reference, "delivered")
    assert rig.feedback.receipts[-1].attempt_id == "cv:42:1:N0:1"


async def test_an_answer_that_comes_twice_is_one(rig: SmppRig) -> None:
    """Networks under load answer twice: the second answer is nobody's."""
    rig.network.answer_twice = True
    assert isinstance(await rig.provider.send(envelope(Channel.SMS)), Accepted)
    assert isinstance(await rig.provider.send(envelope(Channel.SMS, "cv:43:1:N0:1")), Accepted)
    assert not rig.feedback.receipts


async def test_a_lost_connection_is_made_again(rig: SmppRig) -> None:
    """What was outstanding is unknown, what waits its turn is "later"; then the account is bound again and receipts come."""
    await rig.provider.send(envelope(Channel.SMS))
    rig.town.always(Drop())
    assert isinstance(await rig.provider.send(envelope(Channel.SMS, "cv:43:1:N0:1")), OutcomeUnknown)
    await rig.reconnected()
    await rig.network.report(next(iter(rig.network.messages)), "delivered")
    assert len(rig.feedback.receipts) == 1


async def test_a_connection_that_goes_before_the_octets_do_has_taken_nothing(rig: SmppRig) -> None:
    """Messages of one turn leave together; what was ready and not written when the line went is "later", never "unknown" (§10.1.5)."""
    first, second = (asyncio.create_task(rig.provider.send(envelope(Channel.SMS, name))) for name in ("cv:43:1:N0:1", "cv:44:1:N0:1"))
    await asyncio.sleep(0)
    session = rig.provider._session
    assert session is not None
    session._hang_up()
    assert isinstance(await first, TryLater)
    assert isinstance(await second, TryLater)
    assert not rig.network.messages


async def test_messages_of_one_turn_leave_together(rig: SmppRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call of the system for a window full of them."""
    session = rig.provider._session
    assert session is not None
    written: list[bytes] = []
    write = session._writer.write

    def counted(octets: bytes) -> None:
        written.append(octets)
        write(octets)

    monkeypatch.setattr(session._writer, "write", counted)
    outcomes = await asyncio.gather(*(rig.provider.send(envelope(Channel.SMS, f"cv:{number}:1:N0:1")) for number in range(5)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(written) == 1


async def test_receipts_wait_at_the_network_until_we_are_back() -> None:
    """Nobody is bound: the receipt is kept, and comes with the next connection."""
    town, clock, feedback = ScriptedTown(), StillClock(), Remembered()
    network = SmscServer("a", town, clock)
    rig = SmppRig(Path())
    rig.network, rig.feedback = network, feedback
    await network.start()
    first = await rig.restarted()
    await first.send(envelope(Channel.SMS))
    await first.stop()
    while network.bound:
        await network.changed()
    await network.report(town.last.provider_ref, "delivered")
    assert network.undelivered == 1
    arriving = asyncio.create_task(feedback.arrived())
    await asyncio.sleep(0)
    await rig.restarted()
    await arriving
    assert [receipt.status for receipt in feedback.receipts] == [ReceiptStatus.DELIVERED]
    await rig.stop()


async def test_a_wrong_password_is_not_a_connection() -> None:
    """An account that is refused is tried again in the background; sending says "later" at once."""
    rig = SmppRig(Path())
    rig.network = SmscServer("a", rig.town, rig.clock, password="other")
    await rig.network.start()
    provider = rig.account()
    starting = asyncio.create_task(provider.start())
    await rig.network.changed()
    assert isinstance(await provider.send(envelope(Channel.SMS)), TryLater)
    await provider.stop()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await rig.network.stop()


@pytest.mark.parametrize(
    ("text", "choice"), [("1", Choice.COME), ("2", Choice.CANNOT_COME), ("STOP", Choice.STOP), ("C'est pas moi", Choice.WRONG_PERSON)]
)
async def test_answers_are_read(rig: SmppRig, text: str, choice: Choice) -> None:
    """An SMS to our number is an answer with its sender and its words."""
    await rig.network.inbound("+33612345678", text)
    (reply,) = rig.feedback.replies
    assert (reply.channel, reply.choice, reply.sender, reply.text) == (ReplyChannel.SMS, choice, "+33612345678", text)


async def test_a_long_answer_is_put_together(rig: SmppRig) -> None:
    """An answer in three parts, with letters outside the alphabet, is one answer."""
    text = "Bonjour, j'ai reçu votre message mais je suis à l'hôpital… " * 4
    await rig.network.inbound("+33612345678", text)
    (reply,) = rig.feedback.replies
    assert (reply.text, reply.choice) == (text, Choice.UNREADABLE)


async def test_an_answer_that_is_sent_again_is_the_same(rig: SmppRig) -> None:
    """The network repeats an answer that was not acknowledged: same id; an hour later the same words are a new one."""
    for wait in (timedelta(0), timedelta(0), timedelta(hours=1)):
        rig.clock.move(wait)
        await rig.network.inbound("+33612345678", "1")
    first, again, later = (reply.reply_id for reply in rig.feedback.replies)
    assert first == again != later


async def test_more_than_the_window_waits_its_turn(rig: SmppRig) -> None:
    """Everybody gets an answer, messages in parts and short ones together."""
    content = {0: sms(LONG), 1: sms("court")}
    outcomes = await asyncio.gather(
        *(rig.provider.send(envelope(Channel.SMS, f"cv:{number}:1:N0:1", content=content[number % 2])) for number in range(120))
    )
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)


async def test_the_window_is_never_exceeded(rig: SmppRig) -> None:
    """While nothing is answered, no more than twenty requests reach the network."""
    rig.town.always(Hang(for_=timedelta(minutes=1)))
    patient = rig.account()
    await patient.start()
    sending = [asyncio.create_task(patient.send(envelope(Channel.SMS, f"cv:{number}:1:N0:1"))) for number in range(50)]
    await rig.town.asked()
    # an answer's way there and back: what was written before it has arrived
    await rig.network.inbound("+33612345678", "1")
    assert len(rig.town.submissions) == 20
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
    await patient.stop()


async def test_who_waited_too_long_for_room_is_not_handed_over(rig: SmppRig) -> None:
    """What was checked before sending does not hold for ever: a request that finds room too late is not written (§10.1.4)."""
    late = replace(envelope(Channel.SMS), hand_over_by=NOW - timedelta(seconds=1))
    outcome = await rig.provider.send(late)
    assert isinstance(outcome, TryLater)
    assert outcome.status is None
    assert not rig.network.messages
