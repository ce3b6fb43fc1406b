"""E-mail over SMTP: what only this protocol has."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import aiosmtplib
import pytest

from services.core.content import EmailContent
from services.core.ports.providers import Accepted, Refused, TryLater
from services.core.words import Channel, Choice, ReceiptStatus, ReplyChannel
from services.simulator.servers.mail_server import MailServer
from services.simulator.servers.town import Refuse
from tests.conformance.providers.rigs import RETURNS, SmtpRig
from tests.conformance.providers.stage import envelope


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[SmtpRig]:
    """A mail server and our mailbox."""
    rig = SmtpRig(tmp_path)
    await rig.start()
    yield rig
    await rig.stop()


async def test_the_mail_itself(rig: SmtpRig, tmp_path: Path) -> None:
    """Fixed From and Reply-To, text, HTML and calendar, nothing that machines answer, and a file to look at (§7)."""
    await rig.provider.send(envelope(Channel.EMAIL))
    (mail,) = rig.network.mails.values()
    message = mail.message
    assert message["From"] == "France Travail <rappel@rappel.example>"
    assert message["To"] == "Leïla Test <leila@example.org>"
    assert message["Reply-To"] == "reponse@rappel.example"
    assert message["Subject"] == "France Travail : votre rendez-vous"
    assert message["Date"].datetime == rig.clock.now()
    assert message["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    assert message.get_body(("plain",)).get_content().strip() == "Mardi 1er décembre à 10 h 30."  # type: ignore[union-attr]
    assert mail.octets.isascii()
    (file,) = tmp_path.glob("*.eml")  # noqa: ASYNC240 -- a test's own folder
    assert message_from_bytes(file.read_bytes(), policy=default)["Subject"] == message["Subject"]


async def test_the_reference_travels_three_ways(rig: SmtpRig) -> None:
    """Return path, ENVID and Message-ID carry the attempt; every try carries the same (§7)."""
    outcome = await rig.provider.send(envelope(Channel.EMAIL))
    await rig.provider.send(envelope(Channel.EMAIL))
    assert isinstance(outcome, Accepted)
    first, second = rig.network.mails.values()
    assert first.mail_from == f"retour+{outcome.provider_ref}@rappel.example"
    assert first.envid.lower() == outcome.provider_ref
    assert first.notify == "SUCCESS,FAILURE,DELAY"
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert RETURNS.attempt_in(str(first.message["Message-ID"])) == "cv:42:1:N0:1"
    assert rig.town.last.attempt_id == "cv:42:1:N0:1"


async def test_a_message_id_on_a_line_of_its_own_carries_the_attempt_too(rig: SmtpRig) -> None:
    """A header of more than 78 characters is folded before the id (RFC 5322 §2.2.3): it is still read, by us and by the network."""
    attempt_id = "at-8836c8d8c54bfc74c34a8836"
    await rig.provider.send(replace(envelope(Channel.EMAIL), attempt_id=attempt_id))
    (mail,) = rig.network.mails.values()
    assert b"Message-ID:\r\n <" in mail.octets
    assert RETURNS.attempt_in(str(mail.message["Message-ID"])) == attempt_id
    assert rig.town.last.attempt_id == attempt_id


async def test_without_dsn_nothing_of_it_is_asked() -> None:
    """A server that does not announce DSN gets plain commands; bounces still find us by the return path."""
    rig = SmtpRig(Path())
    rig.network = MailServer("b", rig.town, rig.clock, announce_dsn=False)
    await rig.start()
    await rig.provider.send(envelope(Channel.EMAIL))
    (mail,) = rig.network.mails.values()
    assert (mail.envid, mail.notify) == ("", "")
    await rig.network.report(mail.ref, "bounce 5.1.1")
    assert [receipt.status for receipt in rig.feedback.receipts] == [ReceiptStatus.FAILED_HARD]
    await rig.stop()


async def test_refused_at_the_recipient(rig: SmtpRig) -> None:
    """An address that is refused before the mail is sent is refused; the connection serves the next mail."""
    rig.network.unknown["leila@example.org"] = "5.1.1"
    outcome = await rig.provider.send(envelope(Channel.EMAIL))
    assert isinstance(outcome, Refused)
    assert outcome.status is ReceiptStatus.FAILED_HARD
    assert isinstance(await rig.provider.send(envelope(Channel.EMAIL, to="luc@example.org")), Accepted)
    assert rig.network.connections == 1
    assert len(rig.town.submissions) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("552 5.2.2 Mailbox full", ReceiptStatus.FAILED_SOFT),
        ("452 4.2.2 Mailbox full", ReceiptStatus.FAILED_SOFT),
        ("550 5.2.0 ofr_506", ReceiptStatus.FAILED_POLICY),
        ("450 4.7.1 LPN027_503", ReceiptStatus.FAILED_POLICY),
        ("550 5.5.0 LPN007_416", ReceiptStatus.FAILED_HARD),
    ],
)
async def test_answers_of_french_mailbox_providers(rig: SmtpRig, answer: str, expected: ReceiptStatus) -> None:
    """A full mailbox is soft whatever its first digit; a refusal of us never harms the address (rules §11.3, §10.16)."""
    rig.town.always(Refuse(raw=answer))
    outcome = await rig.provider.send(envelope(Channel.EMAIL))
    assert isinstance(outcome, Refused | TryLater)
    assert outcome.status is expected
    assert outcome.raw_status == answer.removesuffix(" Mailbox full")


async def test_what_a_server_quotes_is_not_kept(rig: SmtpRig) -> None:
    """Raw statuses are kept and published: the codes, not the address and the name among them (§8.3)."""
    rig.town.always(Refuse(raw="550 5.1.1 <leila@example.org> Leila Test has left, LPN007_416"))
    outcome = await rig.provider.send(envelope(Channel.EMAIL))
    assert isinstance(outcome, Refused)
    assert outcome.raw_status == "550 5.1.1 LPN007_416"


async def test_connections_are_reused_and_replaced(rig: SmtpRig) -> None:
    """One connection for many mails; one that died while idle is replaced without anybody noticing."""
    for number in range(5):
        await rig.provider.send(envelope(Channel.EMAIL, f"cv:{number}:1:N0:1"))
    assert rig.network.connections == 1
    rig.network.disconnect()
    assert isinstance(await rig.provider.send(envelope(Channel.EMAIL)), Accepted)
    assert rig.network.connections == 2


@pytest.mark.parametrize("to", ["not an address", "a@b\r\nBcc: c@d", "é@example.org", "@example.org", ""])
async def test_addresses_that_cannot_be_written_to(rig: SmtpRig, to: str) -> None:
    """Nothing is sent, and nothing is smuggled into a header (rules §10.18)."""
    outcome = await rig.provider.send(envelope(Channel.EMAIL, to=to))
    assert isinstance(outcome, Refused)
    assert outcome.status is ReceiptStatus.FAILED_HARD
    assert not rig.town.submissions


async def test_a_subject_with_a_line_break_is_refused(rig: SmtpRig) -> None:
    """A header value with a control character never leaves (rules §10.18)."""
    content = EmailContent(subject="France Travail\r\nBcc: x@y.example", text="x", html="<p>x</p>")
    assert isinstance(await rig.provider.send(envelope(Channel.EMAIL, content=content)), Refused)
    assert not rig.town.submissions


async def test_out_of_office_is_no_answer(rig: SmtpRig) -> None:
    """A machine's answer is taken and forgotten (§11.3)."""
    await rig.provider.send(envelope(Channel.EMAIL))
    await rig.network.report(rig.town.last.provider_ref, "out_of_office")
    assert not rig.feedback.receipts
    assert not rig.feedback.replies
    assert rig.network.undelivered == 0


