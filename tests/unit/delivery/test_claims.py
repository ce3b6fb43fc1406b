"""What delivery answers to gateways and to the telephone, with the real texts on the store in memory."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.adapters.memory.store import MemoryStore
from services.adapters.policy import load_policy
from services.adapters.rendering.texts import JinjaTexts
from services.adapters.seals import Seals
from services.adapters.snapshots import Snapshots
from services.core.changes import Changes
from services.core.content import SmsContent, VoiceContent
from services.core.model import Attempt, AttemptId, Case
from services.core.ports.claims import ClaimedBefore, Leased, Never, NotYet, UnknownAttempt
from services.core.words import AttemptState, Channel, ObligationState, Why
from services.delivery.claim import Clerk
from services.delivery.claims import CallScripts, Leases
from services.delivery.ports import Senders
from services.runtime.settings import home_of_the_code
from tests.fixtures.facts import LUC, NOW, attempt, contact, obligation, person

SENDERS = Senders(sms_sender="38123", sms_two_way=True, calling_number="09 48 12 34 56", public_url="https://rdv.example")
SNAPSHOT = Snapshots(policy=load_policy())
A1 = AttemptId("a1")


class HandClock:
    """Stands still."""

    def now(self) -> datetime:
        """Friday morning."""
        return NOW


@pytest.fixture(scope="module")
def clerk() -> Clerk:
    """The clerk of our own delivery."""
    return Clerk(texts=JinjaTexts(home_of_the_code() / "templates"), seals=Seals(b"k" * 32), senders=SENDERS)


async def stored(*attempts: Attempt, **duty: Any) -> MemoryStore:
    """Luc with his meeting and these attempts."""
    store = MemoryStore()
    async with store.unit() as unit:
        await unit.lock([LUC])
        rows = Changes(profiles=[person()], contacts=[contact()], obligations=[obligation(**duty)], attempts=list(attempts))
        await unit.write(rows)
    return store


async def kept(store: MemoryStore) -> Case:
    """What is stored of him."""
    async with store.unit() as unit:
        return (await unit.load([LUC]))[LUC]


async def test_a_gateway_gets_the_rendered_message_once(clerk: Clerk) -> None:
    """With a lease; the attempt is submitting from then on, and whoever comes second hears that it was claimed."""
    store = await stored(attempt())
    leases = Leases(store=store, clerk=clerk, snapshot=SNAPSHOT)
    lease = await leases.claim(A1, NOW)
    assert isinstance(lease, Leased)
    assert lease.envelope.to == "+33612345678"
    assert isinstance(lease.envelope.content, SmsContent)
    assert lease.leased_until == NOW + timedelta(minutes=5)
    assert (await kept(store)).attempts[0].state is AttemptState.SUBMITTING
    assert await leases.claim(A1, NOW) == ClaimedBefore()


async def test_a_claim_that_nobody_told_the_end_of_is_not_given_again(clerk: Clerk) -> None:
    """The first gateway may have sent it: after its lease, too, nobody else may."""
    store = await stored(attempt())
    leases = Leases(store=store, clerk=clerk, snapshot=SNAPSHOT)
    await leases.claim(A1, NOW)
    assert await leases.claim(A1, NOW + timedelta(hours=1)) == ClaimedBefore()


async def test_what_must_not_go_is_refused(clerk: Clerk) -> None:
    """Nobody knows it; not yet; never again, and then it is skipped with the reason."""
    store = await stored(attempt(release_at=NOW + timedelta(hours=1)))
    leases = Leases(store=store, clerk=clerk, snapshot=SNAPSHOT)
    assert await leases.claim(AttemptId("elsewhere"), NOW) == UnknownAttempt()
    assert await leases.claim(A1, NOW) == NotYet(at=NOW + timedelta(hours=1))
    store = await stored(attempt(), state=ObligationState.CANCELLED)
    lease = await Leases(store=store, clerk=clerk, snapshot=SNAPSHOT).claim(A1, NOW)
    assert isinstance(lease, Never)
    skipped = (await kept(store)).attempts[0]
    assert (skipped.state, skipped.reason) == (AttemptState.SKIPPED, lease.reason)
    store = await stored(attempt())
    late = await Leases(store=store, clerk=clerk, snapshot=SNAPSHOT).claim(A1, NOW + timedelta(hours=25))
    assert late == Never(reason=Why.TOO_LATE)


async def test_the_telephone_is_told_what_to_say(clerk: Clerk) -> None:
    """The script of a call under way; none for a call that nobody makes, and none for what is no call."""
    call = replace(attempt(channel=Channel.VOICE), state=AttemptState.ACCEPTED, tries=1, submitted_at=NOW)
    scripts = CallScripts(store=await stored(call), clerk=clerk, snapshot=SNAPSHOT, clock=HandClock())
    script = await scripts.script("a1")
    assert isinstance(script, VoiceContent)
    assert script.identity_question
    assert await scripts.script("elsewhere") is None
    sms = CallScripts(store=await stored(attempt()), clerk=clerk, snapshot=SNAPSHOT, clock=HandClock())
    assert await sms.script("a1") is None
