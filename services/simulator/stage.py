"""The ports of one play, whatever stands behind them: memory, or real Kafka, PostgreSQL and sockets."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.core.environment import Environment
from services.core.events import Event, Problem
from services.core.policy import Policy
from services.core.ports.providers import Feedback, Provider
from services.core.ports.store import Store
from services.core.ports.streams import Publisher, Record, Stream
from services.core.ports.texts import Texts
from services.core.ports.watch import Readings
from services.core.words import Channel
from services.delivery.ports import Seals, Senders
from services.intake.handlers import Handling
from services.relay.relay import Encode
from services.simulator.scenario.words import Method, Server
from services.simulator.servers.town import Network
from services.watch.agenda import Agenda
from services.web.ports import Outlet

Decode = Callable[[str, bytes | None, str | None], Event | list[Problem]]
Handle = Callable[[Sequence[Record]], Awaitable[None]]


class Member(Stream, Protocol):
    """A stream that says what it reads."""

    @property
    def topics(self) -> frozenset[str]:
        """Under the names that the steps know."""
        ...


class Consume(Protocol):
    """The loop of every consumer, as the real processes run it."""

    def __call__(self, stream: Stream, step: Handle) -> Awaitable[None]:
        """Run until cancelled, or until the step raises."""
        ...


class Traffic(Protocol):
    """What is under way between the steps, counted at the ports."""

    def unread(self, topics: Sequence[str]) -> Mapping[str, int]:
        """Messages published and not acknowledged by the readers of these topics, by topic; topics without any are left out."""
        ...

    def moves(self) -> int:
        """Grows with every message that is confirmed or acknowledged, and every request that is answered."""
        ...

    async def changed(self) -> None:
        """Wait until something of it changes."""
        ...

    def moved(self) -> None:
        """Something changed: a reader ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """A callback in a provider's name that the provider did not send."""

    channel: Channel
    provider: str
    provider_ref: str
    status: str
    #: signed rightly, at this instant: a replay; none: signed by a guess
    signed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that a play runs on."""

    store: Store
    publisher: Publisher
    #: one or more members that together read these topics in this group
    open_streams: Callable[[Sequence[str], str], Awaitable[Sequence[Member]]]
    consume: Consume
    traffic: Traffic
    decode: Decode
    encode: Encode
    texts: Texts
    seals: Seals
    senders: Senders
    policy: Policy
    snapshot: Callable[[datetime], Environment]
    handling: Handling
    feedback: Feedback
    outlet: Outlet
    providers: Mapping[Channel, Sequence[Provider]]
    networks: Mapping[tuple[Channel, str], Network]
    #: (name, down): this provider takes nothing for a while
    switch_provider: Callable[[str, bool], Awaitable[None]]
    #: (server, down): nobody reaches it for a while
    switch_server: Callable[[Server, bool], Awaitable[None]]
    #: somebody opens the link of a message, by its token, or sends its form; raises ``StoreUnavailable`` when the page cannot answer
    visit: Callable[[Method, str, Mapping[str, str]], Awaitable[None]]
    #: lets somebody knock at our callbacks; the border's status
    forge: Callable[[Forgery], Awaitable[int]]
    #: what the watch counts; none: nobody keeps watch
    readings: Readings | None
    #: when the watch has to look
    agenda: Agenda
    #: requests that providers have not answered yet
    busy: Callable[[], int]
