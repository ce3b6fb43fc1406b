"""E-mail through an SMTP server: connections that are reused, one bounded answer, no mail sent twice.

An answer that does not come after the last dot is unknown; everything before it is "try again".
"""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import aiosmtplib
from aiosmtplib.typing import SMTPStatus

from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.codes import codes_of
from services.adapters.providers.smtp.mail import Sender, compose
from services.adapters.providers.unreadable import TellUnread, Unread, untold
from services.core.content import EmailContent
from services.core.evidence import statuses
from services.core.ports.clock import Clock
from services.core.ports.providers import Absent, Accepted, CannotTell, Envelope, Outcome, OutcomeUnknown, Refused, TryLater
from services.core.words import Channel, ReceiptStatus, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """A mail server, and how we appear there."""

    host: str
    port: int
    sender: Sender
    returns: Returns
    username: str | None = None
    password: str | None = None
    tls: Literal["none", "starttls", "tls"] = "starttls"
    #: the name we greet with
    helo: str = "localhost"
    #: Laposte.net takes about two connections for each of our addresses, Orange refuses more (421 OFR004_104)
    connections: int = 2
    #: and about a hundred mails on each
    mails_per_connection: int = 100
    patience: timedelta = timedelta(seconds=60)


@dataclass(slots=True)
class _Line:
    client: aiosmtplib.SMTP
    used: int = 0


class _Later(Exception):
    """Nothing was handed over."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        super().__init__(raw)


class SmtpProvider:
    """One server."""

    channel = Channel.EMAIL

    def __init__(self, name: str, settings: SmtpSettings, clock: Clock, unread: TellUnread = untold) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._unread = unread
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[_Line] = []

    async def stop(self) -> None:
        """Say goodbye on every connection."""
        while self._idle:
            await self._close(self._idle.pop())

    async def send(self, envelope: Envelope) -> Outcome:
        """One mail to one person; ``provider_ref`` is the reference in its return path."""
        if not isinstance(envelope.content, EmailContent):
            raise TypeError("a mail server sends mails")
        returns = self._settings.returns
        try:
            message = compose(
                envelope.content,
                self._settings.sender,
                to=envelope.to,
                to_name=envelope.to_name,
                message_id=returns.message_id(envelope.attempt_id),
                at=self._clock.now(),
            )
        except ValueError:
            return Refused(status=ReceiptStatus.FAILED_HARD, raw_status="not an e-mail address")
        reference = returns.reference(envelope.attempt_id)
        async with self._slots:
            if not envelope.holds(self._clock.now()):
                return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status="waited too long for a connection")
            try:
                return await self._submit(reference, returns.return_path(envelope.attempt_id), envelope.to, bytes(message))
            except _Later as later:
                return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=later.raw)

    async def find(self, attempt_id: str) -> Accepted | Absent | CannotTell:
        """SMTP cannot be asked."""
        return CannotTell()

    async def _submit(self, reference: str, return_path: str, to: str, octets: bytes) -> Outcome:
        line, refused = await self._opened(reference, return_path, to)
        if refused is not None:
            await self._reuse(line)
            return refused
        try:
            await line.client.data(octets)
        except aiosmtplib.SMTPDataError as error:
            await self._reuse(line)
            return _refusal(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            # handed over, and no answer: the mail may be on its way
            self._count_garbage(error)
            line.client.close()
            return OutcomeUnknown(raw_status=type(error).__name__)
        except BaseException:
            line.client.close()
            raise
        line.used += 1
        await self._reuse(line, fresh=False)
        return Accepted(provider_ref=reference)

    async def _opened(self, reference: str, return_path: str, to: str) -> tuple[_Line, Outcome | None]:
        """A connection on which sender and recipient are accepted, or refused; an idle one that has died is replaced."""
        while self._idle:
            line = self._idle.pop()
            try:
                return line, await self._address(line, reference, return_path, to)
            except _Later:
                continue
        line = await self._connect()
        return line, await self._address(line, reference, return_path, to)

    async def _connect(self) -> _Line:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            local_hostname=settings.helo,
            timeout=settings.patience.total_seconds(),
        )
        try:
            await client.connect()
            # without it, whether the server announces DSN is not known before the first MAIL
            await client.ehlo()
        except aiosmtplib.SMTPResponseException as error:
            self._count_garbage(error)
            client.close()
            raise _Later(_raw(error.code, error.message)) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise _Later(type(error).__name__) from error
        return _Line(client)

    async def _address(self, line: _Line, reference: str, return_path: str, to: str) -> Outcome | None:
        """MAIL and RCPT; a refusal, or none. Raises ``_Later`` when the connection is of no use."""
        notify = line.client.supports_extension("dsn")
        try:
            await line.client.mail(return_path, options=[f"ENVID={reference}", "RET=HDRS"] if notify else None)
            await line.client.rcpt(to, options=["NOTIFY=SUCCESS,FAILURE,DELAY"] if notify else None)
        except aiosmtplib.SMTPSenderRefused as error:
            return _sender_refused(line, error)
        except aiosmtplib.SMTPRecipientRefused as error:
            return _refusal(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            self._count_garbage(error)
            line.client.close()
            raise _Later(type(error).__name__) from error
        except BaseException:
            line.client.close()
            raise
        return None

    def _count_garbage(self, error: Exception) -> None:
        """An answer without a code is no answer of a mail server's."""
        if isinstance(error, aiosmtplib.SMTPResponseException) and error.code == SMTPStatus.invalid_response:
            self._unread(self.name, Unread.ANSWER)

    async def _reuse(self, line: _Line, *, fresh: bool = True) -> None:
        """Back to the idle ones, unless worn out; ``fresh`` forgets a transaction that was begun."""
        if not line.client.is_connected:
            return
        if line.used >= self._settings.mails_per_connection:
            await self._close(line)
            return
        if fresh:
            try:
                await line.client.rset()
            except (aiosmtplib.SMTPException, OSError):
                line.client.close()
                return
        self._idle.append(line)

    async def _close(self, line: _Line) -> None:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await line.client.quit()
        line.client.close()


def _raw(code: int, message: str) -> str:
    """A server's answer without its words."""
    return f"{code} {codes_of(message)}".strip()


def _sender_refused(line: _Line, error: aiosmtplib.SMTPSenderRefused) -> Outcome:
    """About us, not about the person, whatever the code says. Raises ``_Later`` when the server closes."""
    raw = _raw(error.code, error.message)
    if error.code >= 500 or statuses.email_answer(raw).status is ReceiptStatus.FAILED_POLICY:
        return Refused(status=ReceiptStatus.FAILED_POLICY, raw_status=raw)
    if error.code == 421:
        line.client.close()
        raise _Later(raw)
    return TryLater(reason=Why.PROVIDER_UNAVAILABLE, raw_status=raw)


def _refusal(code: int, message: str) -> Outcome:
    reading = statuses.email_answer(f"{code} {message}")
    raw = _raw(code, message)
    if reading.status is ReceiptStatus.FAILED_SOFT:
        return TryLater(reason=Why.REJECTED_BY_PROVIDER, status=reading.status, raw_status=raw)
    return Refused(status=reading.status, raw_status=raw)
