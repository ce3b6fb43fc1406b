"""E-mails to staff through the mail server that people's e-mails take: plain text, the same Message-ID for the same e-mail."""

from dataclasses import dataclass
from datetime import timedelta

from services.adapters.providers.smtp.provider import SmtpProvider
from services.core.content import EmailContent
from services.core.ports.clock import Clock
from services.core.ports.mailbox import Sent, StaffMail
from services.core.ports.providers import Accepted, Envelope, Refused
from services.core.words import Channel, ReceiptStatus

_VALID = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailbox:
    """Implements ``services.core.ports.mailbox.Mailbox``."""

    provider: SmtpProvider
    clock: Clock

    async def send(self, mail: StaffMail) -> Sent:
        """See ``Mailbox.send``; no answer after the last dot may be both: it is sent again, and shows once."""
        envelope = Envelope(
            attempt_id=mail.key,
            person_id="",
            try_number=1,
            channel=Channel.EMAIL,
            to=mail.to,
            to_name="",
            content=EmailContent(subject=mail.subject, text=mail.text, html=""),
            valid_until=self.clock.now() + _VALID,
            reference="",
        )
        outcome = await self.provider.send(envelope)
        if isinstance(outcome, Accepted):
            return Sent.TAKEN
        # about the address for good; a refusal because of us says nothing about it
        hard = isinstance(outcome, Refused) and outcome.status is ReceiptStatus.FAILED_HARD
        return Sent.REFUSED if hard else Sent.LATER
