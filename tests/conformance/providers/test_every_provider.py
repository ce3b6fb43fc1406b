"""What every provider does, whatever its protocol: the real adapters against simulated servers on sockets."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.core.ports.providers import Absent, Accepted, CannotTell, OutcomeUnknown, Refused, TryLater
from services.core.words import ReceiptStatus
from services.simulator.servers.town import Accept, Drop, Hang, Refuse
from tests.conformance.providers.rigs import IMPATIENT, REAL, RIGS, WORDS, Rig
from tests.conformance.providers.stage import envelope


@pytest.fixture
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """A provider with everything around it."""
    rig = RIGS[request.param](tmp_path)
    await rig.start()
    yield rig
    await rig.stop()


every = pytest.mark.parametrize("rig", RIGS, indirect=True)
#: what only a protocol can show: a process that dies, a content that does not fit
real = pytest.mark.parametrize("rig", REAL, indirect=True)


@every
async def test_taken(rig: Rig) -> None:
    """A message that is taken has a reference, and reached the other side once, as it was."""
    outcome = await rig.provider.send(envelope(rig.channel))
    assert isinstance(outcome, Accepted)
    assert outcome.provider_ref
    assert outcome.parts == 1
    assert len(rig.town.submissions) == 1
    assert rig.town.last.channel is rig.channel
    assert rig.network.busy == 0


@pytest.mark.parametrize("rig", [name for name in RIGS if name != "memory-letters"], indirect=True)
async def test_refused_for_good(rig: Rig) -> None:
    """A refusal that names the address is hard: this address will never work."""
    rig.town.always(Refuse(raw=rig.hard))
    outcome = await rig.provider.send(envelope(rig.channel))
    assert isinstance(outcome, Refused)
    assert outcome.status is ReceiptStatus.FAILED_HARD
    assert outcome.raw_status


@every
async def test_refused_because_of_us(rig: Rig) -> None:
    """A refusal about sender, account or content is policy: never the person's fault (§10.16)."""
    rig.town.always(Refuse(raw=rig.policy))
    outcome = await rig.provider.send(envelope(rig.channel))
    assert isinstance(outcome, Refused)
    assert outcome.status is ReceiptStatus.FAILED_POLICY


@every
async def test_not_now(rig: Rig) -> None:
    """Throttled, full, busy: nothing was taken, the same attempt may be tried again, and then is taken."""
    rig.town.always(Refuse(raw=rig.later))
    outcome = await rig.provider.send(envelope(rig.channel))
    assert isinstance(outcome, TryLater)
    rig.town.always(Accept())
    assert isinstance(await rig.provider.send(envelope(rig.channel)), Accepted)


@every
async def test_silent(rig: Rig) -> None:
    """A provider that has the message and says nothing: nobody knows (§10.1.5)."""
    rig.town.always(Hang(for_=timedelta(seconds=30)))
    impatient = await rig.restarted(IMPATIENT)
    assert isinstance(await impatient.send(envelope(rig.channel)), OutcomeUnknown)
    assert len(rig.town.submissions) == 1
    await rig.network.release(rig.town.last.provider_ref)


@every
async def test_connection_lost_after_the_message(rig: Rig) -> None:
    """A connection that dies between message and answer: nobody knows, and the next message goes through."""
    rig.town.always(Drop())
    assert isinstance(await rig.provider.send(envelope(rig.channel)), OutcomeUnknown)
    rig.town.always(Accept())
    await rig.reconnected()
    assert isinstance(await rig.provider.send(envelope(rig.channel, "cv:43:1:N0:1")), Accepted)


@every
async def test_nobody_there(rig: Rig) -> None:
    """Without a connection nothing is handed over: try later."""
    await rig.go_away()
    assert isinstance(await rig.provider.send(envelope(rig.channel)), TryLater)


@every
async def test_many_at_once(rig: Rig) -> None:
    """Fifty at the same time: each is taken once, each under its own reference."""
    outcomes = await asyncio.gather(*(rig.provider.send(envelope(rig.channel, f"cv:{number}:1:N0:1")) for number in range(50)))
    references = {outcome.provider_ref for outcome in outcomes if isinstance(outcome, Accepted)}
    assert len(references) == 50
    assert len(rig.town.submissions) == 50


