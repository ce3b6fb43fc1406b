"""The town and providers in memory: what happens to a message, and what people hold."""

import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from services.adapters.memory.providers import MemoryProvider
from services.core.content import Content, EmailContent, LetterContent, SmsContent, VoiceContent
from services.core.model import Item, ObligationId
from services.core.ports.providers import (
    Absent,
    Accepted,
    CannotTell,
    Envelope,
    Outcome,
    OutcomeUnknown,
    Provider,
    ProviderReceipt,
    ProviderReply,
    Refused,
    TryLater,
)
from services.core.ports.streams import NotPublished
from services.core.words import Channel, Choice, Identity, ReceiptStatus, Step
from services.simulator.scenario.file import Pick, Scenario
from services.simulator.scenario.parse import parse_text
from services.simulator.servers.town import Accept, Hang, Network, Refuse, Submission
from services.simulator.servers.town import Town as TownOfServers
from services.simulator.town import Town

TEN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)

SCRIPT = VoiceContent(
    greeting="Bonjour",
    identity_question="appuyez sur 1",
    body="mercredi 9 décembre",
    choices="1, 2, 3",
    thanks={"1": "merci", "2": "merci", "3": "merci", "9": "pardon"},
    unknown_key="inconnue",
    goodbye="au revoir",
    voicemail="rappelez le 3949",
)


CHANNELS: dict[type[Content], Channel] = {
    SmsContent: Channel.SMS,
    VoiceContent: Channel.VOICE,
    EmailContent: Channel.EMAIL,
    LetterContent: Channel.LETTER,
}


def sms(text: str = "rendez-vous", parts: int = 1) -> SmsContent:
    """An SMS."""
    return SmsContent(text=text, encoding="GSM-7", parts=parts)


def letter(city: str) -> LetterContent:
    """A letter."""
    return LetterContent(pdf=b"", text=f"à {city}", pages=1, address_lines=("LUC TEST", city))


@dataclass(slots=True)
class Story:
    """A clock, a timeline, a town and its providers in memory."""

    scenario: Scenario
    instant: datetime = TEN
    receipts: list[ProviderReceipt] = field(default_factory=list)
    replies: list[ProviderReply] = field(default_factory=list)
    #: nobody takes callbacks
    away: bool = False
    town: Town = field(init=False)
    providers: dict[tuple[Channel, str], MemoryProvider] = field(init=False)
    _timeline: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = field(default_factory=list)
    _scheduled: int = 0

    def __post_init__(self) -> None:
        self.town = Town(
            scenario=self.scenario,
            clock=self,
            schedule=self.schedule,
            prints_on=lambda day: day.weekday() < 5 and day != date(2026, 12, 25),
            carrier_of=lambda person: self.scenario.person(person).carrier(),
        )
        self.providers = {
            (channel, name): MemoryProvider(name=name, channel=channel, town=self.town, feedback=self, clock=self)
            for channel, names in self.scenario.providers.items()
            for name in names
        }
        for (channel, name), provider in self.providers.items():
            self.town.connect(channel, name, provider)

    def now(self) -> datetime:
        """The story's instant."""
        return self.instant

    def schedule(self, at: datetime, action: Callable[[], Awaitable[None]]) -> None:
        """Put something on the timeline."""
        self._scheduled += 1
        heapq.heappush(self._timeline, (at, self._scheduled, action))

    async def receipt(self, receipt: ProviderReceipt) -> None:
        """Feedback."""
        if self.away:
            raise NotPublished([0], "away")
        self.receipts.append(receipt)

    async def reply(self, reply: ProviderReply) -> None:
        """Feedback."""
        if self.away:
            raise NotPublished([0], "away")
        self.replies.append(reply)

    async def until(self, at: datetime) -> None:
        """Let everything happen that is on the timeline up to an instant."""
        while self._timeline and self._timeline[0][0] <= at:
            self.instant, _, action = heapq.heappop(self._timeline)
            await action()
        self.instant = at

    async def send(
        self,
        content: Content,
        *,
        person: str = "luc",
        attempt: str = "a1",
        to: str = "+33612345678",
        step: Step = Step.N0,
        provider: str = "a",
    ) -> Outcome:
        """Hand over one message, announced as our delivery does it."""
        channel = CHANNELS[type(content)]
        envelope = Envelope(
            attempt_id=attempt,
            person_id=person,
            try_number=1,
            channel=channel,
            to="" if channel is Channel.LETTER else to,
            to_name="Luc Test",
            content=content,
            valid_until=self.instant + timedelta(days=1),
            reference="K7Q4-PM2X",
        )
        self.town.announce(envelope, [Item(obligation_id=ObligationId("rdv:rdv1"), revision=1, step=step)])
        return await self.providers[channel, provider].send(envelope)