async def test_a_person_answers(rig: SmtpRig) -> None:
    """An answer names the attempt that it answers, its sender and its own words without what was quoted (§11.3)."""
    await rig.provider.send(envelope(Channel.EMAIL))
    await rig.network.inbound("leila@example.org", "Bonjour,\nje voudrais changer la date.")
    (reply,) = rig.feedback.replies
    assert (reply.channel, reply.choice) == (ReplyChannel.EMAIL, Choice.UNREADABLE)
    assert reply.attempt_id == "cv:42:1:N0:1"
    assert reply.sender == "leila@example.org"
    assert reply.text == "Bonjour,\nje voudrais changer la date."


async def test_two_soft_bounces_are_two_facts(rig: SmtpRig) -> None:
    """The same bounce for a second try is another report: it counts."""
    for _ in range(2):
        await rig.provider.send(envelope(Channel.EMAIL))
        await rig.network.report(rig.town.last.provider_ref, 'reject "552 5.2.2 Mailbox full"')
    assert len({receipt.receipt_id for receipt in rig.feedback.receipts}) == 2
    assert len({receipt.provider_ref for receipt in rig.feedback.receipts}) == 1


async def test_the_mailbox_takes_nobody_elses_mail(rig: SmtpRig) -> None:
    """Only return paths and the mailboxes that were named; no relay."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=rig.receiver.port, start_tls=False, local_hostname="x.example")
    async with client:
        await client.mail("x@x.example")
        for address in ("someone@rappel.example", "retour+short@rappel.example", "reponse@other.example"):
            with pytest.raises(aiosmtplib.SMTPRecipientRefused):
                await client.rcpt(address)


async def test_a_server_that_is_full_is_later(rig: SmtpRig) -> None:
    """Too many connections, said instead of hello: nothing was handed over, and nobody's address is at fault (§10.16)."""
    rig.network.full = "421 4.7.0 Too many connections"
    outcome = await rig.provider.send(envelope(Channel.EMAIL))
    assert isinstance(outcome, TryLater)
    assert outcome.status is None
    assert outcome.raw_status.startswith("421")


async def test_who_waited_too_long_for_a_connection_is_not_handed_over(rig: SmtpRig) -> None:
    """Every connection is taken by a slow server: what was checked before sending does not hold for ever, so nothing is sent (§10.1.4)."""
    late = replace(envelope(Channel.EMAIL), hand_over_by=rig.clock.now() - timedelta(seconds=1))
    outcome = await rig.provider.send(late)
    assert isinstance(outcome, TryLater)
    assert outcome.status is None
    assert not rig.network.mails
