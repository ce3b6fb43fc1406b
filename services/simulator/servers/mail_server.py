"""A mail server for everybody else's mailboxes: it takes mails, announces DSN, and sends bounces, complaints and answers back."""

import asyncio
import itertools
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import default
from email.utils import format_datetime, parseaddr
from pathlib import Path

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.core.ports.clock import Clock
from services.core.words import Channel
from services.simulator.servers.mail_reports import absence, complaint, notification
from services.simulator.servers.town import Accept, Drop, Hang, Refuse, Submission, Town


@dataclass(slots=True, kw_only=True)
class Mail:
    """A mail, as it was taken."""

    #: our queue's reference
    ref: str
    mail_from: str
    to: str
    #: ENVID as given, empty for none
    envid: str
    #: NOTIFY as given, in upper case
    notify: str
    octets: bytes
    message: EmailMessage
    released: asyncio.Event = field(default_factory=asyncio.Event)


class _DsnSmtp(SMTP):
    """aiosmtpd refuses the parameters of RFC 3461 (555); here they are taken out before it looks, and kept with the envelope."""

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        found = super()._getparams(params)
        if found is not None and self.envelope is not None:
            for name in ("ENVID", "RET", "NOTIFY", "ORCPT"):
                value = found.pop(name, None)
                if value is not None:
                    self.envelope.mail_options.append(f"{name}={value}")
        return found