def story(world: str = "[]", providers: str = "{}") -> Story:
    """A town where Luc and two members of a crowd live under these rules."""
    scenario = parse_text(
        f"""
        scenario: town
        providers: {providers}
        people:
          luc: {{phone: "06 12 34 56 78", carrier: SFR}}
          lea: {{phone: "06 12 34 56 79"}}
        crowds: {{many: {{count: 2, like: luc, carrier: Orange}}}}
        world: {world}
        """,
        "town.yaml",
    )
    assert isinstance(scenario, Scenario), scenario
    return Story(scenario)


def test_town_and_providers_fit_their_ports() -> None:
    """The town serves providers on sockets too, and a provider in memory is a provider and a network."""
    told = story()
    town: TownOfServers = told.town
    provider: Provider = told.providers[Channel.SMS, "a"]
    network: Network = told.providers[Channel.SMS, "a"]
    assert callable(town.answer)
    assert (provider.name, provider.channel, network.busy, network.undelivered) == ("a", Channel.SMS, 0, 0)


async def test_defaults_of_each_channel() -> None:
    """SMS delivered after 5 s, e-mail accepted only, voice unanswered after 25 s, letter processed on the next working day at 8."""
    told = story()
    told.instant = datetime(2026, 12, 24, 9, 0, tzinfo=UTC)
    start = told.instant
    await told.send(sms())
    await told.send(EmailContent(subject="s", text="t", html="h"), attempt="a2", to="luc@fai.example")
    await told.send(SCRIPT, attempt="a3")
    await told.send(letter("59000 LILLE"), attempt="a4")
    await told.until(datetime(2026, 12, 31, tzinfo=UTC))
    assert [(receipt.attempt_id, receipt.status, receipt.at) for receipt in told.receipts] == [
        ("a1", ReceiptStatus.DELIVERED, start + timedelta(seconds=5)),
        ("a3", ReceiptStatus.NO_ANSWER, start + timedelta(seconds=25)),
        ("a4", ReceiptStatus.SENT, datetime(2026, 12, 28, 7, 0, tzinfo=UTC)),
    ]
    assert told.receipts[0].carrier == "SFR"


async def test_the_first_rule_that_matches_decides() -> None:
    """Person, crowd, carrier, provider, step and window all have to match; a later rule is not looked at."""
    told = story(
        """
        - {channel: sms, person: lea, then: {receipt: none}}
        - {channel: sms, person: many, provider: b, then: {after: 7s, receipt: expired}}
        - {channel: sms, carrier: Orange, then: {after: 8s, receipt: rejected}}
        - {channel: sms, step: R1, between: [2026-11-25T10:00, 2026-11-25T10:00], then: {after: 9s, receipt: undelivered unreachable}}
        - {channel: sms, step: R1, then: {after: 6s, receipt: undelivered unknown_subscriber}}
        """,
        "{sms: [a, b]}",
    )
    await told.send(sms(), person="lea", attempt="lea")
    await told.send(sms(), person="many-1", attempt="through b", provider="b")
    await told.send(sms(), person="many-1", attempt="through a")
    await told.send(sms(), attempt="inside", step=Step.R1)
    told.instant += timedelta(seconds=1)
    await told.send(sms(), attempt="outside", step=Step.R1)
    await told.send(sms(), attempt="no rule")
    await told.until(TEN + timedelta(hours=1))
    assert {receipt.attempt_id: receipt.status for receipt in told.receipts} == {
        "through b": ReceiptStatus.EXPIRED,
        "through a": ReceiptStatus.FAILED_POLICY,
        "inside": ReceiptStatus.FAILED_SOFT,
        "outside": ReceiptStatus.FAILED_HARD,
        "no rule": ReceiptStatus.DELIVERED,
    }


async def test_tries_of_one_attempt_count_once() -> None:
    """The second try of the first attempt is still the first; the next attempt is the second."""
    told = story("""
        - {channel: email, person: luc, nth: 1, then: {after: 10s, receipt: 'reject "552 5.2.2 Mailbox full"'}}
        """)
    mail = EmailContent(subject="s", text="t", html="h")
    outcomes = [await told.send(mail, attempt=attempt, to="luc@fai.example") for attempt in ("a1", "a1", "a2")]
    assert [type(outcome) for outcome in outcomes] == [TryLater, TryLater, Accepted]
    first = outcomes[0]
    assert isinstance(first, TryLater)
    assert (first.status, first.raw_status) == (ReceiptStatus.FAILED_SOFT, "552 5.2.2 Mailbox full")
    # refused mail is in nobody's hands
    assert [held.attempt_id for held in told.town.messages("luc")] == ["a2"]


