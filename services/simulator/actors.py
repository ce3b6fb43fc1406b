"""The people of a story, acting: producers publish, somebody writes back, opens a link, comes to the desk; an advisor works."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from services.core.changes import Outgoing
from services.core.model import ObligationId, PersonId
from services.core.ports.clock import Clock
from services.core.ports.streams import Message, NotPublished
from services.core.words import Channel, Choice, Identity, PointKind, ReceiptStatus, ReplyChannel
from services.simulator.scenario.file import AdvisorAction, Event, OpenLink, ReceiptEvent, ReplyEvent
from services.simulator.scenario.incoming import Incoming, Producers
from services.simulator.scenario.words import WORD_OF_STATUS, Method
from services.simulator.stage import Forgery, Stage
from services.simulator.town import Held, Town
from services.simulator.visitors import LinksOf
from services.web.desk import FactsDesk
from services.web.link import view_of
from services.web.ports import DeskAction

#: what somebody writes who means this choice
_WRITTEN = {
    Choice.COME: "1",
    Choice.CANNOT_COME: "2",
    Choice.CALL_ME_BACK: "3",
    Choice.DONE: "c'est fait",
    Choice.STOP: "STOP",
    Choice.WRONG_PERSON: "erreur de numéro",
    Choice.UNREADABLE: "?",
}
_PRESSED = {Choice.COME: "1 1", Choice.CANNOT_COME: "1 2", Choice.CALL_ME_BACK: "1 3", Choice.DONE: "1 1", Choice.WRONG_PERSON: "9"}


class CannotHappen(Exception):
    """The story wants something that is impossible at that instant: an answer to a message that nobody sent. Says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """Everybody who is not a process of ours."""

    stage: Stage
    town: Town
    producers: Producers
    clock: Clock
    #: what the broker has not taken yet, in order
    _kept: list[Message] = field(default_factory=list)

    async def publish(self, messages: Iterable[Incoming]) -> None:
        """Through the front door, as producers do: what the broker does not take they keep."""
        self._kept.extend(Message(topic=one.topic, key=one.key, value=one.value()) for one in messages)
        with suppress(NotPublished):
            await self.publish_kept()

    async def publish_kept(self) -> None:
        """What the broker has not taken, in order, once more; raises ``NotPublished``."""
        if self._kept:
            await self.stage.publisher.publish(self._kept)
            self._kept.clear()

    async def act(self, event: Event) -> None:
        """One line of the story that somebody plays."""
        if isinstance(event, ReplyEvent):
            await self._reply(event)
        elif isinstance(event, ReceiptEvent):
            await self._receipt(event)
        elif isinstance(event, OpenLink):
            await self._open_link(event)
        elif isinstance(event, AdvisorAction):
            await self._advisor(event)
        else:
            await self.publish(self.producers.incoming(event))

    async def _reply(self, event: ReplyEvent) -> None:
        if event.channel is ReplyChannel.SMS:
            await self._written(event, Channel.SMS)
        elif event.channel is ReplyChannel.EMAIL:
            await self._written(event, Channel.EMAIL)
        elif event.channel is ReplyChannel.VOICE:
            held = self._held(event.person, event, Channel.VOICE)
            keys = " ".join(event.keys) or _PRESSED[event.choice or Choice.COME]
            await self.town.network(held.channel, held.provider).report(held.provider_ref, f'keys "{keys}"')
        else:
            await self._at_the_desk(event)

    async def _written(self, event: ReplyEvent, channel: Channel) -> None:
        text = event.text or _WRITTEN[event.choice or Choice.UNREADABLE]
        held = self.town.newest(event.person, event.to) if event.person else None
        providers = self.stage.providers[channel]
        provider = held.provider if held and held.channel is channel else providers[0].name
        sender = self._number(event.sender, channel) if event.sender else held.to if held and held.channel is channel else None
        sender = sender or self._point(event.person, channel)
        await self.town.network(channel, provider).inbound(sender, text)

    def _number(self, sender: str, channel: Channel) -> str:
        """A sender as providers name it: a number that the story writes as people do, in E.164; anything else as it is."""
        if channel is not Channel.SMS:
            return sender
        return self.stage.handling.numbers(sender, "75001").e164 or sender

    def _point(self, person: str | None, channel: Channel) -> str:
        """The number or address from which somebody writes who was not written to."""
        kind = PointKind.PHONE if channel is Channel.SMS else PointKind.EMAIL
        spec = self.producers.person(person or "")
        value = next((point.value for point in spec.points if point.kind is kind and point.value), None)
        if value is None:
            raise CannotHappen(f"{person} has no {kind} to write from at {self.clock.now()}")
        if channel is Channel.SMS:
            return self.stage.handling.numbers(value, spec.postal_code).e164 or value
        return value

    async def _at_the_desk(self, event: ReplyEvent) -> None:
        """Staff write down what somebody said at the counter or on the telephone: onto Kafka first, like every answer."""
        now = self.clock.now()
        identity = event.identity or (Identity.AGENCY if event.channel is ReplyChannel.AGENCY else Identity.NONE)
        data = {
            "channel": str(event.channel),
            "choice": str(event.choice or Choice.COME),
            "identity": str(identity),
            "answered_by": str(event.answered_by or "self"),
            "person_id": event.person,
            "by": event.by,
            "reason": event.reason,
            "at": now.isoformat(),
        }
        present = {key: value for key, value in data.items() if value is not None}
        outgoing = Outgoing(
            topic="replies.v1", key=event.person or "", type="reply.received", subject=event.person or "", data=present,
            shard_key=event.person or "", at=now,
        )  # fmt: skip
        await self.stage.outlet.publish(f"desk-{event.person}-{event.channel}-{now.timestamp()}", outgoing)

    async def _receipt(self, event: ReceiptEvent) -> None:
        """The provider's own, late, repeated or contradictory; or somebody else's in its name, which the border refuses."""
        held = self._held(event.person, event, event.channel)
        if event.forged:
            told = event.status or ReceiptStatus.DELIVERED
            await self.stage.forge(
                Forgery(
                    channel=held.channel,
                    provider=held.provider,
                    provider_ref=held.provider_ref,
                    status=str(told),
                    signed_at=event.reported_at,
                )
            )
            return
        word = event.raw or WORD_OF_STATUS[event.channel][event.status or ReceiptStatus.DELIVERED]
        network = self.town.network(held.channel, held.provider)
        await network.report(held.provider_ref, word, event.reported_at)

    def _held(self, person: str | None, event: ReplyEvent | ReceiptEvent, channel: Channel) -> Held:
        held = None
        for candidate in reversed(self.town.messages(person or "")):
            step = event.to.step if event.to else None
            if candidate.channel is channel and (step is None or step in candidate.steps):
                held = candidate
                break
        if held is None:
            raise CannotHappen(f"{person} holds no message on {channel} at {event.at}")
        return held

    async def _open_link(self, event: OpenLink) -> None:
        """HEAD and GET change nothing; a POST is what the page's form sends."""
        held = self.town.newest(event.person, event.to, with_link=True)
        if held is None or held.token is None:
            raise CannotHappen(f"{event.person} holds no message with a link at {event.at}")
        form = await self._filled_in(event, held.token) if event.method is Method.POST else {}
        await self.stage.visit(event.method, held.token, form)

    async def _filled_in(self, event: OpenLink, token: str) -> Mapping[str, str]:
        """The form as somebody fills it in who means this; one of two dates is right."""
        case = await LinksOf(store=self.stage.store).link(token)
        if case is None:
            return {}
        view = view_of(token, case, self.clock.now())
        wrong = event.choice is Choice.DECOY
        date = next((option.value for option in view.options if option.right is not wrong), "")
        choice = next(iter(view.choices), "") if wrong or event.choice is None else event.choice
        return {"date": date, "choice": str(choice), "who": str(event.answered_by or "self"), "reason": event.reason or ""}

    async def _advisor(self, event: AdvisorAction) -> None:
        async with self.stage.store.unit() as unit:
            owners = await unit.people_of_obligations([event.obligation])
        person = owners.get(event.obligation)
        if person is None:
            raise CannotHappen(f"nobody owes {event.obligation} at {event.at}")
        desk = FactsDesk(store=self.stage.store, outlet=self.stage.outlet, texts=self.stage.texts)
        await desk.act(
            advisor_id=event.advisor,
            person_id=PersonId(person),
            action=DeskAction(event.action),
            alert_id=None,
            obligation_id=ObligationId(event.obligation),
            at=self.clock.now(),
        )