class MailServer:
    """The server; ``start`` opens a port, ``stop`` closes it. ``returns_to`` is where mail for us is taken: host and port."""

    def __init__(
        self,
        name: str,
        town: Town,
        clock: Clock,
        *,
        returns_to: tuple[str, int] | None = None,
        complaints_to: str = "plaintes@rappel.example",
        answers_to: str = "reponse@rappel.example",
        folder: Path | None = None,
        announce_dsn: bool = True,
    ) -> None:
        self.name = name
        self._town = town
        self._clock = clock
        self.returns_to = returns_to
        self._complaints_to = complaints_to
        #: where somebody writes who holds no mail of ours
        self._answers_to = answers_to
        self._folder = folder
        self._announce_dsn = announce_dsn
        self._server: asyncio.Server | None = None
        self._port = 0
        self._connections: list[SMTP] = []
        self._numbers = itertools.count(1)
        self._kept: list[tuple[bytes, str, str]] = []
        self._busy = 0
        #: mails by reference, oldest first
        self.mails: dict[str, Mail] = {}
        #: answers at RCPT, by address; others are taken
        self.unknown: dict[str, str] = {}
        #: instead of hello: no more connections
        self.full: str | None = None
        #: how many connections were opened
        self.connections = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one (see ``port``), or the same one again after ``stop``."""
        # aiosmtpd writes addresses into its log at INFO
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._server = await asyncio.get_running_loop().create_server(self._connection, host, port or self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection and the port."""
        if self._server is None:
            return
        self._server.close()
        self.disconnect()
        await self._server.wait_closed()

    async def go_away(self) -> None:
        """Nobody reaches it for a while; it still writes to us."""
        await self.stop()

    async def come_back(self) -> None:
        """It is there again, where it was."""
        await self.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("not started")
        return self._port

    @property
    def busy(self) -> int:
        return self._busy

    @property
    def undelivered(self) -> int:
        return len(self._kept)

    def disconnect(self) -> None:
        """Every connection dies, as after a pause that was too long."""
        for connection in self._connections:
            if connection.transport is not None:
                connection.transport.close()
        self._connections.clear()

    def _connection(self) -> SMTP:
        self.connections += 1
        connection = _DsnSmtp(self, hostname="mx.example", ident="ESMTP", loop=asyncio.get_running_loop())
        self._connections.append(connection)
        return connection

    # --- hooks of aiosmtpd ----------------------------------------------------------------------------------------------

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Announce RFC 3461 (or not)."""
        session.host_name = hostname
        if self.full is not None:
            return [self.full]
        return [*responses[:-1], "250-DSN", responses[-1]] if self._announce_dsn else responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        """Addresses that are refused at once, the others later or never."""
        if address in self.unknown:
            return _whole(self.unknown[address])
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Ask the town."""
        self._busy += 1
        try:
            mail = self._take(envelope)
            answer = self._town.answer(self._submission(mail))
        finally:
            self._busy -= 1
        match answer:
            case Refuse(raw=raw):
                del self.mails[mail.ref]
                return _whole(raw)
            case Drop():
                if server.transport is not None:
                    server.transport.close()
            case Hang():
                await mail.released.wait()
            case Accept():
                pass
        return f"250 2.0.0 Ok: queued as {mail.ref}"

    def _take(self, envelope: Envelope) -> Mail:
        octets = bytes(envelope.original_content or b"")
        number = next(self._numbers)
        options = dict(option.partition("=")[::2] for option in envelope.mail_options)
        mail = Mail(
            ref=f"{int(self._clock.now().timestamp()):X}{number:06X}",
            mail_from=envelope.mail_from or "",
            to=envelope.rcpt_tos[0],
            envid=options.get("ENVID", ""),
            notify=options.get("NOTIFY", ""),
            octets=octets,
            message=message_from_bytes(octets, policy=default),
        )
        self.mails[mail.ref] = mail
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{number:04d}-{mail.ref}.eml").write_bytes(octets)
        return mail

    def _submission(self, mail: Mail) -> Submission:
        body = mail.message.get_body(preferencelist=("plain",))
        text = str(body.get_content()) if body is not None else ""
        return Submission(
            channel=Channel.EMAIL,
            provider=self.name,
            to=mail.to,
            provider_ref=mail.ref,
            text=f"{mail.message['Subject']}\n{text}",
            attempt_id=_attempt(str(mail.message["Message-ID"] or "")),
            at=self._clock.now(),
        )

    # --- Network --------------------------------------------------------------------------------------------------------

    async def report(self, provider_ref: str, word: str, at: datetime | None = None) -> None:
        """``accepted``, ``delivered``, ``bounce 5.1.1``, ``reject "552 5.2.2 full"``, ``complaint``, ``out_of_office``, ``none``."""
        mail = self.mails[provider_ref]
        date = format_datetime(at or self._clock.now())
        kind, _, rest = word.partition(" ")
        if kind == "delivered":
            if "SUCCESS" in mail.notify:
                await self._send(notification(mail, "delivered", "2.1.5", "250 2.1.5 delivered", date), mail.mail_from)
        elif kind in {"bounce", "reject"}:
            answer = _whole(rest.strip('"'))
            await self._send(notification(mail, "failed", _enhanced(answer), answer, date), mail.mail_from)
        elif kind == "delayed":
            await self._send(notification(mail, "delayed", "4.4.1", "451 4.4.1 no answer yet", date), mail.mail_from)
        elif kind == "complaint":
            await self._send(complaint(mail, date), self._complaints_to)
        elif kind == "out_of_office":
            await self._send(absence(mail, date), mail.mail_from)
        elif kind not in {"accepted", "none"}:
            raise ValueError(f"not something that happens to a mail: {word}")

    async def inbound(self, sender: str, text: str) -> None:
        mail = next((mail for mail in reversed(self.mails.values()) if mail.to == sender), None)
        mailbox, subject = (self._answers_to, "") if mail is None else (str(mail.message["Reply-To"]), str(mail.message["Subject"]))
        answer = EmailMessage(policy=SMTP_POLICY)
        answer["From"] = sender
        answer["To"] = mailbox
        answer["Subject"] = f"Re: {subject}"
        answer["Date"] = self._date
        answer["Message-ID"] = f"<{next(self._numbers)}.{'new' if mail is None else mail.ref}@mx.example>"
        if mail is not None:
            answer["In-Reply-To"] = str(mail.message["Message-ID"])
        answer.set_content(f"{text}\n\n> {subject}\n")
        await self._send(bytes(answer), parseaddr(mailbox)[1], sender=sender)

    async def release(self, provider_ref: str) -> None:
        self.mails[provider_ref].released.set()

    async def resend(self) -> None:
        kept, self._kept = self._kept, []
        for octets, recipient, sender in kept:
            await self._send(octets, recipient, sender=sender)

    @property
    def _date(self) -> str:
        return format_datetime(self._clock.now())

    async def _send(self, octets: bytes, recipient: str, *, sender: str = "") -> None:
        """One mail to our side; kept when it is away or says "not now"."""
        if self.returns_to is None:
            raise RuntimeError("nowhere to send to")
        host, port = self.returns_to
        client = aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, local_hostname="mx.example")
        self._busy += 1
        try:
            async with client:
                # a report has no return path: MAIL FROM:<>
                await client.mail(sender)
                await client.rcpt(recipient)
                await client.data(octets)
        except aiosmtplib.SMTPResponseException as error:
            if error.code < 500:
                self._kept.append((octets, recipient, sender))
        except (aiosmtplib.SMTPException, OSError):
            self._kept.append((octets, recipient, sender))
        finally:
            self._busy -= 1


def _whole(answer: str) -> str:
    """A whole SMTP answer from a bare status (``5.1.1``), or as it is."""
    if answer[:3].isdigit():
        return answer
    return f"{'550' if answer.startswith('5') else '450'} {answer} refused"


def _enhanced(answer: str) -> str:
    found = re.search(r"\b[245]\.\d{1,3}\.\d{1,3}\b", answer)
    return found.group() if found else f"{answer[0]}.0.0"


def _attempt(message_id: str) -> str | None:
    """Our side writes the attempt into the Message-ID, before the last ``/``, with ``/`` for ``:``; a long one has a line of its own."""
    packed, slash, _ = message_id.strip(" \t<>").rpartition("@")[0].rpartition("/")
    return packed.replace("/", ":") if slash else None
