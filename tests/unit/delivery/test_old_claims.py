"""A claim grows old: a process stood still, the database was away. What was checked may not be true any more (§10.1.4)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from services.adapters.memory.store import MemoryStore
from services.core.model import Attempt
from services.core.ports.providers import Accepted, Envelope, Outcome, Refused, TryLater
from services.core.ports.store import StoreUnavailable
from services.core.words import AttemptState, Channel, ReceiptStatus, Why
from tests.fixtures.steps import House, ScriptedProvider
from tests.unit.core.scene import NOW, attempt, case, environment, mailbox, meeting, mobile

_A = AttemptState
HAND_OVER = environment().policy.timers.hand_over
UNSENT = replace(
    attempt(about=meeting()), state=_A.RELEASED, tries=0, provider=None, provider_ref=None,
    claimed_at=None, submitted_at=None, accepted_at=None,
)  # fmt: skip


async def _house(**changed: Any) -> House:
    house = House()
    await house.stored(case(meeting(), contacts=(mobile(), mailbox()), attempts=(replace(UNSENT, **changed),)))
    return house


async def _only(house: House) -> Attempt:
    return (await house.case()).attempts[0]


@dataclass(slots=True, kw_only=True)
class Meanwhile(ScriptedProvider):
    """While it is asked, somebody else acts."""

    house: House
    then: Attempt | None = None
    gives: Outcome

    async def send(self, envelope: Envelope) -> Outcome:
        """See ``Provider.send``."""
        self.sent.append(envelope)
        if self.then is not None:
            await self.house.stored(case(meeting(), contacts=(mobile(), mailbox()), attempts=(self.then,)))
        return self.gives


async def test_a_process_that_stood_still_sends_nothing_old() -> None:
    """Frozen between claim and call for longer than a check holds: not handed over, given back, checked again and sent once."""
    house = await _house()
    store = house.store
    house.store = Troubled(store=store, after=lambda: house.later(seconds=HAND_OVER.total_seconds() + 1))  # type: ignore[assignment]
    delivered = await house.deliver(UNSENT)
    house.store = store
    row = await _only(house)
    assert (row.state, row.tries, row.provider) == (_A.RELEASED, 1, None)
    assert not delivered.outcomes
    assert not house.providers[Channel.SMS][0].sent
    await house.deliver(row)
    assert (await _only(house)).state is _A.ACCEPTED
    assert len(house.providers[Channel.SMS][0].sent) == 1


async def test_whoever_was_replaced_does_not_give_back_what_is_anothers() -> None:
    """Our try was not taken, but somebody else has claimed the message since: it stays theirs (§10.1.5)."""
    for gives in (TryLater(reason=Why.PROVIDER_UNAVAILABLE), Refused(status=ReceiptStatus.FAILED_POLICY, raw_status="404")):
        house = await _house()
        theirs = replace(UNSENT, state=_A.SUBMITTING, tries=2, claimed_at=NOW, submitted_at=NOW)
        house.providers[Channel.SMS] = [Meanwhile(house=house, then=theirs, gives=gives)]
        await house.deliver(UNSENT)
        assert (await _only(house)).state is _A.SUBMITTING


async def test_a_late_acceptance_is_still_the_truth() -> None:
    """Replaced meanwhile, and the provider did take it: that is remembered."""
    house = await _house()
    theirs = replace(UNSENT, state=_A.SUBMITTING, tries=2, claimed_at=NOW, submitted_at=NOW)
    house.providers[Channel.SMS] = [Meanwhile(house=house, then=theirs, gives=Accepted(provider_ref="ref-1"))]
    await house.deliver(UNSENT)
    assert (await _only(house)).provider_ref == "ref-1"


async def test_answers_of_providers_wait_for_the_database() -> None:
    """The database goes away between call and record: the answer is kept in hand and stored when it is back, the message is not unknown."""
    house = await _house()
    store, asked = house.store, asyncio.Event()
    troubled = Troubled(store=store, asked=asked)
    troubled.after = lambda: setattr(troubled, "gone", True)
    house.store = troubled  # type: ignore[assignment]
    delivering = asyncio.create_task(house.deliver(UNSENT))
    await asked.wait()
    troubled.gone, troubled.after = False, None
    delivered = await delivering
    house.store = store
    assert [outcome for *_, outcome in delivered.outcomes] == ["Accepted"]
    assert (await _only(house)).state is _A.ACCEPTED
    assert len(house.providers[Channel.SMS][0].sent) == 1


@dataclass(slots=True)
class Troubled:
    """A store after each of whose transactions something happens, and that can be away."""

    store: MemoryStore
    after: Callable[[], None] | None = None
    gone: bool = False
    #: set when somebody asked while it was away
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[object]:
        """See ``Store.unit``."""
        if self.gone:
            self.asked.set()
            raise StoreUnavailable("away")
        async with self.store.unit() as unit:
            yield unit
        if self.after is not None:
            self.after()
