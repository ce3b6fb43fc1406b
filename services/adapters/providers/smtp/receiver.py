"""The mailbox behind return path and Reply-To: an SMTP server that takes what comes back, and says 250 only once Kafka has it."""

import asyncio
import logging
from dataclasses import dataclass

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.adapters.providers.smtp.addresses import Returns
from services.adapters.providers.smtp.returns import read_returned
from services.adapters.providers.unreadable import TellUnread, Unread, untold
from services.core.ports.clock import Clock
from services.core.ports.providers import Feedback, Unfit

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """Where we listen, and for whom."""

    returns: Returns
    #: mailboxes besides the return path: Reply-To, complaints; in lower case
    mailboxes: frozenset[str]
    host: str = "127.0.0.1"
    #: 0 takes a free one
    port: int = 0
    #: name in the greeting
    hostname: str = "localhost"
    largest_mail: int = 2 * 1024 * 1024


class BounceReceiver:
    """Listens from ``start`` to ``stop``; ``provider`` is the name of the provider whose mails come back here."""

    def __init__(self, provider: str, settings: ReceiverSettings, feedback: Feedback, clock: Clock, unread: TellUnread = untold) -> None:
        self._provider = provider
        self._settings = settings
        self._feedback = feedback
        self._clock = clock
        self._unread = unread
        self._server: asyncio.Server | None = None
        self._connections: list[SMTP] = []

    async def start(self) -> None:
        """Open the port."""
        # aiosmtpd writes addresses into its log at INFO
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._server = await asyncio.get_running_loop().create_server(self._connection, self._settings.host, self._settings.port)

    async def stop(self) -> None:
        """Close the port and every connection; a mail without its 250 comes again."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            if connection.transport is not None:
                connection.transport.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("not started")
        return int(self._server.sockets[0].getsockname()[1])

    def _connection(self) -> SMTP:
        self._connections = [connection for connection in self._connections if connection.transport is not None]
        connection = SMTP(
            self,
            data_size_limit=self._settings.largest_mail,
            hostname=self._settings.hostname,
            ident="ESMTP",
            loop=asyncio.get_running_loop(),
        )
        self._connections.append(connection)
        return connection

    # --- hooks of aiosmtpd ----------------------------------------------------------------------------------------------

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        """Nobody else's mail."""
        known = address.lower() in self._settings.mailboxes or self._settings.returns.reference_in(address) is not None
        if not known:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Read it, put it onto Kafka, and only then say that we have it."""
        try:
            returned = read_returned(
                bytes(envelope.original_content or b""),
                mail_from=envelope.mail_from or "",
                recipient=envelope.rcpt_tos[0],
                provider=self._provider,
                returns=self._settings.returns,
                at=self._clock.now(),
            )
        except ValueError:
            self._unread(self._provider, Unread.MAIL)
            _log.warning("unreadable mail dropped", action="mail_unreadable")
            return "250 2.0.0 OK"
        try:
            for receipt in returned.receipts:
                await self._feedback.receipt(receipt)
            for reply in returned.replies:
                await self._feedback.reply(reply)
        except Unfit:
            self._unread(self._provider, Unread.MAIL)
            _log.warning("unfit mail dropped", action="mail_unfit")
            return "250 2.0.0 OK"
        except Exception as error:  # noqa: BLE001 -- whatever it is, the other side keeps the mail and comes again
            _log.warning("mail not stored", action="mail_not_stored", error=type(error).__name__)
            return "451 4.3.0 not now"
        return "250 2.0.0 OK"