async def test_refusals_and_silences_come_at_once() -> None:
    """A refusal is read as the protocol's adapter would; a long silence leaves us not knowing, a short one does not."""
    told = story("""
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


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("busy", ReceiptStatus.BUSY),
        ("human_silent", ReceiptStatus.ANSWERED_NO_INPUT),
        ("machine", ReceiptStatus.VOICEMAIL_LEFT),
        ("fax", ReceiptStatus.FAILED_HARD),
        ("cause 1", ReceiptStatus.FAILED_HARD),
        ('keys "9"', ReceiptStatus.WRONG_PERSON),
        ('keys "1 7"', ReceiptStatus.ANSWERED_NO_INPUT),
    ],
)
async def test_calls_without_an_answer_end_in_a_receipt(word: str, status: ReceiptStatus) -> None:
    """Busy lines, machines, silence and wrong people are receipts, one for each call."""
    told = story(f"[{{channel: voice, then: {{after: 30s, receipt: '{word}'}}}}]")
    await told.send(SCRIPT)
    await told.until(TEN + timedelta(minutes=1))
    assert [(receipt.status, receipt.at) for receipt in told.receipts] == [(status, TEN + timedelta(seconds=30))]
    assert told.replies == []


@pytest.mark.parametrize(("keys", "choice"), [("1 1", Choice.COME), ("1 2", Choice.CANNOT_COME), ("5 1 0 3", Choice.CALL_ME_BACK)])
async def test_keys_that_answer_are_a_reply(keys: str, choice: Choice) -> None:
    """The dialogue runs to its end: an answer has the attempt and the keys as identity."""
    told = story(f"[{{channel: voice, then: {{after: 30s, receipt: 'keys \"{keys}\"'}}}}]")
    await told.send(SCRIPT)
    await told.until(TEN + timedelta(minutes=1))
    (reply,) = told.replies
    assert (reply.choice, reply.identity, reply.attempt_id) == (choice, Identity.DTMF, "a1")
    assert told.receipts == []


async def test_answers_come_from_the_number_that_was_written_to() -> None:
    """A reply has the sender and the words, read as an SMS is read."""
    told = story("[{channel: sms, then: [{after: 5s, receipt: delivered}, {after: 10m, reply: STOP}]}]")
    await told.send(sms())
    await told.until(TEN + timedelta(hours=1))
    (reply,) = told.replies
    assert (reply.choice, reply.sender, reply.text, reply.at) == (Choice.STOP, "+33612345678", "STOP", TEN + timedelta(minutes=10))


async def test_an_sms_in_parts_is_reported_part_by_part() -> None:
    """Each part has its receipt, under the reference of the first."""
    told = story()
    outcome = await told.send(sms("long", parts=2))
    assert isinstance(outcome, Accepted)
    await told.until(TEN + timedelta(minutes=1))
    assert [(receipt.part, receipt.provider_ref) for receipt in told.receipts] == [(1, outcome.provider_ref), (2, outcome.provider_ref)]
    assert len({receipt.receipt_id for receipt in told.receipts}) == 2


async def test_a_letter_comes_back_on_its_day() -> None:
    """`returned` with an instant happens then, with the print shop's reason."""
    told = story("[{channel: letter, then: [{receipt: processed}, {at: 2026-12-03T09:00, receipt: returned N02}]}]")
    await told.send(letter("59000 LILLE"))
    await told.until(datetime(2026, 12, 31, tzinfo=UTC))
    assert [(receipt.status, receipt.at) for receipt in told.receipts] == [
        (ReceiptStatus.SENT, datetime(2026, 11, 26, 7, 0, tzinfo=UTC)),
        (ReceiptStatus.RETURNED, datetime(2026, 12, 3, 8, 0, tzinfo=UTC)),
    ]


async def test_the_newest_message_is_the_one_people_hold() -> None:
    """Token and reference are read from the words; a step, a channel or a link narrows the choice."""
    told = story()
    assert told.town.newest("luc") is None
    await told.send(sms("Oui ? https://sans-faute.example/a/Ab-c_1 réf. K7Q4-PM2X"), attempt="a1")
    await told.send(sms("rappel"), attempt="a2", step=Step.R1)
    await told.send(SCRIPT, attempt="a3", step=Step.R2)
    newest, linked = told.town.newest("luc"), told.town.newest("luc", with_link=True)
    assert newest is not None
    assert newest.attempt_id == "a3"
    assert linked is not None
    assert (linked.attempt_id, linked.token, linked.reference) == ("a1", "Ab-c_1", "K7Q4-PM2X")
    on_sms, first = told.town.newest("luc", Pick(channel=Channel.SMS)), told.town.newest("luc", Pick(step=Step.N0))
    assert on_sms is not None
    assert first is not None
    assert (on_sms.attempt_id, first.attempt_id) == ("a2", "a1")


def test_submissions_are_recognised_by_what_the_wire_tells() -> None:
    """By attempt, by words, by the letter's last line; a stranger's message is taken and nothing happens."""
    told = story("[{channel: sms, person: lea, then: {refuse: ESME_RSYSERR}}, {channel: letter, person: lea, then: {hang: 20s}}]")
    envelopes = {
        person: Envelope(
            attempt_id=person,
            person_id=person,
            try_number=1,
            channel=content_channel,
            to="" if content_channel is Channel.LETTER else "+33612345678",
            to_name="",
            content=content,
            valid_until=TEN,
            reference="",
        )
        for person, content_channel, content in (
            ("lea", Channel.SMS, sms("pour Léa")),
            ("luc", Channel.SMS, sms("pour Luc")),
            ("many-1", Channel.LETTER, letter("75011 PARIS")),
        )
    }
    for envelope in envelopes.values():
        told.town.announce(envelope, [Item(obligation_id=ObligationId("rdv:rdv1"), revision=1, step=Step.N0)])
    told.town.announce(
        Envelope(
            attempt_id="l2",
            person_id="lea",
            try_number=1,
            channel=Channel.LETTER,
            to="",
            to_name="",
            content=letter("59000 LILLE"),
            valid_until=TEN,
            reference="",
        ),
        [],
    )

    def submitted(channel: Channel, to: str, text: str, attempt: str | None = None) -> object:
        return told.town.answer(
            Submission(channel=channel, provider="a", to=to, provider_ref="r", text=text, attempt_id=attempt, at=TEN),
        )

    assert submitted(Channel.SMS, "+33612345678", "pour Léa") == Refuse(raw="ESME_RSYSERR")
    assert submitted(Channel.SMS, "+33612345678", "pour Luc") == Accept()
    assert submitted(Channel.LETTER, "59000 LILLE", "", "hashed") == Hang(for_=timedelta(seconds=20))
    assert submitted(Channel.LETTER, "", "", "many-1") == Accept()
    assert submitted(Channel.SMS, "+33700000000", "qui ?") == Accept()
    assert [held.person_id for person in ("lea", "luc", "many-1") for held in told.town.messages(person)] == ["lea", "luc", "many-1"]


async def test_what_our_side_does_not_take_is_told_again() -> None:
    """While nobody takes callbacks the provider keeps them, and calls back every minute."""
    told = story()
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
    told = story()
    sent = await told.send(sms())
    printed = await told.send(letter("59000 LILLE"), attempt="a2")
    again = await told.send(letter("59000 LILLE"), attempt="a2")
    assert again == printed
    assert await told.providers[Channel.SMS, "a"].find("a1") == sent
    assert isinstance(await told.providers[Channel.SMS, "a"].find("other"), CannotTell)
    assert isinstance(await told.providers[Channel.LETTER, "a"].find("other"), Absent)


async def test_a_provider_that_is_down_takes_nothing() -> None:
    """During an outage nothing is accepted, and nobody can be asked."""
    told = story()
    provider = told.providers[Channel.SMS, "a"]
    provider.down = True
    assert isinstance(await told.send(sms()), TryLater)
    assert isinstance(await provider.find("a1"), CannotTell)
    assert told.town.messages("luc") == ()


async def test_a_word_of_another_channel_is_refused() -> None:
    """A provider does not say what its protocol cannot say."""
    told = story()
    outcome = await told.send(sms())
    assert isinstance(outcome, Accepted)
    provider = told.providers[Channel.SMS, "a"]
    with pytest.raises(ValueError, match="no such SMS report"):
        await provider.report(outcome.provider_ref, "bounce 5.1.1")
    with pytest.raises(KeyError):
        await provider.report("never given", "delivered")
    with pytest.raises(ValueError, match="nobody writes"):
        await told.providers[Channel.VOICE, "a"].inbound("+33612345678", "1")
