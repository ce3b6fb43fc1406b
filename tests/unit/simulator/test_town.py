"""The town: which rule decides, what happens to a message, and what people hold."""

from datetime import UTC, datetime, timedelta

import pytest

from services.core.content import EmailContent
from services.core.model import Item, ObligationId
from services.core.ports.providers import (
    Accepted,
    Envelope,
    Provider,
    TryLater,
)
from services.core.words import Channel, ReceiptStatus, Step
from services.simulator.scenario.file import Pick
from services.simulator.servers.town import Accept, Hang, Network, Refuse, Submission
from services.simulator.servers.town import Town as TownOfServers
from tests.unit.simulator.story import SCRIPT, TEN, letter, sms, tell


def test_town_and_providers_fit_their_ports() -> None:
    """The town serves providers on sockets too, and a provider in memory is a provider and a network."""
    told = tell()
    town: TownOfServers = told.town
    provider: Provider = told.providers[Channel.SMS, "a"]
    network: Network = told.providers[Channel.SMS, "a"]
    assert callable(town.answer)
    assert (provider.name, provider.channel, network.busy, network.undelivered) == ("a", Channel.SMS, 0, 0)


async def test_defaults_of_each_channel() -> None:
    """SMS delivered after 5 s, e-mail accepted only, voice unanswered after 25 s, letter processed on the next working day at 8."""
    told = tell()
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
    told = tell(
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
    told = tell("""
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
    told = tell(f"[{{channel: voice, then: {{after: 30s, receipt: '{word}'}}}}]")
    await told.send(SCRIPT)
    await told.until(TEN + timedelta(minutes=1))
    assert [(receipt.status, receipt.at) for receipt in told.receipts] == [(status, TEN + timedelta(seconds=30))]
    assert told.replies == []


async def test_a_letter_comes_back_on_its_day() -> None:
    """`returned` with an instant happens then, with the print shop's reason."""
    told = tell("[{channel: letter, then: [{receipt: processed}, {at: 2026-12-03T09:00, receipt: returned N02}]}]")
    await told.send(letter("59000 LILLE"))
    await told.until(datetime(2026, 12, 31, tzinfo=UTC))
    assert [(receipt.status, receipt.at) for receipt in told.receipts] == [
        (ReceiptStatus.SENT, datetime(2026, 11, 26, 7, 0, tzinfo=UTC)),
        (ReceiptStatus.RETURNED, datetime(2026, 12, 3, 8, 0, tzinfo=UTC)),
    ]


async def test_the_newest_message_is_the_one_people_hold() -> None:
    """Token and reference are read from the words; a step, a channel or a link narrows the choice."""
    told = tell()
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
    told = tell("[{channel: sms, person: lea, then: {refuse: ESME_RSYSERR}}, {channel: letter, person: lea, then: {hang: 20s}}]")
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
