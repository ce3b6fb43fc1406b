"""Doubles of what other rooms provide to the pages; the store behind them is the real one in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.adapters.memory.store import MemoryStore
from services.core.changes import MessageSent, Outgoing
from services.core.content import Content, Notice
from services.core.model import (
    Advisor,
    Alert,
    AlertId,
    AttemptId,
    Case,
    Fact,
    ObligationId,
    PersonId,
)
from services.core.ports.dead_letters import Original
from services.core.ports.providers import ProviderReceipt, ProviderReply
from services.core.ports.store import DeadLetter, LetterPlace, StoreUnavailable
from services.core.ports.streams import Message, NotPublished
from services.core.proof import Proof
from services.core.words import (
    Routed,
)
from services.web.ports import (
    ClaimedBefore,
    DeskAction,
    DeskLine,
    DeskResult,
    Lag,
    Lease,
    LinkCase,
    Operations,
    PersonFile,
)
from tests.unit.web.people import LILLE, NOW


@dataclass(slots=True)
class HandClock:
    """A clock that a test moves."""

    at: datetime = NOW

    def now(self) -> datetime:
        """See ``Clock``."""
        return self.at


def print_plainly(proof: Proof, signature: str) -> bytes:
    """A file that holds what was signed."""
    return f"%PDF {proof.digest} {signature}".encode()


class PlainTexts:
    """Codes as words."""

    def notice(self, notice: Notice) -> Content:
        """Not asked by pages."""
        raise NotImplementedError

    def fact(self, fact: Fact, zone: str) -> str:
        """See ``Texts``."""
        return {
            "sent": "SMS envoyé le lundi 23 novembre à 10 h, arrivé",
            "no_answer": "2 appels sans réponse",
            "contact_dead": "l'adresse e-mail n'existe plus",
        }.get(fact.code, fact.code)

    def next_action(self, alert: Alert, zone: str) -> str:
        """See ``Texts``."""
        return {
            "call_now": "Appelez la personne maintenant.",
            "fix_contact": "Demandez une nouvelle adresse e-mail.",
            "actualise_by_phone": "Actualisez la personne par téléphone.",
        }.get(alert.next_action, alert.next_action)


@dataclass(slots=True)
class KeptOriginals:
    """``Originals`` of a broker that keeps these records; it can be away."""

    kept: dict[LetterPlace, Original] = field(default_factory=dict)
    away: bool = False

    async def originals(self, letters: Sequence[DeadLetter]) -> Mapping[LetterPlace, Original]:
        """See ``Originals``."""
        if self.away:
            raise ConnectionError
        return {letter.place: self.kept[letter.place] for letter in letters if letter.place in self.kept}


@dataclass(slots=True)
class MemoryPages:
    """``Pages`` over the memory store."""

    store: MemoryStore
    clock: HandClock
    board: Operations
    messages: list[MessageSent] = field(default_factory=list)
    away: bool = False

    async def case(self, person_id: PersonId) -> Case | None:
        """One person."""
        if self.away:
            raise StoreUnavailable
        async with self.store.unit() as unit:
            return (await unit.load([person_id])).get(person_id)

    async def link(self, token: str) -> LinkCase | None:
        """See ``Pages``."""
        if self.away:
            raise StoreUnavailable
        async with self.store.unit() as unit:
            found = await unit.attempt_by_token(token)
            staff = await unit.staff()
        case = await self.case(found[1]) if found is not None else None
        if found is None or case is None or case.person is None:
            return None
        attempt = next(attempt for attempt in case.attempts if attempt.attempt_id == found[0])
        by_id = {obligation.obligation_id: obligation for obligation in case.obligations}
        return LinkCase(
            attempt=attempt,
            person=case.person,
            obligations=tuple(by_id[item.obligation_id] for item in attempt.items if item.obligation_id in by_id),
            agency=staff.agencies.get(case.person.agency_id),
        )

    async def advisors(self) -> Sequence[Advisor]:
        """See ``Pages``."""
        async with self.store.unit() as unit:
            staff = await unit.staff()
        return sorted((each for each in staff.advisors.values() if each.active), key=lambda each: each.name)

    async def advisor(self, advisor_id: str) -> Advisor | None:
        """See ``Pages``."""
        if self.away:
            raise StoreUnavailable
        async with self.store.unit() as unit:
            return (await unit.staff()).advisors.get(advisor_id)

    async def desk(self, advisor_id: str, agency_id: str) -> Sequence[DeskLine]:
        """See ``Pages``."""
        async with self.store.unit() as unit:
            alerts = [
                each
                for each in await unit.open_alerts()
                if advisor_id in {each.advisor_id, each.claimed_by} or (each.routed is Routed.AGENCY and each.agency_id == agency_id)
            ]
            cases = await unit.load({each.person_id for each in alerts})
        return [
            DeskLine(
                alert=each,
                person=cases[each.person_id].person,
                contacts=cases[each.person_id].contacts,
                obligation=next((o for o in cases[each.person_id].obligations if o.obligation_id == each.obligation_id), None),
            )
            for each in alerts
        ]

    async def file(self, person_id: PersonId) -> PersonFile | None:
        """See ``Pages``."""
        case = await self.case(person_id)
        if case is None:
            return None
        return PersonFile(case=case, messages=tuple(m for m in self.messages if m.person_id == person_id), agency=LILLE)

    async def operations(self, now: datetime, day_start: datetime) -> Operations:
        """See ``Pages``."""
        return self.board


@dataclass(slots=True)
class RecordingOutlet:
    """``Outlet`` that keeps what it was given, or says that Kafka is away."""

    published: list[tuple[str, Outgoing]] = field(default_factory=list)
    forwarded: list[Message] = field(default_factory=list)
    away: bool = False

    async def publish(self, event_id: str, message: Outgoing) -> None:
        """See ``Outlet``."""
        if self.away:
            raise NotPublished([0], "away")
        self.published.append((event_id, message))

    async def forward(self, messages: Sequence[Message]) -> None:
        """See ``Outlet``."""
        if self.away:
            raise NotPublished([0], "away")
        self.forwarded += messages


@dataclass(slots=True)
class RecordingDesk:
    """``Desk`` that keeps what was said."""

    acts: list[tuple[str, str, DeskAction, str | None, str | None]] = field(default_factory=list)
    result: DeskResult = DeskResult.DONE
    #: Kafka is away
    away: bool = False

    async def act(
        self,
        *,
        advisor_id: str,
        person_id: PersonId,
        action: DeskAction,
        alert_id: AlertId | None,
        obligation_id: ObligationId | None,
        at: datetime,
    ) -> DeskResult:
        """See ``Desk``."""
        if self.away:
            raise NotPublished([0], "away")
        self.acts.append((advisor_id, person_id, action, alert_id, obligation_id))
        return self.result


@dataclass(slots=True)
class RecordingWatchers:
    """``Watchers`` in lists."""

    refused: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    async def callback_refused(self, provider: str) -> None:
        """See ``Watchers``."""
        self.refused.append(provider)

    def callback_unreadable(self, provider: str) -> None:
        """See ``Watchers``."""
        self.unreadable.append(provider)


@dataclass(slots=True)
class SetPulse:
    """``Pulse`` that a test beats."""

    event: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """See ``Pulse``."""
        self.event.clear()
        await self.event.wait()


@dataclass(slots=True)
class StillEngine:
    """``Engine`` with fixed answers."""

    lag: list[Lag] = field(default_factory=list)
    away: bool = False

    async def lags(self) -> Sequence[Lag]:
        """See ``Engine``."""
        if self.away:
            raise ConnectionError
        return self.lag


@dataclass(slots=True)
class OneLease:
    """``Claims`` with one answer."""

    lease: Lease = field(default_factory=ClaimedBefore)

    async def claim(self, attempt_id: AttemptId, now: datetime) -> Lease:
        """See ``Claims``."""
        return self.lease


@dataclass(slots=True)
class Lacks:
    """``Checks`` with what a test says is missing."""

    problems: list["Problem"] = field(default_factory=list)

    async def alive(self) -> Sequence["Problem"]:
        """See ``Checks``."""
        return []

    async def ready(self) -> Sequence["Problem"]:
        """See ``Checks``."""
        return self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake or one lack."""

    path: str = ""
    message: str = ""
    check: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A callback as a source reads it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str]


@dataclass(slots=True)
class SilentFeedback:
    """``Feedback`` in lists, or away."""

    receipts: list[ProviderReceipt] = field(default_factory=list)
    replies: list[ProviderReply] = field(default_factory=list)
    away: bool = False

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """See ``Feedback``."""
        if self.away:
            raise NotPublished([0], "away")
        self.receipts.append(receipt)

    async def reply(self, reply: ProviderReply) -> None:
        """See ``Feedback``."""
        if self.away:
            raise NotPublished([0], "away")
        self.replies.append(reply)
