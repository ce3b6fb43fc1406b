"""A hostile mail server before the mailbox for what comes back, on a real socket: it goes on, and publishes only what can be read."""

import asyncio
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.adapters.providers.smtp.receiver import BounceReceiver, ReceiverSettings
from services.adapters.providers.unreadable import TellUnread, Unread, untold
from tests.hostile.border import Border, run
from tests.unit.providers.test_returned_mail import ATTEMPT, RETURNS, VERP, dsn, person

_QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
_DEEP = settings(_QUICK, max_examples=3000, derandomize=False)
_REPLY_TO = "reponse@rappel.example"
_GOOD = (
    dsn(),
    dsn(envid="Original-Envelope-Id: x"),
    dsn(message_id=RETURNS.message_id(ATTEMPT)),
    person("Je ne peux pas venir.\n"),
    person("<p>Oui,<br>je viens</p>").replace(b"text/plain", b"text/html"),
)
#: what an enemy writes into the middle of a mail
_PIECES = st.binary(max_size=12) | st.sampled_from(
    [
        b"\r\n",
        b"\r\n\r\n",
        b"\0",
        b"\xff",
        b"=?utf-8?b?",
        b"charset=",
        b"boundary=",
        b"; ",
        b'"',
        b"(",
        b"<",
        b"\x1b[2J",
        b"--b",
        b"@",
        b"\xc2\xad",
    ]
)


@st.composite
def _spoilt(draw: st.DrawFn) -> bytes:
    """A mail that was good, with other octets in up to six places."""
    mail = draw(st.sampled_from(_GOOD))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(mail)))
        mail = mail[:start] + draw(_PIECES) + mail[start + draw(st.integers(0, 20)) :]
    return mail


async def _delivered(port: int, mail: bytes, *, mail_from: str, to: str) -> str:
    """What the mailbox says to a mail."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = ""
    body = mail.replace(b"\n.", b"\n..") + b"\r\n.\r\n"
    for words in (b"", b"EHLO x\r\n", f"MAIL FROM:<{mail_from}>\r\n".encode(), f"RCPT TO:<{to}>\r\n".encode(), b"DATA\r\n", body):
        writer.write(words)
        said = (await reader.readline()).decode()
        while said[3:4] == "-":
            said = (await reader.readline()).decode()
    writer.close()
    return said


async def _insulted(port: int, octets: bytes) -> None:
    """Octets, then the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    writer.write_eof()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(0.5):
            await reader.read()
    writer.close()


async def _survives(
    mail: bytes = b"", octets: bytes = b"", *, mail_from: str = "", to: str = VERP, unread: TellUnread = untold
) -> tuple[str, Border]:
    """A mailbox that gets this, and then a bounce of ours, which must come through as ever."""
    border = Border()
    box = ReceiverSettings(returns=RETURNS, mailboxes=frozenset({_REPLY_TO}))
    receiver = BounceReceiver("email", box, border.feedback, border.clock, unread)
    await receiver.start()
    try:
        said = await _delivered(receiver.port, mail, mail_from=mail_from, to=to) if mail else ""
        if octets:
            await _insulted(receiver.port, octets)
        before = len(border.read())
        border.clock.at = border.clock.at.replace(microsecond=1)
        honest = dsn().replace(b"<1@orange.example>", b"<honest@orange.example>")
        assert (await _delivered(receiver.port, honest, mail_from="", to=VERP)).startswith("250")
        assert len(border.read()) == before + 1
    finally:
        await receiver.stop()
    return said, border


@_QUICK
@given(mail=_spoilt(), human=st.booleans())
def test_a_spoilt_mail(mail: bytes, human: bool) -> None:
    """Nearly right is where crashes hide: taken or dropped, never "come again", and nothing unreadable is published (§11.3)."""
    said, _ = run(_survives(mail, mail_from="x@example.org" if human else "", to=_REPLY_TO if human else VERP))
    # 451 would bring it again for days; 500 is said to lines that are too long
    assert said[:3] in {"250", "500", "552"}


@pytest.mark.slow
@_DEEP
@given(mail=_spoilt(), human=st.booleans())
def test_many_more_spoilt_mails(mail: bytes, human: bool) -> None:
    """The same, deeper and with fresh dice."""
    said, _ = run(_survives(mail, mail_from="x@example.org" if human else "", to=_REPLY_TO if human else VERP))
    assert said[:3] in {"250", "500", "552"}


_WORDS = st.sampled_from(
    [
        b"EHLO x\r\n",
        b"HELO\r\n",
        b"MAIL FROM:<>\r\n",
        b"MAIL FROM:<\xff>\r\n",
        b"RCPT TO:<x@y>\r\n",
        b"DATA\r\n",
        b"RSET\r\n",
        b"AUTH PLAIN =\r\n",
        b"VRFY \0\r\n",
        b"STARTTLS\r\n",
        b"NOOP\r\n",
        b"MAIL FROM:<a@b> SIZE=99999999999\r\n",
        f"RCPT TO:<{_REPLY_TO}>\r\n".encode(),
        b".\r\n",
        b"x" * 5000,
    ]
)


@_QUICK
@given(octets=st.lists(_WORDS | st.binary(max_size=40), max_size=12).map(b"".join))
def test_a_dialogue_without_any_sense(octets: bytes) -> None:
    """Commands in any order, and what are no commands: the next server is served as ever."""
    run(_survives(octets=octets))


def test_a_report_that_nobody_could_read_is_dropped() -> None:
    """A reference that the contract does not allow is no dead letter: the mail is taken and forgotten, counted as refused (§11.3)."""
    mail = dsn(envid=f"Original-Envelope-Id: {'x' * 300}")
    said, border = run(_survives(mail, to=_REPLY_TO))
    assert said.startswith("250")
    assert border.unfit == ["receipts.v1"]


def test_a_mail_that_nobody_can_read_is_counted() -> None:
    """It is dropped with a 250, so the only trace is a number under the provider's name (§11.3)."""
    told: list[tuple[str, Unread]] = []
    many = b"From: x@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\r\n--b\r\n" * 300
    said, _ = run(_survives(many, mail_from="x@example.org", to=_REPLY_TO, unread=lambda provider, what: told.append((provider, what))))
    assert said.startswith("250")
    assert told == [("email", Unread.MAIL)]