@real
async def test_asked_after_a_crash(rig: Rig) -> None:
    """A new process asks by our reference: it learns the truth where the protocol can tell, and is told so where it cannot (§10.1.5)."""
    accepted = await rig.provider.send(envelope(rig.channel))
    reborn = await rig.restarted()
    found = await reborn.find(envelope(rig.channel).attempt_id)
    missing = await reborn.find("cv:99:1:N0:1")
    if rig.can_be_asked:
        assert found == accepted
        assert isinstance(missing, Absent)
    else:
        assert isinstance(found, CannotTell)
        assert isinstance(missing, CannotTell)


@every
async def test_asked_when_away(rig: Rig) -> None:
    """A provider that cannot be reached cannot tell."""
    await rig.go_away()
    assert isinstance(await rig.provider.find("cv:99:1:N0:1"), CannotTell)


@pytest.mark.parametrize(("rig", "word"), WORDS, indirect=["rig"])
async def test_receipts_in_canonical_words(rig: Rig, word: str) -> None:
    """Whatever happens to a message becomes one receipt under its reference, with our word and reason (§11.1, §11.2, §11.3, §11.4)."""
    outcome = await rig.provider.send(envelope(rig.channel))
    assert isinstance(outcome, Accepted)
    await rig.network.report(rig.town.last.provider_ref, word)
    (receipt,) = rig.feedback.receipts
    assert (receipt.status, receipt.reason) == rig.receipts[word]
    assert receipt.provider_ref == outcome.provider_ref
    assert receipt.provider == rig.provider.name
    assert receipt.at == rig.clock.now()
    assert not rig.feedback.replies
    assert rig.network.busy == 0


@every
async def test_the_same_report_twice_is_recognised(rig: Rig) -> None:
    """A provider that repeats itself repeats the receipt's id."""
    await rig.provider.send(envelope(rig.channel))
    word = next(iter(rig.receipts))
    await rig.network.report(rig.town.last.provider_ref, word)
    await rig.network.report(rig.town.last.provider_ref, word)
    assert len({receipt.receipt_id for receipt in rig.feedback.receipts}) == 1


@every
async def test_different_reports_differ(rig: Rig) -> None:
    """Two messages with the same fate have two receipts."""
    word = next(iter(rig.receipts))
    for number in range(2):
        await rig.provider.send(envelope(rig.channel, f"cv:{number}:1:N0:1"))
        await rig.network.report(rig.town.last.provider_ref, word)
    assert len({receipt.receipt_id for receipt in rig.feedback.receipts}) == 2


@every
async def test_nothing_is_acknowledged_before_it_is_stored(rig: Rig) -> None:
    """While Kafka is away the provider is told "not now", keeps its report, and brings it again."""
    await rig.provider.send(envelope(rig.channel))
    rig.feedback.away = True
    await rig.network.report(rig.town.last.provider_ref, next(iter(rig.receipts)))
    assert not rig.feedback.receipts
    assert rig.network.undelivered == 1
    rig.feedback.away = False
    await rig.network.resend()
    assert len(rig.feedback.receipts) == 1
    assert rig.network.undelivered == 0


@every
async def test_receipts_after_a_crash_still_find_their_message(rig: Rig) -> None:
    """A process that remembers nothing hands the receipt on under the reference that the first one was given."""
    outcome = await rig.provider.send(envelope(rig.channel))
    assert isinstance(outcome, Accepted)
    await rig.restarted()
    await rig.network.report(rig.town.last.provider_ref, next(iter(rig.receipts)))
    assert [receipt.provider_ref for receipt in rig.feedback.receipts] == [outcome.provider_ref]


@real
async def test_a_wrong_content_is_our_own_mistake(rig: Rig) -> None:
    """A content of another channel is a bug, and says so loudly."""
    other = next(channel for channel in type(rig.channel) if channel is not rig.channel)
    with pytest.raises(TypeError):
        await rig.provider.send(envelope(rig.channel, content=envelope(other).content))
